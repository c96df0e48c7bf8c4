"""``restarts``: how often processes began anew."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "restarts.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many restarts processes, counters or logs told of in each window, each restart once."""
    counted = {row["ask"]: row["restarts"] for row in ground.rows.rows(_SQL, asked(asks, _SQL))}
    numbers = [counted.get(place, 0) for place in range(len(asks))]
    return [Measured(float(number), float(number), float(number), n=number) for number in numbers]


INDICATOR = Indicator(
    "restarts",
    unit="restarts",
    measures="restarts of processes, by their own start times, by counters that fell, or by logs; each once",
    formula="count of changes of the kind restart in the window",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="changes",
)
