"""The tests behind the rules: two samples, counts, limits, and many of them at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.regressions.counts import count_changes, rate_ratio
from analysis.regressions.fdr import adjusted, least_chance
from analysis.regressions.limits import hold, in_unit
from analysis.regressions.rules import rule_of
from analysis.regressions.series import Key
from analysis.regressions.twosample import compare, too_few
from breakwatch.config_regressions import BenchmarkRule, Regressions
from breakwatch.config_units import Target


def test_the_least_chance_is_that_of_complete_separation() -> None:
    """Five against five cannot go below .0079, ten against ten below 1.1e-5."""
    assert least_chance(5, 5) == pytest.approx(0.0079, abs=1e-4)
    assert least_chance(10, 10) == pytest.approx(1.08e-5, rel=0.01)


def test_too_few_repetitions_are_said_to_be_too_few() -> None:
    """Among 800 series five repetitions can never be enough, and the sentence says so; alone they can."""
    assert too_few(5, 5, 800, 0.05) == "not enough data: n=5 cannot reach q=.05 over 800 series"
    assert too_few(5, 5, 1, 0.05) == ""
    assert too_few(2, 500, 1, 0.05).startswith("not enough data: n=2")


def test_many_repetitions_are_compared_by_ranks_few_by_means() -> None:
    """From twenty on each side Mann and Whitney, below Welch on logarithms; below zero Welch as it is."""
    rng = np.random.default_rng(1)
    many, few = rng.normal(100, 5, (2, 20)), rng.normal(100, 5, (2, 10))
    assert compare(many[0], many[1] * 1.1).method == "mann-whitney"
    assert compare(many[0], many[1] * 1.1).p < 1e-3
    assert compare(few[0], few[1] * 1.2).method == "welch-log"
    assert compare(few[0], few[1] * 1.2).p < 1e-3
    assert compare(few[0] - 100, few[1] - 100).method == "welch"


def test_one_spike_is_no_difference() -> None:
    """A single repetition that took ten times as long makes no difference of two samples."""
    values = np.random.default_rng(2).normal(100, 3, (2, 10))
    values[1][4] *= 10
    assert compare(values[0], values[1]).p > 0.05


def test_repetitions_that_never_vary_are_as_rare_as_their_number_allows() -> None:
    """Ten times exactly 5 against ten times exactly 6 is a difference, but not a certainty; the same value is none."""
    assert 0 < compare([5.0] * 10, [6.0] * 10).p <= 0.01
    assert compare([5.0] * 10, [5.0] * 10).p == 1.0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 500))
def test_correction_never_makes_anything_more_credible(chances: list[float], others: int) -> None:
    """Corrected probabilities are at least the plain ones, keep their order, and grow with the number of series."""
    corrected = adjusted(chances, len(chances) + others)
    assert all(after >= before - 1e-12 for before, after in zip(chances, corrected, strict=True))
    ordered = [after for _, after in sorted(zip(chances, corrected, strict=True))]
    assert ordered == sorted(ordered)
    more = adjusted(chances, len(chances) + others + 10)
    assert all(larger >= smaller - 1e-12 for smaller, larger in zip(corrected, more, strict=True))


def test_rates_are_compared_exactly() -> None:
    """Nothing against nothing is no difference; 5 against 30 in as many runs is one; scattered counts take more."""
    assert rate_ratio(np.zeros(10), np.zeros(10)) == (1.0, 1.0)
    ratio, p = rate_ratio(np.full(10, 0.5), np.full(10, 3.0))
    assert (ratio, p < 1e-3) == (6.0, True)
    scattered = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 5.0]), np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 30.0])
    assert rate_ratio(*scattered)[1] > 0.05


def test_a_rate_that_never_changed_is_left_alone() -> None:
    """Of two hundred series of rare counts hardly one shows a change."""
    rng = np.random.default_rng(3)
    assert sum(len(count_changes(rng.poisson(0.3, 100).astype(float))) for _ in range(200)) <= 4


def test_a_rate_that_doubled_is_found() -> None:
    """Counts around 3 that become counts around 6 change once, about there."""
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.poisson(3, 50), rng.poisson(6, 50)]).astype(float)
    (change,) = count_changes(values)
    assert abs(change.index - 50) <= 4
    assert change.earliest <= 50 <= change.latest


def test_the_bounds_of_a_median_are_order_statistics() -> None:
    """Five values bound their median by the smallest and the largest; four do not bound it."""
    held = hold([3, 1, 2, 5, 4], 10, above=True)
    assert (held.value, held.low, held.high) == (3, 1, 5)
    assert hold([1, 2, 3, 4], 10, above=True).low is None


@settings(max_examples=30, deadline=None)
@given(st.integers(5, 60), st.integers(0, 1000))
def test_the_bounds_hold_the_median(n: int, seed: int) -> None:
    """Whatever the values are, the bounds hold their median."""
    values = np.random.default_rng(seed).lognormal(0, 1, n).tolist()
    held = hold(values, 1.0, above=True)
    assert held.low is not None
    assert held.high is not None
    assert held.low <= held.value <= held.high


def test_limits_are_written_in_any_unit_of_time() -> None:
    """100 ms is 100 in a series of ms and 0.1 in one of s; for a series of another kind it cannot hold, and says so."""
    settings_ = Regressions(benchmarks=(BenchmarkRule(metric="load*", at_most=Target(0.1, "s")),))
    assert rule_of(Key(metric="load time", unit="ms"), settings_).at_most == pytest.approx(100)
    assert rule_of(Key(metric="load time", unit="s"), settings_).at_most == pytest.approx(0.1)
    refused = rule_of(Key(metric="load rate", unit="req/s"), settings_)
    assert (refused.at_most, refused.lacking) == (None, "a limit in seconds cannot hold for the unit 'req/s'")
    assert rule_of(Key(metric="other", unit="s"), settings_).at_most is None
    assert in_unit(1.0, "items") is None


def test_the_last_rule_that_fits_counts() -> None:
    """Rules narrow each other down: what a later one does not say an earlier one still does."""
    rules = (BenchmarkRule(suite="api", min_effect=0.2), BenchmarkRule(benchmark="pay*", ignore=True))
    found = rule_of(Key(suite="api", benchmark="pay-slow"), Regressions(benchmarks=rules))
    assert (found.min_effect, found.ignore) == (0.2, True)
    assert rule_of(Key(suite="web"), Regressions(benchmarks=rules)).min_effect == 0.05
