"""Figures as people read them never tell another story than the figures themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.verdicts.shown import cut, limit_words, range_words, shown
from breakwatch.config_objectives import COMPARISONS, Comparison


@pytest.mark.parametrize(
    ("value", "unit", "comparison", "target", "expected"),
    [
        (0.99899, "ratio", "at_least", 0.999, "99.89 %"),
        (0.9989999, "ratio", "at_least", 0.999, "99.89 %"),
        (0.999, "ratio", "at_least", 0.999, "99.9 %"),
        (0.9991, "ratio", "at_least", 0.999, "99.91 %"),
        (30.001, "s", "at_most", 30.0, "30.01 s"),
        (4.9999, "s", "below", 5.0, "4.99 s"),
        (5.0, "s", "below", 5.0, "5 s"),
        (20.053, "s", None, None, "20.05 s"),
        (0.00123, "s", None, None, "0.00123 s"),
        (3.0, "", "at_most", 5.0, "3"),
        (2.0, "level", "at_least", 2.0, "limited"),
        (None, "s", "at_most", 5.0, "–"),
        (float("inf"), "s", "at_most", 5.0, "∞"),
    ],
)
def test_a_figure_is_cut_on_the_side_of_its_target(
    value: float | None, unit: str, comparison: Comparison | None, target: float | None, expected: str
) -> None:
    """99.899 % never prints as 99.9 %."""
    assert shown(value, unit, comparison, target) == expected


@pytest.mark.parametrize("comparison", COMPARISONS)
@given(value=st.decimals(0, 100, places=7), target=st.decimals(0, 100, places=2))
def test_what_is_shown_keeps_the_limit_as_the_figure_does(
    comparison: Comparison, value: Decimal, target: Decimal
) -> None:
    """Whatever the figure and the limit."""
    found = cut(value, comparison, target)
    words = {
        "below": (value < target, found < target),
        "at_most": (value <= target, found <= target),
        "above": (value > target, found > target),
        "at_least": (value >= target, found >= target),
        "equals": (value == target, found == target),
    }
    truly, seemingly = words[comparison]
    assert truly == seemingly


def test_limits_and_bounds_in_words() -> None:
    """As a sentence has them; bounds that meet need none."""
    assert limit_words("at_least", 0.99999, "ratio") == "at least 99.999 %"
    assert limit_words(None, None, "s") == "only reported"
    assert range_words(1.0, 2.5, "s", "at_most", 3.0) == "1 s to 2.5 s"
    assert range_words(1.0, 1.0, "s", "at_most", 3.0) == ""
    assert range_words(None, None, "s", "at_most", 3.0) == ""
