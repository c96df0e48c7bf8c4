"""``level_floor``: the lowest level of service, by its rank (full 4, degraded 3, limited 2, cache_only 1, else 0)."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.indicator import Indicator
from analysis.levels import lowest_levels


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the rank of the lowest level; a system that says ``unknown`` of itself may have been on any.

    A service that reports no level is taken by its outages: down is unavailable, and no outage in seen time is full.
    """
    return lowest_levels(ground, asks)


INDICATOR = Indicator(
    "level_floor",
    unit="level",
    measures="the lowest service level: full 4, degraded 3, limited 2, cache_only 1, unavailable 0",
    formula="least rank of the levels in the time",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="service_level_spells",
)
