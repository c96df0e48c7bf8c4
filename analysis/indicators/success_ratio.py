"""``success_ratio``: the share of some calls that were answered well."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.counting import shares
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "success_ratio.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return good calls by all calls of the scope, 0 to 1; a level of service below full takes nothing away."""
    return shares(ground, asks, _SQL)


INDICATOR = Indicator(
    "success_ratio",
    unit="ratio",
    measures="share of the calls of an operation, a target, a phase … that were answered well",
    formula="sum(good) / sum(good + bad), outcomes read as the policy says",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
