"""``contained_ratio``: on how many edges into a hurt component the failure went no further."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from analysis.asking import Ask, Ground, Measured, Scope, asked
from analysis.cascades import LAG_US
from analysis.coverage import covered_spans
from analysis.indicator import Indicator
from analysis.spans import common, length_us
from analysis.sqlfiles import read_sql
from breakwatch.config_services import ServiceConfig

_SQL = read_sql("analysis.indicators", "contained_ratio.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the share of the edges into what was hurt first on which the caller's own callers were not hurt.

    The edges are the declared dependencies on the origins of the cascades in each window; in an experiment its target
    is one. A caller that was not seen within the lag may have hurt its own: it counts for the upper bound alone.
    """
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in ground.rows.rows(_SQL, asked(asks, _SQL) | edges(ground.config.services)):
        found[row["ask"]].append(row)
    return [_answer(ground, found.get(place, [])) for place in range(len(asks))]


def edges(services: Sequence[ServiceConfig]) -> dict[str, list[str]]:
    """Return the declared dependencies as parallel lists: who depends, and on what."""
    found = sorted({(one.name, other.service) for one in services for other in one.depends_on})
    return {"dependant": [row[0] for row in found], "needed": [row[1] for row in found]}


def _answer(ground: Ground, rows: Sequence[dict[str, Any]]) -> Measured:
    if not rows:
        return Measured(
            note="nothing was hurt that others are declared to depend on",
            remedy="declare depends_on of the services, and record the experiment that puts the fault in",
        )
    contained = [row for row in rows if not row["hurt"] and _seen(ground, row)]
    hurt = [row for row in rows if row["hurt"]]
    surely_hurt = sum(row["surely_hurt"] for row in hurt)
    told, unseen = len(contained) + len(hurt), len(rows) - len(contained) - len(hurt)
    return Measured(
        len(contained) / told if told else None,
        len(contained) / len(rows),
        (len(rows) - surely_hurt) / len(rows),
        n=len(rows),
        note=f"{unseen} of {len(rows)} dependants were not seen meanwhile" if unseen else "",
        remedy="add sources that tell of every declared dependant" if unseen else "",
    )


def _seen(ground: Ground, row: dict[str, Any]) -> bool:
    """Say whether a caller was seen from the start on until the lag was over, or until now."""
    span = (row["started_us"], min(row["started_us"] + LAG_US, max(ground.now_us, row["started_us"] + 1)))
    spans = covered_spans(ground, Scope(environment=row["environment"], service=row["dependant"]))
    return length_us(common(spans, (span,))) >= 0.99 * length_us((span,))


INDICATOR = Indicator(
    "contained_ratio",
    unit="ratio",
    measures="share of the dependencies on what was hurt on which the caller's own callers were not hurt",
    formula="edges into the origin whose caller had no outage within the lag / all edges into the origin",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="cascades",
)
