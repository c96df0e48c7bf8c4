"""Outages by counters: what scrapes allow of them, and whose calls they count."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.refresh import refresh
from breakwatch.config import Config
from breakwatch.model import TrackKind
from store import Store
from tests.analysis.facts.evidence import Evidence, at, requests, table, track
from tests.analysis.facts.test_outages import QUIET, RELATIONS, call, seconds, span, steady, told


def counters(every_s: int = 15) -> Evidence:
    """Return counters over ten minutes: from 130 s to 250 s every call fails."""
    evidence = Evidence(gap_us=40_000_000)
    stamps = range(0, 601, every_s)
    failed = [(at(s), float(min(max(s - 130, 0), 120))) for s in stamps]
    good = [(at(s), float(s) - count) for s, (_, count) in zip(stamps, failed, strict=True)]
    evidence.add(requests("success"), good)
    evidence.add(requests("failure"), failed)
    evidence.add(track(TrackKind.SCRAPE), [(at(s), 1.0) for s in stamps])
    return evidence


def test_by_counters_the_truth_lies_inside_the_bounds(store: Store) -> None:
    """Failing from 130 to 250: the end is known to two scrapes, the start to one and the longest a call may last."""
    store.append(counters().batch())
    refresh(store, QUIET)
    (row,) = store.rows("from outages")
    assert row["kind"] == "down"
    assert seconds(row, "started_earliest", "started_latest") == (60.0, 135.01)
    assert seconds(row, "ended_earliest", "ended_latest") == (240.0, 270.01)
    assert row["duration_low_s"] < 120 < row["duration_high_s"]
    (spell,) = store.rows("from failure_spells")
    assert spell["assumed"] is True


def test_the_settle_time_is_four_scrapes_where_that_is_longer(store: Store) -> None:
    """Scraped once a minute, two minutes of quiet prove little; log lines need no more than a minute."""
    store.append(counters(every_s=60).batch())
    refresh(store, Config())
    assert store.rows("select settle_s from outage_spells") == [{"settle_s": 240.0}]
    told(store, Config(), steady(5000, 5010, "failure", service="till"), steady(5010, 5020, service="till"))
    assert store.rows("select settle_s from outage_spells where service = 'till'") == [{"settle_s": 60.0}]


def test_what_failed_while_nobody_looked_is_known_to_have_failed_but_not_when(store: Store) -> None:
    """No scrape for an hour, and 200 failed calls more after it: anything from nothing to the whole hour."""
    evidence = Evidence(gap_us=40_000_000)
    stamps = [*range(0, 300, 15), *range(3900, 4200, 15)]
    evidence.add(requests("success"), [(at(s), float(s)) for s in stamps])
    evidence.add(requests("failure"), [(at(s), 200.0 if s >= 3900 else 0.0) for s in stamps])
    store.append(evidence.batch())
    refresh(store, QUIET)
    (row,) = store.rows("from outages")
    assert (row["failed_requests"], row["duration_low_s"], row["healed_by"]) == (200, 0.0, "unknown")
    assert row["duration_high_s"] >= 3600


def test_a_latency_histogram_says_how_long_calls_last(store: Store) -> None:
    """All calls stayed under half a second: the first failed one began no earlier than that before the scrape."""
    evidence = counters()
    for bound, share in (("0.1", 0.5), ("0.5", 1.0), ("inf", 1.0)):
        growing = [(at(s), round(s * share)) for s in range(0, 601, 15)]
        evidence.add(track(TrackKind.LATENCY, upper_bound_s=bound), growing)
    store.append(evidence.batch())
    refresh(store, QUIET)
    (row,) = store.rows("from outages")
    assert seconds(row, "started_earliest") == (119.5,)
    assert store.rows("select assumed from failure_spells") == [{"assumed": False}]


def test_fallbacks_that_answered_leave_nobody_hurt(store: Store) -> None:
    """Every rejected call was answered otherwise; where only half were, the other half failed."""
    for service, share in (("shop", 1.0), ("till", 0.5)):
        evidence = Evidence(gap_us=40_000_000)
        stamps = range(0, 301, 15)
        growing = [(at(s), float(max(s - 60, 0))) for s in stamps]
        evidence.add(requests("success", breaker="pay", service=service), [(at(s), float(min(s, 60))) for s in stamps])
        evidence.add(requests("not_permitted", breaker="pay", service=service), growing)
        evidence.add(
            requests("fallback", breaker="pay", service=service, role="besides"),
            [(stamp, float(round(count * share))) for stamp, count in growing],
        )
        store.append(evidence.batch())
    refresh(store, QUIET)
    assert {row["service"] for row in store.rows("from outages")} == {"till"}


def test_the_log_of_the_calls_is_believed_before_their_counters(store: Store) -> None:
    """Both tell the same calls: the outage is exact, and each failed call counts once, whatever a client counts."""
    every = [second + 0.25 * n for second in range(100) for n in range(4)]
    outcomes = [(second, "failure" if 40 <= second < 60 else "success") for second in every]
    for vantage in ("server", "client"):
        evidence = Evidence(source=f"prom-{vantage}", gap_us=40_000_000)
        for outcome in ("success", "failure"):
            ended = [second + 0.1 for second, how in outcomes if how == outcome]
            counter = requests(outcome, source=f"prom-{vantage}", vantage=vantage)
            evidence.add(counter, [(at(s), float(sum(end <= s for end in ended))) for s in range(0, 120, 15)])
        store.append(evidence.batch())
    (row,) = told(store, QUIET, [call(second, outcome, vantage="server") for second, outcome in outcomes])
    assert (span(row), row["failed_requests"]) == ((40.0, 60.1), 80)


def test_two_servers_that_see_the_same_calls_count_them_once(store: Store) -> None:
    """A pair of replicas: the failed requests of one, not of both."""
    for source in ("prom-a", "prom-b"):
        evidence = Evidence(source=source, gap_us=40_000_000)
        stamps = range(0, 301, 15)
        for outcome, start, end in (("success", 0, 60), ("failure", 60, 120), ("success", 120, 300)):
            counter = requests(outcome, source=source, group="pair", operation=str(start))
            evidence.add(counter, [(at(s), float(min(max(s - start, 0), end - start))) for s in stamps])
        store.append(evidence.batch())
    refresh(store, QUIET)
    (row,) = store.rows("from outages where kind = 'down'")
    assert row["failed_requests"] == 60


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.sets(st.integers(0, 40), max_size=4), data=st.data())
def test_any_cutting_and_order_of_scrapes_gives_the_same_outages(cuts: set[int], data: st.DataObject) -> None:
    """Windows of scrapes that share their boundaries, in any order."""
    evidence = counters()
    edges = sorted({0, 40, *cuts})
    pieces = [evidence.batch(at(start * 15), at(end * 15)) for start, end in pairwise(edges)]
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(Path(folder) / "whole.duckdb") as store:
            store.append(evidence.batch())
            refresh(store, QUIET)
            expected = {name: table(store, name) for name in RELATIONS}
        with Store.open(Path(folder) / "pieces.duckdb") as store:
            for piece in data.draw(st.permutations(pieces), "order"):
                store.append(piece)
                refresh(store, QUIET)
            assert {name: table(store, name) for name in RELATIONS} == expected
