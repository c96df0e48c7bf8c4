"""Attempts, failovers and changes from logs; restarts from logs, start times and counters."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from breakwatch.clock import from_us
from breakwatch.config import Config, ServiceConfig
from breakwatch.model import Batch, SightingKind, Subject, TrackKind
from tests.analysis.facts.evidence import Evidence, at, refreshed, requests, sighting, table, track

if TYPE_CHECKING:
    from breakwatch.model import Sighting
    from store import Store

SHOP = Subject(environment="prod", service="shop", operation="chat", instance="a")


def told(*sightings: Sighting, source: str = "logs") -> Batch:
    """Return a batch of log events."""
    return Batch(source, sightings=sightings)


def attempt(second: float, **detail: str) -> Sighting:
    """Return one attempt of a retried call."""
    return sighting(SightingKind.RETRY_ATTEMPT, at(second), subject=SHOP, **detail)


def test_an_attempt_keeps_what_its_line_said(store: Store) -> None:
    """Numbers become numbers, what was not said is NULL, never 0."""
    refreshed(store, told(attempt(1, call_id="c1", attempt="2", wait_s="0.2", error="timeout"), attempt(2)))
    full, bare = sorted(store.rows("from retry_attempts"), key=lambda row: row["occurred_at"])
    assert (full["call_id"], full["attempt"], full["wait_s"], full["error"]) == ("c1", 2, 0.2, "timeout")
    assert (bare["call_id"], bare["attempt"], bare["wait_s"], bare["error"], bare["outcome"]) == (None,) * 5


def test_errors_get_the_class_that_the_service_declares(store: Store) -> None:
    """Words match as words, 5xx any status of that hundred, the first class declared wins, others stay unclassed."""
    service = ServiceConfig(name="shop", error_classes={"transient": ("timeout", "5xx"), "fatal": ("401", "config")})
    errors = {
        "HTTP 503": "transient",
        "Read Timeout": "transient",
        "401": "fatal",
        "config missing, timeout": "transient",
        "timeouts": None,
        "code 15031": None,
    }
    attempts = [attempt(second, error=error) for second, error in enumerate(errors)]
    refreshed(store, told(*attempts), config=Config(services=(service,)))
    assert {row["error"]: row["error_class"] for row in store.rows("from retry_attempts")} == errors


def test_a_failover_lasts_from_the_failed_call_to_the_good_answer(store: Store) -> None:
    """Both ends come from the log, so the bounds are the value."""
    line = sighting(
        SightingKind.FAILOVER,
        at(10),
        subject=SHOP,
        from_target="openai",
        to_target="anthropic",
        failed_at=(from_us(at(10)) - timedelta(seconds=1, microseconds=506_700)).isoformat(),
        trigger="breaker",
    )
    refreshed(store, told(line))
    (row,) = store.rows("from failovers")
    assert (row["duration_low_s"], row["duration_s"], row["duration_high_s"]) == (1.5067, 1.5067, 1.5067)
    assert (row["from_target"], row["to_target"], row["trigger"]) == ("openai", "anthropic", "breaker")
    assert row["served_at"] == from_us(at(10))


def test_a_failover_without_its_start_has_no_duration(store: Store) -> None:
    """Not known is NULL."""
    refreshed(store, told(sighting(SightingKind.FAILOVER, at(10), subject=SHOP, to_target="anthropic")))
    (row,) = store.rows("from failovers")
    assert (row["failed_at"], row["duration_s"], row["duration_low_s"]) == (None, None, None)


def test_a_failover_told_by_two_sources_is_one(store: Store) -> None:
    """Every source is kept by name."""
    for source in ("logs-b", "logs-a"):
        line = sighting(SightingKind.FAILOVER, at(10), source=source, subject=SHOP, to_target="anthropic")
        refreshed(store, told(line, source=source))
    (row,) = store.rows("from failovers")
    assert row["sources"] == ["logs-a", "logs-b"]


def test_changes_keep_kind_revision_and_actor(store: Store) -> None:
    """A deploy is a change with its revision; a maintenance has an end."""
    refreshed(
        store,
        told(
            sighting(SightingKind.CHANGE, at(1), subject=SHOP, change="deploy", revision="v2", actor="ann"),
            sighting(
                SightingKind.CHANGE, at(2), subject=SHOP, change="maintenance", ended_at=from_us(at(60)).isoformat()
            ),
        ),
    )
    deploy, maintenance = sorted(store.rows("from changes"), key=lambda row: row["occurred_at"])
    assert (deploy["kind"], deploy["revision"], deploy["actor"], deploy["ended_at"]) == ("deploy", "v2", "ann", None)
    assert (maintenance["kind"], maintenance["ended_at"]) == ("maintenance", from_us(at(60)))


def test_a_new_start_time_is_a_restart_at_that_instant(store: Store) -> None:
    """The process says itself when it began."""
    began_s = at(7.25) / 1e6
    evidence = Evidence()
    evidence.add(requests(), [(at(0), 5), (at(15), 2)])
    evidence.add(track(TrackKind.PROCESS_START), [(at(0), 1e9), (at(15), began_s)])
    refreshed(store, evidence.batch())
    (row,) = store.rows("from changes")
    assert (row["kind"], row["service"], row["instance"]) == ("restart", "shop", "a")
    assert abs(row["occurred_at"] - from_us(at(7.25))) < timedelta(milliseconds=1)


def test_counters_that_fell_are_a_restart_between_the_samples(store: Store) -> None:
    """Without a start time the middle of the two samples stands, and says why."""
    evidence = Evidence()
    evidence.add(requests(), [(at(0), 5), (at(10), 2)])
    refreshed(store, evidence.batch())
    (row,) = store.rows("from changes")
    assert (row["kind"], row["occurred_at"], row["detail"]) == ("restart", from_us(at(5)), "counters fell")


def test_a_start_time_that_only_trembles_is_no_restart(store: Store) -> None:
    """Some libraries compute it anew at each scrape; its last digits differ then."""
    evidence = Evidence()
    evidence.add(requests(), [(at(0), 5), (at(15), 6), (at(30), 7)])
    evidence.add(track(TrackKind.PROCESS_START), [(at(0), 1e9), (at(15), 1e9 + 0.4), (at(30), 1e9)])
    refreshed(store, evidence.batch())
    assert store.rows("from changes") == []
    assert [row["count"] for row in store.rows("from request_counts")] == [2]


def test_a_restart_that_a_log_line_tells_too_is_one(store: Store) -> None:
    """The line knows more, so it stands; a line that names no instance may mean any."""
    evidence = Evidence()
    evidence.add(requests(), [(at(0), 5), (at(10), 2)])
    line = sighting(SightingKind.CHANGE, at(6), subject=Subject("prod", "shop"), change="restart", actor="ann")
    refreshed(store, evidence.batch(), told(line))
    (row,) = store.rows("from changes")
    assert (row["occurred_at"], row["actor"]) == (from_us(at(6)), "ann")


def test_restarts_found_earlier_stay_when_later_counters_come(store: Store) -> None:
    """Only the touched span is looked at anew; what lies before stays."""
    evidence = Evidence()
    evidence.add(requests(), [(at(0), 5), (at(10), 2)])
    refreshed(store, evidence.batch())
    evidence.add(requests(), [(at(3600), 8), (at(3610), 1)])
    refreshed(store, evidence.batch(at(10)))
    assert [row["kind"] for row in store.rows("from changes")] == ["restart", "restart"]


def test_the_same_lines_again_change_nothing(store: Store) -> None:
    """Log events are known by their place in the file."""
    batch = told(
        attempt(1, error="timeout"),
        sighting(SightingKind.CHANGE, at(1), subject=SHOP, change="deploy"),
        sighting(SightingKind.FAILOVER, at(2), subject=SHOP, to_target="b"),
    )
    refreshed(store, batch)
    before = [table(store, name) for name in ("retry_attempts", "changes", "failovers")]
    refreshed(store, batch)
    assert [table(store, name) for name in ("retry_attempts", "changes", "failovers")] == before
