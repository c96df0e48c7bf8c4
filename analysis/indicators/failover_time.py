"""``failover_time``: from the start of the first call that a target failed to the first good answer by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.asking import Ask, Ground, Measured, asked
from analysis.harm import Harm, lasted
from analysis.indicator import Indicator
from analysis.lengths import answers, of_lengths, stat_of
from analysis.sqlfiles import read_steps
from analysis.statistics import UNENDED, Length

_STEPS = read_steps("analysis.indicators", "failover_time.sql")

NOT_TIMED = "calls are counted, not told one by one: when the first bad one began is not known"
LOG_REMEDY = "add the log of these calls as a source"
NOBODY_TOOK_OVER = "calls failed, and no other target took over"
LONGER_REMEDY = "let the fault last longer than the limit, and see whether another target takes over"


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long the failovers that began in each window took, in seconds."""
    rows = ground.rows.rows(_STEPS["failovers"], asked(asks, _STEPS["failovers"]))
    harm = Harm(ground, asks, _STEPS)
    return [
        _timed(measured) if measured.n else nobody_took_over(ground, ask, harm, measured)
        for ask, measured in zip(asks, answers(asks, rows), strict=True)
    ]


def _timed(measured: Measured) -> Measured:
    """Return it saying why the length of a failover is not known: each has ended, but not each has a known start."""
    if not measured.ongoing:
        return measured
    return replace(measured, ongoing=0, note=NOT_TIMED, remedy=LOG_REMEDY)


def nobody_took_over(ground: Ground, ask: Ask, harm: Harm, measured: Measured) -> Measured:
    """Return the answer where no failover was seen: in an experiment whose calls failed, that it never came.

    How long it would have taken is unbounded then, and no shorter than the time without an answer.
    """
    if ask.scope.experiment is None:
        return measured
    failed = [lasted(ground, one) for one in harm.failures(ask).begun(ask)]
    if not failed:
        return measured
    never = [Length(None, one.low, UNENDED) for one in failed]
    return replace(of_lengths(never, stat_of(ask)), ongoing=0, note=NOBODY_TOOK_OVER, remedy=LONGER_REMEDY)


INDICATOR = Indicator(
    "failover_time",
    unit="s",
    measures="from the start of the first call that the primary failed to the end of the first good answer by another",
    formula="statistic of (served - failed) over the failovers that began in the window",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="failovers",
    stats=True,
)
