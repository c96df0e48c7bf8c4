"""Coverage, gauges, spells on a service level, and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from breakwatch.clock import from_us
from breakwatch.config import Config, Fallback, ServiceConfig
from breakwatch.model import STATE_CODE, Batch, SightingKind, Subject, Track, TrackKind
from tests.analysis.facts.evidence import START_US, Evidence, at, refresh, refreshed, requests, sighting, track

if TYPE_CHECKING:
    from store import Store

Spell = tuple[float, float, bool]


def spells(store: Store, **where: str) -> list[Spell]:
    """Return covered spells and gaps by seconds of the story."""
    rows = [row for row in store.rows("from coverage") if all(row[key] == value for key, value in where.items())]
    return sorted((seconds(row["started_at"]), seconds(row["ended_at"]), row["covered"]) for row in rows)


def seconds(moment: Any) -> float:
    """Return how many seconds after the start of the story."""
    return float((moment - from_us(START_US)).total_seconds())


def scraped(*stamps: float, failed: tuple[float, ...] = (), gap_s: float = 40) -> Evidence:
    """Return scrapes, some of them failed, and one counter that they carried."""
    evidence = Evidence(gap_us=round(gap_s * 1e6))
    evidence.add(track(TrackKind.SCRAPE), [(at(s), 0.0 if s in failed else 1.0) for s in stamps])
    evidence.add(requests(), [(at(s), 1.0) for s in stamps if s not in failed])
    return evidence


def test_what_was_scraped_without_a_gap_is_one_covered_spell(store: Store) -> None:
    """From the first to the last scrape."""
    refreshed(store, scraped(0, 15, 30, 45).batch())
    assert spells(store) == [(0, 45, True)]
    assert spells(store, service="shop", instance="a", source="prom") == [(0, 45, True)]


def test_a_gap_lies_between_the_scrapes_around_it(store: Store) -> None:
    """Not seen from 30 to 600: not covered, neither up nor down."""
    refreshed(store, scraped(0, 15, 30, 600, 615).batch())
    assert spells(store) == [(0, 30, True), (30, 600, False), (600, 615, True)]


def test_failing_scrapes_are_not_covered_but_a_single_one_is_bridged(store: Store) -> None:
    """One missed scrape is less than 2.5 intervals; two are more."""
    refreshed(store, scraped(0, 15, 30, 45, 60, 75, 90, 105, failed=(30, 75, 90)).batch())
    assert spells(store) == [(0, 60, True), (60, 105, False), (105, 105, True)]


def test_a_target_that_never_answered_is_a_gap(store: Store) -> None:
    """Tried and failed is evidence that nothing is known."""
    evidence = Evidence(gap_us=40_000_000)
    evidence.add(track(TrackKind.SCRAPE), [(at(0), 0.0), (at(15), 0.0)])
    refreshed(store, evidence.batch())
    assert spells(store) == [(0, 15, False)]


def test_a_log_covers_the_services_that_its_lines_tell_of(store: Store) -> None:
    """Read without a gap from 0 to 30 s: so long was seen what happened to the shop."""
    read = Track("logs", TrackKind.SCRAPE, Subject("prod"), "log:logs")
    evidence = Evidence(source="logs", samples={read: [(at(0), 1.0), (at(30), 1.0)]})
    line = sighting(SightingKind.CHANGE, at(10), subject=Subject("prod", "shop"), change="deploy")
    refreshed(store, Batch("logs", sightings=[line]), evidence.batch())
    assert spells(store, service="shop", source="logs") == [(0, 30, True)]


def test_a_gauge_is_kept_where_it_changed_and_where_it_was_last_seen(store: Store) -> None:
    """A depth of 3 from 0 to 45 s is its first and last sample; growing on moves the last one."""
    evidence = Evidence(gap_us=40_000_000)
    evidence.add(track(TrackKind.QUEUE, queue="mail", queue_kind="retry"), [(at(s), 3.0) for s in (0, 15, 30)])
    refreshed(store, evidence.batch())
    evidence.add(track(TrackKind.QUEUE, queue="mail", queue_kind="retry"), [(at(45), 3.0), (at(60), 7.0)])
    refreshed(store, evidence.batch(at(30)))
    rows = sorted((seconds(row["sampled_at"]), row["depth"]) for row in store.rows("from queue_depths"))
    assert rows == [(0, 3.0), (45, 3.0), (60, 7.0)]
    assert {(row["queue"], row["kind"], row["priority"]) for row in store.rows("from queue_depths")} == {
        ("mail", "retry", None)
    }


def test_sessions_keep_their_kind(store: Store) -> None:
    """Sessions and websockets are different things."""
    evidence = Evidence()
    for kind, alive in (("session", 40.0), ("websocket", 7.0)):
        evidence.add(track(TrackKind.SESSIONS, session_kind=kind), [(at(0), alive)])
    refreshed(store, evidence.batch())
    assert {(row["kind"], row["alive"]) for row in store.rows("from sessions")} == {
        ("session", 40.0),
        ("websocket", 7.0),
    }


def level_change(second: float, old: str, new: str, instance: str = "a") -> dict[str, object]:
    """Return a change of level as fusion keeps it, known to a second."""
    return {
        "environment": "prod",
        "service": "shop",
        "instance": instance,
        "from_level": old,
        "to_level": new,
        "occurred_at": from_us(at(second)),
        "occurred_earliest": from_us(at(second - 1)),
        "occurred_latest": from_us(at(second + 1)),
        "labels": {},
    }


def with_levels(store: Store, first: dict[str, str], *changes: dict[str, object]) -> list[dict[str, Any]]:
    """Keep changes as fusion would, beside the first sample of each instance, and return the spells in order."""
    evidence = Evidence()
    for instance, level in first.items():
        evidence.add(track(TrackKind.LEVEL_STATE, instance=instance), [(at(0), STATE_CODE[level])])
    store.append(evidence.batch())
    with store.transaction():
        store.replace("service_level_changes", {"environment": "prod", "service": "shop"}, list(changes))
    refresh(store)
    return store.rows("from service_level_spells order by started_at")


def test_spells_follow_the_changes_with_their_bounds(store: Store) -> None:
    """Degraded from 100 to 160 s, each edge known to a second: 60 s, between 58 and 62."""
    found = with_levels(
        store, {"a": "full"}, level_change(100, "full", "degraded"), level_change(160, "degraded", "full")
    )
    assert [(row["level"], seconds(row["started_at"])) for row in found] == [
        ("full", 0),
        ("degraded", 100),
        ("full", 160),
    ]
    degraded = found[1]
    assert (degraded["duration_low_s"], degraded["duration_s"], degraded["duration_high_s"]) == (58, 60, 62)


def test_the_first_spell_may_have_begun_earlier_and_the_last_is_not_over(store: Store) -> None:
    """Seen on its level from the start: at least so long, at most unknown. Lasting: no end and no length."""
    first, last = with_levels(store, {"a": "full"}, level_change(100, "full", "degraded"))
    assert (first["duration_low_s"], first["duration_s"], first["duration_high_s"]) == (99, None, None)
    assert (last["ended_at"], last["duration_s"], last["duration_low_s"]) == (None, None, None)


def test_a_service_is_as_well_as_its_worst_instance(store: Store) -> None:
    """Two instances degraded one after the other, overlapping: one spell from the first to the last."""
    found = with_levels(
        store,
        {"a": "full", "b": "full"},
        level_change(100, "full", "degraded", "a"),
        level_change(130, "full", "limited", "b"),
        level_change(150, "degraded", "full", "a"),
        level_change(170, "limited", "full", "b"),
    )
    assert [(row["level"], seconds(row["started_at"])) for row in found] == [
        ("full", 0),
        ("degraded", 100),
        ("limited", 130),
        ("full", 170),
    ]


def test_a_target_last_served_at_its_last_good_answer(store: Store) -> None:
    """Failures are no service; the last sample at which successes grew is."""
    evidence = Evidence()
    evidence.add(requests("success", target="pg", role="besides"), [(at(0), 0), (at(15), 3), (at(30), 3)])
    evidence.add(requests("failure", target="pg", role="besides"), [(at(0), 0), (at(30), 9)])
    refreshed(store, evidence.batch())
    assert [(row["target"], seconds(row["last_served_at"])) for row in store.rows("from targets")] == [("pg", 15)]


def test_calls_told_one_by_one_say_when_a_target_last_served(store: Store) -> None:
    """To the instant; a target that only ever failed is one too, and never served."""
    calls = [
        sighting(SightingKind.REQUEST, at(second), subject=Subject("prod", "shop", target=target), outcome=outcome)
        for second, target, outcome in ((1.25, "pg", "success"), (2.5, "pg", "failure"), (3, "redis", "timeout"))
    ]
    refreshed(store, Batch("logs", sightings=calls))
    rows = store.rows("from targets")
    assert {row["target"]: row["last_served_at"] for row in rows} == {"pg": from_us(at(1.25)), "redis": None}


def test_declared_fallbacks_are_targets_even_if_they_never_served(store: Store) -> None:
    """A standby without a last good answer is exactly what must be shown."""
    service = ServiceConfig(name="shop", fallbacks=(Fallback(name="sessions", when="redis", to="pg"),))
    evidence = Evidence()
    evidence.add(requests("success", target="redis"), [(at(0), 0), (at(15), 3)])
    refreshed(store, evidence.batch(), config=Config(services=(service,)))
    rows = {row["target"]: (row["role"], row["last_served_at"]) for row in store.rows("from targets")}
    assert rows == {"redis": ("primary", from_us(at(15))), "pg": ("fallback", None)}


def test_in_a_chain_of_fallbacks_the_middle_one_is_a_fallback(store: Store) -> None:
    """It stands in for the first, and has to be proved, although a third stands in for it."""
    chain = (Fallback(name="one", when="a", to="b"), Fallback(name="two", when="b", to="c"))
    evidence = Evidence()
    evidence.add(requests("success", target="a"), [(at(0), 0), (at(15), 3)])
    refreshed(store, evidence.batch(), config=Config(services=(ServiceConfig(name="shop", fallbacks=chain),)))
    roles = {row["target"]: row["role"] for row in store.rows("from targets")}
    assert roles == {"a": "primary", "b": "fallback", "c": "fallback"}


def test_a_failover_proves_the_target_that_took_over(store: Store) -> None:
    """Its good answer is the last one, as long as no later one is counted."""
    line = sighting(SightingKind.FAILOVER, at(10), subject=Subject("prod", "shop"), to_target="pg")
    refreshed(store, Batch("logs", sightings=[line]))
    assert [(row["target"], seconds(row["last_served_at"])) for row in store.rows("from targets")] == [("pg", 10)]
