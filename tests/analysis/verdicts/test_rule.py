"""The verdict rule, case by case and for any bounds."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.asking import Measured
from analysis.lengths import NOTHING_HAPPENED
from analysis.verdicts.limits import held, keeps
from analysis.verdicts.rule import Judged, Rule, Unfinished, judge
from breakwatch.config_objectives import COMPARISONS, Comparison

LIMIT = 5.0

BY_BOUNDS: list[tuple[Comparison, float, float, str]] = [
    ("at_most", 1, 5, "met"),
    ("at_most", 1, 5.1, "cannot_tell"),
    ("at_most", 5, 9, "cannot_tell"),
    ("at_most", 5.1, 9, "missed"),
    ("below", 1, 4.9, "met"),
    ("below", 1, 5, "cannot_tell"),
    ("below", 4.9, 9, "cannot_tell"),
    ("below", 5, 9, "missed"),
    ("at_least", 5, 9, "met"),
    ("at_least", 4.9, 9, "cannot_tell"),
    ("at_least", 1, 5, "cannot_tell"),
    ("at_least", 1, 4.9, "missed"),
    ("above", 5.1, 9, "met"),
    ("above", 5, 9, "cannot_tell"),
    ("above", 1, 5.1, "cannot_tell"),
    ("above", 1, 5, "missed"),
    ("equals", 5, 5, "met"),
    ("equals", 5, 6, "cannot_tell"),
    ("equals", 4, 5, "cannot_tell"),
    ("equals", 4, 4.9, "missed"),
    ("equals", 5.1, 6, "missed"),
    ("at_most", 3, inf, "cannot_tell"),
    ("at_most", 6, inf, "missed"),
    ("at_least", 5, inf, "met"),
    ("above", -inf, 5, "missed"),
]


@pytest.mark.parametrize(("comparison", "low", "high", "verdict"), BY_BOUNDS)
def test_only_bounds_decide(comparison: Comparison, low: float, high: float, verdict: str) -> None:
    """Strict and non-strict limits, with the bounds on, inside and outside of them."""
    assert held(comparison, low, high, LIMIT) == verdict


@pytest.mark.parametrize("comparison", COMPARISONS)
@given(low=st.integers(0, 9), width=st.integers(0, 9), place=st.floats(0, 1))
def test_a_verdict_holds_for_every_value_inside_the_bounds(
    comparison: Comparison, low: int, width: int, place: float
) -> None:
    """What is met is kept by each value the bounds allow, what is missed by none."""
    found = held(comparison, low, low + width, LIMIT)
    kept = keeps(comparison, low + place * width, LIMIT)
    assert kept if found == "met" else True
    assert not kept if found == "missed" else True


@pytest.mark.parametrize("comparison", COMPARISONS)
@given(low=st.integers(0, 9), width=st.integers(0, 9), more=st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_wider_bounds_never_turn_a_verdict_over(
    comparison: Comparison, low: int, width: int, more: tuple[int, int]
) -> None:
    """Knowing less can only turn a verdict into cannot_tell."""
    narrow = held(comparison, low, low + width, LIMIT)
    assert held(comparison, low - more[0], low + width + more[1], LIMIT) in {narrow, "cannot_tell"}


def verdict(measured: Measured, **rule: Any) -> Judged:
    """Return the verdict on what is held to at most 5."""
    given: dict[str, Any] = {"comparison": "at_most", "target": LIMIT, "unit": "s", "subject": "shop"}
    return judge(measured, Rule(**(given | rule)))


def measured(value: float | None, low: float | None, high: float | None, **more: Any) -> Measured:
    """Return a figure of one event that was fully covered."""
    given: dict[str, Any] = {"n": 1, "coverage": 1.0}
    return Measured(value, low, high, **(given | more))


@pytest.mark.parametrize(
    ("value", "leaning"), [(4.0, "likely_met"), (6.0, "likely_missed"), (None, "open")], ids=["below", "above", "none"]
)
def test_what_cannot_be_told_says_which_way_it_leans(value: float | None, leaning: str) -> None:
    """The value says it, and a remedy says what would settle it."""
    found = verdict(measured(value, 1.0, 9.0))
    assert (found.verdict, found.leaning) == ("cannot_tell", leaning)
    assert "add the log of shop" in found.remedy


def test_an_indicator_that_knows_its_remedy_is_heard() -> None:
    """The remedy of the measurement goes before the general one."""
    found = verdict(measured(4.0, 1.0, 9.0, remedy="count the calls of payments"))
    assert found.remedy == "count the calls of payments"


def test_what_goes_on_can_prove_missed_and_never_met() -> None:
    """Ongoing is unbounded above."""
    assert verdict(measured(None, 3.0, inf, ongoing=1)).verdict == "cannot_tell"
    assert "not ended" in verdict(measured(None, 3.0, inf, ongoing=1)).reason
    assert verdict(measured(None, 6.0, inf, ongoing=1)).verdict == "missed"


@pytest.mark.parametrize("coverage", [0.0, 0.9, 0.9899, None])
def test_low_coverage_takes_met_away_and_never_missed(coverage: float | None) -> None:
    """Bounds count the unknown both ways already."""
    good = verdict(measured(1.0, 1.0, 1.0, coverage=coverage))
    assert (good.verdict, good.leaning) == ("cannot_tell", "open" if coverage is None else "likely_met")
    assert good.remedy
    assert verdict(measured(9.0, 9.0, 9.0, coverage=coverage)).verdict == "missed"


def test_enough_coverage_is_enough() -> None:
    """The least coverage itself is enough, and it does not matter to what is not about time seen."""
    assert verdict(measured(1.0, 1.0, 1.0, coverage=0.99)).verdict == "met"
    assert verdict(measured(1.0, 1.0, 1.0, coverage=0.5), min_coverage=0.5).verdict == "met"
    assert verdict(measured(1.0, 1.0, 1.0, coverage=None), covered=False).verdict == "met"


def test_too_few_events_take_met_away_and_never_missed() -> None:
    """Five of seven calls prove little; a miss is a miss."""
    few = verdict(measured(1.0, 1.0, 1.0, n=4), min_events=5)
    assert (few.verdict, few.leaning) == ("cannot_tell", "likely_met")
    assert "only 4 of at least 5" in few.reason
    assert verdict(measured(1.0, 1.0, 1.0, n=5), min_events=5).verdict == "met"
    assert verdict(measured(9.0, 9.0, 9.0, n=4), min_events=5).verdict == "missed"


def test_nothing_happened_in_a_covered_window_is_met() -> None:
    """A time to recover that nobody needed was kept; the value stays NULL."""
    assert verdict(Measured(coverage=1.0), nothing="kept") == Judged("met", reason=NOTHING_HAPPENED)


def test_nothing_seen_is_not_nothing_happened() -> None:
    """Without coverage it is not known whether anything happened."""
    assert verdict(Measured(coverage=0.5), nothing="kept").verdict == "cannot_tell"
    assert verdict(Measured(coverage=None), nothing="kept").leaning == "open"
    assert verdict(Measured(coverage=1.0), nothing="kept", min_events=1).verdict == "cannot_tell"


def test_a_ratio_of_nothing_cannot_be_told() -> None:
    """A total of 0 is no 100 %."""
    found = verdict(Measured(coverage=1.0), nothing="unknown", comparison="at_least")
    assert (found.verdict, found.leaning) == ("cannot_tell", "open")
    assert found.reason
    assert found.remedy


def test_a_count_of_nothing_is_zero() -> None:
    """Zero of something bad, in a covered window, is a fact."""
    assert verdict(measured(0.0, 0.0, 0.0, n=0), nothing="zero", comparison="equals", target=0.0).verdict == "met"


@pytest.mark.parametrize("value", [1.0, 9.0])
def test_a_fault_without_effect_proves_nothing(value: float) -> None:
    """Neither met nor missed, whether the effect is known to be none or not known at all."""
    for effect in (False, None):
        found = verdict(measured(value, value, value), experiment=True, effect=effect)
        assert (found.verdict, found.leaning) == ("cannot_tell", "open")
        assert found.reason.startswith("the fault had no visible effect")
        assert found.remedy
    assert verdict(measured(1.0, 1.0, 1.0), experiment=True, effect=True).verdict == "met"


def test_what_has_no_limit_declared_is_not_applicable() -> None:
    """Whatever was measured."""
    found = verdict(measured(9.0, 9.0, 9.0), not_applicable="no open_time is declared")
    assert found == Judged("not_applicable", reason="no open_time is declared")


@pytest.mark.parametrize(
    ("kind", "harsh", "expected"),
    [(0.9995, 0.9991, "met"), (0.9989, 0.99, "missed"), (0.999, 0.999, "met"), (0.9995, 0.9985, "cannot_tell")],
)
def test_an_unfinished_window_is_missed_only_once_it_cannot_be_won_back(
    kind: float, harsh: float, expected: str
) -> None:
    """The value so far, however bad, does not decide; the budget of the whole window does."""
    found = verdict(measured(0.95, 0.95, 0.95), comparison="at_least", target=0.999, unfinished=Unfinished(kind, harsh))
    assert found.verdict == expected


def test_an_unfinished_window_needs_coverage_too() -> None:
    """Met so far is met, with the same conditions."""
    so_far = Unfinished(1.0, 1.0)
    low = verdict(measured(1.0, 1.0, 1.0, coverage=0.5), comparison="at_least", target=0.9, unfinished=so_far)
    assert low.verdict == "cannot_tell"
