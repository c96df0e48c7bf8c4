"""What truly happened to breakers, and which of it left a trace: read from truth files, kills and scrapes alone."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tests.real.processes import BreakerProcess, Prometheus

CLOSED, OPEN = "closed", "open"
STATE = "breakwatch_breaker_state"
TRANSITIONS = "breakwatch_breaker_transitions_total"

Move = tuple[str, str]


@dataclass(frozen=True)
class Edge:
    """A breaker moved, truly somewhere from ``low_us`` to ``high_us``; ``process`` counts the restarts before it."""

    breaker: str
    from_state: str
    to_state: str
    low_us: int
    high_us: int
    process: int
    restart: bool = False

    @property
    def move(self) -> Move:
        """From where to where."""
        return self.from_state, self.to_state


@dataclass(frozen=True)
class Incident:
    """From the opening to the next closing; not closed where that never came."""

    opened: Edge
    closed: Edge | None


class Truth:
    """The true story of one program, told by itself and by whoever killed it."""

    def __init__(self, program: BreakerProcess, other_events: Collection[str] = ()) -> None:
        self.kills = program.kills
        self.job = program.service
        self.starts: list[int] = []
        self.edges: dict[str, list[Edge]] = defaultdict(list)
        for line in program.truth_file.read_text().splitlines():
            record = json.loads(line)
            if record["event"] == "started":
                self.starts.append(record["at_us"])
            if record["event"] in ("started", *other_events):
                continue
            self.edges[record["breaker"]].append(
                Edge(
                    record["breaker"],
                    record["from_state"],
                    record["to_state"],
                    record["before_us"],
                    record["after_us"],
                    len(self.starts) - 1,
                )
            )

    def with_log(self) -> dict[str, list[Edge]]:
        """Return the edges that leave a trace where all transitions are logged; a restart ends what was open."""
        return {
            breaker: self._with_restarts(breaker, edges, [self._last_state(edges, k) for k in range(len(self.kills))])
            for breaker, edges in self.edges.items()
        }

    def with_scrapes_only(self, server: Prometheus) -> dict[str, list[Edge]]:
        """Return the edges that some scrape shows: counted by its counters, or by a state that a restart ended."""
        counted = self._counted(server)
        states = self._last_scraped_states(server)
        traced = {}
        for breaker, edges in self.edges.items():
            left = Counter(counted[breaker])
            seen = []
            for edge in edges:
                if left[edge.process, edge.move] > 0:
                    left[edge.process, edge.move] -= 1
                    seen.append(edge)
            last = [states[breaker].get(process, CLOSED) for process in range(len(self.kills))]
            traced[breaker] = self._with_restarts(breaker, seen, last)
        return traced

    def _with_restarts(self, breaker: str, edges: Iterable[Edge], last_states: Sequence[str]) -> list[Edge]:
        restarts = [
            Edge(breaker, state, CLOSED, self.kills[process][0], self.starts[process + 1], process, restart=True)
            for process, state in enumerate(last_states)
            if state != CLOSED
        ]
        return sorted([*edges, *restarts], key=lambda edge: edge.low_us)

    @staticmethod
    def _last_state(edges: Sequence[Edge], process: int) -> str:
        return next((edge.to_state for edge in reversed(edges) if edge.process == process), CLOSED)

    def _process_at(self, stamp_s: float) -> int:
        """Return which process answered a scrape: the first that was not killed yet when it was stamped."""
        return sum(kill_us <= stamp_s * 1e6 for kill_us, _ in self.kills)

    def _counted(self, server: Prometheus) -> dict[str, Counter[tuple[int, Move]]]:
        counted: dict[str, Counter[tuple[int, Move]]] = defaultdict(Counter)
        for labels, samples in server.samples(f'{TRANSITIONS}{{job="{self.job}"}}').items():
            named = dict(labels)
            for stamp_s, value in samples:
                key = self._process_at(stamp_s), (named["from_state"], named["to_state"])
                counted[named["breaker"]][key] = round(value)  # the last one stays
        return counted

    def _last_scraped_states(self, server: Prometheus) -> dict[str, dict[int, str]]:
        last: dict[tuple[str, int], tuple[float, str]] = {}
        for labels, samples in server.samples(f'{STATE}{{job="{self.job}"}}').items():
            named = dict(labels)
            for stamp_s, value in samples:
                key = named["breaker"], self._process_at(stamp_s)
                if value == 1 and stamp_s >= last.get(key, (0.0, ""))[0]:
                    last[key] = stamp_s, named["state"]
        states: dict[str, dict[int, str]] = defaultdict(dict)
        for (breaker, process), (_, state) in last.items():
            states[breaker][process] = state
        return states


def incidents(edges: Iterable[Edge]) -> list[Incident]:
    """Return the incidents that edges of one breaker make, in order."""
    found: list[Incident] = []
    for edge in edges:
        running = bool(found) and found[-1].closed is None
        if edge.to_state == OPEN and not running:
            found.append(Incident(edge, None))
        elif edge.to_state == CLOSED and running:
            found[-1] = Incident(found[-1].opened, edge)
    return found


def openings_within_one_scrape(edges: Iterable[Edge], stamps_s: Sequence[float]) -> int:
    """Return the greatest number of incidents that began and ended between two neighbouring scrapes."""
    held: Counter[int] = Counter()
    for incident in incidents(edges):
        if incident.closed is None:
            continue
        began = sum(stamp_s * 1e6 <= incident.opened.low_us for stamp_s in stamps_s)
        ended = sum(stamp_s * 1e6 <= incident.closed.high_us for stamp_s in stamps_s)
        if began == ended:
            held[began] += 1
    return max(held.values(), default=0)
