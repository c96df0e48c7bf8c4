"""Idle-open time of incidents and episodes, kept beside their lengths, out of which it is taken."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from analysis.bounds import Bounds
from analysis.facts.steps import steps
from analysis.idle import Lasting, at_once, idle_spans, lasting, quiet_spans
from analysis.spans import Span, Spans, common
from breakwatch.clock import SECOND_US
from breakwatch.model import Batch, Pairs, pairs

if TYPE_CHECKING:
    from breakwatch.config_services import ServiceConfig
    from store import Store

Row = dict[str, Any]
Who = tuple[str, str, Pairs]
"""Breaker, instance and labels, within one service."""

_OWN: Final = "analysis"
_KEY: Final = "open_times"
_AT_ONCE: Final = 2_000
"""So many episodes of a service are held in memory at a time."""


def refresh_idle_open(store: Store, services: Sequence[ServiceConfig]) -> None:
    """Take idle time out of the lengths of what was fused anew or goes on; call it after states were kept."""
    declared = {
        (one.name, name): breaker.open_time_s
        for one in services
        for name, breaker in one.expected.breakers.items()
        if breaker.open_time_s is not None
    }
    told = hashlib.blake2b(repr(sorted(declared.items())).encode(), digest_size=12).hexdigest()
    anew = store.checkpoints(_OWN).get(_KEY) != told
    stale: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in store.rows(steps("idle_open")["episodes"], {"anew": anew}):
        stale[row["environment"], row["service"]].append(row["episode_id"])
    for (environment, service), episodes in stale.items():
        open_times = {name: open_time_s for (of, name), open_time_s in declared.items() if of == service}
        for start in range(0, len(episodes), _AT_ONCE):
            _refresh(store, environment, service, episodes[start : start + _AT_ONCE], open_times)
    if anew:
        store.append(Batch(_OWN, checkpoints={_KEY: told}))


def _refresh(
    store: Store, environment: str, service: str, episodes: Sequence[int], declared: Mapping[str, float]
) -> None:
    step = steps("idle_open")
    which = {"environment": environment, "service": service, "episodes": list(episodes)}
    incidents = store.rows(step["incidents"], which)
    if not incidents:
        return
    opens: dict[Who, list[tuple[Bounds, Bounds, str | None]]] = defaultdict(list)
    for row in store.rows(step["opens"], {"environments": [environment], "services": [service]}):
        opened = Bounds(row["from_earliest_us"], row["from_latest_us"])
        opens[_who(row)].append((opened, Bounds(row["to_earliest_us"], row["to_latest_us"]), row["to_state"]))
    quiet = _quiet(store, environment, service, incidents)
    open_times = _open_times(opens, declared)
    idle: dict[int, Spans | None] = {}
    for row in incidents:
        who = _who(row)
        spells = [(opened, left) for opened, left, _ in opens[who]]
        known = who in quiet and row["breaker"] in open_times
        spans = idle_spans(spells, open_times[row["breaker"]], quiet[who]) if known else None
        idle[row["incident_id"]] = None if spans is None else common(spans, (_whole(row),))
    _keep_incidents(store, incidents, idle)
    _keep_episodes(store, store.rows(step["kept_episodes"], which), incidents, idle)


def _who(row: Mapping[str, Any]) -> Who:
    return row["breaker"], row["instance"], pairs(row["labels"])


def _open_times(
    opens: Mapping[Who, Sequence[tuple[Bounds, Bounds, str | None]]], declared: Mapping[str, float]
) -> dict[str, float]:
    """Return the open period of each breaker: as declared, else the least time after which one was ever half-open."""
    found: dict[str, float] = {}
    for (breaker, _, _), spells in opens.items():
        for opened, left, to_state in spells:
            if to_state == "half_open":
                longest_s = (left.latest_us - opened.earliest_us) / SECOND_US
                found[breaker] = min(longest_s, found.get(breaker, longest_s))
    return found | dict(declared)


def _quiet(store: Store, environment: str, service: str, incidents: Sequence[Row]) -> dict[Who, Spans]:
    """Return when no call of each breaker instance was attempted; those are missing whose calls nobody counts."""
    asked = {
        "environment": environment,
        "service": service,
        "breakers": sorted({row["breaker"] for row in incidents}),
        "from_us": min(row["opened_earliest"] for row in incidents),
        "to_us": max(row["as_of_us"] if row["closed_latest"] is None else row["closed_latest"] for row in incidents),
    }
    runs: dict[Who, dict[str, dict[int, list[Span]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for row in store.rows(steps("idle_open")["runs"], asked):
        own = runs[_who(row)][row["source"]][row["track_id"]]
        if row["first_us"] is not None:
            own.append((row["first_us"], row["last_us"]))
    return {
        who: quiet_spans({source: list(tracks.values()) for source, tracks in by_source.items()})
        for who, by_source in runs.items()
    }


def _whole(row: Mapping[str, Any]) -> Span:
    """Return the longest span of an incident."""
    end_us = row["as_of_us"] if row["closed_latest"] is None else row["closed_latest"]
    return row["opened_earliest"], max(row["opened_earliest"] + 1, end_us)


def _edges(row: Mapping[str, Any]) -> tuple[Bounds, Bounds | None]:
    closed = None if row["closed_latest"] is None else Bounds(row["closed_earliest"], row["closed_latest"])
    return Bounds(row["opened_earliest"], row["opened_latest"]), closed


def _told(lasted: Lasting) -> Row:
    return {
        "duration_s": lasted.value,
        "duration_low_s": lasted.low,
        "duration_high_s": lasted.high,
        "idle_open_s": lasted.idle,
    }


def _keep_incidents(store: Store, incidents: Sequence[Row], idle: Mapping[int, Spans | None]) -> None:
    rows = []
    for row in incidents:
        told = _told(lasting(*_edges(row), row["as_of_us"], idle[row["incident_id"]]))
        rows.append({name: value for name, value in (row | told).items() if name not in _NOT_COLUMNS})
    _keep(store, "breaker_incidents", "incident_id", rows)


def _keep_episodes(
    store: Store, episodes: Iterable[Row], incidents: Sequence[Row], idle: Mapping[int, Spans | None]
) -> None:
    members: dict[int, list[Row]] = defaultdict(list)
    for row in incidents:
        members[row["episode_id"]].append(row)
    rows = []
    for row in episodes:
        own = members[row["episode_id"]]
        known = [one for one in own if idle[one["incident_id"]] is not None]
        spans = at_once([(_whole(one), idle[one["incident_id"]] or ()) for one in own]) if known else None
        told = _told(lasting(*_edges(row), max(one["as_of_us"] for one in own), spans))
        rows.append({name: value for name, value in (row | told).items() if name not in _NOT_COLUMNS})
    _keep(store, "breaker_episodes", "episode_id", rows)


def _keep(store: Store, table: str, key: str, rows: Sequence[Row]) -> None:
    store.replace(table, [{key: row[key]} for row in rows], rows)


_NOT_COLUMNS: Final = frozenset({"row_id", "as_of_us"})
