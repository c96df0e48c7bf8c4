"""Restarts as changes: what processes, counters and logs tell of them, each restart once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analysis.facts.steps import steps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from store import Store

SAME_RESTART = timedelta(seconds=5)
"""A log line and a process that tell of a restart this close to each other mean the same one."""

Row = dict[str, Any]


def refresh_restarts(store: Store) -> None:
    """Recompute the restarts of the services whose processes, counters or logs have news."""
    step = steps("restarts")
    for service in store.rows(step["services"]):
        scope = {"environment": service["environment"], "service": service["service"]}
        told = store.rows(step["by_logs"], scope)
        sampled = (
            store.rows(step["by_start_time"], scope)
            + store.rows(step["by_falls"], service)
            + store.rows(step["kept_falls"], service)
        )
        store.replace("changes", scope | {"kind": "restart"}, told + _not_told(sampled, told))


def _not_told(sampled: list[Row], told: Iterable[Row]) -> list[Row]:
    """Return the restarts that no log line tells of; a line that names no instance may mean any."""
    return [
        row
        for row in sampled
        if not any(
            line["instance"] in {"", row["instance"]} and abs(line["occurred_at"] - row["occurred_at"]) <= SAME_RESTART
            for line in told
        )
    ]
