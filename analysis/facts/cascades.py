"""Cascades: how failures spread along the declared dependencies, from outages and what shows who was hurt first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from analysis.bounds import Bounds
from analysis.cascades import LAG_US, Cascade, Follower, Hurt, Lag, cascades, correlations, dependants, united_hurts
from analysis.facts.steps import steps
from breakwatch.clock import SECOND_US
from breakwatch.model import Batch, pairs

if TYPE_CHECKING:
    from analysis.facts.news import News
    from breakwatch.config import ServiceConfig
    from store import Store

Row = dict[str, Any]

_OWN: Final = "analysis"
_KEY: Final = "cascades"
_SIGNS: Final = frozenset({"breaker", "health", "level", "event", "import"})
_BY: Final = ("breaker", "fallback", "level")
"""What keeps a dependant from being hurt; the first one that was at work is named."""


def refresh_cascades(store: Store, services: Sequence[ServiceConfig], new: News) -> None:
    """Keep how failures spread, where outages, what shows them, or the declared dependencies changed.

    Call it after outages, breakers, health and experiments were kept.
    """
    step = steps("cascades")
    (row,) = store.rows(step["fingerprint"])
    declared = sorted((one.name, sorted((d.service, d.kind) for d in one.depends_on)) for one in services)
    open_times = sorted(
        (one.name, name, breaker.open_time_s) for one in services for name, breaker in one.expected.breakers.items()
    )
    told = hashlib.blake2b(repr((row["fingerprint"], declared, open_times)).encode(), digest_size=12).hexdigest()
    if not new.domains & _SIGNS and store.checkpoints(_OWN).get(_KEY) == told:
        return
    needs = {one.name: frozenset(d.service for d in one.depends_on) for one in services if one.depends_on}
    signs = store.rows(step["signs"], {"components": sorted(dependants(needs))})
    hurts = united_hurts(_hurt(sign) for sign in signs)
    found = [*cascades(hurts, needs, lag_of(services)), *correlations(hurts, needs)]
    store.replace("cascades", {}, _rows(found, _held(store, found)))
    store.append(Batch(_OWN, checkpoints={_KEY: told}))


def lag_of(services: Sequence[ServiceConfig]) -> Lag:
    """Return how long after what it depends on a service may be hurt by it: 5 minutes, or twice the open time."""
    open_times = {
        (one.name, name): round(2 * breaker.open_time_s * SECOND_US)
        for one in services
        for name, breaker in one.expected.breakers.items()
        if breaker.open_time_s is not None
    }
    return lambda service, needed: max(LAG_US, open_times.get((service, needed), 0))


def _hurt(row: Mapping[str, Any]) -> Hurt:
    ended = row["end_latest_us"] is not None
    return Hurt(
        row["environment"] or "",
        row["component"],
        Bounds(row["start_earliest_us"], row["start_latest_us"]),
        Bounds(row["end_earliest_us"], row["end_latest_us"]) if ended else None,
        row["outage"],
        row["spreads"],
        row["experiment_id"],
        pairs(row["labels"]),
    )


def _held(store: Store, found: Sequence[Cascade]) -> dict[tuple[int, int], str]:
    """Return by cascade and spared dependant what was at work there."""
    places = [(i, k) for i, cascade in enumerate(found) for k in range(len(cascade.spared))]
    asked: dict[str, list[Any]] = {
        name: [] for name in ("place", "environment", "service", "component", "from_us", "to_us")
    }
    for number, (i, k) in enumerate(places):
        service, hurt, _ = found[i].spared[k]
        until_us = hurt.start.latest_us + LAG_US if hurt.end is None else hurt.end.latest_us
        values = (number, hurt.environment, service, hurt.component, hurt.start.earliest_us, until_us)
        for name, value in zip(asked, values, strict=True):
            asked[name].append(value)
    held: dict[tuple[int, int], str] = {}
    for row in store.rows(steps("cascades")["held"], asked) if places else ():
        place = places[row["place"]]
        if place not in held or _BY.index(row["held_by"]) < _BY.index(held[place]):
            held[place] = row["held_by"]
    return held


def _rows(found: Sequence[Cascade], held: Mapping[tuple[int, int], str]) -> list[Row]:
    rows: list[Row] = []
    for i, cascade in enumerate(found):
        common = _common(cascade)
        own = [common | _followed(cascade, follower) for follower in cascade.followers]
        own += [
            common | {"depth": depth, "contained_at": service, "contained_by": held[i, k], "sure": True}
            for k, (service, _, depth) in enumerate(cascade.spared)
            if (i, k) in held
        ]
        rows += own or [common | {"depth": 0, "sure": True}]
    return rows


def _common(cascade: Cascade) -> Row:
    origin = cascade.origin
    return {
        "environment": origin.environment,
        "cascade_id": cascade.cascade_id,
        "origin": origin.component,
        "fan_out": cascade.fan_out,
        "basis": cascade.basis,
        "started_at": origin.start.middle_us,
        "started_earliest": origin.start.earliest_us,
        "started_latest": origin.start.latest_us,
        "experiment_id": origin.experiment_id,
        "labels": origin.labels,
    }


def _followed(cascade: Cascade, follower: Follower) -> Row:
    start, origin = follower.hurt.start, cascade.origin.start
    low_us, high_us = max(0, start.earliest_us - origin.latest_us), max(0, start.latest_us - origin.earliest_us)
    return {
        "follower": follower.hurt.component,
        "follower_started_at": start.middle_us,
        "lag_s": (low_us + high_us) / 2 / SECOND_US,
        "lag_low_s": low_us / SECOND_US,
        "lag_high_s": high_us / SECOND_US,
        "depth": follower.depth,
        "sure": follower.sure,
    }
