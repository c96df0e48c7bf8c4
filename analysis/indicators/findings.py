"""``findings``: how many findings there were, of one kind or of all."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, along, asked
from analysis.expected.kinds import BREAKER, BREAKER_KINDS
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "findings.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many findings were there in each window: first seen before its end and last seen after its start.

    The kind ``breaker`` stands for every kind that says how a breaker behaves. A finding fires only where the evidence
    proves it, so there are at least as many as are found; what cannot be told is none.
    """
    params = asked(asks, _SQL) | {"kind": along(asks, lambda ask: ask.scope.kind), "breaker_kinds": list(BREAKER_KINDS)}
    counted = {row["ask"]: row for row in ground.rows.rows(_SQL, params)}
    return [_answer(ask, counted.get(place)) for place, ask in enumerate(asks)]


def _answer(ask: Ask, row: dict[str, int] | None) -> Measured:
    about_breakers = ask.scope.kind == BREAKER or ask.scope.kind in BREAKER_KINDS
    if row is None or (about_breakers and not row["breakers"] and not row["findings"]):
        return Measured(note="no breaker is seen", remedy="add a source that shows the state of its breakers")
    found = row["findings"]
    return Measured(float(found), float(found), float(found), n=found)


INDICATOR = Indicator(
    "findings",
    unit="findings",
    measures="findings, of one kind or of all: what the evidence proves to be other than it should",
    formula="count of findings first seen before the end of the window and last seen after its start",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="findings",
)
