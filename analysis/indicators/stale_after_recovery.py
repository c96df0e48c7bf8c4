"""``stale_after_recovery``: how many calls were still answered by stale entries of a cache when all was well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.asking import Ask, Ground, Measured
from analysis.counting import amounts
from analysis.experiments import within_experiments
from analysis.faults import faults
from analysis.indicator import Indicator
from analysis.outages import spell_of, united_outages
from analysis.spans import Span, Spans, common, united, without
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "stale_after_recovery.sql")
_OUTAGES = read_sql("analysis.indicators", "availability_time.sql")

NOTHING_RECOVERED = Measured(note="nothing recovered in this time, as far as is seen of it after that")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return stale answers after the fault was taken out; where none is known, after outages had ended."""
    after = [replace(ask, spans=_after(ground, ask)) for ask in within_experiments(ground, asks)]
    found = amounts(ground, after, _SQL)
    return [one if ask.spans else NOTHING_RECOVERED for ask, one in zip(after, found, strict=True)]


def _after(ground: Ground, ask: Ask) -> Spans:
    """Return the time from the end of a fault, or an outage, to the beginning of the next one."""
    ends = [
        (fault.injected_us, ground.now_us if fault.removed_us is None else fault.removed_us)
        for fault in faults(ground).asked(replace(ask, policy=ask.policy.model_copy(update={"experiments": "include"})))
    ] or _outages(ground, ask)
    if not ends or not ask.spans:
        return ()
    first_us = min(end for _, end in ends)
    return without(common(ask.spans, ((first_us, max(first_us + 1, ask.end_us)),)), united(ends))


def _outages(ground: Ground, ask: Ask) -> list[Span]:
    if not ask.spans or ask.scope.experiment is not None:
        return []
    rows = ground.rows.rows(_OUTAGES, {"from_us": ask.start_us, "to_us": ask.end_us})
    scope = ask.scope
    spells = [
        spell_of(row)
        for row in rows
        if scope.service in (None, row["service"]) and scope.environment in (None, row["environment"])
    ]
    return [
        (outage.start.middle_us, ground.now_us if outage.end is None else outage.end.middle_us)
        for outage in united_outages(spells, ask.policy.settle_s)
    ]


INDICATOR = Indicator(
    "stale_after_recovery",
    unit="requests",
    measures="how many calls a cache answered with stale entries after the fault was out, or the outage over",
    formula="sum(cache_stale) after the end of the fault",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="request_counts",
)
