"""The Node.js program with opossum breakers, and what truly happened to it."""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real.processes import PROJECT, BreakerProcess, wait_for
from tests.real.truth import CLOSED, OPEN, Edge, Truth

if TYPE_CHECKING:
    from tests.real.processes import Prometheus

PROGRAM = Path(__file__).parent / "node" / "breaker_program.js"
HALF_OPEN = "half_open"
EVENTS = {"open": OPEN, "halfOpen": HALF_OPEN, "close": CLOSED}

Counts = Counter[tuple[str, str]]
"""How often a breaker emitted an event, by (breaker, event)."""


def ensure_installed() -> None:
    """Install what the program needs; costs nothing when it is there."""
    subprocess.run([PROJECT / "scripts" / "ensure-node-tools.sh"], check=True, stdout=subprocess.DEVNULL)


@dataclass
class OpossumProcess(BreakerProcess):
    """The program, started with some of its flags (``half-open-listener``, ``process-metrics``, ``prefix=...``)."""

    flags: tuple[str, ...] = field(default=(), kw_only=True)

    def start(self) -> None:
        """Start it and wait until it serves; the wait is no scrape."""
        self._process = subprocess.Popen(
            [
                "node",
                str(PROGRAM),
                f"--port={self.port}",
                f"--truth={self.truth_file}",
                f"--log={self.log_file}",
                *(f"--{flag}" for flag in self.flags),
            ],
            stdin=subprocess.PIPE,
        )
        wait_for(f"http://{self.address}/ready", self._process)

    def first_use(self, breaker: str) -> None:
        """Begin to use a breaker that lay idle until now."""
        self._say({"breaker": breaker, "first": True})

    @property
    def metric(self) -> str:
        """The name of its counter."""
        prefix = next((flag.partition("=")[2] for flag in self.flags if flag.startswith("prefix=")), "")
        return f"{prefix}circuit"


class OpossumTruth(Truth):
    """The true story of one such program; scrapes tell the new state only, and half-open only where it is exported."""

    def __init__(self, program: OpossumProcess) -> None:
        super().__init__(program, other_events=("scrape",))
        self._metric = program.metric
        self._half_open_told = "half-open-listener" in program.flags
        self.scrapes: dict[tuple[int, int], Counts] = {}
        process = -1
        for line in program.truth_file.read_text().splitlines():
            record = json.loads(line)
            process += record["event"] == "started"
            if record["event"] == "scrape":
                named = {tuple(key.split(" ")): count for key, count in record["counted"].items()}
                self.scrapes[process, record["serial"]] = Counter(named)

    def with_scrapes_only(self, server: Prometheus) -> dict[str, list[Edge]]:
        """Return the edges that some scrape shows: counted, or the half-open that must lie before a counted one."""
        told = self._told(server)
        traced = {}
        for breaker, edges in self.edges.items():
            left = Counter(told[breaker])
            seen: list[Edge] = []
            for edge, following in zip(edges, [*edges[1:], None], strict=True):
                if edge.to_state == HALF_OPEN and not self._half_open_told:
                    leads_on = following is not None and following.process == edge.process
                    if leads_on and following is not None and left[edge.process, following.to_state] > 0:
                        seen.append(edge)
                elif left[edge.process, edge.to_state] > 0:
                    left[edge.process, edge.to_state] -= 1
                    seen.append(edge)
            traced[breaker] = self._with_restarts(
                breaker, seen, [self._last_state(seen, process) for process in range(len(self.kills))]
            )
        return traced

    def counted(self, server: Prometheus) -> Counts:
        """Return what was emitted between the first and the last scrape that the server stored, restarts and all."""
        stored: dict[int, list[int]] = defaultdict(list)
        for samples in server.samples(f'program_scrapes{{job="{self.job}"}}').values():
            for stamp_s, value in samples:
                stored[self._process_at(stamp_s)].append(round(value))
        total: Counts = Counter()
        for process, serials in stored.items():
            total.update(self.scrapes[process, max(serials)])
        total.subtract(self.scrapes[0, min(stored[0])])
        return total

    def _told(self, server: Prometheus) -> dict[str, Counter[tuple[int, str]]]:
        """Return how often each process was last seen to have entered each state."""
        told: dict[str, Counter[tuple[int, str]]] = defaultdict(Counter)
        for labels, samples in server.samples(f'{self._metric}{{job="{self.job}"}}').items():
            named = dict(labels)
            if named["event"] in EVENTS:
                for stamp_s, value in samples:
                    told[named["name"]][self._process_at(stamp_s), EVENTS[named["event"]]] = round(value)
        return told
