"""Lengths between two edges, each known within bounds, as rows of the indicators that are times tell them.

A row has ``ask``, ``environment``, ``service``, the first edge as ``from_earliest_us`` and ``from_latest_us``, and the
second as ``to_earliest_us`` and ``to_latest_us``, both NULL while it has not come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.bounds import Bounds, duration
from analysis.coverage import covered_spans
from analysis.lengths import of_lengths, stat_of
from analysis.statistics import UNENDED, Length
from breakwatch.clock import SECOND_US, Instant

Row = Mapping[str, Any]

NOT_REMOVED = "no fault of the experiment is known to have been removed"
END_REMEDY = "say when it was: breakwatch experiment end, or a phase with its end"
NOT_INJECTED = "the experiment has no fault with a beginning"
BEGIN_REMEDY = "record it: breakwatch experiment start or phase"


def answered(ground: Ground, asks: Sequence[Ask], rows: Iterable[Row]) -> list[Measured]:
    """Return the statistic that each ask is about, of the lengths in its rows."""
    found: dict[int, list[Length]] = defaultdict(list)
    for row in rows:
        found[row["ask"]].append(between(ground, row))
    return [of_lengths(found.get(place, ()), stat_of(ask)) for place, ask in enumerate(asks)]


def between(ground: Ground, row: Row) -> Length:
    """Return the length of one row; what has not ended lasted at least until its subject was last seen."""
    start = Bounds(row["from_earliest_us"], row["from_latest_us"])
    if row["to_latest_us"] is None:
        return so_far(start, seen_until_us(ground, row["environment"], row["service"]))
    return exactly(start, Bounds(row["to_earliest_us"], row["to_latest_us"]))


def exactly(start: Bounds, end: Bounds) -> Length:
    """Return how long it was from an edge to one that is known to follow it."""
    found = duration(start, end)
    return Length(found.value_s, found.low_s, found.high_s)


def so_far(start: Bounds, until_us: Instant) -> Length:
    """Return the length of what had not ended at an instant: at least that long, at most nobody knows."""
    return Length(None, max(0, until_us - start.latest_us) / SECOND_US, UNENDED)


def seen_until_us(ground: Ground, environment: str | None, service: str | None) -> Instant:
    """Return when anything of a service was last seen, no later than the present."""
    spans = covered_spans(ground, Scope(environment=environment, service=service))
    return min(spans[-1][1], ground.now_us) if spans else ground.now_us


def unknown(note: str, remedy: str, n: int = 0) -> Measured:
    """Return the answer of what happened and took nobody knows how long: it proves nothing, either way."""
    return Measured(low=0.0, high=inf, n=n, note=note, remedy=remedy)


def unordered(start: Bounds, end: Bounds) -> Length:
    """Return how long it was from an edge to one that may as well have come before it: then no time at all."""
    low_us = max(0, end.earliest_us - start.latest_us)
    high_us = max(0, end.latest_us - start.earliest_us)
    return Length((low_us + high_us) / 2 / SECOND_US, low_us / SECOND_US, high_us / SECOND_US)
