"""``degradation_factor``: how many times slower calls were while a fault was in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite

from analysis.asking import Ask, Ground, Measured
from analysis.experiments import within_experiments
from analysis.faults import Fault, faults
from analysis.histograms import histograms, of_buckets
from analysis.indicator import Indicator
from analysis.spans import Span, Spans, common
from analysis.sqlfiles import read_sql
from breakwatch.clock import MINUTE_US

_SQL = read_sql("analysis.indicators", "degradation_factor.sql")

LEAST_BASELINE_US = 5 * MINUTE_US
"""What is usual is looked for in as long as the fault lasted before it was put in, and in this much at least."""

NO_FAULT = Measured(
    note="no fault is known in this time",
    remedy="record the experiment with when its fault was put in and taken out",
)


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return p95 of the durations during a fault by p95 before it; of several faults the one that slowed most."""
    tried = [(place, fault) for place, ask in enumerate(asks) for fault in faults(ground).asked(ask)]
    parts: list[Ask] = []
    for place, fault in tried:
        ask = replace(asks[place], stat="p95", scope=replace(asks[place].scope, phase=None, experiment=None))
        parts += [
            replace(ask, spans=_during(ground, asks[place], fault)),
            replace(ask, spans=(_before(ground, fault),)),
        ]
    found = [of_buckets(buckets, part) for part, buckets in zip(parts, histograms(ground, parts, _SQL), strict=True)]
    factors: dict[int, list[Measured]] = {}
    for (place, _), during, before in zip(tried, found[::2], found[1::2], strict=True):
        factors.setdefault(place, []).append(factor(during, before))
    return [_worst(factors[place]) if place in factors else NO_FAULT for place in range(len(asks))]


def _during(ground: Ground, ask: Ask, fault: Fault) -> Spans:
    end_us = ground.now_us if fault.removed_us is None else fault.removed_us
    (narrowed,) = within_experiments(ground, [ask])
    return common(narrowed.spans, ((fault.injected_us, max(fault.injected_us + 1, end_us)),))


def _before(ground: Ground, fault: Fault) -> Span:
    """Return the time before a fault: no further back than the end of the last one of the same service."""
    end_us = ground.now_us if fault.removed_us is None else fault.removed_us
    start_us = fault.injected_us - max(end_us - fault.injected_us, LEAST_BASELINE_US)
    earlier = (
        other.removed_us
        for other in faults(ground).all
        if other.environment == fault.environment
        and other.service in (None, fault.service)
        and other.removed_us is not None
        and other.removed_us <= fault.injected_us
    )
    return min(max(start_us, *earlier, start_us), fault.injected_us - 1), fault.injected_us


def factor(during: Measured, before: Measured) -> Measured:
    """Return a p95 by another one with the bounds that theirs allow."""
    if during.low is None or during.high is None or before.low is None or before.high is None:
        missing = "during the fault" if during.low is None else "before it"
        return Measured(note=f"no duration of a call is known {missing}", remedy=(during.remedy or before.remedy))
    low = during.low / before.high if isfinite(before.high) and before.high > 0 else 0.0
    high = during.high / before.low if before.low > 0 else inf
    value = during.value / before.value if during.value is not None and before.value else None
    return Measured(None if value is None else min(max(value, low), high), low, high, n=during.n)


def _worst(found: Sequence[Measured]) -> Measured:
    """Return the largest of several factors; one that is not known leaves it open above."""
    known = [one for one in found if one.low is not None]
    if not known:
        return found[0]
    values = [one.value for one in known if one.value is not None]
    high = inf if len(known) < len(found) else max(one.high or 0.0 for one in known)
    return Measured(
        max(values, default=None), max(one.low or 0.0 for one in known), high, n=sum(one.n for one in known)
    )


INDICATOR = Indicator(
    "degradation_factor",
    unit="",
    measures="p95 latency while the fault was in, by p95 in the time before it",
    formula="p95 during the fault / p95 before it, over as long a time and at least 5 minutes",
    better="lower",
    nothing="unknown",
    compute=compute,
    rows="latency_histograms",
)
