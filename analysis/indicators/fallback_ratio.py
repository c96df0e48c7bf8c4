"""``fallback_ratio``: the share of calls that a fallback answered."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.counting import shares
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "fallback_ratio.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return calls answered by a fallback by all calls that the policy counts, 0 to 1."""
    return shares(ground, asks, _SQL)


INDICATOR = Indicator(
    "fallback_ratio",
    unit="ratio",
    measures="share of calls that a fallback answered",
    formula="fallbacks / sum(good + bad)",
    better="neither",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
