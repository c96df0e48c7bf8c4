"""``recovery_order_violations``: how often a service recovered before what it cannot do without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from analysis.asking import Ask, Ground, Measured, Scope, asked
from analysis.coverage import covered_spans
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql
from breakwatch.clock import MINUTE_US
from breakwatch.config_services import ServiceConfig

_SQL = read_sql("analysis.indicators", "recovery_order_violations.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how often the outage of a service ended while one of its hard dependencies was still hurt.

    Each pair of a recovery and a hard dependency counts for itself. Where the bounds of the two ends overlap, or nobody
    watches the dependency, the pair adds to the upper bound alone.
    """
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in ground.rows.rows(_SQL, asked(asks, _SQL) | hard_edges(ground.config.services)):
        found[row["ask"]].append(row)
    declared = any(d.kind == "hard" for service in ground.config.services for d in service.depends_on)
    return [_answer(ground, found.get(place, []), declared=declared) for place in range(len(asks))]


def hard_edges(services: Sequence[ServiceConfig]) -> dict[str, list[str]]:
    """Return the declared hard dependencies as parallel lists: who depends, and on what."""
    found = sorted({(one.name, d.service) for one in services for d in one.depends_on if d.kind == "hard"})
    return {"dependant": [row[0] for row in found], "needed": [row[1] for row in found]}


def _answer(ground: Ground, rows: Sequence[dict[str, Any]], *, declared: bool) -> Measured:
    if not declared:
        return Measured(note="no hard dependency is declared", remedy="declare depends_on of the services")
    surely = sum(row["surely"] for row in rows)
    unseen = sum(not row["perhaps"] and not _seen(ground, row) for row in rows)
    perhaps = sum(row["perhaps"] for row in rows) + unseen
    return Measured(
        float(surely),
        float(surely),
        float(perhaps),
        n=len(rows),
        note=f"of {unseen} recoveries nobody saw what they depend on" if unseen else "",
        remedy="add a source that tells of every hard dependency" if unseen else "",
    )


def _seen(ground: Ground, row: dict[str, Any]) -> bool:
    if row["known"]:
        return True
    spans = covered_spans(ground, Scope(environment=row["environment"], service=row["needed"]))
    return any(start <= row["ended_us"] + MINUTE_US and row["ended_us"] - MINUTE_US < end for start, end in spans)


INDICATOR = Indicator(
    "recovery_order_violations",
    unit="recoveries",
    measures="recoveries of a service while one of its hard dependencies was still hurt",
    formula="count of (ended outage, hard dependency) where the outage ended before the dependency was healthy again",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="outages",
)
