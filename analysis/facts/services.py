"""What services were, and whom they called: spells on a service level, and targets with their last good answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.bounds import Bounds, duration
from analysis.facts.steps import steps
from breakwatch.clock import to_us
from breakwatch.model import STATE_WORDS, Pairs, ServiceLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from breakwatch.config import ServiceConfig
    from store import Store

Row = dict[str, Any]
WORST_FIRST = (
    ServiceLevel.UNAVAILABLE,
    ServiceLevel.CACHE_ONLY,
    ServiceLevel.LIMITED,
    ServiceLevel.DEGRADED,
    ServiceLevel.UNKNOWN,
    ServiceLevel.FULL,
)
"""An instance that does not know is not well, but a level that it names says more."""


@dataclass(frozen=True, slots=True)
class LevelChange:
    """An instance went to a level; ``at`` is the instant that is shown for it."""

    instance: object
    level: str
    at: datetime
    bounds: Bounds
    first: bool = False


def refresh_spells(store: Store) -> None:
    """Recompute the spells of the services whose levels have news."""
    step = steps("services")
    for scope in store.rows(step["level_services"]):
        spells = [
            spell for labels, edges in level_edges(store, scope).items() for spell in _spells(edges, dict(labels))
        ]
        store.replace("service_level_spells", scope, spells)


def level_edges(store: Store, scope: Row) -> dict[Pairs, list[LevelChange]]:
    """Return by labels when a service (``environment``, ``service``) went from one level to another, in order."""
    step = steps("services")
    by_labels: dict[Pairs, list[LevelChange]] = {}
    for row in store.rows(step["first_levels"], scope | {"words": list(STATE_WORDS)}):
        by_labels.setdefault(_pairs(row), []).append(_first_sight(row))
    for row in store.rows(step["level_changes"], scope):
        by_labels.setdefault(_pairs(row), []).append(_change(row))
    return {labels: _edges(changes) for labels, changes in by_labels.items()}


def refresh_targets(store: Store, services: Sequence[ServiceConfig], *, counted: bool) -> None:
    """Note the last good answer of every target, and the declared roles, also of targets that never served.

    ``counted`` says whether calls were counted anew.
    """
    step = steps("services")
    found: dict[tuple[object, ...], Row] = {}
    before = _kept(store, found, counted=counted)
    for name in ("served", "took_over") if counted else ("took_over",):
        for row in store.rows(step[name]):
            _note(found, row)
    for row in store.rows(step["stood_in"], _only_standbys(services)) if counted else ():
        _note(found, row)
    for declared in _declared(store, services):
        known = [row for row in found.values() if all(row[key] == declared[key] for key in _DECLARED)]
        for row in known:
            row["role"] = declared["role"]
        if not known:
            _note(found, declared)
    for key, last_served_at in before.items():
        found[key]["last_served_at"] = found[key]["last_served_at"] or last_served_at
    store.replace("targets", {}, list(found.values()))


def _kept(store: Store, found: dict[tuple[object, ...], Row], *, counted: bool) -> dict[tuple[object, ...], datetime]:
    """Note what is kept, and return apart what the calls just counted say anew: it may have been earlier."""
    step = steps("services")
    for row in store.rows(step["kept_targets"]):
        _note(found, row)
    anew = [_key(row) for row in store.rows(step["kept_anew"])] if counted else []
    before = {key: found[key]["last_served_at"] for key in anew}
    for key in anew:
        found[key]["last_served_at"] = None
    return before


def _only_standbys(services: Sequence[ServiceConfig]) -> dict[str, list[str]]:
    """Return the services with one declared standby, and that, as parallel lists."""
    alone = [(service.name, service.fallbacks[0].to) for service in services if len(service.fallbacks) == 1]
    return {"services": [row[0] for row in alone], "targets": [row[1] for row in alone]}


_DECLARED = ("environment", "service", "target")


def _key(row: Row) -> tuple[object, ...]:
    return (row["environment"], row["service"], row["operation"], row["target"], _pairs(row))


def _note(found: dict[tuple[object, ...], Row], row: Row) -> None:
    known = found.setdefault(_key(row), {"role": "", "last_served_at": None} | row)
    served = [at for at in (known["last_served_at"], row["last_served_at"]) if at is not None]
    known["last_served_at"] = max(served, default=None)


def _declared(store: Store, services: Iterable[ServiceConfig]) -> Iterable[Row]:
    for service in services:
        if not service.fallbacks:
            continue
        # In a chain (a to b, b to c) the middle one is both; what has to be proved is that it can stand in.
        roles = {fallback.when: "primary" for fallback in service.fallbacks}
        roles |= {fallback.to: "fallback" for fallback in service.fallbacks}
        for environment in store.rows(steps("services")["environments"], {"service": service.name}):
            for target, role in roles.items():
                yield {
                    "environment": environment["environment"],
                    "service": service.name,
                    "operation": "",
                    "target": target,
                    "labels": {},
                    "role": role,
                    "last_served_at": None,
                }


def _pairs(row: Row) -> Pairs:
    return tuple(sorted(row["labels"].items()))


def _first_sight(row: Row) -> LevelChange:
    seen_us = to_us(row["seen_at"])
    return LevelChange(row["instance"], row["level"], row["seen_at"], Bounds(seen_us, seen_us), first=True)


def _change(row: Row) -> LevelChange:
    bounds = Bounds(to_us(row["occurred_earliest"]), to_us(row["occurred_latest"]))
    return LevelChange(row["instance"], row["to_level"], row["occurred_at"], bounds)


def _edges(changes: Iterable[LevelChange]) -> list[LevelChange]:
    """Return when the level of the whole changed; the service is as well as its worst instance."""
    levels: dict[object, str] = {}
    edges: list[LevelChange] = []
    # The first sight of an instance does not hide a change that was already known from elsewhere.
    for change in sorted(changes, key=lambda change: (change.at, not change.first)):
        if change.first and change.instance in levels:
            continue
        levels[change.instance] = change.level
        level = min(levels.values(), key=WORST_FIRST.index)
        if not edges or edges[-1].level != level:
            edges.append(LevelChange(change.instance, level, change.at, change.bounds, change.first))
    return edges


def _spells(edges: Sequence[LevelChange], labels: dict[str, str]) -> list[Row]:
    """Return the unbroken times on one level."""
    ends = [*edges[1:], None]
    return [_spell(start, end, labels) for start, end in zip(edges, ends, strict=True)]


def _spell(start: LevelChange, end: LevelChange | None, labels: dict[str, str]) -> Row:
    row: Row = {"level": start.level, "started_at": start.at, "labels": labels}
    if end is None:
        return row | {"ended_at": None, "duration_s": None, "duration_low_s": None, "duration_high_s": None}
    length = duration(start.bounds, end.bounds)
    if start.first:
        # It was on this level already when it was first seen: nobody knows for how long.
        return row | {"ended_at": end.at, "duration_s": None, "duration_low_s": length.low_s, "duration_high_s": None}
    return row | {
        "ended_at": end.at,
        "duration_s": length.value_s,
        "duration_low_s": length.low_s,
        "duration_high_s": length.high_s,
    }
