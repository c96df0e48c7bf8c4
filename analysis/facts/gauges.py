"""Sampled gauges: queue depths and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.dense import renew
from analysis.facts.steps import steps

if TYPE_CHECKING:
    from store import Store

RELATIONS = ("queue_depths", "sessions")


def refresh_gauges(store: Store) -> None:
    """Recompute the samples of the services and spans that new gauge samples touched."""
    for statement in steps("gauges").values():
        store.execute(statement)
    for relation in RELATIONS:
        renew(store, relation)
