"""Statistics of bounded and censored lengths."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics import Figure, Length, bootstrap_interval, quantile, share_figure, spread

amounts = st.floats(0, 1e6, allow_nan=False)
bounded_lengths = st.tuples(amounts, amounts, amounts).map(lambda three: Length(*_middle_first(sorted(three))))


def _middle_first(three: list[float]) -> tuple[float, float, float]:
    return three[1], three[0], three[2]


@given(st.lists(bounded_lengths, min_size=1, max_size=30), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_bounds_always_hold_the_value(lengths: list[Length], share: float) -> None:
    """Low ≤ value ≤ high for every quantile and the mean."""
    for figure in (share_figure(lengths, share), spread(lengths).mean):
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        slack = 1e-9 * max(1.0, figure.high)
        assert figure.low - slack <= figure.value <= figure.high + slack


def test_an_ongoing_incident_can_raise_but_never_bound_from_above() -> None:
    """With one of three still open the worst has no upper bound and no value; the median does."""
    lengths = [Length(10, 9, 11), Length(20, 19, 21), Length(None, 15, inf)]
    assert share_figure(lengths, 1.0) == Figure(None, 19, inf)
    assert share_figure(lengths, 0.5) == Figure(20, 15, 21)


def test_kaplan_meier_median_counts_the_censored() -> None:
    """Ten that ended at 1..10 s and ten still open after 0.5 s: half of all at risk later have ended at 5 s."""
    lengths = [Length(float(s), s, s) for s in range(1, 11)] + [Length(None, 0.5, inf)] * 10
    median = share_figure(lengths, 0.5)
    assert (median.value, median.high) == (5.0, inf)
    assert median.low == pytest.approx(0.75)


def test_nothing_has_no_figures() -> None:
    """No incidents: n is 0 and there is no value, not a zero."""
    nothing = spread([])
    assert (nothing.n, nothing.median, nothing.mean, nothing.ci_low) == (
        0,
        Figure(None, None, None),
        Figure(None, None, None),
        None,
    )


def test_fewer_than_five_are_too_few() -> None:
    """Four are marked as too few to compare, five are not."""
    assert [spread([Length(1, 1, 1)] * n).too_few for n in (4, 5)] == [True, False]


def test_the_interval_of_the_mean_is_repeatable_and_holds_it() -> None:
    """The same values give the same interval, around their mean; one value gives none."""
    values = [1.0, 2.0, 2.5, 9.0, 30.0]
    low, high = bootstrap_interval(values)
    assert (low, high) == bootstrap_interval(values)
    assert low is not None
    assert high is not None
    assert low < sum(values) / 5 < high
    assert bootstrap_interval([3.0]) == (None, None)


def test_quantiles_interpolate_like_the_database() -> None:
    """Type 7, as quantile_cont."""
    assert quantile([1, 2, 3, 10], 0.9) == pytest.approx(7.9)
