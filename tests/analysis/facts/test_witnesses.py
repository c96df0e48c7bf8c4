"""Calls told by log lines beside calls counted by counters: each counts once, and the better witness is believed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from breakwatch.model import Batch, Sighting, SightingKind, Subject, TrackKind, pairs
from tests.analysis.facts.evidence import Evidence, at, refreshed, requests, table, total, track

if TYPE_CHECKING:
    from store import Store

DAY_S = 86_400


def line(second: float, outcome: str = "success", *, source: str = "logs", profile: str = "", **more: str) -> Sighting:
    """Return a call as a log line tells it; ``service``, ``breaker``, ``target`` and ``label`` may be given."""
    subject = Subject(
        "prod",
        more.pop("service", "shop"),
        breaker=more.pop("breaker", ""),
        target=more.pop("target", ""),
        labels=pairs({"cluster": more.pop("label")}) if "label" in more else (),
    )
    position = f"{source}:{second}:{subject}:{outcome}"
    detail = pairs({"outcome": outcome, **more})
    return Sighting(source, SightingKind.REQUEST, at(second), subject, position, detail=detail, profile=profile)


def counted(calls: int, *, start_s: float = 0, before: int = 100, outcome: str = "success", **more: str) -> Batch:
    """Return a counter that rises by so many calls within a minute."""
    evidence = Evidence()
    evidence.add(requests(outcome, **more), [(at(start_s), before), (at(start_s + 15), before + calls)])
    return evidence.batch()


def lines(*told: Sighting) -> Batch:
    """Return log lines as one batch."""
    return Batch("logs", sightings=told)


def witnesses(store: Store) -> dict[str, tuple[int, bool]]:
    """Return who counted how many calls, and who is believed."""
    rows = store.rows("from count_witnesses where relation = 'request_counts'")
    return {row["counted_by"]: (row["count"], row["chosen"]) for row in rows}


def test_lines_are_counted_by_the_minute_they_ended_in(store: Store) -> None:
    """By outcome and target, each in its minute; where nothing was told there is no row, and never a 0."""
    told = [line(1, target="a"), line(2, target="a"), line(3, "failure", target="b"), line(61, target="a")]
    refreshed(store, lines(*told))
    rows = store.rows("from request_counts order by bucket_start, count desc")
    assert [(row["target"], row["outcome"], row["count"], row["bucket_s"]) for row in rows] == [
        ("a", "success", 2, 60.0),
        ("b", "failure", 1, 60.0),
        ("a", "success", 1, 60.0),
    ]
    assert {row["counted_by"] for row in rows} == {"logs:logs"}


def test_lines_that_tell_all_calls_are_believed_before_counters(store: Store) -> None:
    """They say more of each call; the counter only cross-checks, and nothing counts twice."""
    refreshed(store, counted(10), lines(*(line(n, target="a") for n in range(10))))
    assert total(store) == total(store, {"target": "a"}) == 10
    assert witnesses(store) == {"metrics": (10, False), "logs:logs": (10, True)}


def test_lines_that_tell_only_some_calls_are_not_believed(store: Store) -> None:
    """A log of errors alone would make every call a failed one."""
    refreshed(store, counted(100), lines(*(line(n, "failure") for n in range(10))))
    assert total(store) == total(store, {"outcome": "success"}) == 100
    assert witnesses(store) == {"metrics": (100, True), "logs:logs": (10, False)}


def test_the_choice_changes_when_the_fuller_witness_comes_later(store: Store) -> None:
    """Order cannot matter: whoever comes last, the same is believed."""
    refreshed(store, lines(*(line(n, "failure") for n in range(10))))
    assert total(store) == 10
    refreshed(store, counted(100))
    assert total(store) == total(store, {"outcome": "success"}) == 100


def test_each_day_has_its_own_witness(store: Store) -> None:
    """A log that began on the second day leaves the first to the counters."""
    refreshed(store, counted(7), counted(10, start_s=DAY_S, before=107), lines(*(line(DAY_S + n) for n in range(10))))
    rows = store.rows("select counted_by, sum(count)::bigint as n from request_counts group by counted_by")
    assert {row["counted_by"]: row["n"] for row in rows} == {"metrics": 7, "logs:logs": 10}


def test_two_logs_of_one_profile_add_up_and_of_two_do_not(store: Store) -> None:
    """Two files of a fleet tell different calls; the proxy's and the client's log tell the same ones."""
    fleet = [line(n, source=source, profile="nginx") for n in range(5) for source in ("one", "two")]
    client = [line(n, source="client", profile="client") for n in range(8)]
    refreshed(store, lines(*fleet, *client))
    assert total(store) == 10
    assert witnesses(store) == {"logs:nginx": (10, True), "logs:client": (8, False)}


def test_contradicting_labels_are_other_calls(store: Store) -> None:
    """The log of one cluster does not stand for the counters of another."""
    evidence = Evidence()
    there = track(TrackKind.REQUESTS, outcome="success")
    there = type(there)(
        there.source,
        there.kind,
        Subject("prod", "shop", instance="a", labels=pairs({"cluster": "us"})),
        there.scrape_target,
        detail=there.detail,
    )
    evidence.add(there, [(at(0), 0), (at(15), 4)])
    refreshed(store, evidence.batch(), lines(*(line(n, label="eu") for n in range(10))))
    assert total(store) == 14


def test_calls_through_a_breaker_are_other_calls_than_those_served(store: Store) -> None:
    """An access log says nothing of the calls that the service made itself."""
    refreshed(store, counted(6, breaker="payments"), lines(*(line(n) for n in range(10))))
    assert total(store) == 16


def test_what_counters_say_besides_is_kept_apart(store: Store) -> None:
    """Fallbacks answered calls that are counted already: to be seen, and never part of a plain sum."""
    refreshed(store, counted(10), counted(4, outcome="fallback", role="besides"))
    assert total(store) == 10
    (row,) = store.rows("from request_counts_besides")
    assert (row["outcome"], row["count"]) == ("fallback", 4)


def test_durations_of_lines_make_a_histogram_only_where_counters_have_none(store: Store) -> None:
    """Cumulative by the usual bounds; +Inf counts every call whose duration was told."""
    refreshed(store, lines(line(1, duration_s="0.004"), line(2, duration_s="0.3"), line(3, duration_s="99")))
    rows = store.rows("select upper_bound_s, count from latency_histograms")
    found = {row["upper_bound_s"]: row["count"] for row in rows}
    assert (found[0.005], found[0.25], found[0.5], found[60.0], found[float("inf")]) == (1, 1, 2, 2, 3)
    evidence = Evidence()
    evidence.add(track(TrackKind.LATENCY, upper_bound_s="inf"), [(at(0), 0), (at(15), 50)])
    refreshed(store, evidence.batch())
    rows = store.rows("select upper_bound_s, count from latency_histograms")
    assert [(row["upper_bound_s"], row["count"]) for row in rows] == [(float("inf"), 50)]


def test_attempts_told_by_lines_count_where_no_counter_does(store: Store) -> None:
    """Attempts and calls stay apart: counters of calls are no other witness of attempts."""
    attempts = [
        Sighting("logs", SightingKind.RETRY_ATTEMPT, at(n), Subject("prod", "shop", "chat"), f"attempt:{n}")
        for n in range(3)
    ]
    evidence = Evidence()
    evidence.add(track(TrackKind.RETRIES, unit="calls", outcome="success"), [(at(0), 0), (at(15), 2)])
    refreshed(store, Batch("logs", sightings=attempts), evidence.batch())
    rows = store.rows("select unit, count from retry_counts order by unit")
    assert [(row["unit"], row["count"]) for row in rows] == [("attempts", 3), ("calls", 2)]
    evidence.add(track(TrackKind.RETRIES, unit="attempts"), [(at(0), 0), (at(15), 9)])
    refreshed(store, evidence.batch())
    rows = store.rows("select unit, count from retry_counts order by unit")
    assert [(row["unit"], row["count"]) for row in rows] == [("attempts", 9), ("calls", 2)]


def test_two_libraries_retry_two_operations_of_one_service(store: Store) -> None:
    """One library counts and logs its retries, another only logs: each is counted by its own."""
    lines_of = {"charge": ("stamina", 4), "fetch": ("tenacity", 9)}
    batches = [
        Batch(
            profile,
            sightings=[
                Sighting(
                    profile,
                    SightingKind.RETRY_ATTEMPT,
                    at(n),
                    Subject("prod", "shop", operation),
                    f"{operation}:{n}",
                    profile=profile,
                )
                for n in range(count)
            ],
        )
        for operation, (profile, count) in lines_of.items()
    ]
    evidence = Evidence()
    counter = track(TrackKind.RETRIES, unit="attempts")
    charged = replace(counter, subject=replace(counter.subject, operation="charge", target=""))
    evidence.add(charged, [(at(0), 0), (at(15), 4)])
    refreshed(store, *batches, evidence.batch())
    rows = store.rows(
        "select operation, sum(count)::bigint as n from retry_counts group by operation order by operation"
    )
    assert [(row["operation"], row["n"]) for row in rows] == [("charge", 4), ("fetch", 9)]


def test_the_same_lines_again_count_once(store: Store) -> None:
    """A line is known by its place in its file."""
    batch = lines(*(line(n, target="a") for n in range(10)))
    refreshed(store, batch)
    before = [table(store, name) for name in ("request_counts", "count_witnesses", "targets")]
    refreshed(store, batch, batch)
    assert [table(store, name) for name in ("request_counts", "count_witnesses", "targets")] == before
