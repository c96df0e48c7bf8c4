"""``takeover_time``: from an injected fault to the end of the first good answer by another target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.asking import Ask, Ground, Measured
from analysis.bounds import Bounds
from analysis.edges import BEGIN_REMEDY, NOT_INJECTED, exactly, unknown
from analysis.faults import Fault, faults
from analysis.harm import Harm, lasted, reach
from analysis.indicator import Indicator
from analysis.indicators.failover_time import LONGER_REMEDY, NOBODY_TOOK_OVER
from analysis.lengths import of_lengths, stat_of
from analysis.sqlfiles import read_steps
from analysis.statistics import UNENDED, Length

_STEPS = read_steps("analysis.indicators", "takeover_time.sql")

Row = Mapping[str, Any]


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long after faults were put in another target answered, in seconds."""
    rows = ground.rows.rows(_STEPS["failovers"], reach(asks))
    harm = Harm(ground, asks, _STEPS)
    return [_measured(ground, ask, rows, harm) for ask in asks]


def _measured(ground: Ground, ask: Ask, rows: Sequence[Row], harm: Harm) -> Measured:
    found = list(faults(ground).asked(ask))
    if not found and ask.scope.experiment is not None:
        return unknown(NOT_INJECTED, BEGIN_REMEDY)
    lengths = [length for fault in found for length in _lengths(ground, ask, fault, rows, harm)]
    if found and not lengths:
        return unknown(
            "no call was seen to move to another target", "add a source that tells calls by target, or their log"
        )
    measured = of_lengths(lengths, stat_of(ask))
    if measured.ongoing:
        return replace(measured, ongoing=0, note=NOBODY_TOOK_OVER, remedy=LONGER_REMEDY)
    return measured


def _lengths(ground: Ground, ask: Ask, fault: Fault, rows: Sequence[Row], harm: Harm) -> Iterator[Length]:
    """Yield how long it took until another target answered; unbounded where calls failed and none did."""
    known = faults(ground)
    for row in rows:
        served = Bounds(min(row["earliest_us"], row["latest_us"]), max(row["earliest_us"], row["latest_us"]))
        if (
            ask.scope.service in (None, row["service"])
            and ask.scope.operation in (None, row["operation"])
            and known.shows(fault, served, ground.now_us, (row["environment"], row["service"]), row["from_target"])
        ):
            yield exactly(fault.injected, served)
            return
    for failed in harm.failures(ask).of(ask):
        where = failed.first.environment or None, failed.first.service or None
        if known.shows(fault, failed.start, ground.now_us, where):
            yield Length(None, lasted(ground, failed, fault.injected).low, UNENDED)


INDICATOR = Indicator(
    "takeover_time",
    unit="s",
    measures="from an injected fault to the end of the first good answer by another target",
    formula="statistic of (served by another target - injection) over the faults injected in the window",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="failovers",
    stats=True,
)
