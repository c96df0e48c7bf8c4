"""``health_recovery_time``: from the edge into down of a component's health to its next edge into up."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.edges import answered
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "health_recovery_time.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long components that went down in each window stayed down, in seconds."""
    return answered(ground, asks, ground.rows.rows(_SQL, asked(asks, _SQL)))


INDICATOR = Indicator(
    "health_recovery_time",
    unit="s",
    measures="from a component's health going down to its coming up again",
    formula="statistic of (up - down) over the falls into down in the window; falls that instances share are one",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="health_changes",
    stats=True,
)
