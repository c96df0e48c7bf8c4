"""``burn_rate``: how many times faster than allowed an error budget is spent."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.budgets import NO_TARGET, good_shares, spent
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "burn_rate.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the share that was bad by the share that may be: at 1 the budget lasts exactly as long as its window."""
    found = good_shares(ground, asks, _SQL)
    return [
        NO_TARGET
        if ask.good_share is None or ask.good_share >= 1
        else good.share
        if good.share.value is None
        else Measured(
            *spent(good.share, 1 / (1 - ask.good_share)),
            n=good.share.n,
            note="a budget of time" if good.of_time else "a budget of requests",
        )
        for ask, good in zip(asks, found, strict=True)
    ]


INDICATOR = Indicator(
    "burn_rate",
    unit="",
    measures="how many times faster than allowed the error budget is spent, of requests if counted, else of time",
    formula="(bad / total) / (1 - target)",
    better="lower",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
