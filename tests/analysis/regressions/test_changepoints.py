"""Change points: what is found, what is not, and what cannot matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.regressions.changepoints import FEWEST, changes, effect_of
from analysis.regressions.noise import autocorrelation


def noisy(seed: int, n: int, *steps: tuple[int, float], share: float = 0.05) -> np.ndarray:
    """Return a series around 100 whose level changes by factors."""
    level = np.ones(n)
    for at, factor in steps:
        level[at:] *= factor
    return 100 * level * (1 + share * np.random.default_rng(seed).standard_normal(n))


@pytest.mark.parametrize("factor", [1.2, 1 / 1.2])
def test_a_clear_step_is_found_once_and_where_it_is(factor: float) -> None:
    """One step of a fifth among noise of a twentieth is one change, at its place, with its size."""
    (change,) = changes(noisy(1, 100, (60, factor)))
    assert abs(change.index - 60) <= 1
    assert change.earliest <= 60 <= change.latest
    assert change.effect == pytest.approx(factor - 1, abs=0.03)
    assert change.tier == "confirmed"
    assert change.p < 1e-6


def test_noise_alone_is_no_change() -> None:
    """Of two hundred series that never change, hardly one shows a change."""
    assert sum(len(changes(noisy(seed, 100))) for seed in range(200)) <= 2


def test_spikes_are_no_change() -> None:
    """Single runs that took three times as long change no level, wherever they are, the last two included."""
    values = noisy(2, 80)
    values[[20, 50, 78, 79]] *= 3
    assert changes(values) == []


def test_three_runs_on_a_new_level_are_suspected_then_confirmed() -> None:
    """The newest three runs raise a suspicion; more runs on the same level confirm it."""
    values = noisy(3, 130, (100, 1.25))
    assert changes(values[:102]) == []
    (early,) = changes(values[:103])
    assert (early.index, early.tier) == (100, "suspected")
    (late,) = changes(values)
    assert (late.index, late.tier) == (100, "confirmed")


def test_a_suspicion_goes_away_with_its_cause() -> None:
    """Where the newest runs return to the level before, nothing remains of the suspicion."""
    values = noisy(4, 130)
    values[100:103] *= 1.25
    assert [change.tier for change in changes(values[:103])] == ["suspected"]
    assert not [change for change in changes(values) if change.tier == "suspected"]


def test_an_exact_step_without_any_noise_is_found() -> None:
    """A series that repeats itself exactly, then another value, changes there."""
    (change,) = changes(np.array([7.0] * 20 + [8.0] * 20))
    assert (change.index, change.before, change.after) == (20, 7.0, 8.0)


def test_constants_and_zeros_do_not_change() -> None:
    """Nothing is found where nothing varies, at zero too."""
    assert changes(np.full(50, 3.0)) == []
    assert changes(np.zeros(50)) == []


def test_values_below_zero_are_compared_as_they_are() -> None:
    """A series that crosses zero has no logarithm and still shows its step."""
    values = np.random.default_rng(5).standard_normal(80) - 1
    values[40:] += 6
    (change,) = changes(values)
    assert abs(change.index - 40) <= 1


def test_too_few_runs_say_nothing() -> None:
    """With fewer runs than the least, even a large step is not judged."""
    assert changes(np.array([1.0] * 4 + [9.0] * (FEWEST - 5))) == []


def test_a_long_series_is_taken_in_blocks_without_seams() -> None:
    """A change near the border of two blocks is found once, and none is made by the borders."""
    found = changes(noisy(6, 5000, (1750, 1.2), (3300, 1.2)))
    assert [round(change.index, -1) for change in found] == [1750, 3300]


def test_drifting_noise_is_known_for_what_it_is() -> None:
    """The correlation of neighbouring runs is seen, and a change of level is not mistaken for it."""
    rng = np.random.default_rng(7)
    drift = np.zeros(2000)
    for i in range(1, 2000):
        drift[i] = 0.6 * drift[i - 1] + rng.standard_normal()
    assert autocorrelation(drift) == pytest.approx(0.6, abs=0.1)
    assert autocorrelation(np.log(noisy(8, 2000, (1000, 2.0)))) < 0.1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-6, 1e6), st.integers(20, 60))
def test_the_unit_cannot_matter(seed: int, unit: float, at: int) -> None:
    """In seconds or in nanoseconds: the same changes, of the same effect."""
    values = noisy(seed, 80, (at, 1.15))
    one, other = changes(values), changes(values * unit)
    assert [change.index for change in one] == [change.index for change in other]
    assert [change.effect for change in one] == pytest.approx([change.effect for change in other])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2), st.floats(0, 0.5))
def test_a_floor_only_leaves_out(seed: int, steps: int, floor: float) -> None:
    """What a least effect leaves is some of what is there without it, and all of it is large enough."""
    values = noisy(seed, 90, *[(30 * (i + 1), 1.12) for i in range(steps)])
    every = changes(values)
    assert changes(values, min_effect=floor) == [change for change in every if abs(change.effect) >= floor]


def test_an_effect_from_zero_is_infinite() -> None:
    """A level that was zero has no relative change; what appears is infinitely more."""
    assert effect_of(0.0, 2.0) == float("inf")
    assert effect_of(0.0, 0.0) == 0.0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from([0.0, 1.0, -1.0, 1e9]), st.floats(-1e12, 1e12, allow_subnormal=False)), max_size=60
    )
)
def test_any_values_are_answered_in_order(values: list[float]) -> None:
    """Whatever the values are, changes come in order, inside the series, with a chance between 0 and 1."""
    found = changes(np.array(values))
    places = [change.index for change in found]
    assert places == sorted(set(places))
    for change in found:
        assert 0 < change.earliest <= change.index <= change.latest < len(values)
        assert 0 <= change.p <= 1
