"""Fusion against worlds whose truth is known."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bounds import Bounds
from analysis.evidence import Change, Run, SampledTrack, Span, Witness, increases, sighted_changes
from analysis.fusion import History, Restart, Rules, _could_be_next, _ends_before, _time_key, fuse
from tests.analysis.worlds import (
    SECOND,
    assert_same_story,
    gauge,
    logged,
    move_counters,
    random_truth,
    read_elsewhere,
    scrapes,
    witness,
)

BREAKER = Rules(machine=True)
seeds = st.integers(0, 2**32)


def _sampled(changes: list[list[Change]]) -> History:
    return fuse(changes, BREAKER, "closed")


@given(seeds)
def test_gauge_and_counters_find_every_slow_move_and_no_other(seed: int) -> None:
    """A gauge with transition counters tells the true story wherever moves are at least two scrapes apart."""
    rng = random.Random(seed)
    truth = random_truth(rng, 25, 2 * SECOND, 9 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    found = sighted_changes(witness(gauge(truth, seen), *move_counters(truth, seen)), "breaker_state")
    assert_same_story(_sampled([found]).changes, truth.moves)


@given(seeds)
def test_counters_add_what_the_gauge_was_too_slow_for(seed: int) -> None:
    """Moves far shorter than a scrape are all counted, with the scrape's bounds, when counters name both ends."""
    rng = random.Random(seed)
    truth = random_truth(rng, 30, SECOND // 50, 2 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    found = sighted_changes(witness(gauge(truth, seen), *move_counters(truth, seen)), "breaker_state")
    changes = _sampled([found]).changes
    assert Counter((c.from_state, c.to_state) for c in changes) == Counter((b, a) for _, b, a in truth.moves)
    for state in ("open", "half_open", "closed"):
        bounds = [c.bounds for c in changes if c.to_state == state]
        times = [at_us for at_us, _, after in truth.moves if after == state]
        assert all(b.earliest_us <= at_us <= b.latest_us for b, at_us in zip(bounds, times, strict=True))


@given(seeds)
def test_event_counters_without_a_gauge_tell_the_story(seed: int) -> None:
    """Counters of new states alone are put in the order that the machine allows."""
    rng = random.Random(seed)
    truth = random_truth(rng, 25, SECOND // 20, 3 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    found = sighted_changes(witness(*move_counters(truth, seen, targets_only=True)), "breaker_state")
    changes = _sampled([found]).changes
    assert Counter(c.to_state for c in changes if not _added(c, found)) == Counter(a for _, _, a in truth.moves)
    assert sum(c.to_state == "open" for c in changes) == sum(a == "open" for _, _, a in truth.moves)


def _added(change: Change, sighted: list[Change]) -> bool:
    return not any(c.to_state == change.to_state and c.bounds.gap_us(change.bounds) <= 0 for c in sighted)


@given(seeds)
def test_a_counter_of_openings_beside_a_gauge_counts_them_all(seed: int) -> None:
    """Where only openings are counted, the gauge tells the rest, and no opening is missed or counted twice."""
    rng = random.Random(seed)
    truth = random_truth(rng, 30, SECOND // 50, 3 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    openings = move_counters(truth, seen, targets_only=True)[0]
    changes = _sampled([sighted_changes(witness(gauge(truth, seen), openings), "breaker_state")]).changes
    assert sum(c.to_state == "open" for c in changes) == sum(after == "open" for _, _, after in truth.moves)


@given(seeds)
def test_a_gauge_and_counters_read_at_different_moments_count_each_move_once(seed: int) -> None:
    """An exporter that reads gauge and counters up to 20 ms apart makes no move appear twice."""
    rng = random.Random(seed)
    truth = random_truth(rng, 30, SECOND // 3, 4 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 6 * SECOND)
    apart = [read_elsewhere(scrape, rng.choice((-20_000, 0, 20_000))) for scrape in seen]
    found = sighted_changes(witness(gauge(truth, seen), *move_counters(truth, apart)), "breaker_state")
    moves = Counter((c.from_state, c.to_state) for c in _sampled([found]).changes)
    assert moves == Counter((before, after) for _, before, after in truth.moves)


@given(seeds)
def test_a_log_makes_every_edge_exact(seed: int) -> None:
    """With a log beside gauge and counters every move is exact, none is doubled, and both sources are named."""
    rng = random.Random(seed)
    truth = random_truth(rng, 30, SECOND // 50, 3 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    found = sighted_changes(witness(gauge(truth, seen), *move_counters(truth, seen)), "breaker_state")
    fused = _sampled([found, logged(truth)])
    assert_same_story(fused.changes, truth.moves)
    assert all(change.bounds.exact and change.sources == {"log", "prom"} for change in fused.changes)
    assert fused.oddities == ()


@given(seeds)
def test_gauge_alone_with_a_log_adds_nothing_to_the_log(seed: int) -> None:
    """A gauge that skips states agrees with a log that names them all."""
    rng = random.Random(seed)
    truth = random_truth(rng, 30, SECOND // 50, 4 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    fused = _sampled([sighted_changes(witness(gauge(truth, seen)), "breaker_state"), logged(truth)])
    assert_same_story(fused.changes, truth.moves)


@given(seeds)
def test_two_servers_bound_no_worse_than_either(seed: int) -> None:
    """Two scrapers of one instance become one history whose bounds are at least as narrow as each one's."""
    rng = random.Random(seed)
    truth = random_truth(rng, 20, 3 * SECOND, 9 * SECOND)
    end_us = truth.moves[-1][0] + 4 * SECOND
    views = []
    for name in ("a", "b"):
        seen = scrapes(rng, end_us)
        views.append(
            sighted_changes(witness(gauge(truth, seen), *move_counters(truth, seen), source=name), "breaker_state")
        )
    both = _sampled(views)
    assert_same_story(both.changes, truth.moves)
    for view in views:
        alone = _sampled([view]).changes
        for one, fused in zip(alone, both.changes, strict=True):
            assert one.bounds.earliest_us <= fused.bounds.earliest_us
            assert fused.bounds.latest_us <= one.bounds.latest_us


@settings(max_examples=30)
@given(seeds)
def test_the_order_of_sources_does_not_matter(seed: int) -> None:
    """Any order of the same witnesses gives the same history."""
    rng = random.Random(seed)
    truth = random_truth(rng, 12, SECOND // 10, 4 * SECOND)
    seen = scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    views = [
        sighted_changes(witness(gauge(truth, seen), *move_counters(truth, seen)), "breaker_state"),
        logged(truth, "log"),
        logged(truth, "other-log", skew_us=40_000),
    ]
    assert len({_sampled(list(order)) for order in permutations(views)}) == 1


@pytest.mark.parametrize(("skew_us", "moves"), [(120_000, 3), (400_000, 6)])
def test_clocks_apart_by_less_than_the_tolerance_are_one_change(skew_us: int, moves: int) -> None:
    """Sightings 120 ms apart are united and marked; 400 ms apart they stay two and are a finding."""
    truth, skewed = random_truth(random.Random(4), 3, 20 * SECOND, 30 * SECOND), moves == 3
    fused = _sampled([logged(truth, "a"), logged(truth, "b", skew_us=skew_us)])
    assert sum(c.clock_skew for c in fused.changes) == (moves if skewed else 0)
    assert sum(bool(c.sources) and not c.inferred for c in fused.changes) == moves
    assert any(oddity.kind == "sources_disagree" for oddity in fused.oddities) is not skewed


def test_an_unlawful_move_is_kept_and_reported() -> None:
    """A log that says half_open follows closed is believed, and reported."""
    jump = Change("closed", "half_open", Bounds(SECOND, SECOND), frozenset({"log"}), certain=True)
    fused = fuse([[jump]], BREAKER, "closed")
    assert [change.to_state for change in fused.changes] == ["half_open"]
    assert [oddity.kind for oddity in fused.oddities] == ["unlawful_transition"]


def test_a_restart_that_loses_an_open_breaker_is_reported() -> None:
    """Open before, closed after a restart: the closing is kept, nothing is invented in between, a finding says so."""
    lost = Change("open", "closed", Bounds(SECOND, 3 * SECOND), frozenset({"prom"}), after_restart=True)
    opened = Change("closed", "open", Bounds(0, SECOND), frozenset({"prom"}))
    fused = fuse([[opened, lost]], BREAKER, "closed")
    assert [change.to_state for change in fused.changes] == ["open", "closed"]
    assert [oddity.kind for oddity in fused.oddities] == ["state_lost_on_restart"]


def test_health_knows_no_hidden_steps() -> None:
    """A health signal may move between any two states."""
    down = Change("up", "down", Bounds(0, SECOND), frozenset({"prom"}))
    up = Change("maintenance", "up", Bounds(5 * SECOND, 6 * SECOND), frozenset({"prom"}))
    fused = fuse([[down, up]], Rules(machine=False), "up")
    assert [change.to_state for change in fused.changes] == ["down", "up"]
    assert fused.oddities == ()


def test_a_log_across_a_restart_closes_at_the_restart() -> None:
    """A log that goes on from closed after a restart shows that the open state was lost there, and when."""
    log = [
        Change("closed", "open", Bounds(SECOND, SECOND), frozenset({"log"}), certain=True, rank=0),
        Change("closed", "open", Bounds(9 * SECOND, 9 * SECOND), frozenset({"log"}), certain=True, rank=1),
    ]
    restart = Restart(Bounds(4 * SECOND, 6 * SECOND), "prom")
    fused = fuse([log], Rules(machine=True, restarts=(restart,)), None)
    assert [(c.to_state, c.bounds.earliest_us // SECOND, c.bounds.latest_us // SECOND) for c in fused.changes] == [
        ("open", 1, 1),
        ("closed", 4, 6),
        ("open", 9, 9),
    ]
    assert [oddity.kind for oddity in fused.oddities] == ["state_lost_on_restart"]


def test_a_log_that_ends_before_a_restart_closes_there_unless_a_gauge_knows_better() -> None:
    """Opened, then the process was replaced, then silence: closed at the restart; where a gauge watches, it decides."""
    opened = Change("closed", "open", Bounds(SECOND, SECOND), frozenset({"log"}), certain=True)
    for shown, expected in ((None, ["open", "closed"]), ("closed", ["open", "closed"]), ("open", ["open"])):
        restart = Restart(Bounds(4 * SECOND, 6 * SECOND), "prom", shown)
        fused = fuse([[opened]], Rules(machine=True, restarts=(restart,)), None)
        assert [change.to_state for change in fused.changes] == expected


def test_what_says_only_the_new_state_is_closed_by_a_restart_in_between() -> None:
    """Open, replaced twice, open: the first restart closed it; without one it is a reopening through half-open."""
    opened = [
        Change("", "open", Bounds(SECOND, 2 * SECOND), frozenset({"prom"}), rank=0),
        Change("", "open", Bounds(9 * SECOND, 10 * SECOND), frozenset({"prom"}), rank=1),
    ]
    restarts = tuple(Restart(Bounds(start * SECOND, (start + 1) * SECOND), "prom") for start in (6, 3))
    replaced = fuse([opened], Rules(machine=True, restarts=restarts), "closed").changes
    assert [(c.to_state, c.bounds.latest_us // SECOND) for c in replaced] == [("open", 2), ("closed", 4), ("open", 10)]
    steady = fuse([opened], Rules(machine=True), "closed").changes
    assert [c.to_state for c in steady] == ["open", "half_open", "open"]


def test_a_restart_beside_a_reopening_does_not_split_it() -> None:
    """The process was replaced in the interval right after a reopening was counted: the reopening stays one."""
    opened = [
        Change("", "open", Bounds(SECOND, 2 * SECOND), frozenset({"prom"}), rank=0),
        Change("", "open", Bounds(2 * SECOND, 3 * SECOND), frozenset({"prom"}), rank=1),
    ]
    restart = Restart(Bounds(3 * SECOND - 2000, 4 * SECOND), "prom")
    changes = fuse([opened], Rules(machine=True, restarts=(restart,)), "closed").changes
    assert [c.to_state for c in changes] == ["open", "half_open", "open", "closed"]


def test_counters_of_a_new_process_begin_with_an_opening_from_closed() -> None:
    """Openings counted on both sides of a restart, the closing unseen: the second one opened a closed breaker."""
    samples = [(0, 0, 0.0), (1, 2, 1.0), (4, 4, 0.0), (6, 6, 1.0)]
    runs = [Run(first * SECOND, last * SECOND, value, 0.01, assumed=False) for first, last, value in samples]
    openings = SampledTrack(2, "transitions", "prom", "a", (), "job/a", {"to_state": "open"}, runs)
    seen = Witness("prom", "a", (), [openings], [Span(2 * SECOND, 4 * SECOND)])
    changes = sighted_changes(seen, "breaker_state")
    assert [(c.from_state, c.to_state, c.certain) for c in changes] == [("", "open", False), ("closed", "open", True)]


def test_reopening_is_lawful_where_half_open_cannot_be_seen() -> None:
    """Opened twice in a row by a source without half-open: two openings, and nothing odd about them."""
    opened = [Change("", "open", Bounds(at, at + SECOND), frozenset({"prom"})) for at in (SECOND, 5 * SECOND)]
    fused = fuse([opened], Rules(machine=True, half_open_visible=False), "closed")
    assert [(c.from_state, c.to_state) for c in fused.changes] == [("closed", "open"), ("open", "open")]
    assert fused.oddities == ()


def test_a_counter_equal_on_both_sides_of_a_restart_counted_anew() -> None:
    """One opening before the restart and one after it read the same value 1: they are two."""
    run = Run(0, 30 * SECOND, 1.0, 0.01, assumed=False)
    assert [i.grown_by for i in increases([run], [Span(10 * SECOND, 20 * SECOND)])] == [1]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15)), min_size=1, max_size=6))
def test_what_is_taken_without_a_look_around_is_what_the_look_finds(spans: list[tuple[int, int]]) -> None:
    """Where the first change is alone in its time, no other one could be next, so its order needs no state machine."""
    seen = [Change("", "open", Bounds(start, start + length), frozenset({"s"})) for start, length in spans]
    waiting = sorted(seen, key=_time_key)
    alone = len(waiting) == 1 or _ends_before(waiting[0], waiting[1])
    assert not alone or _could_be_next(waiting) == [0]


@given(seeds)
def test_a_gauge_alone_is_read_as_it_would_be_beside_others(seed: int) -> None:
    """The short way for a gauge that nothing else speaks of finds what the long way does.

    A restart long before keeps it from the short way.
    """
    rng = random.Random(seed)
    truth = random_truth(rng, 30, SECOND // 10, 9 * SECOND)
    runs = gauge(truth, scrapes(rng, truth.moves[-1][0] + 4 * SECOND)).runs
    told = [run._replace(read_s=rng.choice((run.read_s, math.nan)), assumed=rng.random() < 0.5) for run in runs]
    alone = witness(SampledTrack(1, "breaker_state", "prom", "a", (), "job/a", {}, told))
    beside = replace(alone, restarts=[Span(-2 * SECOND, -SECOND)])
    assert sighted_changes(alone, "breaker_state") == sighted_changes(beside, "breaker_state") != []
