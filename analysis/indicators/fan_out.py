"""``fan_out``: how many components depend directly on one that was hurt."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "fan_out.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the most direct dependants of any component that was hurt first in each window, hurt themselves or not."""
    found = {row["ask"]: row for row in ground.rows.rows(_SQL, asked(asks, _SQL))}
    declared = any(service.depends_on for service in ground.config.services)
    return [_answer(found.get(place), declared=declared) for place in range(len(asks))]


def _answer(row: dict[str, int] | None, *, declared: bool) -> Measured:
    if row is not None:
        return Measured(float(row["fan_out"]), float(row["fan_out"]), float(row["fan_out"]), n=row["cascades"])
    if declared:
        return Measured(0.0, 0.0, 0.0)
    return Measured(note="no dependencies are declared", remedy="declare depends_on of the services")


INDICATOR = Indicator(
    "fan_out",
    unit="components",
    measures="direct dependants of a component that was hurt first, along declared dependencies",
    formula="maximum of the number of declared direct dependants over the origins of the cascades in the window",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="cascades",
)
