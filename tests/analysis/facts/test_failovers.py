"""Failovers from calls told one by one: where they begin and end, what trips them, and what is none."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakwatch.clock import from_us, to_us
from breakwatch.config import Config
from breakwatch.config_services import Fallback, ServiceConfig
from breakwatch.model import Batch, Sighting, SightingKind, Subject, pairs
from store import Store
from tests.analysis.facts.evidence import at, refresh, table

if TYPE_CHECKING:
    from collections.abc import Iterable

RELATIONS = ("failovers", "failover_sightings", "request_counts", "latency_histograms", "count_witnesses", "targets")


def call(second: float, target: str, outcome: str = "success", *, lasted_s: float = 0.01, **more: str) -> Sighting:
    """Return a call that began at ``second``; ``source`` and ``operation`` may be given, the rest is detail."""
    source, operation = more.pop("source", "access-log"), more.pop("operation", "pay")
    ended_us = at(second) + round(lasted_s * 1e6)
    detail = pairs({"outcome": outcome, "duration_s": repr(lasted_s), **more})
    subject = Subject("prod", "shop", operation, target=target)
    position = f"{source}:{second}:{target}:{outcome}"
    return Sighting(source, SightingKind.REQUEST, ended_us, subject, position, detail=detail)


def health(store: Store, component: str, *changes: tuple[float, float, str]) -> None:
    """Keep changes of a component's health as fusion would: earliest and latest second, and the new state."""
    rows = [
        {
            "from_state": "down" if state == "up" else "up",
            "to_state": state,
            "occurred_at": from_us(at((earliest + latest) / 2)),
            "occurred_earliest": from_us(at(earliest)),
            "occurred_latest": from_us(at(latest)),
            "sources": ["prom"],
        }
        for earliest, latest, state in changes
    ]
    with store.transaction():
        store.replace("health_changes", {"environment": "prod", "service": "shop", "component": component}, rows)


def collected(store: Store, calls: Iterable[Sighting], config: Config | None = None) -> list[dict[str, Any]]:
    """Return the failovers after these calls came in."""
    store.append(Batch("access-log", sightings=tuple(calls)))
    refresh(store, config)
    return store.rows("from failovers order by served_at")


def seconds(row: dict[str, Any]) -> tuple[float, float]:
    """Return start and end of a failover in seconds of the story, to a hundredth."""
    return round((to_us(row["failed_at"]) - at(0)) / 1e6, 2), round((to_us(row["served_at"]) - at(0)) / 1e6, 2)


def steady(target: str, start: int, end: int) -> list[Sighting]:
    """Return a good call each second."""
    return [call(second, target) for second in range(start, end)]


def test_three_bad_calls_and_the_other_target_answers(store: Store) -> None:
    """From the start of the first bad call to the end of the first good answer elsewhere; tripped by their share."""
    bad = [call(10 + n, "a", "failure", lasted_s=0.5) for n in range(4)]
    (row,) = collected(store, [*steady("a", 0, 10), *bad, *steady("b", 14, 20)])
    assert (row["from_target"], row["to_target"], row["trigger"]) == ("a", "b", "error_share")
    assert seconds(row) == pytest.approx((10, 14.01))
    assert (row["duration_low_s"], row["duration_high_s"]) == (pytest.approx(4.01), pytest.approx(4.011))


def test_a_duration_in_whole_milliseconds_was_cut_down_to_them(store: Store) -> None:
    """The start that follows from it is known to a millisecond, one with microseconds exactly."""
    for second, lasted_s, width_s in ((10, 0.25, 0.001), (4010, 0.2505, 0.0)):
        bad = [call(second + n, "a", "failure", lasted_s=lasted_s) for n in range(3)]
        calls = [*steady("a", second - 5, second), *bad, *steady("b", second + 3, second + 6)]
        row = collected(store, calls)[-1]
        assert row["duration_high_s"] - row["duration_low_s"] == pytest.approx(width_s)


def test_two_bad_calls_trip_nothing_by_themselves(store: Store) -> None:
    """Two failures and a good answer elsewhere happen every day between two healthy targets."""
    calls = [call(10, "a", "failure"), call(11, "a", "failure"), *steady("b", 12, 20)]
    assert collected(store, [*steady("a", 0, 10), *calls]) == []


def test_one_bad_call_is_enough_where_the_target_goes_down(store: Store) -> None:
    """Health says what one call cannot."""
    health(store, "a", (11.0, 12.0, "down"))
    (row,) = collected(store, [*steady("a", 0, 10), call(10, "a", "timeout", lasted_s=2), *steady("b", 12, 20)])
    assert row["trigger"] == "health"
    assert seconds(row) == pytest.approx((10, 12.01))


def test_a_target_that_went_down_later_makes_the_failover_then(store: Store) -> None:
    """The health signal may come in after the calls did."""
    calls = [*steady("a", 0, 10), call(10, "a", "timeout", lasted_s=2), *steady("b", 12, 20)]
    assert collected(store, calls) == []
    health(store, "a", (11.0, 12.0, "down"))
    with store.transaction():
        store.execute("insert into raw.stale_subjects values ('health', 'prod', 'shop', 'a')")
    refresh(store)
    assert [row["trigger"] for row in store.rows("from failovers")] == ["health"]


def test_a_call_that_was_moved_began_the_failover(store: Store) -> None:
    """No call failed: the first one was handed to the other target, and its own answer is the end."""
    health(store, "a", (10.5, 11.0, "down"))
    moved = call(10, "b", lasted_s=1.5, moved="true")
    (row,) = collected(store, [*steady("a", 0, 10), moved, *steady("b", 12, 20)])
    assert (row["from_target"], row["to_target"], *seconds(row)) == ("a", "b", 10, 11.5)


def test_calls_that_nobody_answered_were_meant_for_the_target_in_use(store: Store) -> None:
    """A client often knows who answered only where somebody did."""
    bad = [call(10 + n, "", "failure") for n in range(3)]
    (row,) = collected(store, [*steady("a", 0, 10), *bad, *steady("b", 13, 20)])
    assert (row["from_target"], row["to_target"], seconds(row)[0]) == ("a", "b", 10)


def test_going_back_is_no_failover(store: Store) -> None:
    """The standby fails too, and the primary answers again: an outage that ended, not traffic saved."""
    first = [call(10 + n, "a", "failure") for n in range(3)]
    second = [call(120 + n, "b", "failure") for n in range(3)]
    calls = [*steady("a", 0, 10), *first, *steady("b", 13, 120), *second, *steady("a", 123, 130)]
    (row,) = collected(store, calls)
    assert (row["from_target"], row["to_target"]) == ("a", "b")


def test_a_target_that_served_for_long_is_no_standby_any_more(store: Store) -> None:
    """An hour after it took over, its own failure is a failover like any other."""
    first = [call(10 + n, "a", "failure") for n in range(3)]
    second = [call(4000 + n, "b", "failure") for n in range(3)]
    calls = [*steady("a", 0, 10), *first, *steady("b", 13, 20), *steady("b", 3990, 4000), *second]
    rows = collected(store, [*calls, *steady("a", 4003, 4010)])
    assert [(row["from_target"], row["to_target"]) for row in rows] == [("a", "b"), ("b", "a")]


def test_a_target_that_answered_all_along_took_nothing_over(store: Store) -> None:
    """Another dependency of the same service goes on answering its own calls while one fails."""
    bad = [call(10 + n, "payments", "failure") for n in range(4)]
    other = [call(n + 0.5, "inventory") for n in range(30)]
    assert collected(store, [*steady("payments", 0, 10), *bad, *other]) == []


def test_a_declared_fallback_takes_over_even_if_it_answers_all_along(store: Store) -> None:
    """The configuration knows that it stands in."""
    service = ServiceConfig(name="shop", fallbacks=(Fallback(name="spare", when="a", to="b"),))
    bad = [call(10 + n, "a", "failure") for n in range(4)]
    other = [call(n + 0.5, "b") for n in range(30)]
    (row,) = collected(store, [*steady("a", 0, 10), *bad, *other], Config(services=(service,)))
    assert seconds(row) == pytest.approx((10, 10.51))


def test_a_declared_standby_is_never_left_by_failover(store: Store) -> None:
    """What the configuration calls the fallback gives traffic back."""
    service = ServiceConfig(name="shop", fallbacks=(Fallback(name="spare", when="a", to="b"),))
    bad = [call(10 + n, "b", "failure") for n in range(3)]
    calls = [*steady("b", 0, 10), *bad, *steady("a", 13, 20)]
    assert collected(store, calls, Config(services=(service,))) == []


def test_what_a_client_did_wrong_says_nothing_of_the_target(store: Store) -> None:
    """Client errors are left out of the share."""
    wrong = [call(10 + n / 10, "a", "client_error") for n in range(9)]
    assert collected(store, [*steady("a", 0, 10), *wrong, *steady("b", 12, 20)]) == []


def test_the_standby_takes_over_from_the_one_that_failed_last(store: Store) -> None:
    """Two share the work; with the first one gone the second goes on, and only when that fails the standby comes."""
    health(store, "a", (10.0, 10.5, "down"))
    health(store, "b", (30.0, 30.5, "down"))
    shared = [*steady("a", 0, 10), *steady("b", 0, 29)]
    calls = [*shared, call(10, "a", "failure"), call(30, "b", "failure"), *steady("spare", 32, 40)]
    (row,) = collected(store, calls)
    assert (row["from_target"], row["to_target"]) == ("b", "spare")
    assert seconds(row) == pytest.approx((30, 32.01), abs=0.002)


def test_a_target_that_was_well_again_was_not_taken_over_from(store: Store) -> None:
    """It failed and answered well again for ten seconds: what came then came for another reason."""
    health(store, "a", (10.0, 10.5, "down"), (11.0, 11.5, "up"))
    calls = [*steady("a", 0, 10), call(10, "a", "failure"), *steady("a", 12, 22), *steady("b", 30, 40)]
    assert collected(store, calls) == []


def test_of_targets_in_turn_a_call_was_moved_from_the_next_to_go_down(store: Store) -> None:
    """a, b, a, b: the call that b answered instead of a came after one of b; it is a that then went down."""
    health(store, "a", (12.0, 12.5, "down"))
    turns = [call(second, "ab"[second % 2]) for second in range(10)]
    (row,) = collected(store, [*turns, call(10, "b", lasted_s=0.3, moved="true"), *steady("b", 11, 20)])
    assert (row["from_target"], row["to_target"], row["trigger"]) == ("a", "b", "health")
    assert seconds(row) == pytest.approx((10, 10.3), abs=0.002)


def test_operations_fail_over_by_themselves(store: Store) -> None:
    """Good answers of another operation are not what the failed one waited for."""
    bad = [call(10 + n, "a", "failure") for n in range(3)]
    other = [call(12 + n, "b", operation="browse") for n in range(3)]
    (row,) = collected(store, [*steady("a", 0, 10), *bad, *other, *steady("b", 30, 33)])
    assert row["operation"] == "pay"
    assert seconds(row)[1] == pytest.approx(30.01)


def test_a_log_line_and_the_calls_tell_one_failover(store: Store) -> None:
    """Both sources are kept by name; the row has what both allow."""
    line = Sighting(
        "app-log",
        SightingKind.FAILOVER,
        at(13.02),
        Subject("prod", "shop", "pay"),
        "line",
        detail=pairs({"to_target": "b", "failed_at": from_us(at(9.99)).isoformat()}),
    )
    store.append(Batch("app-log", sightings=(line,)))
    bad = [call(10 + n, "a", "failure") for n in range(3)]
    (row,) = collected(store, [*steady("a", 0, 10), *bad, *steady("b", 13, 20)])
    assert (row["sources"], row["from_target"], row["trigger"]) == (["access-log", "app-log"], "a", "error_share")
    assert (row["duration_low_s"], row["duration_high_s"]) == (
        pytest.approx(3.01, abs=0.002),
        pytest.approx(3.03, abs=0.002),
    )


@st.composite
def stories(draw: st.DrawFn) -> list[Sighting]:
    """Return calls to two or three targets that fail now and then, by two operations and two logs."""
    calls, second = [], 0.0
    for number in range(draw(st.integers(4, 24))):
        second += draw(st.sampled_from([0.5, 1.0, 1.0, 2.0, 90.0]))
        target = draw(st.sampled_from(["a", "a", "b", "c", ""]))
        outcome = draw(st.sampled_from(["success", "success", "failure", "timeout"])) if target else "failure"
        more = {"source": draw(st.sampled_from(["access-log", "app-log"]))}
        if outcome == "success" and draw(st.integers(0, 5)) == 0:
            more["moved"] = "true"
        calls.append(call(second + number / 1000, target, outcome, **more))  # type: ignore[arg-type]
    return calls


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=stories(), data=st.data())
def test_any_order_and_repetition_gives_the_same_failovers(calls: list[Sighting], data: st.DataObject) -> None:
    """Lines in any order, in any batches, some twice, with refreshes in between or not."""
    order = data.draw(st.permutations(calls), "order") + data.draw(st.lists(st.sampled_from(calls)), "again")
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(Path(folder) / "whole.duckdb") as store:
            health(store, "a", (3.0, 4.0, "down"), (8.0, 9.0, "up"))
            store.append(Batch("all", sightings=tuple(calls)))
            refresh(store)
            expected = [table(store, relation) for relation in RELATIONS]
        with Store.open(Path(folder) / "pieces.duckdb") as store:
            health(store, "a", (3.0, 4.0, "down"), (8.0, 9.0, "up"))
            place = 0
            while place < len(order):
                size = data.draw(st.integers(1, 8), "size")
                store.append(Batch("some", sightings=tuple(order[place : place + size])))
                place += size
                if data.draw(st.booleans(), "refresh now"):
                    refresh(store)
            refresh(store)
            assert [table(store, relation) for relation in RELATIONS] == expected
