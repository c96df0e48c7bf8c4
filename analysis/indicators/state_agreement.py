"""``state_agreement``: in how much of their time the instances of a breaker are in one state."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "state_agreement.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the share of covered instance-time in which all instances of a breaker were in the same state.

    Each instance weighs by the time in which it was seen; only time in which two or more were seen counts, for one
    alone has nobody to disagree with. While an instance may have moved (between the bounds of an edge) it agrees in the
    upper bound, where any one state is possible for all, and disagrees in the lower one. Instances in different
    clusters (by the labels of their sources) are different breakers.
    """
    found = {row["ask"]: row for row in ground.rows.rows(_SQL, asked(asks, _SQL))}
    return [_answer(found.get(place)) for place in range(len(asks))]


def _answer(row: dict[str, float] | None) -> Measured:
    if row is None:
        return Measured(
            note="no breaker was seen on two instances at once",
            remedy="add sources that show the breaker's state on each instance",
        )
    return Measured(row["value"], row["low"], row["high"], n=int(row["breakers"]))


INDICATOR = Indicator(
    "state_agreement",
    unit="ratio",
    measures="share of covered instance-time in which all instances of a breaker are in the same state",
    formula="instance-seconds in which all seen instances are in one state / instance-seconds with two or more seen",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="breaker_transitions",
)
