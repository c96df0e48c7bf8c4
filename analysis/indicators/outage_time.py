"""``outage_time``: from the injected fault, else the first failed call, to the first good answer that lasts."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.faults import Fault, faults
from analysis.harm import Harm, begun, lasted
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.outages import Outage
from analysis.sqlfiles import read_steps

_STEPS = read_steps("analysis.indicators", "outage_time.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long users went without a good answer, in seconds, of what began in each window."""
    harm = Harm(ground, asks, _STEPS)
    return [
        of_lengths(
            [
                lasted(ground, outage, fault.injected if fault else None)
                for outage in harm.without_answer(ask)
                if begun(ground, ask, outage)
                for fault in (_behind(ground, outage),)
                if ask.scope.experiment is None or fault is None or fault.experiment_id == ask.scope.experiment
            ],
            stat_of(ask),
        )
        for ask in asks
    ]


def _behind(ground: Ground, outage: Outage) -> Fault | None:
    """Return the fault that an outage came of: the last one put in before it began."""
    first = outage.first
    return faults(ground).behind(first.environment or None, first.service or None, outage.start, ground.now_us)


INDICATOR = Indicator(
    "outage_time",
    unit="s",
    measures="from the injected fault, else the first failed call, to the first good answer that lasts",
    formula="statistic of (first good answer that lasts - fault or first failed call) over what began in the window",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="failure_spells",
    stats=True,
)
