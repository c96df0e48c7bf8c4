"""``cascade_depth``: how far failures spread below the first component that was hurt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "cascade_depth.sql")

UNDECLARED = "no dependencies are declared: there is only what was hurt one after the other"
DECLARE = "declare depends_on of the services"


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the longest chain of hurt components below the origin of any cascade that began in each window.

    A chain counts in the lower bound where the bounds of the starts prove its order and lags, in the upper one where
    they allow them.
    """
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in ground.rows.rows(_SQL, asked(asks, _SQL)):
        found[row["ask"]].append(row)
    return [_answer(found.get(place, [])) for place in range(len(asks))]


def _answer(rows: Sequence[dict[str, Any]]) -> Measured:
    chains = [row for row in rows if row["basis"] != "correlation"]
    unlinked = [row["followers"] for row in rows if row["basis"] == "correlation"]
    depth = max((row["depth"] for row in chains), default=0)
    low = max((row["sure_depth"] for row in chains), default=0)
    if unlinked:
        return Measured(None, float(low), float(max(depth, *unlinked)), n=len(rows), note=UNDECLARED, remedy=DECLARE)
    return Measured(float(depth), float(low), float(depth), n=len(rows))


INDICATOR = Indicator(
    "cascade_depth",
    unit="links",
    measures="the longest chain of hurt components below the first one, along declared dependencies",
    formula="maximum of the depth of the followers over the cascades that began in the window",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="cascades",
)
