"""``availability_requests``: the share of calls that users saw answered well."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.counting import shares
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "availability_requests.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return good calls by all calls, 0 to 1: sums over the whole time, never the mean of shares of shorter ones."""
    return shares(ground, asks, _SQL)


INDICATOR = Indicator(
    "availability_requests",
    unit="ratio",
    measures="share of calls that were answered well, each weighed by the level of service at that time",
    formula="sum(good x weight of the level) / sum(good + bad), outcomes read as the policy says",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
