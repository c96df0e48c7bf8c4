"""``incident_count``: how many incidents began in the window."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.faults import within
from analysis.indicator import Indicator
from analysis.sqlfiles import read_steps
from analysis.troubles import Troubles, number

_STEPS = read_steps("analysis.indicators", "incident_count.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many incidents began in each window; one that may have begun outside counts within the bounds."""
    troubles = Troubles(ground, asks, _STEPS)
    return [_measured(ask, troubles) for ask in asks]


def _measured(ask: Ask, troubles: Troubles) -> Measured:
    n, low, high = number(ask, lambda how: troubles.of(ask, how))
    ongoing = sum(one.end is None and within(ask.spans, one.start) for one in troubles.of(ask))
    return Measured(float(n), float(min(low, n)), float(max(high, n)), n=n, ongoing=ongoing)


INDICATOR = Indicator(
    "incident_count",
    unit="incidents",
    measures="how many incidents began: outages of a service and episodes of its breakers, overlapping ones being one",
    formula="number of incidents whose start lies in the window",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="outages",
)
