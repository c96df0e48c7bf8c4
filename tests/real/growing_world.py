"""A shop that lives on while it is watched: files of samples and a log that grow round by round, always the same way.

Everything is drawn from one seed, so two worlds that have grown to the same round hold the same bytes under the same
names. Growing is idempotent: what is there already stays, so a writer that was killed is completed by the next one.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from breakwatch.clock import DAY_US, HOUR_US, MILLISECOND_US, MINUTE_US, SECOND_US, Instant, from_us
from breakwatch.config import Config, load
from tests.analysis.worlds import Truth, random_truth

ROUNDS = 7
ROUND_US = 9 * DAY_US
START_US = 1_789_000_000 * SECOND_US  # 2026-09-10, so that the rounds pass two ends of months
STEP_US = 12 * HOUR_US
INSTANCES = {"a:1": "shop", "b:1": "shop", "c:1": "stock"}
"""Every instance with the service it belongs to."""

ROTATED_IN = 4
LINES_A_ROUND = 50
STATES = ("closed", "open", "half_open")
OUTCOMES = ("success", "failure", "not_permitted")
LEVELS = ("full", "degraded", "limited")

Labels = tuple[tuple[str, str], ...]


def clock_of(number: int) -> Instant:
    """Return the present in a round: a minute after its last sample could have been written."""
    return START_US + (number + 1) * ROUND_US + MINUTE_US


@dataclass(frozen=True)
class World:
    """The files of the shop in ``folder``, and how far they have grown."""

    folder: Path

    @property
    def published(self) -> Path:
        """The published file of the store that watches."""
        return self.folder / "b.duckdb"

    @property
    def round(self) -> int:
        """The round that is to be collected next; ROUNDS when all were."""
        note = self.folder / "round"
        return int(note.read_text("utf-8")) if note.exists() else 0

    @property
    def is_last(self) -> bool:
        """Whether nothing will be written after the present round."""
        return self.round >= ROUNDS - 1

    def move_on(self) -> None:
        """Let the next round begin, whether the present one was collected or not."""
        _write(self.folder / "round", str(self.round + 1))

    def config(self) -> Config:
        """Return the configuration that watches this world."""
        labels = {"environment": "test"}
        sources = [
            {
                "name": f"metrics-{one[0]}",
                "kind": "openmetrics",
                "paths": [f"./metrics/{one[0]}-*.om"],
                "labels": labels,
            }
            for one in INSTANCES
        ]
        log = {"name": "log", "kind": "logs", "paths": ["./app.log*"], "labels": {**labels, "service": "shop"}}
        services = [{"name": "shop", "match": {"job": "shop"}}, {"name": "stock", "match": {"job": "stock"}}]
        file = self.folder / "breakwatch.yaml"
        # When rejected input is first seen depends on the kills, and so would when it is emptied.
        store = {"path": "./b.duckdb", "retention": {"raw_log_text": "3y"}}
        text = {"store": store, "sources": [*sources, log], "services": services}
        _write(file, json.dumps(text))  # JSON is YAML
        return load(file)

    def grow(self) -> None:
        """Bring every file to the present round."""
        (self.folder / "metrics").mkdir(parents=True, exist_ok=True)
        for instance in INSTANCES:
            for first in range(0, self.round + 1, 2):  # a file is written in two rounds: half, then whole
                last = min(first + 1, self.round)
                file = self.folder / "metrics" / f"{instance[0]}-{first:02}.om"
                _write(file, _exposition(instance, first, last), clock_of(last))
        text, ends = _log()
        whole = text[: ends[self.round]]
        old, present = self.folder / "app.log.1", self.folder / "app.log"
        if self.round < ROTATED_IN:
            _append(present, whole)
            return
        turn = ends[ROTATED_IN - 1]
        turn = text.index(b"\n", turn) + 1  # the program finishes its line, then the file is renamed
        if not old.exists():
            _append(present, text[:turn])
            present.rename(old)
        _append(present, whole[turn:])


def warm_up() -> None:
    """Make up everything that worlds hold, once for all processes that are forked from this one."""
    _log()
    for instance in INSTANCES:
        for last in range(ROUNDS):
            _exposition(instance, last - last % 2, last)


@cache
def _exposition(instance: str, first: int, last: int) -> str:
    """Return what the exporter of one instance showed in some rounds, as text."""
    lines: dict[str, list[str]] = {}
    for at_us in range(first * ROUND_US, (last + 1) * ROUND_US, STEP_US):
        stamp = f"{(START_US + at_us) / SECOND_US:.3f}"
        for series, value in _scrape(instance, at_us):
            lines.setdefault(series, []).append(f"{series} {value:.15g} {stamp}\n")
    broken = f'http_requests_total{{outcome="success",job="shop",instance="{instance}"}} many 1\n'
    return "".join([broken, *(line for series in lines.values() for line in series), "# EOF\n"])


def _scrape(instance: str, at_us: int) -> Iterator[tuple[str, float]]:
    """Yield the series and values of one scrape, ``at_us`` after the start."""
    own = f'job="{INSTANCES[instance]}",instance="{instance}"'
    step, truth = at_us // STEP_US, _truth(instance)
    if (step + 17 * len(INSTANCES[instance])) % 97 == 5:
        yield f"up{{{own}}}", 0.0  # not answered: nothing else is known of this instant
        return
    yield f"up{{{own}}}", 1.0
    yield f"scrape_duration_seconds{{{own}}}", 0.01 + 0.001 * (step % 5)
    started_us = at_us - at_us % (25 * DAY_US)  # restarts: its counters begin anew
    yield f"process_start_time_seconds{{{own}}}", (START_US + started_us) / SECOND_US
    state = truth.state_at(at_us)
    for word in STATES:
        yield f'breakwatch_breaker_state{{breaker="payments",state="{word}",{own}}}', float(word == state)
    moves = truth.counted_at(at_us) - truth.counted_at(started_us - 1)
    for (before, after), count in sorted(moves.items()):
        ends = f'from_state="{before}",to_state="{after}"'
        yield f'breakwatch_breaker_transitions_total{{breaker="payments",{ends},{own}}}', float(count)
    since = (at_us - started_us) // STEP_US
    for rank, outcome in enumerate(OUTCOMES):
        calls = since * (7 - 3 * rank) // (1 + rank)
        yield f'breakwatch_breaker_calls_total{{breaker="payments",outcome="{outcome}",{own}}}', calls
        yield f'http_requests_total{{outcome="{outcome}",target="bank",operation="pay",{own}}}', 2 * calls
    level = LEVELS[step // 31 % 3]
    for word in LEVELS:
        yield f'service_level{{level="{word}",{own}}}', float(word == level)
    yield f'queue_depth{{queue="orders",kind="main",priority="",{own}}}', float(step * step % 11)


@cache
def _truth(instance: str) -> Truth:
    """Return the moves of an instance's breaker, in microseconds from the start."""
    return random_truth(random.Random(instance), 60, 10 * MINUTE_US, 60 * HOUR_US)


@cache
def _log() -> tuple[bytes, list[int]]:
    """Return the whole log, and where it ends in each round, mostly in the middle of a line."""
    chance = random.Random(4)
    happened: list[tuple[Instant, dict[str, Any]]] = []
    for instance in ("a:1", "c:1"):  # the second one does not log
        for at_us, before, after in _truth(instance).moves:
            moved = {"event": "breaker_transition", "breaker": "payments", "from": before, "to": after}
            happened.append((at_us, {**moved, "service": INSTANCES[instance], "instance": instance}))
    for number in range(ROUNDS * LINES_A_ROUND):
        at_us = chance.randrange(ROUNDS * ROUND_US // MILLISECOND_US) * MILLISECOND_US
        happened.append((at_us, _line(number, chance)))
    happened.sort(key=lambda one: one[0])
    text, ends = b"", [0] * ROUNDS
    for at_us, fields in happened:
        said = {"ts": from_us(START_US + at_us).isoformat(), "service": "shop", **fields}
        line = json.dumps(said).encode() + b"\n"
        for number in range(min(at_us // ROUND_US, ROUNDS - 1), ROUNDS):
            ends[number] = len(text) + len(line)
        text += line
    return text, [*(end - chance.randrange(60) for end in ends[:-1]), ends[-1]]


def _line(number: int, chance: random.Random) -> dict[str, Any]:
    call = {"operation": "pay", "target": chance.choice(["bank", "reserve"]), "instance": chance.choice(["a:1", "b:1"])}
    kinds: list[dict[str, Any]] = [
        {"event": "retry", **call, "call_id": f"c{number // 3}", "attempt": 1 + number % 3, "wait_s": 0.2},
        {"event": "request", **call, "outcome": chance.choice(OUTCOMES), "duration_s": 0.1},
        {"event": "health_change", "component": "redis", "from": "up", "to": chance.choice(["up", "down"])},
        {"event": "level_change", "to": chance.choice(LEVELS)},
        {"event": "failover", "operation": "pay", "from_target": "bank", "to_target": "reserve"},
        {"event": "deploy", "revision": str(number)},
        {"event": "breaker_transition", "breaker": "payments", "to": "melted"},  # no state of ours: rejected
        {"message": "somebody else's line"},
    ]
    return chance.choices(kinds, weights=[12, 12, 1, 1, 1, 0.5, 0.5, 4])[0]


def _append(file: Path, whole: bytes) -> None:
    """Append to a file what it lacks of ``whole``."""
    with file.open("ab") as handle:
        handle.write(whole[handle.tell() :])


def _write(file: Path, text: str, modified_us: Instant | None = None) -> None:
    """Write a file that is there as a whole or not at all; leave it alone where it says so already."""
    if file.exists() and file.read_text("utf-8") == text:
        return
    fresh = file.with_name(f".{file.name}.next")
    fresh.write_text(text, "utf-8")
    if modified_us is not None:
        os.utime(fresh, ns=(modified_us * 1000, modified_us * 1000))
    fresh.replace(file)
