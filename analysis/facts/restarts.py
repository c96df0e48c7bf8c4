"""Restarts as changes: what processes, counters and logs tell of them, each restart once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analysis.facts.steps import steps
from analysis.incidents import same_system
from breakwatch.model import pairs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from store import Store

TOLD_EARLIER, TOLD_LATER = timedelta(seconds=60), timedelta(seconds=5)
"""A log line means the restart after which the process began up to this much later (it tells of the end of the old
one), or this much earlier (it tells of the beginning of the new one)."""

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
            line["instance"] in {"", row["instance"]}
            and same_system(pairs(row["labels"]), pairs(line["labels"]))
            and -TOLD_LATER <= row["occurred_at"] - line["occurred_at"] <= TOLD_EARLIER
            for line in told
        )
    ]
