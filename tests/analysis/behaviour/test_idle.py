"""Idle-open time: past the open period, without a call; outside value and lower bound, inside the upper one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analysis import refresh
from analysis.bounds import Bounds
from analysis.idle import at_once, idle_spans, lasting, quiet_spans
from analysis.spans import length_us, united
from breakwatch.model import TrackKind
from tests.analysis.behaviour.world import LENGTH_S, States, add_counter, scraped, subject, taken_in
from tests.analysis.facts.evidence import Evidence
from tests.analysis.verdicts.world import config

DECLARED = {"name": "shop", "expected": {"breakers": {"pay": {"open_time": "30s"}}}}
PLAIN = {"name": "shop"}
OPEN: States = [(0, "closed"), (100, "open"), (400, "half_open"), (405, "closed")]


def called(states: States, *quiet: tuple[float, float], instance: str = "a", **counted: str) -> Evidence:
    """Return a breaker on which one call is attempted every five seconds, apart from quiet spans."""
    evidence = scraped("shop", instance, breaker_pay=states)
    who = subject(instance=instance, breaker="pay")
    count, grown = 0.0, []
    for second in range(0, LENGTH_S + 1, 5):
        count += not any(start < second <= end for start, end in quiet)
        grown.append((float(second), count))
    add_counter(evidence, TrackKind.REQUESTS, grown, who, **(counted or {"role": "fire"}))
    return evidence


def incident_of(path: Path, *told: Evidence, service: Mapping[str, Any] = DECLARED) -> dict[str, Any]:
    """Return the one episode of a story."""
    with taken_in(path, told, config(services=[dict(service)])) as store:
        [episode] = store.rows("from breaker_episodes")
        incidents = store.rows("from breaker_incidents")
    assert len(incidents) == len(told)
    return episode


def test_time_without_calls_past_the_open_period_is_idle(tmp_path: Path) -> None:
    """Open from 100 s to 400 s, calls until 150 s and from 390 s on: 240 s of it were idle, within a scrape."""
    episode = incident_of(tmp_path, called(OPEN, (150, 390)))
    assert 235 <= episode["idle_open_s"] <= 240
    assert episode["duration_high_s"] > 300
    assert abs(episode["duration_s"] - (305 - episode["idle_open_s"])) < 10
    assert episode["duration_low_s"] <= episode["duration_s"] <= episode["duration_high_s"]


def test_while_calls_come_nothing_is_idle(tmp_path: Path) -> None:
    """A breaker that is asked all the time was open for all of it."""
    episode = incident_of(tmp_path, called(OPEN, (0, 0)))
    assert episode["idle_open_s"] == 0.0
    assert episode["duration_low_s"] > 290


def test_quiet_within_the_open_period_is_not_idle(tmp_path: Path) -> None:
    """Before the declared thirty seconds have passed no call would have been let through."""
    episode = incident_of(tmp_path, called(OPEN, (100, 130)))
    assert episode["idle_open_s"] == 0.0


def test_where_nobody_counts_calls_turned_away_it_cannot_be_told(tmp_path: Path) -> None:
    """A counter of successes does not grow while a breaker is open, whether calls are attempted or not."""
    episode = incident_of(tmp_path, called(OPEN, (100, 400), outcome="success"))
    assert episode["idle_open_s"] is None


def test_without_a_declared_open_time_the_least_one_seen_counts(tmp_path: Path) -> None:
    """The only opening seen lasted 300 s: the open period may have been as long, so nothing of it surely was idle."""
    episode = incident_of(tmp_path, called(OPEN, (150, 390)), service=PLAIN)
    assert episode["idle_open_s"] == 0.0


def test_an_episode_is_idle_while_all_its_instances_are(tmp_path: Path) -> None:
    """One instance without calls from 150 s, the other from 250 s on: the episode is idle from 250 s on."""
    episode = incident_of(tmp_path, called(OPEN, (150, 390)), called(OPEN, (250, 390), instance="b"))
    assert 130 <= episode["idle_open_s"] <= 140


def test_what_goes_on_is_idle_so_far(tmp_path: Path) -> None:
    """An open breaker that nobody calls lasts no longer with every scrape, as far as anybody was hurt."""
    story = called([(0, "closed"), (100, "open")], (150, LENGTH_S))
    episode = incident_of(tmp_path, story)
    assert episode["status"] == "ongoing"
    assert 440 <= episode["idle_open_s"] <= 450
    assert 45 <= episode["duration_low_s"] <= 60
    assert episode["duration_high_s"] is None


def test_another_declared_open_time_counts_at_once(tmp_path: Path) -> None:
    """Lengths follow what is declared, and doing it again changes nothing."""
    with taken_in(tmp_path, [called(OPEN, (150, 390))], config(services=[PLAIN])) as store:
        before = store.rows("from breaker_incidents")
        refresh(store, config(services=[DECLARED]))
        [row] = store.rows("from breaker_incidents")
        assert row["idle_open_s"] > 230
        refresh(store, config(services=[DECLARED]))
        assert store.rows("from breaker_incidents") == [row]
        refresh(store, config(services=[PLAIN]))
        assert store.rows("from breaker_incidents") == before


span = st.tuples(st.integers(0, 1000), st.integers(1, 200)).map(lambda one: (one[0], one[0] + one[1]))


@given(st.lists(span, max_size=6), st.lists(span, min_size=1, max_size=4), st.integers(0, 300))
def test_idle_time_lies_within_what_is_open_and_quiet(
    quiet: list[tuple[int, int]], opens: list[Any], wait: int
) -> None:
    """It is never longer than the open time past the period, nor than the quiet, and a longer period leaves less."""
    spells = [(Bounds(start, start), Bounds(end, end)) for start, end in opens]
    told = united(quiet)
    found = idle_spans(spells, wait / 1e6, told)
    assert length_us(found) <= min(length_us(told), length_us(united(opens)))
    assert length_us(idle_spans(spells, (wait + 10) / 1e6, told)) <= length_us(found)
    assert length_us(at_once([(one, found) for one in united(opens)])) <= length_us(found)


@given(st.lists(span, min_size=1, max_size=5), st.lists(span, min_size=1, max_size=5))
def test_a_source_is_quiet_where_all_its_counters_are(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """A second counter can only take time away, a second source only add some."""
    alone = length_us(quiet_spans({"a": [one]}))
    assert length_us(quiet_spans({"a": [one, other]})) <= alone <= length_us(quiet_spans({"a": [one], "b": [other]}))


def test_bounds_stay_in_order() -> None:
    """Idle time that may be longer than the lower bound leaves none below zero, and the value above it."""
    found = lasting(Bounds(0, 10_000_000), Bounds(10_000_000, 30_000_000), 0, ((0, 9_000_000),))
    assert (found.low, found.value, found.high, found.idle) == (0.0, 6.0, 30.0, 9.0)
