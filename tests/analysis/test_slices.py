"""Ratios by slices of time: OpenSLO's budgeting methods, with bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from analysis.asking import Ask, Ground, Measured, Scope, Slicing
from analysis.slices import Compute, by_slices, cut
from analysis.spans import length_us, united
from breakwatch.config import Config
from store import Store

MINUTE_US = 60_000_000
START = datetime(2026, 11, 2, tzinfo=UTC)
START_US = round(START.timestamp()) * 1_000_000
WHOLE = timedelta(days=7)
WEEK = ((START_US, START_US + 7 * 86_400_000_000),)


Grounds = Callable[..., Ground]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Grounds]:
    """Make the ground of a service that was seen for a week, but for a gap in minutes."""
    with Store.open(tmp_path / "b.duckdb") as store:

        def made(gap: tuple[int, int] = (0, 0)) -> Ground:
            spells = [(START, START + timedelta(minutes=gap[0])), (START + timedelta(minutes=gap[1]), START + WHOLE)]
            same = {"environment": "", "source": "s", "service": "shop", "instance": "", "covered": True, "labels": {}}
            rows = [same | {"started_at": start, "ended_at": end} for start, end in spells]
            store.replace("coverage", {}, rows)
            return Ground(store, Config(), START_US + 8 * 86_400_000_000)

        yield made


def failing(minutes: dict[int, tuple[float, float, float]], calls: int = 10) -> Compute:
    """Return an indicator that answers (low, value, high) in some minutes, and all well in the others."""

    def compute(_ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
        found = []
        for ask in asks:
            minute = (ask.start_us - START_US) // MINUTE_US
            low, value, high = minutes.get(minute, (1.0, 1.0, 1.0))
            found.append(Measured(value, low, high, n=calls) if value >= 0 else Measured())
        return found

    return compute


def ask(good_from: float | None, spans: tuple[tuple[int, int], ...] = WEEK) -> Ask:
    """Return a question by slices of a minute."""
    return Ask(Scope(service="shop"), spans, slicing=Slicing(MINUTE_US, good_from))


def test_a_week_has_10_080_slices_of_a_minute(ground: Grounds) -> None:
    """At 99.95 % its budget is 5 min 2.4 s: five bad slices keep it, six do not."""
    assert len(list(cut(WEEK, Slicing(MINUTE_US)))) == 10_080
    there = ground()
    for bad, kept in ((5, True), (6, False)):
        minutes = {minute * 100: (0.5, 0.5, 0.5) for minute in range(bad)}
        (found,) = by_slices(failing(minutes), there, [ask(0.95)])
        assert found.value == pytest.approx(1 - bad / 10_080)
        assert ((found.value or 0.0) >= 0.9995) is kept
        assert found.note == "10,080 slices"
    budget_s = (1 - 0.9995) * 10_080 * 60
    assert budget_s == pytest.approx(302.4)


def test_the_mean_of_the_slices_is_not_the_share_of_the_calls(ground: Grounds) -> None:
    """A quiet minute weighs as much as a busy one: that is what RatioTimeslices says, and no more."""
    (found,) = by_slices(failing({0: (0.0, 0.0, 0.0)}), ground(), [ask(None, ((START_US, START_US + 4 * MINUTE_US),))])
    assert (found.low, found.value, found.high, found.n) == (0.75, 0.75, 0.75, 40)


def test_a_slice_that_may_be_good_or_bad_is_in_the_bounds(ground: Grounds) -> None:
    """Where the bounds of a slice's share lie on both sides of the limit, the figure has that slice's width."""
    there = ground()
    ten = ((START_US, START_US + 10 * MINUTE_US),)
    (found,) = by_slices(failing({3: (0.9, 0.94, 0.96)}), there, [ask(0.95, ten)])
    assert (found.low, found.value, found.high) == pytest.approx((0.9, 0.9, 1.0))


def test_an_empty_slice_is_good_as_far_as_it_was_seen(ground: Grounds) -> None:
    """Nothing went wrong where nothing was called; where nobody looked, it may have."""
    there = ground(gap=(4, 6))
    ten = ((START_US, START_US + 10 * MINUTE_US),)
    silent = dict.fromkeys((1, 4, 5), (-1.0, -1.0, -1.0))
    (found,) = by_slices(failing(silent), there, [ask(0.95, ten)])
    assert (found.low, found.value, found.high) == pytest.approx((0.8, 1.0, 1.0))


def test_other_asks_are_answered_as_ever(ground: Grounds) -> None:
    """Asks by slices and by calls stand side by side, each at its own place."""
    plain = Ask(Scope(service="shop"), ((START_US, START_US + MINUTE_US),))
    two = ((START_US, START_US + 2 * MINUTE_US),)
    found = by_slices(failing({0: (0.5, 0.5, 0.5)}), ground(), [plain, ask(0.95, two), plain])
    assert [one.value for one in found] == [0.5, 0.5, 0.5]
    assert [one.n for one in found] == [10, 20, 10]


@given(
    some.lists(some.tuples(some.integers(0, 50), some.integers(1, 40)), max_size=5),
    some.integers(1, 9),
)
def test_slices_are_the_time_they_were_cut_from(spans: list[tuple[int, int]], length: int) -> None:
    """Together they are all of it, each lies inside one slice, and no two lie in the same."""
    whole = united((start, start + size) for start, size in spans)
    parts = list(cut(whole, Slicing(length)))
    assert united(span for part in parts for span in part) == whole
    assert sum(length_us(part) for part in parts) == length_us(whole)
    slices = [{start // length for start, _ in part} | {(end - 1) // length for _, end in part} for part in parts]
    assert all(len(one) == 1 for one in slices)
    assert len({min(one) for one in slices}) == len(slices)
