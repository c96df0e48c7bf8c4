"""``isolation_ratio``: how many declared components stayed healthy while another one failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from analysis.asking import Ask, Ground, Measured, Scope, asked
from analysis.coverage import covered_spans
from analysis.indicator import Indicator
from analysis.spans import common, length_us
from analysis.sqlfiles import read_sql
from breakwatch.config_services import ServiceConfig

_SQL = read_sql("analysis.indicators", "isolation_ratio.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the share of declared components, neither targeted nor hard dependants of the target, that stayed healthy.

    The target is that of the ask, of the experiments in its window, or else what was hurt first there. Hurt is a
    component with an outage, with a health signal that is down, or behind a breaker that is open. One that nobody
    watches may have been hurt: it counts for the upper bound alone.
    """
    services = ground.config.services
    components = sorted({name for one in services for name in (one.name, *(d.service for d in one.depends_on))})
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in ground.rows.rows(_SQL, asked(asks, _SQL) | {"component": components}):
        found[row["ask"]].append(row)
    return [_answer(ground, ask, found.get(place, [])) for place, ask in enumerate(asks)]


def hard_dependants(services: Sequence[ServiceConfig], targets: Collection[str]) -> frozenset[str]:
    """Return the targets and all services that cannot do without them, directly or by way of others."""
    found = set(targets)
    while True:
        more = {s.name for s in services for d in s.depends_on if d.kind == "hard" and d.service in found} - found
        if not more:
            return frozenset(found)
        found |= more


def _answer(ground: Ground, ask: Ask, rows: Sequence[dict[str, Any]]) -> Measured:
    targets = rows[0]["targets"] if rows else None
    if not targets:
        return Measured(
            note="nothing was put in or hurt that others could be isolated from",
            remedy="record the experiment with its target (breakwatch experiment start), or name where: {target: …}",
        )
    besides = hard_dependants(ground.config.services, targets)
    others = [row for row in rows if row["component"] not in besides]
    if not others:
        return Measured(
            note="no component is declared beside the target and its hard dependants",
            remedy="declare the services that are to stay healthy",
        )
    hurt = sum(row["hurt"] for row in others)
    healthy = sum(not row["hurt"] and _seen(ground, ask, row) for row in others)
    unseen = len(others) - hurt - healthy
    return Measured(
        healthy / (healthy + hurt) if healthy + hurt else None,
        healthy / len(others),
        (len(others) - sum(row["surely_hurt"] for row in others)) / len(others),
        n=len(others),
        note=f"{unseen} of {len(others)} declared components were not seen" if unseen else "",
        remedy="add a source that tells of every declared component" if unseen else "",
    )


def _seen(ground: Ground, ask: Ask, row: dict[str, Any]) -> bool:
    if row["known"]:
        return True
    spans = covered_spans(ground, Scope(environment=ask.scope.environment, service=row["component"]))
    return length_us(common(spans, ask.spans)) >= 0.99 * length_us(ask.spans)


INDICATOR = Indicator(
    "isolation_ratio",
    unit="ratio",
    measures="share of declared components, neither targeted nor hard dependants of the target, that stayed healthy",
    formula="components that stayed healthy / declared components that are neither the target nor need it",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="outages",
)
