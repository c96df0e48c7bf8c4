"""``mtbf``: the mean time between failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from analysis.asking import Ask, Ground, Measured
from analysis.bounds import Bounds
from analysis.coverage import covered_spans
from analysis.faults import within
from analysis.indicator import Indicator
from analysis.spans import Spans, common, length_s, united, without
from analysis.sqlfiles import read_steps
from analysis.troubles import Overlap, Trouble, Troubles, number
from breakwatch.clock import Instant

_STEPS = read_steps("analysis.indicators", "mtbf.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the operating time of each window over the failures that began in it, in seconds."""
    troubles = Troubles(ground, asks, _STEPS)
    return [_measured(ground, ask, troubles) for ask in asks]


def _measured(ground: Ground, ask: Ask, troubles: Troubles) -> Measured:
    def told(how: Overlap) -> Sequence[Trouble]:
        return troubles.of(ask, how) if ask.scope.breaker is not None else troubles.outages(ask, how)

    n, least, most = number(ask, told)
    if not max(n, most):
        return Measured()
    found = told("likely")
    seen = common(ask.spans, covered_spans(ground, ask.scope))
    low_s, value_s, high_s = (length_s(without(seen, down)) for down in _down(found, ground.now_us))
    return Measured(
        value_s / n if n else None,
        low_s / max(n, most),
        high_s / min(n, least) if min(n, least) else inf,
        n=n,
        ongoing=sum(one.end is None for one in found if within(ask.spans, one.start)),
    )


def _down(found: Sequence[Trouble], now_us: Instant) -> tuple[Spans, Spans, Spans]:
    """Return the time out of operation: the most that it can have been, by midpoints, and the least."""
    most, middle, least = [], [], []
    for start, end in (edges for one in found for edges in _out_of_operation(one)):
        most.append((start.earliest_us, now_us if end is None else end.latest_us))
        middle.append((start.middle_us, now_us if end is None else end.middle_us))
        least.append((start.latest_us, now_us if end is None else end.earliest_us))
    return united(most), united(middle), united(least)


def _out_of_operation(one: Trouble) -> Iterator[tuple[Bounds, Bounds | None]]:
    """Yield from when to when something did not operate; a degraded service does."""
    if not one.outages:
        yield one.start, one.end
    for outage in one.outages:
        if outage.kind == "down":
            yield outage.start, outage.end


INDICATOR = Indicator(
    "mtbf",
    unit="s",
    measures="mean time between failures: the time in operation over the failures",
    formula="(covered time - time out of operation) / outages that started in the window; of a breaker, its episodes",
    better="higher",
    nothing="kept",
    compute=compute,
    rows="outages",
)
