"""Small true worlds: a breaker whose every move is known, and sources that look at it the way real ones do."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.bounds import Bounds
from analysis.evidence import Change, Run, SampledTrack, Witness
from breakwatch.model import STATE_CODE

SECOND = 1_000_000
MOVES = {"closed": ("open",), "open": ("half_open",), "half_open": ("closed", "open")}


@dataclass(frozen=True)
class Truth:
    """The moves of one breaker, at their true instants; it begins closed."""

    moves: tuple[tuple[int, str, str], ...]

    def state_at(self, at_us: int) -> str:
        """Return the state right after every move up to this instant."""
        place = bisect_right([move[0] for move in self.moves], at_us)
        return self.moves[place - 1][2] if place else "closed"

    def counted_at(self, at_us: int) -> Counter[tuple[str, str]]:
        """Return how often each move had happened."""
        return Counter((before, after) for moment, before, after in self.moves if moment <= at_us)

    def until(self, at_us: int) -> tuple[tuple[int, str, str], ...]:
        """Return the moves up to an instant."""
        return tuple(move for move in self.moves if move[0] <= at_us)


def random_truth(rng: random.Random, count: int, shortest_us: int, longest_us: int) -> Truth:
    """Return a lawful history of ``count`` moves with waits between them in the given range."""
    now_us, state, moves = 5 * SECOND, "closed", []
    for _ in range(count):
        now_us += rng.randint(shortest_us, longest_us)
        after = rng.choice(MOVES[state])
        moves.append((now_us, state, after))
        state = after
    return Truth(tuple(moves))


@dataclass(frozen=True)
class Scrape:
    """One scrape: its stamp, and when within its duration the values were read."""

    stamp_us: int
    read_us: int
    duration_s: float


def scrapes(rng: random.Random, until_us: int, interval_us: int = SECOND, slowest_us: int = 300_000) -> list[Scrape]:
    """Return scrapes from zero on; stamps are aligned up to 2 ms off the true start, as Prometheus does."""
    found, offset_us = [], rng.randint(0, interval_us // 2)
    for stamp_us in range(offset_us, until_us, interval_us):
        start_us = stamp_us + rng.randint(-2000, 2000)
        lasted_us = rng.randint(500, slowest_us)
        found.append(Scrape(stamp_us, start_us + rng.randint(0, lasted_us), lasted_us / SECOND))
    return found


def read_elsewhere(scrape: Scrape, later_us: int) -> Scrape:
    """Return the same scrape with its values read at another moment of it."""
    latest_us = scrape.stamp_us + 2_000 + round(scrape.duration_s * SECOND)
    return replace(scrape, read_us=min(max(scrape.read_us + later_us, scrape.stamp_us - 2_000), latest_us))


def runs(values: list[tuple[Scrape, float]]) -> list[Run]:
    """Return samples run-length encoded."""
    encoded: list[Run] = []
    for scrape, value in values:
        if encoded and encoded[-1].value == value:
            encoded[-1] = encoded[-1]._replace(last_us=scrape.stamp_us)
        else:
            encoded.append(Run(scrape.stamp_us, scrape.stamp_us, value, scrape.duration_s, assumed=False))
    return encoded


def gauge(truth: Truth, seen: list[Scrape]) -> SampledTrack:
    """Return the state as a gauge shows it."""
    values = [(scrape, float(STATE_CODE[truth.state_at(scrape.read_us)])) for scrape in seen]
    return SampledTrack(1, "breaker_state", "prom", "a", (), "job/a", {}, runs(values))


def move_counters(truth: Truth, seen: list[Scrape], *, targets_only: bool = False) -> list[SampledTrack]:
    """Return transition counters, with both ends of each move or with the new state alone."""
    counts = [(scrape, truth.counted_at(scrape.read_us)) for scrape in seen]
    lawful = [(before, after) for before, afters in MOVES.items() for after in afters]
    if targets_only:
        found = []
        for after in ("open", "half_open", "closed"):
            values = [(s, float(sum(n for (_, to), n in c.items() if to == after))) for s, c in counts]
            found.append(SampledTrack(2, "transitions", "prom", "a", (), "job/a", {"to_state": after}, runs(values)))
        return found
    return [
        SampledTrack(
            2,
            "transitions",
            "prom",
            "a",
            (),
            "job/a",
            {"from_state": before, "to_state": after},
            runs([(s, float(c[before, after])) for s, c in counts]),
        )
        for before, after in lawful
    ]


def witness(*tracks: SampledTrack, source: str = "prom") -> Witness:
    """Return what one source sampled."""
    return Witness(source, "a", (), list(tracks))


def logged(truth: Truth, source: str = "log", *, names_both: bool = True, skew_us: int = 0) -> list[Change]:
    """Return the moves as a log tells them."""
    return [
        Change(
            before if names_both else "",
            after,
            Bounds(at_us + skew_us, at_us + skew_us),
            frozenset({source}),
            certain=names_both,
            rank=rank,
        )
        for rank, (at_us, before, after) in enumerate(truth.moves)
    ]


def assert_same_story(changes: tuple[Change, ...], moves: tuple[tuple[int, str, str], ...]) -> None:
    """Assert that the changes are exactly the true moves, each true instant inside its bounds, in order."""
    assert [(c.from_state, c.to_state) for c in changes] == [(before, after) for _, before, after in moves]
    for change, (at_us, _, _) in zip(changes, moves, strict=True):
        assert change.bounds.earliest_us <= at_us <= change.bounds.latest_us
    assert all(a.bounds.earliest_us <= b.bounds.earliest_us for a, b in pairwise(changes))
