"""``breaker_recovery_time``: from the first edge into open to the last into closed of an episode."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.lengths import answers
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "breaker_recovery_time.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long the breaker episodes that opened in each window lasted, in seconds."""
    return answers(asks, ground.rows.rows(_SQL, asked(asks, _SQL)))


INDICATOR = Indicator(
    "breaker_recovery_time",
    unit="s",
    measures="from a breaker's first edge into open to the last edge into closed of the episode; its mean is the MTTR",
    formula="statistic of (closed - opened) over the episodes that opened in the window, or an instance's incidents",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="breaker_episodes",
    stats=True,
)
