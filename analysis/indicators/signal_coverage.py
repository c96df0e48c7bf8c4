"""``signal_coverage``: which share of the declared components has a health signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "signal_coverage.sql")

NOTHING_DECLARED = Measured(
    note="no components are declared", remedy="declare what the service depends on: depends_on, fallbacks"
)


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return declared components with a health signal by all declared ones, 0 to 1; ``n`` is how many are declared."""
    known = ground.once("signal_coverage", _look)
    return [_measured(ground, ask, known) for ask in asks]


def components(ground: Ground, scope: Scope) -> list[tuple[str, str]]:
    """Return the declared components of the services of a scope: what they depend on, and what stands in for it."""
    found: dict[tuple[str, str], None] = {}
    for service in ground.config.services:
        if scope.service in (None, service.name):
            names = [each.service for each in service.depends_on]
            names += [name for each in service.fallbacks for name in (each.when, each.to)]
            found |= {(service.name, name): None for name in names if scope.target in (None, name)}
    return list(found)


def _look(ground: Ground) -> list[dict[str, Any]]:
    declared = components(ground, Scope())
    if not declared:
        return []
    params = {"service": [service for service, _ in declared], "component": [name for _, name in declared]}
    return ground.rows.rows(_SQL, params)


def _measured(ground: Ground, ask: Ask, known: Sequence[dict[str, Any]]) -> Measured:
    declared = components(ground, ask.scope)
    if not declared or not ask.spans:
        return NOTHING_DECLARED
    seen = {
        (row["service"], row["component"])
        for row in known
        if ask.scope.environment in (None, row["environment"]) and (row["first_us"] or 0) < ask.end_us
    }
    silent = [f"{name} of {service}" for service, name in declared if (service, name) not in seen]
    share = 1 - len(silent) / len(declared)
    remedy = f"add a health signal of {silent[0]}" if silent else ""
    note = f"without a health signal: {', '.join(silent)}" if silent else ""
    return Measured(share, share, share, n=len(declared), note=note, remedy=remedy)


INDICATOR = Indicator(
    "signal_coverage",
    unit="ratio",
    measures="share of the declared components (depends_on, fallbacks) that have a health signal",
    formula="components with a health signal / declared components",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="health_states",
)
