"""What logs tell one by one: attempts of retried calls, and changes that explain what figures show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analysis.facts.dense import renew
from analysis.facts.steps import steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breakwatch.config import ServiceConfig
    from store import Store

RESTART = "restart"


def refresh_attempts(store: Store, services: Sequence[ServiceConfig]) -> None:
    """Recompute the attempts of the services with new lines about them."""
    renew(store, "retry_attempts", _error_classes(services))


def refresh_changes(store: Store) -> None:
    """Recompute the changes of the services with new log events."""
    step = steps("events")
    for scope in store.rows(step["stale"]):
        told = store.rows(step["changes"], scope)
        for kind in {row["kind"] for row in told} | {row["kind"] for row in store.rows(step["kept_kinds"], scope)}:
            store.replace("changes", scope | {"kind": kind}, [row for row in told if row["kind"] == kind])


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
