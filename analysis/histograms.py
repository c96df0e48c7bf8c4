"""Durations known by histograms: how many calls fell between which bounds, and what that says of quantiles.

A quantile lies between the bounds of its bucket; the value is interpolated in it, as Prometheus' ``histogram_quantile``
does. Histograms with different bounds are not put together bound by bound: each bucket keeps its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isinf
from typing import Any

from analysis.asking import Ask, Ground, Measured
from analysis.counting import counted_rows
from analysis.lengths import stat_of
from breakwatch.config_objectives import Stat

SHARES: Mapping[Stat, float] = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "min": 0.0, "max": 1.0}

NO_DURATIONS = Measured(
    note="no duration of a call is known",
    remedy="collect its latency histogram, or add a log whose lines tell durations as a source",
)
_ALMOST = 1e-9


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many calls took longer than ``lower_s`` and at most ``upper_s``; at least ``low`` and at most ``high``."""

    lower_s: float
    upper_s: float
    value: float
    low: float
    high: float


def histograms(ground: Ground, asks: Sequence[Ask], sql: str) -> list[list[Bucket]]:
    """Return for each ask the buckets that a statement over ``durations.sql`` has, by their upper bounds."""
    return [[_bucket(row) for row in rows] for rows in counted_rows(ground, asks, sql)]


def _bucket(row: Mapping[str, Any]) -> Bucket:
    return Bucket(row["lower_s"], row["upper_s"], row["value"], row["low"], row["high"])


def of_buckets(buckets: Sequence[Bucket], ask: Ask) -> Measured:
    """Return the statistic that an ask is about, in seconds."""
    n = sum(bucket.value for bucket in buckets)
    if not buckets:
        return NO_DURATIONS
    stat = stat_of(ask)
    if stat == "mean":
        value, low, high = _mean(buckets)
    else:
        share = SHARES[stat]
        low, high = quantile_bounds(buckets, share)
        value = quantile(buckets, share)
    return Measured(None if value is None else min(max(value, low), high), low, high, n=round(n))


def quantile(buckets: Sequence[Bucket], share: float) -> float | None:
    """Return a quantile by linear interpolation inside buckets; above the highest finite bound, that bound."""
    total = sum(bucket.value for bucket in buckets)
    if total <= 0:
        return None
    if share <= 0:
        return min(bucket.lower_s for bucket in buckets if bucket.value > 0)
    rank = share * total
    marks = sorted({mark for one in buckets for mark in (one.lower_s, one.upper_s) if not isinf(mark)})
    below = 0.0
    for start, end in pairwise(marks):
        inside = sum(_between(bucket, start, end) for bucket in buckets)
        if inside > 0 and below + inside >= rank - _ALMOST * total:
            return start + (end - start) * min(1.0, max(0.0, rank - below) / inside)
        below += inside
    return max((bucket.lower_s for bucket in buckets if bucket.value > 0 and isinf(bucket.upper_s)), default=marks[-1])


def _between(bucket: Bucket, start: float, end: float) -> float:
    """Return how many calls of a bucket took between two marks, spread evenly over it."""
    if isinf(bucket.upper_s) or bucket.upper_s <= bucket.lower_s:
        return 0.0
    shared = min(end, bucket.upper_s) - max(start, bucket.lower_s)
    return bucket.value * max(0.0, shared) / (bucket.upper_s - bucket.lower_s)


def quantile_bounds(buckets: Sequence[Bucket], share: float) -> tuple[float, float]:
    """Return the least and the most that a quantile can be, wherever in its bucket each call lies."""
    return _least(buckets, share), _most(buckets, share)


def _least(buckets: Sequence[Bucket], share: float) -> float:
    """As if every call had taken the least of its bucket, and as many short ones and as few long ones as can be."""
    ordered = sorted(buckets, key=lambda bucket: bucket.lower_s)
    for place, bucket in enumerate(ordered):
        short = sum(one.high for one in ordered[: place + 1])
        rest = sum(one.low for one in ordered[place + 1 :])
        if short > 0 and short >= share * (short + rest) - _ALMOST * (short + rest):
            return bucket.lower_s
    return ordered[-1].lower_s


def _most(buckets: Sequence[Bucket], share: float) -> float:
    """As if every call had taken the most of its bucket, and as few short ones and as many long ones as can be."""
    ordered = sorted(buckets, key=lambda bucket: bucket.upper_s)
    for place, bucket in enumerate(ordered):
        short = sum(one.low for one in ordered[: place + 1])
        rest = sum(one.high for one in ordered[place + 1 :])
        if short > 0 and short >= share * (short + rest) - _ALMOST * (short + rest):
            return bucket.upper_s
    return ordered[-1].upper_s


def _mean(buckets: Sequence[Bucket]) -> tuple[float | None, float, float]:
    """Return the mean with its bounds; of a bucket without an upper bound only its lower one is known."""
    total = sum(bucket.value for bucket in buckets)
    low = _extreme_mean([(bucket.lower_s, bucket.low, bucket.high) for bucket in buckets], least=True)
    high = _extreme_mean([(bucket.upper_s, bucket.low, bucket.high) for bucket in buckets], least=False)
    if total <= 0:
        return None, low, high
    middles = (one.lower_s if isinf(one.upper_s) else (one.lower_s + one.upper_s) / 2 for one in buckets)
    value = sum(bucket.value * middle for bucket, middle in zip(buckets, middles, strict=True)) / total
    return value, low, high


def _extreme_mean(points: Sequence[tuple[float, float, float]], *, least: bool) -> float:
    """Return the least or the most mean of values with numbers known within bounds: all of one side, none beyond."""
    ordered = sorted(points, reverse=not least)
    weight = total = 0.0
    means = []
    for place in range(len(ordered)):
        numbers = [high if at <= place else low for at, (_, low, high) in enumerate(ordered)]
        weight = sum(numbers)
        total = sum(value * number for (value, _, _), number in zip(ordered, numbers, strict=True) if number > 0)
        if weight > 0:
            means.append(total / weight)
    return min(means) if least else max(means)
