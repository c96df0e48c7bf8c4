"""What other tools have recorded, as the views show it: outages and their coverage, measurements, benchmarks, chaos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.facts.steps import steps
from breakwatch.records import RecordKind

if TYPE_CHECKING:
    from store import Store

_SAID = [
    {"action": f"annotated {kind}{late}"} for kind in ("maintenance", "exclusion") for late in ("", " after the fact")
]

_TABLES: dict[str, tuple[str, dict[str, Any] | list[dict[str, str]]]] = {
    RecordKind.INCIDENT: ("outages", {"origin": "imported"}),
    RecordKind.COVERED: ("coverage", {"source": "import:incidents"}),
    RecordKind.MEASUREMENT: ("measurements", {}),
    RecordKind.EXPERIMENT: ("experiments", {}),
    RecordKind.PHASE: ("experiments", {}),
    RecordKind.END: ("experiments", {}),
    RecordKind.CHANGE: ("audit_log", _SAID),
    RecordKind.BASELINE: ("baselines", {}),
}
"""Kind of record → the relation it is shown in, and which rows of that are imported ones."""

_STATEMENTS = {str(RecordKind.PHASE): "experiment", str(RecordKind.END): "experiment"}
"""What is said of an experiment while it runs is shown with it."""


def refresh_imported(store: Store) -> None:
    """Bring the relations up to date of which something new was imported."""
    step = steps("imported")
    for stale in store.rows(step["stale"]):
        if stale["kind"] == RecordKind.BENCHMARK:
            for name in ("benchmark_wanted", "benchmark_gone", "benchmark_new", "benchmark_done"):
                store.execute(step[name])
            continue
        table, scope = _TABLES[stale["kind"]]
        store.replace(table, scope, store.rows(step[_STATEMENTS.get(stale["kind"], stale["kind"])]))
