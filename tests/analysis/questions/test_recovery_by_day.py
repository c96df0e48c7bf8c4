"""Recoveries by day: worked out of transitions they are the incidents, reopenings inside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analysis.questions.recovery_by_day import recovery_by_day
from store import Store

START = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
MOVES = [
    ("closed", "open", 0),
    ("open", "half_open", 20),
    ("half_open", "open", 21),  # a reopening
    ("open", "forced_open", 25),
    ("forced_open", "open", 30),  # no new incident: it has not closed
    ("open", "half_open", 40),
    ("half_open", "closed", 90),  # the next day
    ("closed", "open", 100),
    ("open", "closed", 110),
    ("closed", "open", 200),  # goes on
]


def moves(instance: str, cluster: str, late_s: float) -> list[dict[str, Any]]:
    """Return the transitions of one breaker's instance."""
    return [
        {
            "environment": "prod", "service": "shop", "operation": "", "breaker": "pay", "instance": instance,
            "from_state": before, "to_state": after, "occurred_at": START + timedelta(seconds=second + late_s),
            "sources": ["log"], "labels": {"cluster": cluster}, "position": position,
        }
        for position, (before, after, second) in enumerate(MOVES)
    ]  # fmt: skip


def test_reopenings_are_inside_and_clusters_apart(tmp_path: Path) -> None:
    """Two clusters with breakers of the same names: each opening counts on its day and lasts until the next closing."""
    with Store.open(tmp_path / "b.duckdb") as store:
        store.replace("breaker_transitions", {}, [*moves("a", "eu", 0), *moves("a", "us", 2)])
        first, second = recovery_by_day(store, from_transitions=True)
    assert (str(first.day), first.recovered, first.ongoing, first.mean_s) == ("2026-11-01", 2, 0, 90)
    assert (str(second.day), second.recovered, second.ongoing, second.longest_s) == ("2026-11-02", 2, 2, 10)


def test_what_is_kept_ready_says_the_same(tmp_path: Path) -> None:
    """Incidents as they are kept give the same days, one that goes on among them."""
    named = {"environment": "prod", "service": "shop", "breaker": "pay", "labels": {}}
    with Store.open(tmp_path / "b.duckdb") as store:
        incidents = [(0, 90), (100, 110), (200, None)]
        rows = [
            named
            | {
                "incident_id": opened_s,
                "opened_at": START + timedelta(seconds=opened_s),
                "closed_at": None if closed_s is None else START + timedelta(seconds=closed_s),
                "duration_s": None if closed_s is None else float(closed_s - opened_s),
            }
            for opened_s, closed_s in incidents
        ]
        store.replace("breaker_incidents", {}, rows)
        store.replace("breaker_transitions", {}, moves("a", "eu", 0))
        assert list(recovery_by_day(store)) == list(recovery_by_day(store, from_transitions=True))
