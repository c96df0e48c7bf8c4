"""Error budgets: how much may be bad in a window, how much of it is left, and when it will be gone.

Of an availability by time the budget is (1 - target) x seconds of the window; of one by requests it is the same share
of the requests of the whole window, expressed in seconds of it, too, so that budgets can be compared. What is left is
signed: a budget that is overspent is negative.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.asking import Measured
from analysis.spans import Spans, length_s
from analysis.verdicts.rule import Unfinished
from breakwatch.clock import SECOND_US, Instant

_DIGITS = 12
"""A budget that is spent to the last second is not overspent by the error of a division."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget in seconds of the whole window.

    Attributes:
        whole_s: all of it.
        left_s, left_low_s, left_high_s: what is left, within bounds, negative where it is overspent; None unknown.
        behind: which share of the whole window lies behind.
        gone_us: when it will be spent if it goes on as so far; None where nothing was bad, or it is spent.
    """

    whole_s: float
    left_s: float | None = None
    left_low_s: float | None = None
    left_high_s: float | None = None
    gone_us: Instant | None = None
    behind: float = 1.0

    @property
    def left_share(self) -> float | None:
        """What is left as a share of the whole, signed."""
        return None if self.left_s is None or not self.whole_s else self.left_s / self.whole_s


def budget_s(target: float, window_s: float) -> float:
    """Return the budget of a window in seconds: 99.9 % of 30 days is 2,592 s."""
    return (1 - target) * window_s


def burn_rate(bad: float, total: float, target: float) -> float:
    """Return how many times faster than allowed a budget is spent: the share that is bad by the share that may be."""
    return bad / total / (1 - target)


def exhaustion_s(left_share: float, window_s: float, rate: float) -> float:
    """Return in how many seconds what is left of a budget is gone at a burn rate."""
    return left_share * window_s / rate


def budget(measured: Measured, target: float, spans: Spans, whole: Spans, weight: float | None = None) -> Budget:
    """Return the budget of a window and what is left of it after the time that counted so far.

    Args:
        measured: the share that was good so far.
        target: the share that has to be good.
        spans: the time that counted so far.
        whole: that of the whole window.
        weight: the share of the whole that lies behind; None takes it by time.
    """
    whole_s, seen_s = length_s(whole), length_s(spans)
    total = budget_s(target, whole_s)
    if weight is None:
        weight = seen_s / whole_s if whole_s else 1.0
    spent, least, most = (_spent(share, weight, whole_s) for share in (measured.value, measured.high, measured.low))
    if spent is None:
        return Budget(total, behind=weight)
    left_s = total - spent
    gone_us = None
    if spent > 0 and left_s > 0 and seen_s:
        gone_us = spans[-1][1] + round(left_s / (spent / seen_s) * SECOND_US)
    left_low_s, left_high_s = (None if spent is None else total - spent for spent in (most, least))
    return Budget(total, left_s, left_low_s, left_high_s, gone_us, weight)


def _spent(good: float | None, weight: float, whole_s: float) -> float | None:
    return None if good is None else (1 - good) * weight * whole_s


def unfinished(measured: Measured, found: Budget, weight: float, end_us: Instant) -> Unfinished | None:
    """Return how a window that goes on can end: what is bad so far stays bad, and the rest may all be good.

    Args:
        measured: the share that was good so far.
        found: the budget, for the forecast.
        weight: how much of the whole window lies behind.
        end_us: when the window ends.
    """
    if measured.value is None:
        return None
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    gone = found.gone_us is not None and found.gone_us < end_us
    kind, harsh = (round(1 - (1 - share) * weight, _DIGITS) for share in (high, low))
    return Unfinished(kind, harsh, at_risk=gone)
