"""Incidents and episodes."""

from __future__ import annotations

from analysis.bounds import Bounds, duration
from analysis.evidence import Change
from analysis.incidents import InstanceKey, episodes, incidents
from tests.analysis.worlds import SECOND


def _change(state: str, at_s: float, slack_s: float = 0.0) -> Change:
    at_us, slack_us = round(at_s * SECOND), round(slack_s * SECOND)
    return Change("", state, Bounds(at_us - slack_us, at_us + slack_us), frozenset({"s"}))


def _key(instance: str) -> InstanceKey:
    return InstanceKey("prod", "checkout", "payments", instance, ())


def test_half_open_does_not_end_an_incident() -> None:
    """Four openings with returns to open in between are one incident with three reopenings."""
    states = ["open", "half_open"] * 4 + ["closed"]
    found = incidents(_key("a"), "", [_change(state, place) for place, state in enumerate(states)])
    assert [(i.reopenings, i.lasted.value_s if i.lasted else None) for i in found] == [(3, 8.0)]


def test_an_incident_without_a_closing_is_ongoing() -> None:
    """What was not seen to close has no length yet."""
    found = incidents(_key("a"), "", [_change("open", 1), _change("half_open", 2)])
    assert [(i.closed, i.lasted) for i in found] == [(None, None)]


def test_forced_open_is_not_an_incident() -> None:
    """A breaker opened by hand is not counted as a failure."""
    assert incidents(_key("a"), "", [_change("forced_open", 1), _change("closed", 9)]) == []


def test_instances_that_overlap_are_one_episode() -> None:
    """Opened at the first opening, closed at the last closing, instances counted."""
    first = incidents(_key("a"), "", [_change("open", 10), _change("closed", 20)])
    second = incidents(_key("b"), "", [_change("open", 15), _change("closed", 40)])
    later = incidents(_key("a"), "", [_change("open", 60), _change("closed", 61)])
    joined = episodes([*later, *second, *first])
    assert [(e.instances_hit, e.openings, e.lasted.value_s if e.lasted else None) for e in joined] == [
        (2, 2, 30.0),
        (1, 1, 1.0),
    ]


def test_two_incidents_of_one_instance_stay_two_even_within_one_scrape() -> None:
    """Two openings hidden in the same scrape have overlapping bounds and are still two episodes."""
    changes = [_change(state, 10, slack_s=0.5) for state in ("open", "half_open", "closed") * 2]
    assert len(episodes(incidents(_key("a"), "", changes))) == 2


def test_bounds_of_a_duration_follow_the_definition() -> None:
    """Low is the gap between the nearest ends, never below zero; high spans the farthest; the value is the middle."""
    lasted = duration(Bounds(0, 2 * SECOND), Bounds(SECOND, 5 * SECOND))
    assert (lasted.low_s, lasted.high_s, lasted.value_s) == (0.0, 5.0, 2.5)
    exact = duration(Bounds(SECOND, SECOND), Bounds(4 * SECOND, 4 * SECOND))
    assert (exact.low_s, exact.value_s, exact.high_s) == (3.0, 3.0, 3.0)
