"""``incidents_ongoing``: how many incidents had not ended when the window did."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.indicator import Indicator
from analysis.sqlfiles import read_steps
from analysis.troubles import Trouble, Troubles
from breakwatch.clock import Instant

_STEPS = read_steps("analysis.indicators", "incidents_ongoing.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many incidents went on at the end of each window; of an experiment, how many still do."""
    troubles = Troubles(ground, asks, _STEPS)
    return [_measured(ground, ask, troubles) for ask in asks]


def _measured(ground: Ground, ask: Ask, troubles: Troubles) -> Measured:
    if not ask.spans:
        return Measured()
    at_us = ground.now_us if ask.scope.experiment is not None else min(ask.end_us, ground.now_us)
    found = troubles.of(ask)
    n = sum(_goes_on(one, at_us) for one in found)
    low = sum(_surely(one, at_us) for one in found)
    high = sum(_perhaps(one, at_us) for one in found)
    return Measured(float(n), float(low), float(high), n=n, ongoing=sum(one.end is None for one in found))


def _goes_on(one: Trouble, at_us: Instant) -> bool:
    return one.start.middle_us < at_us and (one.end is None or one.end.middle_us >= at_us)


def _surely(one: Trouble, at_us: Instant) -> bool:
    return one.start.latest_us < at_us and (one.end is None or one.end.earliest_us >= at_us)


def _perhaps(one: Trouble, at_us: Instant) -> bool:
    return one.start.earliest_us < at_us and (one.end is None or one.end.latest_us >= at_us)


INDICATOR = Indicator(
    "incidents_ongoing",
    unit="incidents",
    measures="how many incidents had not ended when the window did",
    formula="number of incidents that began before the end of the window and ended after it or not at all",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="outages",
)
