"""``failed_requests``: how many calls were not answered well."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.counting import amounts
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "failed_requests.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the number of bad calls; ``n`` is that of all calls."""
    return amounts(ground, asks, _SQL)


INDICATOR = Indicator(
    "failed_requests",
    unit="requests",
    measures="how many calls were not answered well",
    formula="sum(bad), outcomes read as the policy says",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="request_counts",
)
