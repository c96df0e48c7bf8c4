"""Failing calls and the minutes they hurt: where a spell begins and ends, what bounds it, and what is none."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bounds import STAMP_SLACK_US, Bounds
from analysis.facts.failing import (
    Calls,
    FailureSpell,
    HurtStretch,
    Told,
    hurt_stretches,
    spells_of,
    telling,
)

SECOND = 1_000_000
LONGEST_US = 60 * SECOND


def call(ended: float, lasted: float = 0.1, number: int = 1) -> Told:
    """Return a call told by itself."""
    ended_us, begun_us = round(ended * SECOND), round((ended - lasted) * SECOND)
    return Told(ended_us, ended_us, number, 0, begun_us, begun_us)


def growth(after: float, until: float, number: int = 1, *, read_s: float = 0.0) -> Told:
    """Return calls that a counter showed."""
    after_us, until_us = round(after * SECOND), round(until * SECOND)
    late_us = STAMP_SLACK_US + round(read_s * SECOND)
    return Told(after_us, until_us, number, late_us, after_us - STAMP_SLACK_US - LONGEST_US, until_us + late_us)


def only(found: list[FailureSpell]) -> FailureSpell:
    """Return the one spell there is."""
    (spell,) = found
    return spell


def stretches(calls: Calls, least_good: float = 0.99) -> list[HurtStretch]:
    """Return what hurt."""
    return list(hurt_stretches(calls, least_good))


def test_a_spell_goes_from_the_first_failed_start_to_the_next_good_end() -> None:
    """The start of the first failed call, told by when it ended and how long it lasted; the end of the good answer."""
    calls = Calls([call(5), call(20), call(21)], [call(10, 2), call(11), call(12)])
    spell = only(spells_of(calls))
    assert spell.begun == Bounds(8 * SECOND, 8 * SECOND)
    assert spell.served == Bounds(20 * SECOND, 20 * SECOND)
    assert (spell.failed, spell.requests) == (3, 3)


def test_a_good_answer_between_makes_two_spells() -> None:
    """It was over, if only for one call."""
    spells = spells_of(Calls([call(11.5), call(20)], [call(10), call(11), call(12)]))
    assert [(spell.failed, spell.served) for spell in spells] == [
        (2, Bounds(11_500_000, 11_500_000)),
        (1, Bounds(20 * SECOND, 20 * SECOND)),
    ]


def test_without_a_good_answer_there_is_no_end() -> None:
    """Calls that stopped altogether prove nothing."""
    assert only(spells_of(Calls([call(5)], [call(10), call(11)]))).served is None


def test_by_counters_the_edges_lie_between_two_scrapes() -> None:
    """First seen failing at 30: it ended after 15, and began at most the longest call before that. Good since 60."""
    calls = Calls(
        [growth(0, 15, 9), growth(45, 60, 9, read_s=0.2), growth(60, 75, 9)], [growth(15, 30, 6), growth(30, 45, 8)]
    )
    spell = only(spells_of(calls))
    assert spell.begun == Bounds(15 * SECOND - STAMP_SLACK_US - LONGEST_US, 30 * SECOND + STAMP_SLACK_US)
    assert spell.served == Bounds(45 * SECOND - STAMP_SLACK_US, 60 * SECOND + STAMP_SLACK_US + 200_000)
    assert spell.failed == 14


def test_good_answers_in_the_last_scrape_may_have_come_before_the_failures() -> None:
    """They bound the end from below only; the next scrape with good answers bounds it from above."""
    calls = Calls([growth(15, 30, 4), growth(30, 45, 9)], [growth(15, 30, 6)])
    spell = only(spells_of(calls))
    assert spell.served == Bounds(15 * SECOND - STAMP_SLACK_US, 45 * SECOND + STAMP_SLACK_US)


def test_a_scrape_with_good_answers_only_ends_a_spell_of_counters() -> None:
    """Failing, good, failing: two spells; failing, both, failing: the order inside the scrape is lost, so one."""
    apart = Calls([growth(15, 30, 4), growth(45, 60)], [growth(0, 15, 6), growth(30, 45, 6)])
    assert len(spells_of(apart)) == 2
    blurred = Calls([growth(15, 30, 4), growth(45, 60)], [growth(0, 15, 6), growth(15, 30, 1), growth(30, 45, 6)])
    assert len(spells_of(blurred)) == 1


def test_fewer_than_five_failed_calls_in_a_minute_hurt_nobody() -> None:
    """Four of four failed: too little to go by. The fifth makes it an outage."""
    four = [call(at) for at in (10, 11, 12, 13)]
    assert stretches(Calls([call(5), call(20)], four)) == []
    (stretch,) = stretches(Calls([call(5), call(20)], [*four, call(14)]))
    assert (stretch.down, stretch.failed, stretch.requests) == (True, 5, 5)


def test_a_minute_hurts_only_under_its_objective() -> None:
    """6 of 1,000 failed: fine where 99 % are promised, not where 99.9 % are; then the service was degraded."""
    calls = Calls([call(at * 0.06) for at in range(994)], [call(at * 9 + 1.003) for at in range(6)])
    assert stretches(calls, 0.99) == []
    (stretch,) = stretches(calls, 0.999)
    assert not stretch.down


def test_failing_calls_beyond_the_minute_belong_to_it() -> None:
    """Failing from 50 to 62: the second minute has too few to hurt by itself, but nothing good came between."""
    bad = [call(50 + n) for n in range(13)]
    (stretch,) = stretches(Calls([call(40), call(70)], bad))
    assert (stretch.begun.middle_us, stretch.served) == (49_900_000, Bounds(70 * SECOND, 70 * SECOND))
    assert stretch.failed == 13


def test_neighbouring_minutes_are_one_stretch_and_others_are_not() -> None:
    """Minutes 0, 1 and 3 hurt: two stretches."""
    bad = [call(60 * minute + 5 * n + 1) for minute in (0, 1, 3) for n in range(6)]
    good = [call(60 * minute + 5 * n + 3) for minute in range(5) for n in range(6)]
    assert [stretch.failed for stretch in stretches(Calls(good, bad))] == [12, 6]


def test_a_time_in_which_all_failed_inside_one_of_some_failures_is_told_by_itself() -> None:
    """Ten minutes with 10 % failing, and one in the middle with all: degraded throughout, down in the middle."""
    good = [call(at + 0.5) for at in range(600) if not 300 <= at < 360]
    bad = [call(at) for at in range(0, 600, 10) if not 300 <= at < 360] + [call(at) for at in range(300, 360)]
    down, degraded = stretches(Calls(good, bad))
    assert (degraded.down, down.down) == (False, True)
    assert down.begun.middle_us == 299_900_000
    assert down.served == Bounds(360_500_000, 360_500_000)
    assert (degraded.begun.middle_us, degraded.failed) == (-100_000, 53)


def test_failing_in_a_row_is_down_however_few_others_fail_in_that_minute() -> None:
    """Twice ten seconds in one minute, and a stray failure before: two times down, and the stray hurts nobody."""
    good = [call(at + 0.5) for at in range(60) if not (10 <= at < 20 or 50 <= at < 60)] + [call(70)]
    bad = [call(2), *(call(at) for at in (*range(10, 20), *range(50, 60)))]
    found = stretches(Calls(good, bad))
    assert [(one.down, one.begun.middle_us, one.served) for one in found] == [
        (True, 9_900_000, Bounds(20_500_000, 20_500_000)),
        (True, 49_900_000, Bounds(70_000_000, 70_000_000)),
    ]


def test_failing_in_a_row_by_chance_is_not_down() -> None:
    """A busy service with some errors has five in a row now and then, for a few milliseconds."""
    bad = [call(10 + n / 1000) for n in range(6)] + [call(at) for at in range(20, 50, 3)]
    good = [call(at / 20 + 0.011) for at in range(1200)]
    (stretch,) = stretches(Calls(good, bad))
    assert not stretch.down


def test_of_very_many_spells_only_the_telling_ones_are_kept() -> None:
    """Every tenth call of an hour fails: the first and the last spell, and those with 5 failed calls and more."""
    spells = spells_of(Calls([call(at + 0.5) for at in range(3600)], [call(at) for at in range(0, 3600, 10)]))
    assert len(spells) == 360
    assert telling(spells) == [spells[0], spells[-1]]
    assert telling(spells[:100]) == spells[:100]


moments = st.lists(
    st.tuples(st.integers(0, 3000), st.booleans()), min_size=2, max_size=60, unique_by=lambda one: one[0]
)


@settings(max_examples=60, deadline=None)
@given(moments, st.integers(5, 60))
def test_bounds_by_counters_hold_what_the_calls_were(told: list[tuple[int, bool]], every_s: int) -> None:
    """However far apart the scrapes: the true start of the first failure and end of the first answer lie inside."""
    calls = sorted((at / 10, good) for at, good in told)
    true = spells_of(Calls([call(at) for at, good in calls if good], [call(at) for at, good in calls if not good]))
    edges = range(-every_s, 300 + 3 * every_s, every_s)
    grown: dict[bool, list[Told]] = {True: [], False: []}
    for good in (True, False):
        for after in edges:
            number = sum(1 for at, well in calls if well is good and after < at <= after + every_s)
            if number:
                grown[good].append(growth(after, after + every_s, number))
    counted = spells_of(Calls(grown[True], grown[False]))
    assert sum(spell.failed for spell in counted) == sum(spell.failed for spell in true)
    for spell in counted:
        inside = [one for one in true if spell.first_after_us < one.first_until_us <= spell.last_until_us]
        first, last = inside[0], inside[-1]
        assert spell.begun.earliest_us <= first.begun.middle_us <= spell.begun.latest_us
        if spell.served is not None:
            assert last.served is not None
            assert spell.served.earliest_us <= last.served.middle_us <= spell.served.latest_us
