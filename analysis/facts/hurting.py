"""What hurts a service beside calls that fail: levels below full, instances down, and what was written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final

from analysis.bounds import Bounds
from analysis.facts.failures import Key, edge
from analysis.facts.services import level_edges
from analysis.facts.steps import steps
from analysis.outages import SETTLE_S, SETTLE_SCRAPES, Kind
from breakwatch.clock import MINUTE_US, SECOND_US
from breakwatch.config_services import InstancesRule, ServiceConfig
from breakwatch.model import STATE_WORDS, HealthState, Pairs, ServiceLevel, pairs

if TYPE_CHECKING:
    from breakwatch.clock import Instant
    from breakwatch.config_units import ShareRule
    from store import Store

Row = dict[str, Any]

GONE_US: Final = 5 * MINUTE_US
"""An instance that was not seen for so long, while others were, is gone and no longer down."""

_WELL: Final = frozenset({ServiceLevel.FULL, ServiceLevel.UNKNOWN})


def refresh_levels(store: Store) -> set[Key]:
    """Bring the spells on a level below full up to date; return the services whose levels have news."""
    touched: set[Key] = set()
    for scope in store.rows(steps("hurting")["services"], {"domain": "level"}):
        rows: list[Row] = []
        for labels, edges in level_edges(store, scope).items():
            for start, end in pairwise([*edges, None]):
                if start is not None and start.level not in _WELL:
                    bounds = start.bounds, end.bounds if end else None
                    kind: Kind = "down" if start.level == ServiceLevel.UNAVAILABLE else "degraded"
                    detail = f"level {start.level.replace('_', ' ')}"
                    rows.append(_row(kind, detail, *bounds, labels) | {"level": start.level})
        store.replace("outage_spells", scope | {"cause": "level"}, rows)
        touched.add((scope["environment"], scope["service"]))
    return touched


def refresh_instances(store: Store, services: Sequence[ServiceConfig], *, everywhere: bool) -> set[Key]:
    """Bring the spells with too many instances down up to date; return the services whose health has news.

    Instances are those of which the service has a health signal of its own. Its components are what it calls, and
    count as its instances only where its ``instances`` are declared.
    """
    step = steps("hurting")
    declared = {service.name: service.instances for service in services if "instances" in service.model_fields_set}
    touched: set[Key] = set()
    scopes = store.rows(step["everywhere"]) if everywhere else store.rows(step["services"], {"domain": "health"})
    for scope in scopes:
        members = _members(
            store.rows(step["members"], scope | {"words": list(STATE_WORDS)}), store.rows(step["changes"], scope)
        )
        rule = declared.get(scope["service"])
        rows: list[Row] = []
        for labels in sorted({member.labels for member in members}):
            alike = [member for member in members if member.labels == labels]
            own = [member for member in alike if not member.component]
            rows += _instance_rows(own, rule or InstancesRule(), labels)
            if rule is not None:
                rows += _instance_rows([member for member in alike if member.component], rule, labels)
        store.replace("outage_spells", scope | {"cause": "instances"}, rows)
        touched.add((scope["environment"], scope["service"]))
    return touched


def refresh_written(store: Store) -> None:
    """Make what others wrote down as outages spells as well: exact, and nothing to unite."""
    rows = store.rows(steps("hurting")["imported"])
    for origin in ("imported", "declared"):
        store.replace("outage_spells", {"origin": origin}, [row for row in rows if row["origin"] == origin])


def _row(kind: Kind, detail: str, start: Bounds, end: Bounds | None, labels: Pairs) -> Row:
    # An edge that is known between two samples is as wide as they are apart.
    widest_us = max(bounds.latest_us - bounds.earliest_us for bounds in (start, end or start))
    return {
        "component": "",
        "origin": "detected",
        "kind": kind,
        "level": "",
        "detail": detail,
        **edge("started", start),
        **edge("ended", end),
        "settle_s": max(SETTLE_S, SETTLE_SCRAPES * widest_us / SECOND_US),
        "experiment_id": "",
        "labels": labels,
    }


@dataclass(slots=True)
class _Member:
    """One instance: from when to when it was seen, and its changes in order; the first is how it was first seen."""

    component: str
    labels: Pairs
    first_us: Instant
    last_us: Instant
    changes: list[tuple[Bounds, str]] = field(default_factory=list)


def _members(first: Iterable[Row], changes: Iterable[Row]) -> list[_Member]:
    found: dict[tuple[Any, ...], _Member] = {}
    for row in first:
        key = row["component"], row["instance"], pairs(row["labels"] or {})
        seen = Bounds(row["first_us"], row["first_us"])
        found[key] = _Member(row["component"], key[2], row["first_us"], row["last_us"], [(seen, row["state"])])
    for row in changes:
        key = row["component"], row["instance"], pairs(row["labels"] or {})
        bounds = Bounds(row["earliest_us"], row["latest_us"])
        member = found.setdefault(key, _Member(row["component"], key[2], bounds.earliest_us, bounds.latest_us))
        member.first_us = min(member.first_us, bounds.earliest_us)
        member.last_us = max(member.last_us, bounds.latest_us)
        member.changes.append((bounds, row["state"]))
    for member in found.values():
        member.changes.sort(key=lambda change: (change[0].middle_us, change[0].latest_us))
    return list(found.values())


def _instance_rows(members: Sequence[_Member], rule: InstancesRule, labels: Pairs) -> Iterator[Row]:
    """Yield the times in which so many instances were down that the service was, or was degraded by it."""
    if not members:
        return
    alive, down = 0, 0
    begun: dict[Kind, tuple[Bounds, str]] = {}
    moves = sorted(_moves(members), key=lambda move: _when(move[0]))
    for _, together in groupby(moves, key=lambda move: _when(move[0])):
        at_once = list(together)
        bounds = at_once[0][0]
        alive += sum(move[1] for move in at_once)
        down += sum(move[2] for move in at_once)
        is_down = _holds(rule.down_when, down, alive)
        now: dict[Kind, bool] = {"down": is_down, "degraded": not is_down and _holds(rule.degraded_when, down, alive)}
        for kind, holds in now.items():
            if holds and kind not in begun:
                begun[kind] = bounds, f"{down} of {alive} instances down"
            elif not holds and kind in begun:
                start, detail = begun.pop(kind)
                yield _row(kind, detail, start, bounds, labels)
    for kind, (start, detail) in begun.items():
        yield _row(kind, detail, start, None, labels)


def _holds(rule: ShareRule, down: int, alive: int) -> bool:
    if not down or not alive:
        return False
    return down > rule.share * alive if rule.comparison == ">" else down >= rule.share * alive


def _when(bounds: Bounds) -> tuple[Instant, Instant]:
    return bounds.middle_us, bounds.latest_us


def _moves(members: Sequence[_Member]) -> Iterator[tuple[Bounds, int, int]]:
    """Yield when how many more instances there were, and how many more of them were down."""
    last_us = max(member.last_us for member in members)
    for member in members:
        yield Bounds(member.first_us, member.first_us), 1, 0
        was = False
        for bounds, state in member.changes:
            is_down = state == HealthState.DOWN
            if is_down != was:
                yield bounds, 0, 1 if is_down else -1
            was = is_down
        if member.last_us < last_us - GONE_US:
            yield Bounds(member.last_us, member.last_us), -1, -1 if was else 0
