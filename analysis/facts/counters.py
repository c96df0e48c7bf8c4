"""Counts by minute: calls, retries and latency buckets, exact to the integer over restarts, births and gaps.

Counters and log lines that tell the same calls are both kept; ``witnesses`` decides which of them the views show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.dense import renew
from analysis.facts.steps import steps
from analysis.facts.witnesses import refresh_witnesses

if TYPE_CHECKING:
    from store import Store

RELATIONS = ("request_counts", "retry_counts", "latency_histograms")


def refresh_counters(store: Store) -> None:
    """Recompute the counts of the services and spans that new counter samples and log lines touched."""
    for statement in steps("counters").values():
        store.execute(statement)
    for relation in RELATIONS:
        renew(store, relation)
    refresh_witnesses(store)
