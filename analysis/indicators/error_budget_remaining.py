"""``error_budget_remaining``: which share of an error budget is left; below 0 where it is overspent."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.budgets import NO_TARGET, Good, good_shares, spent
from analysis.indicator import Indicator
from analysis.spans import length_s
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "error_budget_remaining.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return what is left of the budget as a share of the whole, at most 1 and signed.

    The budget is that of the whole window, its future included: of requests the share of those that are expected in it.
    """
    found = good_shares(ground, asks, _SQL)
    return [_left(ask, good) for ask, good in zip(asks, found, strict=True)]


def _left(ask: Ask, good: Good) -> Measured:
    if ask.good_share is None or ask.good_share >= 1:
        return NO_TARGET
    if good.share.value is None:
        return good.share
    seen_s = length_s(ask.spans)
    whole_s = ask.whole_s or seen_s
    value, low, high = spent(good.share, seen_s / whole_s / (1 - ask.good_share))
    left = None if value is None else 1 - value
    return Measured(
        left,
        None if high is None else 1 - high,
        None if low is None else 1 - low,
        n=good.share.n,
        note=_said(left, (1 - ask.good_share) * whole_s, of_time=good.of_time),
    )


def _said(left: float | None, budget_s: float, *, of_time: bool) -> str:
    if not of_time or left is None:
        return "a budget of requests"
    return f"a budget of time: {left * budget_s:,.1f} s of {budget_s:,.1f} s are left"


INDICATOR = Indicator(
    "error_budget_remaining",
    unit="ratio",
    measures="share of the error budget that is left, of requests if counted, else of time; may be negative",
    formula="1 - (share that was bad x share of the window that has passed) / (1 - target)",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
