"""``session_preservation``: which share of the sessions that were alive before a fault was alive after it."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from analysis.asking import Ask, Ground, Measured
from analysis.faults import faults
from analysis.gauges import Reading, read_at
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "session_preservation.sql")

NO_FAULT = Measured(
    note="no fault with a beginning and an end is known in this time",
    remedy="record the experiment with when its fault was put in and taken out",
)
NO_SESSIONS = Measured(
    note="no sessions were counted before and after it", remedy="collect a gauge of the sessions that are alive"
)


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return sessions alive after by sessions alive before; of several faults from the first one to the last."""
    spans: dict[int, tuple[int, int]] = {}
    for place, ask in enumerate(asks):
        found = list(faults(ground).asked(ask))
        ends = [fault.removed_us for fault in found if fault.removed_us is not None]
        if found and len(ends) == len(found):
            spans[place] = (min(fault.injected_us for fault in found), max(ends))
    before = read_at(ground, [(asks[place].scope, start) for place, (start, _) in spans.items()], _SQL)
    after = read_at(ground, [(asks[place].scope, end) for place, (_, end) in spans.items()], _SQL, after=True)
    known = dict(zip(spans, zip(before, after, strict=True), strict=True))
    return [_kept(*known[place]) if place in known else NO_FAULT for place in range(len(asks))]


def _kept(before: Reading | None, after: Reading | None) -> Measured:
    if before is None or after is None or before.high <= 0:
        return NO_SESSIONS
    low = after.low / before.high
    high = after.high / before.low if before.low > 0 else inf
    value = after.value / before.value if before.value > 0 else None
    return Measured(
        None if value is None else min(max(value, low), high),
        low,
        high,
        n=round(before.value),
        note=f"{after.lost} of {after.series} series ended" if after.lost else "",
    )


INDICATOR = Indicator(
    "session_preservation",
    unit="ratio",
    measures="sessions alive when the fault was taken out, by those alive when it was put in",
    formula="sessions alive after / sessions alive before",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="sessions",
)
