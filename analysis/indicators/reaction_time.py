"""``reaction_time``: from the first failed request to the first signal: health down, breaker open, level lowered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.edges import seen_until_us, so_far, unordered
from analysis.faults import LAG_US, faults
from analysis.harm import Harm, faults_behind, reach
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.outages import Outage
from analysis.signals import Signal, Watched, first, signals, silent, watchers
from analysis.sqlfiles import read_steps
from analysis.statistics import UNENDED, Length
from breakwatch.clock import Instant

_STEPS = read_steps("analysis.indicators", "reaction_time.sql")

Given = dict[str, list[Signal]]
"""Signals by their service."""


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long after the first failed request something signalled it, in seconds."""
    harm = Harm(ground, asks, _STEPS)
    given: Given = defaultdict(list)
    for signal in signals(ground, _STEPS["signals"], **reach(asks)):
        given[signal.service or ""].append(signal)
    known: dict[tuple[Scope, int], Length] = {}
    return [_measured(ground, ask, list(harm.failures(ask).begun(ask)), given, known) for ask in asks]


def _measured(
    ground: Ground, ask: Ask, found: Sequence[Outage], given: Given, known: dict[tuple[Scope, int], Length]
) -> Measured:
    for one in found:
        if (ask.scope, id(one)) not in known:  # windows of one objective share it
            known[ask.scope, id(one)] = _length(ground, ask, one, given)
    measured = of_lengths([known[ask.scope, id(one)] for one in found], stat_of(ask))
    if not measured.ongoing:
        return measured
    return silent(measured, [watcher for one in found for watcher in _watchers(ground, ask, one)])


def _length(ground: Ground, ask: Ask, failed: Outage, given: Given) -> Length:
    """Return how long it took to signal some failures; nothing where what was wrong had just been signalled before."""
    until_us = _until_us(ground, failed)
    edge = first(signal for signal in _about(ground, ask, failed, given) if signal.began.earliest_us <= until_us)
    if edge is not None:
        return unordered(failed.start, edge)
    if any(one.told for one in _watchers(ground, ask, failed)):
        return so_far(failed.start, until_us)
    return Length(None, 0.0, UNENDED)


def _watchers(ground: Ground, ask: Ask, failed: Outage) -> list[Watched]:
    own = failed.first.environment, failed.first.service
    return watchers(ground, ask, lambda environment, service, _: (environment or "", service or "") == own)


def _about(ground: Ground, ask: Ask, failed: Outage, given: Given) -> list[Signal]:
    """Return the signals of what failed: of the fault behind it, else of the service and what it depends on."""
    known = faults(ground)
    behind = faults_behind(ground, ask, failed) if ask.scope.experiment is not None else []
    latest = max(behind, key=lambda fault: (fault.injected_us, fault.experiment_id), default=None)
    since_us = failed.start.earliest_us - LAG_US if latest is None else latest.injected_us
    own = {failed.first.service, *known.needs.get(failed.first.service, ())} if latest is None else set(given)
    return [
        signal
        for service in sorted(own)
        for signal in given.get(service, ())
        if (signal.environment or "") == failed.first.environment
        and signal.began.latest_us >= since_us
        and (signal.ended_us is None or signal.ended_us >= failed.start.earliest_us)
        and (ask.scope.breaker is None or (signal.kind, signal.name) == ("breaker", ask.scope.breaker))
        and (latest is None or known.concerns(latest, signal.environment, signal.service, signal.name))
    ]


def _until_us(ground: Ground, failed: Outage) -> Instant:
    first_one = failed.first
    seen_us = seen_until_us(ground, first_one.environment or None, first_one.service or None)
    return seen_us if failed.end is None else min(seen_us, failed.end.latest_us + LAG_US)


INDICATOR = Indicator(
    "reaction_time",
    unit="s",
    measures="from the first failed request to the first signal: health down, breaker open, level lowered",
    formula="statistic of (first signal - first failed request) over the failures that began in the window; 0 where it "
    "was signalled before",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="failure_spells",
    stats=True,
)
