"""Counts are exact and depend on the samples alone: any history, cut and shuffled any way, gives the same rows."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakwatch.clock import to_us
from breakwatch.model import TrackKind
from store import Store
from tests.analysis.facts.evidence import Evidence, at, refresh, refreshed, requests, table, total, track

RELATIONS = ("request_counts", "changes", "coverage", "targets", "queue_depths")
INTERVAL_S = 15
OUTCOMES = ("success", "failure")


@dataclass(frozen=True)
class Scrape:
    """One scrape of a process: when, what each counter said (None: no such series yet), and which process it was."""

    second: int
    process: int
    counters: tuple[int | None, ...]


@st.composite
def histories(draw: st.DrawFn) -> list[Scrape]:
    """Return scrapes of a program that counts, is restarted now and then, and is not seen for a while at times."""
    scrapes, counters, process, second = [], [draw(st.sampled_from([None, 3])) for _ in OUTCOMES], 0, 0
    for _ in range(draw(st.integers(2, 14))):
        if draw(st.integers(0, 4)) == 0:
            process += 1
            counters = [None, None]
        for place in range(len(OUTCOMES)):
            grown = draw(st.integers(0, 3))
            counters[place] = (counters[place] or 0) + grown if grown or counters[place] is not None else None
        scrapes.append(Scrape(second, process, tuple(counters)))
        second += INTERVAL_S * (draw(st.sampled_from([1, 1, 1, 1, 2, 20])))
    return scrapes


def evidence_of(scrapes: list[Scrape]) -> Evidence:
    """Return what a collector makes of the scrapes."""
    evidence = Evidence(gap_us=2 * INTERVAL_S * 1_000_000)
    for place, outcome in enumerate(OUTCOMES):
        series = [(at(s.second), math.nan if s.counters[place] is None else s.counters[place]) for s in scrapes]
        evidence.add(requests(outcome, target=outcome), series)  # type: ignore[arg-type]
    evidence.add(track(TrackKind.PROCESS_START), [(at(s.second), 1e9 + 100 * s.process) for s in scrapes])
    evidence.add(track(TrackKind.SCRAPE), [(at(s.second), 1.0) for s in scrapes])
    evidence.add(track(TrackKind.QUEUE, queue="q"), [(at(s.second), float(s.process)) for s in scrapes])
    return evidence


def truly_counted(scrapes: list[Scrape], place: int) -> int:
    """Return the calls between the first and the last scrape that any scrape could show.

    Of each process the last value seen counts, less what the very first scrape of all found.
    """
    last = {scrape.process: scrape.counters[place] or 0 for scrape in scrapes}
    return sum(last.values()) - (scrapes[0].counters[place] or 0)


def assert_every_division_adds_up(store: Store, scrapes: list[Scrape], place: int) -> None:
    """Assert that wherever time is cut, the counts on either side are what was truly counted there.

    A bucket that lies before a scrape holds no more than was counted by then; all that began by then hold no less.
    """
    rows = [row for row in store.rows("from request_counts") if row["outcome"] == OUTCOMES[place]]
    assert all(row["count"] > 0 for row in rows)
    for number in range(1, len(scrapes) + 1):
        scraped_us = at(scrapes[number - 1].second)
        true = truly_counted(scrapes[:number], place)
        starts = [(to_us(row["bucket_start"]), row["bucket_s"] * 1e6, row["count"]) for row in rows]
        assert sum(count for start_us, long_us, count in starts if start_us + long_us <= scraped_us) <= true
        assert sum(count for start_us, _, count in starts if start_us <= scraped_us) >= true


def tables(store: Store) -> dict[str, object]:
    """Return what all relations hold."""
    return {relation: table(store, relation) for relation in RELATIONS}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scrapes=histories(), data=st.data())
def test_any_cutting_and_order_gives_the_same_exact_counts(scrapes: list[Scrape], data: st.DataObject) -> None:
    """Windows that share their boundary scrape, in any order, some twice, with refreshes in between or not."""
    evidence = evidence_of(scrapes)
    places = range(len(scrapes))
    cuts = sorted({0, len(scrapes) - 1, *data.draw(st.sets(st.sampled_from(places)), "cuts")})
    windows = [(at(scrapes[a].second), at(scrapes[b].second)) for a, b in pairwise(cuts)]
    batches = [evidence.batch(*window) for window in windows]
    order = data.draw(st.permutations(batches), "order") + data.draw(st.lists(st.sampled_from(batches)), "again")
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(Path(folder) / "whole.duckdb") as store:
            refreshed(store, evidence.batch())
            expected = tables(store)
            for place, outcome in enumerate(OUTCOMES):
                assert total(store, {"outcome": outcome}) == truly_counted(scrapes, place)
                assert_every_division_adds_up(store, scrapes, place)
        with Store.open(Path(folder) / "pieces.duckdb") as store:
            for batch in order:
                store.append(batch)
                if data.draw(st.booleans(), "refresh now"):
                    refresh(store)
            refresh(store)
            assert tables(store) == expected
