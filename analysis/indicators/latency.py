"""``latency``: how long calls took."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.histograms import histograms, of_buckets
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "latency.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return a statistic of the durations of calls, in seconds, between the bounds of its bucket."""
    return [of_buckets(buckets, ask) for ask, buckets in zip(asks, histograms(ground, asks, _SQL), strict=True)]


INDICATOR = Indicator(
    "latency",
    unit="s",
    measures="how long calls took",
    formula="quantile of the histogram, interpolated in its bucket, whose bounds it lies between",
    better="lower",
    nothing="unknown",
    compute=compute,
    rows="latency_histograms",
    stats=True,
)
