"""``retries_of_fatal``: how often an error was retried that no retry can mend."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "retries_of_fatal.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many retries followed an error of the class fatal.

    A line with a wait is an attempt that was repeated, and so is the second line of a call. What no log tells (retries
    that are only counted, errors nobody has put into a class) may be one: it stands in the upper bound.
    """
    params = asked(asks, _SQL) | {"classified": sorted({s.name for s in ground.config.services if s.error_classes})}
    told = {row["ask"]: row for row in ground.rows.rows(_SQL, params)}
    return [_answer(told.get(place)) for place in range(len(asks))]


def _answer(row: dict[str, int] | None) -> Measured:
    if row is None or not (row["sources"]):
        return Measured(note="no source tells of retries", remedy="add the log of what retries as a source")
    sure, perhaps = row["fatal"], row["fatal"] + row["unclear"] + max(0, row["counted"] - row["lines"])
    if perhaps == sure:
        return Measured(float(sure), float(sure), float(sure), n=row["lines"])
    return Measured(
        float(sure),
        float(sure),
        float(perhaps),
        n=max(row["lines"], row["counted"]),
        note=f"of {perhaps - sure} retries nobody says which error they followed, or which class it is of",
        remedy="add the log of what retries as a source, and declare error_classes of the service",
    )


INDICATOR = Indicator(
    "retries_of_fatal",
    unit="retries",
    measures="retries after an error that no retry can mend (auth, configuration)",
    formula="count of repeated attempts whose error is of the class fatal",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="retry_attempts",
)
