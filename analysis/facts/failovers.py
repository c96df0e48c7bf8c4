"""Failovers: what each source saw of them, and the one story they tell together.

A source tells them itself (a log line), or tells the calls one by one, or counts them by target. Definition and limits:
docs/decisions/0009-failovers-from-calls.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from analysis.bounds import CLOCK_TOLERANCE_US, Bounds, duration
from analysis.facts.steps import steps
from breakwatch.clock import HOUR_US, MINUTE_US, from_us, to_us
from breakwatch.model import Pairs, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breakwatch.clock import Instant
    from breakwatch.config import ServiceConfig
    from store import Store

Row = dict[str, Any]

HORIZON_US: Final = 30 * MINUTE_US
"""Later than this after the first bad call, a good answer elsewhere ends an outage and is no failover any more."""

QUIET_US: Final = MINUTE_US
"""A target that failed no call for so long has ended its run of bad calls."""

STANDING_IN_US: Final = HOUR_US
"""For so long a target that took over stands in for the other; traffic that goes back is then a return."""

_TRIGGERS: Final = ("health", "breaker", "error_share")
_SPAN: Final = {"horizon_us": HORIZON_US, "quiet_us": QUIET_US}
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


def refresh_failovers(store: Store, services: Sequence[ServiceConfig]) -> None:
    """Bring the failovers of the services with new calls, triggers or log lines up to date."""
    step = steps("failovers")
    for name in ("downs", "windows", "calls", "runs"):
        sql = step[name]
        store.execute(sql, {key: value for key, value in _SPAN.items() if f"${key}" in sql})
    found: dict[tuple[str, str], list[Row]] = {}
    for row in store.rows(step["found"], _SPAN):
        found.setdefault((row["environment"], row["service"]), []).append(row)
    standbys = {service.name: {fallback.to for fallback in service.fallbacks} for service in services}
    for scope in store.rows(step["services"]):
        key = scope["environment"], scope["service"]
        told = [_told(row) for row in store.rows(step["told"], scope)]
        store.replace("failover_sightings", scope | {"seen_in": "lines"}, told)
        called = _by_calls(store, scope, found.get(key, []), standbys.get(scope["service"], set()))
        store.replace("failover_sightings", scope | {"seen_in": "calls"}, called)
        seen = [_sighted(row) for row in (*told, *called)]
        store.replace("failovers", scope, [_row(failover) for failover in united(seen)])


def _told(row: Row) -> Row:
    failed_at = None if row["failed_us"] is None else from_us(row["failed_us"])
    return _with_bounds(row, failed_at, from_us(row["served_us"]))


def _with_bounds(row: Row, failed_at: object, served_at: object) -> Row:
    known = ("source", "operation", "from_target", "to_target", "trigger", "labels")
    return {name: row[name] for name in known} | {
        "failed_earliest": failed_at,
        "failed_latest": failed_at,
        "served_earliest": served_at,
        "served_latest": served_at,
    }


def _by_calls(store: Store, scope: Row, found: Iterable[Row], standbys: set[str]) -> list[Row]:
    """Return the failovers in the calls: those found anew, and those kept of the time that was not looked at."""
    step = steps("failovers")
    windows = [(row["from_us"], row["to_us"]) for row in store.rows(step["windows_of"], scope)]
    kept = [
        row
        for row in store.rows(step["kept"], scope | {"seen_in": "calls"})
        if not any(start <= to_us(row["failed_earliest"]) <= end for start, end in windows)
    ]
    rows: list[Row] = sorted(kept, key=lambda row: row["served_latest"])
    for row in sorted(found, key=lambda row: (row["served_us"], row["failed_us"])):
        if not _returns(row, rows, standbys):
            rows.append(_with_bounds(row, from_us(row["failed_us"]), from_us(row["served_us"])))
    return rows


def _returns(row: Row, before: Iterable[Row], standbys: set[str]) -> bool:
    """Say whether traffic only went back: from a standby, or to the target that the other one stands in for."""
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
    failed = None if latest is None else Bounds(to_us(earliest or latest), to_us(latest))
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
    return min(one.served.earliest_us, one.failed.earliest_us) if one.failed else one.served.earliest_us


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
            open_start=_open(whole, one),
            trigger=_stronger(whole.trigger, one.trigger),
            sources=whole.sources | one.sources,
            labels=pairs(dict(one.labels) | dict(whole.labels)),
        )
    return whole


def _open(one: Sighted, other: Sighted) -> bool:
    known = [sighted for sighted in (one, other) if sighted.failed is not None]
    return bool(known) and all(sighted.open_start for sighted in known)


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
