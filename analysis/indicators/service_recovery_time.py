"""``service_recovery_time``: from the start of an outage to its end."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.harm import Harm, lasted
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.sqlfiles import read_steps

_STEPS = read_steps("analysis.indicators", "service_recovery_time.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long the outages that started in each window lasted, in seconds."""
    harm = Harm(ground, asks, _STEPS)
    return [of_lengths([lasted(ground, one) for one in harm.outages(ask).begun(ask)], stat_of(ask)) for ask in asks]


INDICATOR = Indicator(
    "service_recovery_time",
    unit="s",
    measures="from the start of an outage to its end, where the quiet began that lasted for the settle time",
    formula="statistic of (end - start) over the outages that started in the window",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="outage_spells",
    stats=True,
)
