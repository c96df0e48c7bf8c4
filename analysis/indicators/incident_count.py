"""``incident_count``: how many incidents began in the window."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.faults import certainly_within, perhaps_within, within
from analysis.indicator import Indicator
from analysis.sqlfiles import read_steps
from analysis.troubles import Troubles

_STEPS = read_steps("analysis.indicators", "incident_count.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many incidents began in each window; one that may have begun outside counts within the bounds."""
    troubles = Troubles(ground, asks, _STEPS)
    return [_measured(ask, troubles) for ask in asks]


def _measured(ask: Ask, troubles: Troubles) -> Measured:
    found = troubles.of(ask)
    if ask.scope.experiment is not None:
        n = low = high = len(found)
    else:
        n = sum(within(ask.spans, one.start) for one in found)
        low = sum(certainly_within(ask.spans, one.start) for one in found)
        high = sum(perhaps_within(ask.spans, one.start) for one in found)
    ongoing = sum(one.end is None and within(ask.spans, one.start) for one in found)
    return Measured(float(n), float(low), float(high), n=n, ongoing=ongoing)


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
