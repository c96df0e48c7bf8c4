"""``health_agreement``: in how much of the time the health of a component and the breaker on it say the same."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "health_agreement.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the share of time in which health and breaker agree: open and down, or closed and up.

    A breaker is named after what it guards, so its component is the one of its name in the same environment. Time
    counts where both are seen and both speak: a breaker that is half-open asks, and a component in maintenance says
    nothing. Between the bounds of an edge they agree in the upper bound and disagree in the lower one.
    """
    found = {row["ask"]: row for row in ground.rows.rows(_SQL, asked(asks, _SQL))}
    return [_answer(found.get(place)) for place in range(len(asks))]


def _answer(row: dict[str, float | None] | None) -> Measured:
    times = {} if row is None else {name: float(value or 0) for name, value in row.items()}
    if not times or not (times["perhaps_agree_us"] or times["perhaps_disagree_us"]):
        return Measured(
            note="no component of a breaker's name has a health signal that was seen together with it",
            remedy="add a source of the component's health, named like the breaker that guards it",
        )
    low = _share(times["surely_agree_us"], times["perhaps_disagree_us"])
    high = _share(times["perhaps_agree_us"], times["surely_disagree_us"])
    return Measured(_share(times["agree_us"], times["disagree_us"]), low, high, n=int(times["pairs"]))


def _share(agree_us: float, disagree_us: float) -> float | None:
    return agree_us / (agree_us + disagree_us) if agree_us + disagree_us else None


INDICATOR = Indicator(
    "health_agreement",
    unit="ratio",
    measures="share of time in which a component's health and the breaker on it say the same (open: down, closed: up)",
    formula="time in which both say the same / time in which both are seen and speak",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="health_changes",
)
