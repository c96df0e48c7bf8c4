"""Failovers: what each source saw of them, and the one story they tell together.

A source tells them itself (a log line), or tells the calls one by one, or counts them by target. Definition and limits:
docs/decisions/0009-failovers-from-calls.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from analysis.bounds import CLOCK_TOLERANCE_US, Bounds, duration
from analysis.facts.counted_failovers import Down, Limits, sighted
from analysis.facts.steps import steps
from breakwatch.clock import HOUR_US, MINUTE_US, from_us, to_us
from breakwatch.model import Pairs, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from breakwatch.clock import Instant
    from breakwatch.config import ServiceConfig
    from store import Store

Row = dict[str, Any]
Declared = frozenset[tuple[str, str]]
"""Pairs of a target and its declared fallback."""

HORIZON_US: Final = 30 * MINUTE_US
"""Later than this after the first bad call, a good answer elsewhere ends an outage and is no failover any more."""

QUIET_US: Final = MINUTE_US
"""A target that failed no call for so long has ended its run of bad calls."""

IDLE_US: Final = 2 * MINUTE_US
"""A target that answered nothing for so long and then does took over; one that answered all along did not."""

STANDING_IN_US: Final = HOUR_US
"""For so long a target that took over stands in for the other; traffic that goes back is then a return."""

_TRIGGERS: Final = ("health", "breaker", "error_share")
_SPAN: Final = {"horizon_us": HORIZON_US, "quiet_us": QUIET_US, "idle_us": IDLE_US}
_SPAN_HORIZON: Final = {"horizon_us": HORIZON_US}
_LIMITS: Final = Limits(quiet_us=QUIET_US, idle_us=IDLE_US, horizon_us=HORIZON_US)
_HORIZON_BACK: Final = timedelta(microseconds=HORIZON_US)
_COLUMNS: Final = (
    "source",
    "operation",
    "from_target",
    "to_target",
    "trigger",
    "labels",
    "failed_earliest",
    "failed_latest",
    "served_earliest",
    "served_latest",
)
_ANY_TIME: Final = Bounds(-(1 << 62), 1 << 62)


@dataclass(frozen=True, slots=True)
class Sighted:
    """One failover as one source saw it, or as several did; ``failed`` is None where the start is not known.

    ``open_start``: the start may lie before ``failed.earliest_us`` as well (a counter counts a call when it ends).
    """

    operation: str
    from_target: str
    to_target: str
    failed: Bounds | None
    served: Bounds
    trigger: str
    sources: frozenset[str]
    labels: Pairs
    open_start: bool = False


def refresh_failovers(store: Store, services: Sequence[ServiceConfig]) -> bool:
    """Bring the failovers of the services with new calls, triggers or log lines up to date; return if there are any."""
    step = steps("failovers")
    (there,) = store.rows(step["there"])
    if not any(there.values()):
        return False  # triggers that move meanwhile are found when there is something to look for around them
    for name in ("downs", "moved"):
        store.execute(step[name])
    for name in ("windows", "counted_windows"):
        store.execute(step[name], _SPAN_HORIZON)
    known = _SPAN | _columns(services)
    found: dict[tuple[str, str], list[Row]] = {}
    for row in _found(store, known) if there["calls"] else ():
        found.setdefault((row["environment"], row["service"]), []).append(row)
    looks: dict[tuple[str, str], list[Row]] = {}
    for row in store.rows(step["looks"], _named(step["looks"], known)) if there["counts"] else ():
        looks.setdefault((row["environment"], row["service"]), []).append(row)
    fallbacks = {service.name: service.fallbacks for service in services}
    touched = {(row["environment"], row["service"]) for row in store.rows(step["services"])}
    affected = sorted(touched | found.keys() | looks.keys())
    for key in affected:
        scope = {"environment": key[0], "service": key[1]}
        declared = frozenset((fallback.when, fallback.to) for fallback in fallbacks.get(key[1], ()))
        told = [_told(row) for row in store.rows(step["told"], scope)]
        called = _by_calls(store, scope, found.get(key, []), declared)
        counted = _by_counters(store, scope, looks.get(key, []), declared)
        for seen_in, rows in (("lines", told), ("calls", called), ("counters", counted)):
            store.replace("failover_sightings", scope | {"seen_in": seen_in}, rows)
        seen = [_sighted(row) for row in (*told, *called, *counted)]
        store.replace("failovers", scope, [_row(failover) for failover in united(seen)])
    for name in ("forget", "remember"):
        store.execute(step[name])
    return bool(affected)


def _found(store: Store, known: Row) -> list[Row]:
    step = steps("failovers")
    for name in ("calls", "runs"):
        store.execute(step[name], _named(step[name], known))
    return store.rows(step["found"], known)


def _named(sql: str, values: Mapping[str, Any]) -> Row:
    return {name: value for name, value in values.items() if f"${name}" in sql}


def _columns(services: Iterable[ServiceConfig]) -> dict[str, list[str]]:
    """Return the declared fallbacks as parallel columns."""
    rows = [(service.name, fallback.when, fallback.to) for service in services for fallback in service.fallbacks]
    return {name: [row[place] for row in rows] for place, name in enumerate(("services", "whens", "tos"))}


def _told(row: Row) -> Row:
    times = _times(row["failed_us"], row["failed_us"], row["served_us"])
    return {name: value for name, value in (row | times).items() if name in _COLUMNS}


def _times(earliest_us: Instant | None, latest_us: Instant | None, served_us: Instant) -> Row:
    return {
        "failed_earliest": None if earliest_us is None else from_us(earliest_us),
        "failed_latest": None if latest_us is None else from_us(latest_us),
        "served_earliest": from_us(served_us),
        "served_latest": from_us(served_us),
    }


def _by_calls(store: Store, scope: Row, found: Sequence[Row], declared: Declared) -> list[Row]:
    """Return the failovers in the calls: those found anew, and those kept of the time that was not looked at."""
    fresh = [row | _times(row["earliest_us"], row["failed_us"], row["served_us"]) for row in found]
    return _with_kept(store, scope | {"seen_in": "calls"}, fresh, declared)


def _by_counters(store: Store, scope: Row, looks: Iterable[Row], declared: Declared) -> list[Row]:
    """Likewise of the counters by target, looked at only where a target may have taken over."""
    step = steps("failovers")
    downs = [
        Down(row["target"], row["trigger"], Bounds(row["earliest_us"], row["latest_us"]))
        for row in store.rows(step["downs_of"], scope)
    ]
    fresh = []
    for look in looks:
        span = {"from_us": look["from_us"] - HORIZON_US, "to_us": look["to_us"] + HORIZON_US}
        seen = sighted(store.rows(step["counters"], scope | span), downs, declared, _LIMITS)
        fresh += [row for row in seen if look["from_us"] <= row["failed_us"] <= look["to_us"]]
    return _with_kept(store, scope | {"seen_in": "counters"}, fresh, declared)


def _with_kept(store: Store, scope: Row, found: Sequence[Row], declared: Declared) -> list[Row]:
    step = steps("failovers")
    subject = {name: scope[name] for name in ("environment", "service")}
    windows = [
        (row["from_us"], row["to_us"])
        for row in store.rows(step["windows_of"], subject)
        if row["seen_in"] == scope["seen_in"]
    ]

    def anew(failed_us: Instant) -> bool:
        return any(start <= failed_us <= end for start, end in windows)

    kept = [row for row in store.rows(step["kept"], scope) if not anew(to_us(row["failed_latest"]))]
    rows: list[Row] = sorted(kept, key=lambda row: row["served_latest"])
    for row in sorted(found, key=lambda row: (row["served_us"], row["failed_us"])):
        if anew(row["failed_us"]) and not _returns(row, rows, declared):
            rows.append({name: row[name] for name in _COLUMNS})
    return rows


def _returns(row: Row, before: Iterable[Row], declared: Declared) -> bool:
    """Say whether traffic only went back: from a standby, or to the target that the other one stands in for."""
    standbys = {to_target for _, to_target in declared}
    if row["from_target"] in standbys and row["to_target"] not in standbys:
        return True
    for other in before:
        if any(other[name] != row[name] for name in ("source", "operation", "labels")):
            continue
        if (other["from_target"], other["to_target"]) != (row["to_target"], row["from_target"]):
            continue
        taken_us = to_us(other["served_latest"])
        stood_in = 0 <= row["failed_us"] - taken_us <= STANDING_IN_US
        if stood_in and (row["answered_us"] is None or row["answered_us"] <= taken_us):
            return True
    return False


def _sighted(row: Row) -> Sighted:
    earliest, latest = row["failed_earliest"], row["failed_latest"]
    failed = None if latest is None else Bounds(to_us(earliest or latest - _HORIZON_BACK), to_us(latest))
    return Sighted(
        row["operation"],
        row["from_target"],
        row["to_target"],
        failed,
        Bounds(to_us(row["served_earliest"]), to_us(row["served_latest"])),
        row["trigger"],
        frozenset({row["source"]}),
        pairs(row["labels"]),
        open_start=latest is not None and earliest is None,
    )


def united(seen: Iterable[Sighted]) -> list[Sighted]:
    """Return each failover once: sightings of one whose times overlap are the same, with what all of them allow."""
    clusters: list[list[Sighted]] = []
    for one in sorted(seen, key=_order):
        touching = [cluster for cluster in clusters if any(_same(one, other) for other in cluster)]
        merged = [*(other for cluster in touching for other in cluster), one]
        clusters = [cluster for cluster in clusters if cluster not in touching] + [merged]
    return sorted((_as_one(sorted(cluster, key=_order)) for cluster in clusters), key=_order)


def _order(one: Sighted) -> tuple[Any, ...]:
    failed = one.failed or _ANY_TIME
    times = one.served.earliest_us, one.served.latest_us, failed.earliest_us, failed.latest_us
    return (*times, one.operation, one.from_target, one.to_target, one.trigger, sorted(one.sources), one.labels)


def _same(one: Sighted, other: Sighted) -> bool:
    names = ("operation", "from_target", "to_target")
    if any(len({getattr(one, name), getattr(other, name)} - {""}) > 1 for name in names):
        return False
    labels = dict(one.labels)
    if any(labels.get(key, value) != value for key, value in other.labels):
        return False
    return _start_us(one) - CLOCK_TOLERANCE_US <= other.served.latest_us and (
        _start_us(other) - CLOCK_TOLERANCE_US <= one.served.latest_us
    )


def _start_us(one: Sighted) -> Instant:
    if one.failed is None:
        return one.served.earliest_us
    return min(one.served.earliest_us, one.failed.latest_us if one.open_start else one.failed.earliest_us)


def _as_one(cluster: Sequence[Sighted]) -> Sighted:
    whole = cluster[0]
    for one in cluster[1:]:
        whole = replace(
            whole,
            operation=whole.operation or one.operation,
            from_target=whole.from_target or one.from_target,
            to_target=whole.to_target or one.to_target,
            failed=_first(whole.failed, one.failed),
            served=_first(whole.served, one.served) or whole.served,
            open_start=_open(_first(whole.failed, one.failed), whole, one),
            trigger=_stronger(whole.trigger, one.trigger),
            sources=whole.sources | one.sources,
            labels=pairs(dict(one.labels) | dict(whole.labels)),
        )
    return whole


def _open(first: Bounds | None, one: Sighted, other: Sighted) -> bool:
    """Say whether the start is as open as before: all that know it have it open, or the earlier of two calls has."""
    known = [sighted for sighted in (one, other) if sighted.failed is not None]
    return any(sighted.open_start and sighted.failed == first for sighted in known) or (
        bool(known) and all(sighted.open_start for sighted in known)
    )


def _first(one: Bounds | None, other: Bounds | None) -> Bounds | None:
    """Return what both allow; where they speak of different calls, the earlier one: the first call counts."""
    if one is None or other is None:
        return one or other
    return one.meet(other) if one.gap_us(other) < CLOCK_TOLERANCE_US else min(one, other, key=lambda b: b.middle_us)


def _stronger(one: str, other: str) -> str:
    known = [trigger for trigger in (*_TRIGGERS, *sorted({one, other})) if trigger in {one, other} - {""}]
    return known[0] if known else ""


def _row(failover: Sighted) -> Row:
    row: Row = {
        "operation": failover.operation,
        "from_target": failover.from_target,
        "to_target": failover.to_target,
        "failed_at": None,
        "served_at": from_us(failover.served.middle_us),
        "duration_s": None,
        "duration_low_s": None,
        "duration_high_s": None,
        "trigger": failover.trigger,
        "sources": sorted(failover.sources),
        "experiment_id": "",
        "labels": dict(failover.labels),
    }
    if failover.failed is None:
        return row
    length = duration(failover.failed, failover.served)
    if failover.open_start:
        return row | {"duration_low_s": length.low_s}
    return row | {
        "failed_at": from_us(failover.failed.middle_us),
        "duration_s": length.value_s,
        "duration_low_s": length.low_s,
        "duration_high_s": length.high_s,
    }
