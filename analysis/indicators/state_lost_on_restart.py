"""``state_lost_on_restart``: how many breakers were closed after a restart that found them open."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "state_lost_on_restart.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how often a restart made a breaker forget that it was open."""
    counted = {row["ask"]: row for row in ground.rows.rows(_SQL, asked(asks, _SQL))}
    return [_answer(counted.get(place)) for place in range(len(asks))]


def _answer(row: dict[str, int] | None) -> Measured:
    if row is None or not row["breakers"]:
        return Measured(note="no breaker is seen", remedy="add a source that shows the state of its breakers")
    return Measured(float(row["lost"]), float(row["lost"]), float(row["lost"]), n=row["lost"])


INDICATOR = Indicator(
    "state_lost_on_restart",
    unit="findings",
    measures="restarts after which a breaker that had been open was closed",
    formula="count of findings of the kind state_lost_on_restart in the window",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="findings",
)
