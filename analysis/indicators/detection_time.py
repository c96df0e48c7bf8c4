"""``detection_time``: from an injected fault to the first signal: health down, breaker open, level lowered."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.coverage import covered_spans
from analysis.edges import BEGIN_REMEDY, NOT_INJECTED, exactly, so_far, unknown
from analysis.faults import Fault, faults
from analysis.harm import reach
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.signals import Signal, Watched, asked_of, first, signals, silent, watchers
from analysis.sqlfiles import read_sql
from analysis.statistics import UNENDED, Length
from breakwatch.clock import Instant

_SQL = read_sql("analysis.indicators", "detection_time.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long after faults were put in something signalled them, in seconds."""
    given = signals(ground, _SQL, **reach(asks))
    return [_measured(ground, ask, given) for ask in asks]


def _measured(ground: Ground, ask: Ask, given: Sequence[Signal]) -> Measured:
    found = list(faults(ground).asked(ask))
    if not found and ask.scope.experiment is not None:
        return unknown(NOT_INJECTED, BEGIN_REMEDY)
    measured = of_lengths([_length(ground, ask, fault, given) for fault in found], stat_of(ask))
    if not measured.ongoing:
        return measured
    return silent(measured, [one for fault in found for one in _watchers(ground, ask, fault)])


def _length(ground: Ground, ask: Ask, fault: Fault, given: Sequence[Signal]) -> Length:
    known = faults(ground)
    edge = first(
        signal
        for signal in given
        if asked_of(ask.scope, signal)
        and known.shows(fault, signal.began, ground.now_us, (signal.environment, signal.service), signal.name)
    )
    if edge is not None:
        return exactly(fault.injected, edge)
    if not any(one.told for one in _watchers(ground, ask, fault)):
        return Length(None, 0.0, UNENDED)
    return so_far(fault.injected, _looked_until_us(ground, ask, fault))


def _watchers(ground: Ground, ask: Ask, fault: Fault) -> list[Watched]:
    known = faults(ground)
    return watchers(ground, ask, lambda *where: known.concerns(fault, *where))


def _looked_until_us(ground: Ground, ask: Ask, fault: Fault) -> Instant:
    """Return until when somebody looked, without a break since the fault was put in."""
    scope = Scope(environment=fault.environment, service=ask.scope.service or fault.service)
    for start, end in covered_spans(ground, scope):
        if start <= fault.injected_us < end:
            return min(end, fault.until_us(ground.now_us))
    return fault.injected_us


INDICATOR = Indicator(
    "detection_time",
    unit="s",
    measures="from an injected fault to the first signal of it: health down, breaker open, level lowered",
    formula="statistic of (first signal - injection) over the faults injected in the window",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="experiment_faults",
    stats=True,
)
