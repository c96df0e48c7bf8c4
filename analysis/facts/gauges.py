"""Sampled gauges: queue depths and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.dense import renew
from analysis.facts.steps import steps

if TYPE_CHECKING:
    from collections.abc import Collection

    from store import Store

RELATIONS = {"queue": "queue_depths", "sessions": "sessions"}
"""Kind of track → the relation of its samples."""


def refresh_gauges(store: Store, sampled: Collection[str]) -> None:
    """Recompute the samples of the services and spans that new gauge samples touched; ``sampled`` kinds have some."""
    relations = [relation for kind, relation in RELATIONS.items() if kind in sampled]
    if not relations:
        return
    for statement in steps("gauges").values():
        store.execute(statement)
    for relation in relations:
        renew(store, relation)
