"""Counters that prove a state: which of their counts are changes, against true histories."""

from __future__ import annotations

from itertools import pairwise

import pytest

from analysis.evidence import Run, SampledTrack, Witness, sighted_changes
from breakwatch.model import STATE_CODE, TrackKind

SCRAPE_US = 15_000_000


def runs(values: list[float]) -> list[Run]:
    """Return one run for each scrape."""
    return [Run(SCRAPE_US * at, SCRAPE_US * at, value, 0.1, False) for at, value in enumerate(values)]


def counter(to_state: str, values: list[float], **detail: str) -> SampledTrack:
    """Return a counter of one instance."""
    return SampledTrack(1, "transitions", "s", "i", (), "t", {"to_state": to_state, **detail}, runs(values))


def seen(*tracks: SampledTrack) -> list[tuple[int, str]]:
    """Return the changes as (scrape, state)."""
    changes = sighted_changes(Witness("s", "i", (), tracks), TrackKind.BREAKER_STATE)
    return [(round(change.bounds.latest_us / SCRAPE_US), change.to_state) for change in changes]


def test_the_next_success_closes_what_cooled_down() -> None:
    """An opening counted, then many successes: one closing at the first, however many follow, again after the next."""
    opened = counter("open", [0, 0, 1, 1, 1, 1, 2, 2, 2])
    served = counter("closed", [3, 9, 9, 9, 17, 30, 31, 31, 40], each="proof")
    # At scrape 6 an opening and a success fall into one interval: their order is lost, the next success decides.
    assert seen(opened, served) == [(2, "open"), (4, "closed"), (6, "open"), (8, "closed")]


def test_the_order_of_tracks_does_not_matter() -> None:
    """Several series prove the same (one for each key and client): they are one proof."""
    opened = counter("open", [0, 1, 1, 1, 1])
    one = counter("closed", [5, 5, 5, 9, 9], each="proof")
    other = counter("closed", [7, 7, 7, 8, 20], each="proof")
    assert seen(opened, one, other) == seen(other, opened, one) == [(1, "open"), (3, "closed")]


@pytest.mark.parametrize("overflows", [[0, 40, 40, 40], [0, 1, 1, 1]])
def test_overflows_show_an_opening_that_the_gauge_was_too_slow_for(overflows: list[float]) -> None:
    """However many calls overflowed between two samples that say closed, the breaker was open once in between."""
    gauge = SampledTrack(2, "breaker_state", "s", "i", (), "t", {"binary": "true"}, runs([STATE_CODE["closed"]] * 4))
    assert seen(gauge, counter("open", overflows, each="proof")) == [(1, "open"), (1, "closed")]


def test_overflows_of_a_breaker_seen_open_add_nothing() -> None:
    """Where the gauge itself shows the opening, the overflows are no second one."""
    states = [float(STATE_CODE[word]) for word in ("closed", "open", "open", "closed")]
    gauge = SampledTrack(2, "breaker_state", "s", "i", (), "t", {"binary": "true"}, runs(states))
    found = seen(gauge, counter("open", [0, 5, 9, 9], each="proof"))
    assert found == [(1, "open"), (3, "closed")]
    assert all(before != after for before, after in pairwise(word for _, word in found))
