"""Spells that hurt become outages: what quiet ends one, which belong together, and how far bounds allow it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bounds import Bounds
from analysis.outages import HurtSpell, united_outages

if TYPE_CHECKING:
    from analysis.outages import Outage

SECOND = 1_000_000


def spell(start: float, end: float | None, *, wide: float = 0.0, **more: Any) -> HurtSpell:
    """Return a spell in seconds; its edges may lie ``wide`` to either side."""

    def bounds(at: float) -> Bounds:
        return Bounds(round((at - wide) * SECOND), round((at + wide) * SECOND))

    said = {"kind": "down", "cause": "failures"} | more
    return HurtSpell("prod", said.pop("service", "shop"), start=bounds(start), end=end and bounds(end), **said)  # type: ignore[arg-type]


def seconds(found: list[Outage]) -> list[tuple[float, float | None]]:
    """Return starts and ends in seconds."""
    return [
        (outage.start.middle_us / SECOND, outage.end.middle_us / SECOND if outage.end else None) for outage in found
    ]


def test_quiet_shorter_than_the_settle_time_is_part_of_the_outage() -> None:
    """50 s of good answers between two failures end nothing, 70 s do; with no settle time both do."""
    spells = [spell(0, 10), spell(60, 70), spell(140, 150)]
    assert seconds(united_outages(spells)) == [(0, 70), (140, 150)]
    assert seconds(united_outages(spells, 100.0)) == [(0, 150)]
    assert seconds(united_outages(spells, 0.0)) == [(0, 10), (60, 70), (140, 150)]


def test_the_end_is_where_the_quiet_began() -> None:
    """Not when the settle time was over: that is only how long one has to wait to know."""
    (outage,) = united_outages([spell(0, 10)], seen_us=75 * SECOND)
    assert outage.end == Bounds(10 * SECOND, 10 * SECOND)


def test_an_outage_goes_on_until_the_quiet_was_long_enough() -> None:
    """Seen for 50 s after the last failure it may still come back; with no settle time it is over."""
    (going_on,) = united_outages([spell(0, 10)], seen_us=60 * SECOND)
    assert going_on.end is None
    assert going_on.lasted is None
    assert united_outages([spell(0, 10)], 0.0, seen_us=10 * SECOND)[0].end is not None


def test_what_lasts_takes_in_whatever_follows() -> None:
    """A spell without an end has no quiet after it."""
    assert seconds(united_outages([spell(0, None), spell(5000, 5010)], 0.0)) == [(0, None)]


def test_reasons_that_overlap_are_one_outage() -> None:
    """Calls failed from 0 to 20, the instances were down from 2 to 15: one outage of 20 s with both reasons."""
    (outage,) = united_outages([spell(2, 15, cause="instances"), spell(0, 20, failed_requests=7)], 0.0)
    assert (outage.lasted.value_s if outage.lasted else None, outage.failed_requests) == (20.0, 7)
    assert [one.cause for one in outage.spells] == ["failures", "instances"]


def test_reasons_that_may_touch_are_one_outage() -> None:
    """Each known to 15 s: where the bounds let them touch, nothing shows a quiet between them."""
    known_to: dict[str, Any] = {"wide": 7.5}
    touching = [spell(0, 30, cause="failures", **known_to), spell(40, 60, cause="level", **known_to)]
    assert seconds(united_outages(touching, 0.0)) == [(0, 60)]
    apart = [spell(0, 30, cause="failures", **known_to), spell(50, 60, cause="level", **known_to)]
    assert seconds(united_outages(apart, 0.0)) == [(0, 30), (50, 60)]


def test_bounds_are_those_of_the_first_start_and_the_last_end() -> None:
    """Interval arithmetic: the start is the least of all starts, so its bounds are the least of theirs."""
    (outage,) = united_outages([spell(10, 40, wide=5), spell(12, 50, wide=1, cause="level")], 0.0)
    assert outage.start == Bounds(5 * SECOND, 13 * SECOND)
    assert outage.end == Bounds(49 * SECOND, 51 * SECOND)
    assert outage.lasted is not None
    assert (outage.lasted.low_s, outage.lasted.value_s, outage.lasted.high_s) == (36.0, 41.0, 46.0)


def test_what_is_degraded_within_an_outage_says_nothing_more() -> None:
    """Down from 10 to 20 and degraded from 12 to 15: one outage. Degraded from 0 on: one of its own before it."""
    within = [spell(10, 20), spell(12, 15, kind="degraded", cause="level")]
    assert [one.kind for one in united_outages(within, 0.0)] == ["down"]
    before = [spell(10, 20), spell(0, 10, kind="degraded", cause="level")]
    assert [(one.kind, one.start.middle_us) for one in united_outages(before, 0.0)] == [
        ("degraded", 0),
        ("down", 10 * SECOND),
    ]


def test_clusters_services_and_origins_stay_apart() -> None:
    """What is broken in one cluster is not mended in the other; what was written down stands beside what was seen."""
    eu, us = (("cluster", "eu"),), (("cluster", "us"),)
    assert len(united_outages([spell(0, 10, labels=eu), spell(5, 20, labels=us)])) == 2
    assert len(united_outages([spell(0, 10, labels=eu), spell(5, 20)])) == 1
    assert len(united_outages([spell(0, 10), spell(5, 20, service="till")])) == 2
    assert len(united_outages([spell(0, 10), spell(5, 20, origin="imported")])) == 2


def test_incidents_that_others_wrote_down_are_united_where_they_overlap() -> None:
    """A down from 10:00 to 11:00 and B from 10:30 to 11:00: any-down is 3,600 s."""
    written: dict[str, Any] = {"origin": "imported", "cause": "imported", "settle_s": 0.0}
    (outage,) = united_outages([spell(0, 3600, component="A", **written), spell(1800, 3600, component="B", **written)])
    assert outage.lasted is not None
    assert outage.lasted.value_s == 3600


spans = st.tuples(st.integers(0, 500), st.integers(1, 120), st.sampled_from(["failures", "level"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(spans, min_size=1, max_size=12), st.sampled_from([None, 0.0, 30.0]), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_every_spell_lies_in_one_outage(
    drawn: list[tuple[int, int, str]], settle_s: float | None, random: Any
) -> None:
    """Permuted spells give the same outages; each is inside one; none but its own quiet lies between two."""
    spells = [spell(start, start + length, cause=cause) for start, length, cause in drawn]
    found = united_outages(spells, settle_s)
    shuffled = list(spells)
    random.shuffle(shuffled)
    assert united_outages(shuffled, settle_s) == found
    spans_found = seconds(found)
    for start, length, _ in drawn:
        assert any(low <= start and start + length <= (high or 0) for low, high in spans_found)
    for (_, before), (after, _) in pairwise(spans_found):
        assert before is not None
        assert after - before >= (60.0 if settle_s is None else settle_s)


@pytest.mark.parametrize("settle_s", [0.0, 60.0])
def test_a_longer_settle_time_never_gives_more_outages(settle_s: float) -> None:
    """Each outage of the longer one holds whole outages of the shorter one."""
    spells = [spell(at, at + 5) for at in (0, 20, 70, 200, 230)]
    assert len(united_outages(spells, settle_s)) >= len(united_outages(spells, settle_s + 30))
