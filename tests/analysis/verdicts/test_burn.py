"""Budgets and burn rates: the vectors of the formulas, and when rules fire."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.asking import Measured
from analysis.verdicts.budget import budget, budget_s, burn_rate, exhaustion_s, unfinished
from analysis.verdicts.burn import (
    Watch,
    fired,
    firing,
    least_bad_events,
    time_to_fire_s,
    watch,
    watches,
    worst,
)
from breakwatch.clock import DAY_US, MINUTE_US, SECOND_US
from breakwatch.config_burning import left_out, never_fires, reachable, threshold
from breakwatch.config_objectives import BURN_RATES, BurnRate, Objective, RollingWindow
from breakwatch.config_units import Target

DAY_S = 86_400.0


def objective(target: float, days: float = 30, **more: object) -> Objective:
    """Return an availability objective over so many days."""
    return Objective.model_validate(
        {"name": "a", "indicator": "availability_requests", "at_least": Target(target, "ratio"),
         "window": RollingWindow(length_s=days * DAY_S), **more}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "window_s", "expected_s"),
    [
        (0.999, 30 * DAY_S, 2592.0),
        (0.999, 31 * DAY_S, 2678.4),
        (0.9995, 7 * DAY_S, 302.4),
        (0.99999, 30 * DAY_S, 25.92),
    ],
)
def test_a_budget_is_what_may_be_bad(target: float, window_s: float, expected_s: float) -> None:
    """Formulas 2, 6 and 18: 26 s of total outage exhaust a month at 99.999 %."""
    assert budget_s(target, window_s) == pytest.approx(expected_s)


def test_burn_rate_and_time_to_exhaustion() -> None:
    """Formula 3: at a rate of 1 the whole budget lasts the whole window."""
    assert burn_rate(1, 10, 0.999) == pytest.approx(100)
    assert exhaustion_s(1.0, 30 * DAY_S, 1.0) == 30 * DAY_S
    assert exhaustion_s(0.5, 30 * DAY_S, 14.4) == pytest.approx(90_000)


@pytest.mark.parametrize(
    ("days", "expected"), [(30, [14.4, 6, 3, 1]), (28, [13.44, 5.6, 2.8, 28 / 30])], ids=["30 d", "28 d"]
)
def test_thresholds_scale_with_the_window(days: float, expected: list[float]) -> None:
    """Formula 4: budget share x window / long window, and the short window is a twelfth."""
    found = watches(objective(0.999, days))
    assert [one.rate for one in found] == pytest.approx(expected)
    assert [(one.long_min, one.short_min) for one in found] == [(60, 5), (360, 30), (1440, 120), (4320, 360)]


def test_one_failure_in_ten_calls_an_hour() -> None:
    """Formula 5: burn 100 over the hour and 13.9 % of the 30-day budget, and yet one failure proves nothing."""
    assert burn_rate(1, 10, 0.999) == pytest.approx(100)
    spent = 1 / budget_s(0.999, 10 * 24 * 30)
    assert spent == pytest.approx(0.139, abs=0.0005)
    rule = watches(objective(0.999))[0]
    total = np.full(60, 10 / 60)
    for bad_events, fires in ((1, False), (2, True)):
        bad = np.zeros(60)
        bad[-1] = bad_events
        assert bool(firing(rule, bad, total)[-1]) is fires
        assert bool(firing(rule, bad, total, low_traffic=False)[-1])


@pytest.mark.parametrize(("total", "share", "least"), [(10, 0.0144, 2), (1, 0.0144, 1), (100, 0.0144, 5), (7, 0.5, 7)])
def test_the_least_number_of_bad_events_is_exact(total: int, share: float, least: int) -> None:
    """So many are as likely as 5 % at most, one fewer is likelier."""
    from scipy.stats import binom

    assert least_bad_events(float(total), share) == least
    assert binom.sf(least - 1, total, share) <= 0.05 < binom.sf(least - 2, total, share)


def test_when_a_steady_share_of_errors_fires() -> None:
    """Formula 18: 15 % of errors at 99.9 % cross 14.4 in the hour after about 5 min 46 s."""
    assert time_to_fire_s(0.15, 0.999, 14.4, 3600) == pytest.approx(345.6)
    rule = watches(objective(0.999))[0]
    total = np.full(120, 6000.0)
    bad = np.concatenate((np.zeros(60), np.full(10, 900.0), np.zeros(50)))
    (only,) = fired(rule, firing(rule, bad, total), 0)
    assert only.fired_us == 66 * MINUTE_US
    assert only.cleared_us is not None
    assert only.cleared_us <= 75 * MINUTE_US


def test_what_can_never_fire_is_refused_or_left_out() -> None:
    """Formula 18: at 90 % even a total outage is a burn rate of 10."""
    fast = BurnRate(long_s=3600, budget=0.02)
    assert not reachable(fast, 30 * DAY_S, 0.9)
    assert reachable(fast, 30 * DAY_S, 0.93056)
    assert left_out(objective(0.9)) == (BURN_RATES[0],)
    assert [round(one.rate, 3) for one in watches(objective(0.9))] == [6, 3, 1]
    (problem,) = never_fires(objective(0.9, burn_rates=(fast,)))
    assert "can never be exceeded" in problem[0]
    assert not list(never_fires(objective(0.999, burn_rates=(fast,))))


def test_a_total_outage_never_fires_what_cannot_be_reached() -> None:
    """The check is the truth about the rule."""
    rule = watch(BurnRate(long_s=3600, budget=0.02), 0.9, 30 * DAY_S)
    total = np.full(600, 1000.0)
    assert not firing(rule, total, total).any()


@given(target=st.floats(0.5, 0.9999), share=st.floats(0.001, 1), long_h=st.integers(1, 72))
def test_reachable_is_exact(target: float, share: float, long_h: int) -> None:
    """A rule can fire if and only if a total outage makes it fire, away from the very edge."""
    rule = BurnRate(long_s=long_h * 3600.0, budget=share)
    edge = threshold(rule, 30 * DAY_S) * (1 - target)
    if abs(edge - 1) < 1e-9:
        return
    total = np.full(long_h * 60, 1e6)
    assert bool(firing(watch(rule, target, 30 * DAY_S), total, total)[-1]) is reachable(rule, 30 * DAY_S, target)


def test_nothing_called_burns_nothing() -> None:
    """No calls are no failures, and the state after the last minute is that of the gravest rule."""
    rules = watches(objective(0.999))
    none = np.zeros(400)
    assert worst(rules, none, none) is None
    assert worst(rules, np.full(400, 100.0), np.full(400, 100.0)) == rules[0]


def test_a_rule_that_fires_has_not_cleared() -> None:
    """Its end is open."""
    rule = Watch(2, 1, 1.0, 0.1)
    (only,) = fired(rule, np.array([False, True, True]), 0)
    assert (only.fired_us, only.cleared_us) == (2 * MINUTE_US, None)
    assert fired(rule, np.array([False, False]), 0) == []


WHOLE = ((0, 30 * DAY_US),)
SEEN = ((0, 3 * DAY_US),)


def test_what_is_left_of_a_budget_is_signed() -> None:
    """Half an hour down in three days of a month, then five hours: overspent is negative."""
    half_hour = budget(Measured(1 - 1800 / (3 * DAY_S), 1 - 1800 / (3 * DAY_S), 1.0), 0.999, SEEN, WHOLE)
    assert half_hour.left_s == pytest.approx(2592 - 1800)
    assert half_hour.left_low_s == pytest.approx(792)
    assert half_hour.left_high_s == pytest.approx(2592)
    assert half_hour.gone_us == pytest.approx(3 * DAY_US + 792 / (1800 / (3 * DAY_S)) * SECOND_US)
    gone = budget(Measured(1 - 18_000 / (3 * DAY_S)), 0.999, SEEN, WHOLE)
    assert gone.left_s == pytest.approx(2592 - 18_000)
    assert gone.gone_us is None
    assert budget(Measured(), 0.999, SEEN, WHOLE).left_s is None


def test_how_a_window_that_goes_on_can_end() -> None:
    """What is bad so far stays bad; the rest may be good."""
    bad = Measured(0.99, 0.98, 1.0)
    found = unfinished(bad, budget(bad, 0.999, SEEN, WHOLE), 0.1, 30 * DAY_US)
    assert found is not None
    assert (found.kind, found.harsh) == (1.0, 0.998)
    assert unfinished(Measured(low=0.0, high=inf), budget(bad, 0.999, SEEN, WHOLE), 0.1, 0) is None


def test_a_budget_spent_to_the_last_second_is_kept() -> None:
    """No error of a division makes it a miss; a second more does."""
    exactly = Measured(1 - 2592 / (3 * DAY_S), 1 - 2592 / (3 * DAY_S), 1 - 2592 / (3 * DAY_S))
    found = unfinished(exactly, budget(exactly, 0.999, SEEN, WHOLE), 0.1, 30 * DAY_US)
    assert found is not None
    assert found.kind == 0.999
    more = Measured(1 - 2593 / (3 * DAY_S), 1 - 2593 / (3 * DAY_S), 1 - 2593 / (3 * DAY_S))
    over = unfinished(more, budget(more, 0.999, SEEN, WHOLE), 0.1, 30 * DAY_US)
    assert over is not None
    assert over.kind < 0.999
