"""``restore_time``: from the removal of a fault to the first good answer that lasts."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.edges import END_REMEDY, NOT_REMOVED, unknown
from analysis.faults import Fault, faults
from analysis.harm import Harm, lasted
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.outages import SETTLE_S, Outage
from analysis.sqlfiles import read_steps
from analysis.statistics import Length
from breakwatch.clock import SECOND_US

_STEPS = read_steps("analysis.indicators", "restore_time.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long after faults were removed users were served again, in seconds."""
    harm = Harm(ground, asks, _STEPS)
    return [_measured(ground, ask, harm) for ask in asks]


def _measured(ground: Ground, ask: Ask, harm: Harm) -> Measured:
    asked = list(faults(ground).asked(ask, by_removal=True))
    if ask.scope.experiment is not None and all(fault.removed is None for fault in asked):
        return unknown(NOT_REMOVED, END_REMEDY)
    found = [length for fault in asked for length in _lengths(ground, ask, fault, harm)]
    return of_lengths(found, stat_of(ask))


def _lengths(ground: Ground, ask: Ask, fault: Fault, harm: Harm) -> list[Length]:
    """Return how long it took from the removal of a fault, for each service that was not served well then."""
    if fault.removed is None or fault.removed_us is None:
        return []
    settle_s = SETTLE_S if ask.policy.settle_s is None else ask.policy.settle_s
    until_us = fault.removed_us + round(settle_s * SECOND_US)
    return [
        lasted(ground, outage, fault.removed)
        for outage in harm.without_answer(ask)
        if _concerned(ground, fault, outage)
        and outage.start.earliest_us <= until_us
        and (outage.end is None or outage.end.latest_us > fault.removed_us)
    ]


def _concerned(ground: Ground, fault: Fault, outage: Outage) -> bool:
    first = outage.first
    return outage.start.latest_us >= fault.injected_us and faults(ground).concerns(
        fault, first.environment or None, first.service or None
    )


INDICATOR = Indicator(
    "restore_time",
    unit="s",
    measures="from the removal of an injected fault to the first good answer that lasts",
    formula="statistic of (first good answer that lasts - removal) over the faults removed while users were not served",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="failure_spells",
    stats=True,
)
