"""Facts of the service shop, put straight into a store: for figures whose every input is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.indicators import indicator
from breakwatch.clock import to_us
from breakwatch.config import Config
from breakwatch.config_objectives import Policy
from store import Store

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY_S = 86_400.0
NAMED: dict[str, Any] = {"environment": "prod", "service": "shop", "labels": {}}
CALLED: dict[str, Any] = NAMED | {
    "operation": "", "target": "", "instance": "a", "breaker": "", "counted_by": "metrics", "bucket_s": 60.0,
}  # fmt: skip


def at(seconds: float) -> datetime:
    """Return an instant of the story."""
    return START + timedelta(seconds=seconds)


def us(seconds: float) -> int:
    """Return the same as figures take it."""
    return to_us(at(seconds))


def calls(start_s: float, outcomes: Mapping[str, int], **more: Any) -> list[dict[str, Any]]:
    """Return the calls of one bucket by outcome."""
    told = CALLED | {"bucket_start": at(start_s), "role": "", "vantage": "server"} | more
    return [told | {"outcome": outcome, "count": count} for outcome, count in outcomes.items()]


def durations(start_s: float, cumulative: Mapping[float, int], **more: Any) -> list[dict[str, Any]]:
    """Return the histogram of one bucket: how many calls took at most so long."""
    told = CALLED | {"bucket_start": at(start_s)} | more
    return [told | {"upper_bound_s": bound, "count": count} for bound, count in cumulative.items()]


def hurt(
    start: tuple[float, float], end: tuple[float, float] | None, kind: str = "down", **more: Any
) -> dict[str, Any]:
    """Return a reason for which users were hurt, with the bounds of its edges."""
    told = NAMED | {
        "component": "", "origin": "detected", "kind": kind, "cause": "instances", "level": "", "detail": "",
        "settle_s": 0.0, "experiment_id": "",
        "started_earliest": at(start[0]), "started_at": at(sum(start) / 2), "started_latest": at(start[1]),
    }  # fmt: skip
    if end is not None:
        told |= {"ended_earliest": at(end[0]), "ended_at": at(sum(end) / 2), "ended_latest": at(end[1])}
    return told | more


def seen(*spans: tuple[float, float], **more: Any) -> list[dict[str, Any]]:
    """Return the spans in which a source saw the service."""
    told = NAMED | {"source": "metrics", "instance": "", "covered": True} | more
    return [told | {"started_at": at(start), "ended_at": at(end)} for start, end in spans]


def fault(injected_s: float, removed_s: float | None, **more: Any) -> dict[str, Any]:
    """Return a fault that an experiment put in."""
    removed = None if removed_s is None else at(removed_s)
    told = {"experiment_id": "x", "target": "", "phase": "", "intensity": ""}
    return NAMED | told | {"injected_at": at(injected_s), "removed_at": removed} | more


def put(store: Store, **relations: list[dict[str, Any]]) -> None:
    """Keep rows of relations, and no others."""
    for relation, rows in relations.items():
        store.replace(relation, {}, rows)


def asked(store: Store, name: str, spans: tuple[tuple[float, float], ...], **more: Any) -> Measured:
    """Return what an indicator says of the service in some seconds of the story."""
    scope = Scope(**({"service": "shop"} | more.pop("scope", {})))
    now_us = us(more.pop("now_s", spans[-1][1]))
    policy = Policy(settle_s=0.0, **more.pop("policy", {}))
    ask = Ask(scope, tuple((us(start), us(end)) for start, end in spans), policy=policy, **more)
    (found,) = indicator(name).compute(Ground(store, Config(), now_us), [ask])
    return found
