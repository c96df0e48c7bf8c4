"""Failovers by counters of calls by target: honest bounds, and none where nobody took over."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakwatch.clock import to_us
from breakwatch.model import TrackKind
from store import Store
from tests.analysis.facts.evidence import Evidence, at, refresh, refreshed, requests, table, track
from tests.analysis.facts.test_failovers import health

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRAPE_S = 15


def samples(*increases: int) -> list[tuple[int, float]]:
    """Return a counter that begins at 100 and grows by so much at each scrape."""
    value, found = 100, [(at(0), 100.0)]
    for number, grown in enumerate(increases, 1):
        value += grown
        found.append((at(number * SCRAPE_S), float(value)))
    return found


def counted(store: Store, **targets: tuple[Sequence[int], Sequence[int]]) -> list[dict[str, Any]]:
    """Return the failovers that counters of good and bad calls by target show, one pair of lists for each."""
    evidence = Evidence()
    for target, (good, bad) in targets.items():
        evidence.add(requests("success", target=target), samples(*good))
        evidence.add(requests("failure", target=target), samples(*bad))
    refreshed(store, evidence.batch())
    return store.rows("from failovers order by served_at")


def test_the_standby_answers_when_the_primary_fails(store: Store) -> None:
    """Failed by 45 s, served between 45 and 60 s: at least 0 s; how long the first call had lasted nobody counted."""
    (row,) = counted(store, a=([9, 9, 0, 0, 0], [0, 0, 5, 0, 0]), b=([0, 0, 0, 7, 9], [0, 0, 0, 0, 0]))
    assert (row["from_target"], row["to_target"], row["trigger"]) == ("a", "b", "error_share")
    assert (row["failed_at"], row["duration_s"], row["duration_high_s"]) == (None, None, None)
    assert row["duration_low_s"] == 0
    (seen,) = store.rows("from failover_sightings")
    assert (seen["seen_in"], seen["failed_earliest"]) == ("counters", None)
    assert at(45) <= to_us(seen["failed_latest"]) <= at(45.1)
    assert at(44.9) <= to_us(seen["served_earliest"]) <= at(45) < at(60) <= to_us(seen["served_latest"])


def test_a_standby_that_came_late_leaves_a_least_duration(store: Store) -> None:
    """Bad by 30 s, good not before 75 s: at least 45 s less the slack, enough to prove an objective missed."""
    (row,) = counted(store, a=([9, 0, 0, 0, 0, 0], [0, 5, 5, 5, 5, 0]), b=([0, 0, 0, 0, 0, 7], [0, 0, 0, 0, 0, 0]))
    assert 44.9 < row["duration_low_s"] <= 45


def test_a_target_that_answers_all_along_took_nothing_over(store: Store) -> None:
    """Two that share the work, or two dependencies: the other one just went on."""
    assert counted(store, a=([9, 9, 0, 0], [0, 0, 5, 5]), b=([9, 9, 9, 9], [0, 0, 0, 0])) == []


def test_a_target_that_was_well_again_was_not_taken_over_from(store: Store) -> None:
    """It failed, and then answered well for half a minute: what came then came for another reason."""
    assert counted(store, a=([9, 0, 9, 9, 0, 0], [0, 5, 0, 0, 0, 0]), b=([0, 0, 0, 0, 7, 7], [0] * 6)) == []


def test_the_standby_takes_over_from_the_one_that_failed_last(store: Store) -> None:
    """Two share the work; with the first one gone the second goes on, and only when that fails the standby comes."""
    (row,) = counted(
        store,
        a=([9, 0, 0, 0, 0, 0], [0, 5, 0, 0, 0, 0]),
        b=([9, 9, 9, 0, 0, 0], [0, 0, 0, 5, 0, 0]),
        spare=([0, 0, 0, 0, 7, 9], [0] * 6),
    )
    assert (row["from_target"], row["to_target"]) == ("b", "spare")
    assert row["duration_low_s"] == 0


def test_one_that_only_its_health_shows_to_have_failed_is_the_last_one_too(store: Store) -> None:
    """It hung, so that no call of it was counted; since when is not known, so nothing is said."""
    health(store, "b", (46.0, 47.0, "down"))
    shared = {"a": ([9, 0, 0, 0, 0, 0], [0, 5, 0, 0, 0, 0]), "b": ([9, 9, 9, 0, 0, 0], [0] * 6)}
    assert counted(store, **shared, spare=([0, 0, 0, 0, 7, 9], [0] * 6)) == []


def test_a_few_bad_calls_among_many_good_ones_trip_nothing(store: Store) -> None:
    """Three bad ones of thirty are no failed target, whoever else begins to answer."""
    assert counted(store, a=([9, 9, 30, 9], [0, 0, 3, 0]), b=([0, 0, 4, 0], [0, 0, 0, 0])) == []


def test_retries_on_a_target_that_goes_down_begin_a_failover(store: Store) -> None:
    """No call failed, but one was retried there; the health says that the target was gone."""
    health(store, "a", (31.0, 45.0, "down"))
    evidence = Evidence()
    evidence.add(track(TrackKind.RETRIES, unit="attempts", target="a"), samples(0, 0, 3, 0, 0))
    evidence.add(requests("success", target="a"), samples(9, 9, 0, 0, 0))
    evidence.add(requests("success", target="b"), samples(0, 0, 0, 7, 9))
    refreshed(store, evidence.batch())
    (row,) = store.rows("from failovers")
    assert (row["from_target"], row["to_target"], row["trigger"]) == ("a", "b", "health")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    growth=st.lists(
        st.tuples(*[st.sampled_from([0, 0, 1, 4])] * 4),
        min_size=6,
        max_size=30,
    ),
    data=st.data(),
)
def test_any_cutting_and_order_gives_the_same_failovers(
    growth: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    """Windows that share their boundary scrape, in any order, with refreshes in between or not."""
    columns = list(zip(*growth, strict=True))
    evidence = Evidence(gap_us=2 * SCRAPE_S * 1_000_000)
    for target, outcome, column in zip("aabb", ("success", "failure") * 2, columns, strict=True):
        evidence.add(requests(outcome, target=target), samples(*column))
    cuts = sorted({0, len(growth), *data.draw(st.sets(st.integers(0, len(growth))), "cuts")})
    batches = [evidence.batch(at(start * SCRAPE_S), at(end * SCRAPE_S)) for start, end in pairwise(cuts)]
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(Path(folder) / "whole.duckdb") as store:
            refreshed(store, evidence.batch())
            expected = [table(store, name) for name in ("failovers", "failover_sightings", "targets")]
        with Store.open(Path(folder) / "pieces.duckdb") as store:
            for batch in data.draw(st.permutations(batches), "order"):
                store.append(batch)
                if data.draw(st.booleans(), "refresh now"):
                    refresh(store)
            refresh(store)
            assert [table(store, name) for name in ("failovers", "failover_sightings", "targets")] == expected
