"""``cache_hit_ratio``: the share of calls that a cache answered."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.counting import shares
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "cache_hit_ratio.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return calls answered from a cache, fresh or stale, by all calls that the policy counts, 0 to 1."""
    return shares(ground, asks, _SQL)


INDICATOR = Indicator(
    "cache_hit_ratio",
    unit="ratio",
    measures="share of calls that a cache answered, fresh or stale",
    formula="sum(cache_hit + cache_stale) / sum(good + bad)",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
