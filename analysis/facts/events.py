"""What logs tell one by one: attempts of retried calls, failovers, and changes that explain what figures show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from analysis.facts.dense import renew
from analysis.facts.steps import steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breakwatch.config import ServiceConfig
    from store import Store

RESTART = "restart"


def refresh_events(store: Store, services: Sequence[ServiceConfig]) -> None:
    """Recompute attempts, failovers and changes of the services with new log events."""
    renew(store, "retry_attempts", _error_classes(services))
    step = steps("events")
    for scope in store.rows(step["stale"]):
        store.replace("failovers", scope, [_with_bounds(row) for row in store.rows(step["failovers"], scope)])
        told = store.rows(step["changes"], scope)
        for kind in {row["kind"] for row in told} | {row["kind"] for row in store.rows(step["kept_kinds"], scope)}:
            store.replace("changes", scope | {"kind": kind}, [row for row in told if row["kind"] == kind])


def _with_bounds(failover: dict[str, Any]) -> dict[str, Any]:
    """Both ends come from log lines with their own time, so the bounds are the value; unknown where the start is."""
    duration_s = failover["duration_s"]
    return failover | {"duration_low_s": duration_s, "duration_high_s": duration_s, "experiment_id": ""}


def _error_classes(services: Iterable[ServiceConfig]) -> dict[str, list[str]]:
    """Return the declared error classes as parallel columns: service, RE2 pattern, class."""
    rows = [
        (service.name, _pattern(word), error_class)
        for service in services
        for error_class, words in service.error_classes.items()
        for word in words
    ]
    return {
        "services": [row[0] for row in rows],
        "patterns": [row[1] for row in rows],
        "classes": [row[2] for row in rows],
    }


def _pattern(word: str) -> str:
    """Return what a declared word matches: itself as a word of the error; ``5xx`` any status of that hundred."""
    if re.fullmatch(r"[1-5]xx", word, re.IGNORECASE):
        return rf"\b{word[0]}\d\d\b"
    return rf"(^|\W){re.escape(word)}(\W|$)"
