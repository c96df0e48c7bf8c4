"""The formulas and their test vectors, each computed by what the product computes it with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, sqrt
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from analysis import promql
from analysis.asking import NO_DATA, Measured, Slicing
from analysis.bounds import Bounds, between_samples, duration
from analysis.evidence import Run, increases
from analysis.indicators.isolation_ratio import hard_dependants
from analysis.lengths import of_lengths
from analysis.outages import spell_of, united_outages
from analysis.slices import cut
from analysis.spans import length_s, united
from analysis.statistics import UNENDED, Length
from analysis.verdicts.budget import budget_s, burn_rate, exhaustion_s
from analysis.verdicts.burn import time_to_fire_s
from analysis.verdicts.scores import resilience_score
from analysis.verdicts.verdict import Verdict
from analysis.verdicts.windows import frame
from breakwatch.clock import MINUTE_US, SECOND_US
from breakwatch.config_burning import threshold
from breakwatch.config_objectives import BurnRate, CalendarWindow
from breakwatch.config_services import Dependency, ServiceConfig
from store import Store
from tests.analysis.ratios.kept import DAY_S, asked, at, calls, durations, fault, hurt, put, seen, us

HOUR_S = 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(tmp_path / "b.duckdb") as opened:
        yield opened


def told(found: Measured) -> tuple[float | None, float | None, float | None]:
    """Return low, value and high."""
    return found.low, found.value, found.high


def test_1_availability_is_sums_and_never_a_mean_of_ratios(store: Store) -> None:
    """A night of 10 calls that all fail weighs 10 of 1,010 calls, not half; by time it is up by up and down."""
    put(store, request_counts=[*calls(0, {"failure": 10}), *calls(60, {"success": 1000})], coverage=seen((0, 1000)))
    assert asked(store, "availability_requests", ((0, 120),)).value == 1000 / 1010
    put(store, outage_spells=[hurt((100, 100), (350, 350))])
    assert told(asked(store, "availability_time", ((0, 1000),))) == (0.75, 0.75, 0.75)


def test_2_budgets_are_signed_and_never_clamped(store: Store) -> None:
    """99.9 % of 30 days is 2,592 s, of a 31-day month 2,678.4 s; an outage of 3,888 s overspends by half of it."""
    assert budget_s(0.999, 30 * DAY_S) == pytest.approx(2592)
    assert budget_s(0.999, 31 * DAY_S) == pytest.approx(2678.4)
    put(store, coverage=seen((0, 30 * DAY_S)), outage_spells=[hurt((1000, 1000), (2296, 2296))])
    found = asked(store, "error_budget_remaining", ((0, 30 * DAY_S),), good_share=0.999)
    assert found.value == pytest.approx(0.5)
    assert found.note == "a budget of time: 1,296.0 s of 2,592.0 s are left"
    put(store, outage_spells=[hurt((1000, 1000), (4888, 4888))])
    assert asked(store, "error_budget_remaining", ((0, 30 * DAY_S),), good_share=0.999).value == pytest.approx(-0.5)


def test_3_burn_rate_is_the_share_that_was_bad_by_the_share_that_may_be(store: Store) -> None:
    """144 of 10,000 at 99.9 % burn 14.4 times too fast; half a budget of 30 days is gone in 25 h at that rate."""
    put(store, request_counts=calls(0, {"success": 9856, "failure": 144}))
    assert asked(store, "burn_rate", ((0, 60),), good_share=0.999).value == pytest.approx(14.4)
    assert burn_rate(144, 10_000, 0.999) == pytest.approx(14.4)
    assert exhaustion_s(0.5, 30 * DAY_S, 14.4) == pytest.approx(25 * HOUR_S)


@pytest.mark.parametrize(
    ("days", "expected"), [(30, [14.4, 6, 3, 1]), (28, [13.44, 5.6, 2.8, 0.9333])], ids=["30 d", "28 d"]
)
def test_4_thresholds_of_burn_rules(days: float, expected: list[float]) -> None:
    """The share of the budget by the share of the window: 2 % in 1 h, 5 % in 6 h, 10 % in 1 d and in 3 d."""
    rules = [(0.02, HOUR_S), (0.05, 6 * HOUR_S), (0.1, DAY_S), (0.1, 3 * DAY_S)]
    found = [threshold(BurnRate(long_s=long_s, budget=share), days * DAY_S) for share, long_s in rules]
    assert found == pytest.approx(expected, abs=1e-4)


def test_5_one_failure_in_little_traffic(store: Store) -> None:
    """At 99.9 % and 10 calls an hour it burns 100 in the hour and takes 13.9 % of the budget of 30 days."""
    put(store, request_counts=calls(0, {"success": 9, "failure": 1}))
    assert asked(store, "burn_rate", ((0, HOUR_S),), good_share=0.999).value == pytest.approx(100)
    put(store, request_counts=calls(0, {"success": 7199, "failure": 1}))
    left = asked(store, "error_budget_remaining", ((0, 30 * DAY_S),), good_share=0.999).value
    assert left == pytest.approx(1 - 0.1389, abs=1e-4)


def test_6_a_week_in_slices_of_a_minute() -> None:
    """10,080 slices, and at 99.95 % a budget of 5 min 2.4 s."""
    assert len(list(cut(((us(0), us(7 * DAY_S)),), Slicing(MINUTE_US)))) == 10_080
    assert budget_s(0.9995, 7 * DAY_S) == pytest.approx(302.4)


def test_7_a_month_has_the_seconds_that_passed_in_its_zone() -> None:
    """March in Paris is an hour short; the day on which summer time ends has 25 hours."""
    march = frame(CalendarWindow(calendar="month", timezone="Europe/Paris"), us(0) - round(230 * DAY_S) * SECOND_US)
    assert (march.end_us - march.start_us) / SECOND_US == 31 * DAY_S - HOUR_S
    long_day = frame(CalendarWindow(calendar="day", timezone="Europe/Paris"), us(-6.5 * DAY_S))
    assert (long_day.end_us - long_day.start_us) / SECOND_US == 25 * HOUR_S


def test_8_overlapping_outages_are_united(store: Store) -> None:
    """A down 10:00 to 11:00, B down 10:30 to 11:00: any of them down is 3,600 s."""
    rows = [
        hurt((10 * HOUR_S,) * 2, (11 * HOUR_S,) * 2, service="a"),
        hurt((10.5 * HOUR_S,) * 2, (11 * HOUR_S,) * 2, service="b"),
    ]
    put(store, outage_spells=rows, coverage=[*seen((0, DAY_S), service="a"), *seen((0, DAY_S), service="b")])
    found = asked(store, "availability_time", ((0, DAY_S),), scope={"service": None})
    assert found.value == pytest.approx(1 - 3600 / DAY_S)
    outages = united_outages(spell_of(row) for row in store.rows("from outage_spells"))
    spans = united((one.start.middle_us, one.end.middle_us) for one in outages if one.end)
    assert length_s(spans) == 3600


def test_9_means_and_medians_with_what_has_not_ended() -> None:
    """The mean is over those that recovered; of 10, 20, 30 s and one that lasts 15 s so far the median is 20 s."""
    ended = [Length(value, value, value) for value in (10.0, 20.0, 30.0)]
    assert of_lengths(ended, "mean").value == 20
    ongoing = of_lengths([*ended, Length(None, 15.0, UNENDED)], "median")
    assert (ongoing.ongoing, ongoing.value) == (1, 20.0)
    assert of_lengths([*ended, Length(None, 35.0, UNENDED)], "mean").high == inf


@pytest.mark.parametrize("count", [2, 5])
def test_10_a_state_seen_at_k_samples_lasted_k_intervals_give_or_take_one(count: int) -> None:
    """Between (k - 1) s and (k + 1) s, give or take the scrape and 2 ms at each end."""
    spacing_s, read_s, slack_s = 15, 0.3, 0.002
    opened = between_samples(0, spacing_s * SECOND_US, read_s)
    closed = between_samples(count * spacing_s * SECOND_US, (count + 1) * spacing_s * SECOND_US, read_s)
    found = duration(opened, closed)
    assert found.low_s == pytest.approx((count - 1) * spacing_s - read_s - 2 * slack_s)
    assert found.high_s == pytest.approx((count + 1) * spacing_s + read_s + 2 * slack_s)


def test_11_counters_count_births_and_resets_and_promql_loses_them() -> None:
    """Born with 4 and never growing counts 4, and 7 after a reset to 3; PromQL says that it did not grow."""
    samples = [(15, 4.0), (30, 4.0), (45, 4.0)]
    runs = [Run(0, 0, float("nan"), 0.01, False)]  # the scrape target was there, and the series was not
    runs += [Run(at_s * SECOND_US, at_s * SECOND_US, value, 0.01, False) for at_s, value in samples]
    assert sum(one.grown_by for one in increases(runs)) == 4
    reset = [*runs, Run(60 * SECOND_US, 60 * SECOND_US, 3.0, 0.01, False)]
    assert sum(one.grown_by for one in increases(reset)) == 7
    assert promql.increase(runs, 15 * SECOND_US, 0, 45 * SECOND_US) == 0


def test_12_degradation_is_p95_during_the_fault_by_p95_before_it(store: Store) -> None:
    """From 0.1 s to 0.4 s by histograms whose buckets say no more: at least twice and at most eight times as slow."""
    before = [
        row for minute in range(5) for row in durations(minute * 60, {0.05: 0, 0.1: 100, 0.2: 100, 0.4: 100, inf: 100})
    ]
    during = [
        row for minute in range(5, 10) for row in durations(minute * 60, {0.05: 0, 0.1: 0, 0.2: 0, 0.4: 100, inf: 100})
    ]
    put(store, latency_histograms=[*before, *during], experiment_faults=[fault(300, 600)])
    found = asked(store, "degradation_factor", ((0, 600),), policy={"experiments": "include"})
    assert (found.low, found.high) == pytest.approx((2, 8))
    assert found.value == pytest.approx((0.2 + 0.95 * 0.2) / (0.05 + 0.95 * 0.05))


def test_13_continuity_weighs_good_calls_by_the_level_of_their_time(store: Store) -> None:
    """100 good calls at full, 100 at limited (0.5), 50 failed: 150 of 250; without calls the mean weight over time."""
    levels = [
        {"level": "full", "started_at": at(0), "ended_at": at(60)},
        {"level": "limited", "started_at": at(60), "ended_at": at(120)},
    ]
    named = {"environment": "prod", "service": "shop", "labels": {}}
    put(
        store,
        request_counts=[*calls(0, {"success": 100}), *calls(60, {"success": 100, "failure": 50})],
        service_level_spells=[named | level for level in levels],
    )
    assert told(asked(store, "continuity_score", ((0, 120),))) == (0.6, 0.6, 0.6)
    put(store, request_counts=[])
    assert told(asked(store, "continuity_score", ((0, 120),))) == (0.75, 0.75, 0.75)


def test_14_experience_is_answered_well_and_fast_enough(store: Store) -> None:
    """Of 100 good calls 70 within a second: 0.7; where 10 fail it is known within what both shares allow."""
    put(
        store,
        request_counts=calls(0, {"success": 100}),
        latency_histograms=durations(0, {0.5: 40, 1.0: 70, 5.0: 100, inf: 100}),
    )
    assert told(asked(store, "experience_score", ((0, 60),), limit_s=1.0)) == pytest.approx((0.7, 0.7, 0.7))
    put(store, request_counts=calls(0, {"success": 90, "failure": 10}))
    assert told(asked(store, "experience_score", ((0, 60),), limit_s=1.0)) == pytest.approx((0.6, 0.65, 0.7))


def test_15_sessions_alive_after_by_sessions_alive_before(store: Store) -> None:
    """Of 200 sessions 170 are alive after the fault: 0.85."""
    sample = {"environment": "prod", "service": "shop", "labels": {}, "instance": "a", "kind": "session"}
    alive = [(0, 200.0), (60, 200.0), (75, 170.0), (600, 170.0)]
    put(
        store,
        sessions=[sample | {"sampled_at": at(second), "alive": count} for second, count in alive],
        experiment_faults=[fault(30, 300)],
    )
    found = asked(store, "session_preservation", ((0, 600),), policy={"experiments": "include"})
    assert told(found) == (0.85, 0.85, 0.85)


@dataclass(frozen=True)
class Said:
    """As much of a verdict as a resilience score rests on."""

    verdict: str
    comparison: str = "at_most"
    target: float | None = 10.0
    measured: Measured = NO_DATA
    counts: bool = True


def test_16_the_resilience_score_is_a_range() -> None:
    """Met 1, missed by twice the target 0.5, at least 0.99 and 0.495 given 0.5, to equal 0 gives 0, one untold."""
    verdicts = [
        Said("met"),
        Said("missed", measured=Measured(20.0)),
        Said("missed", "at_least", 0.99, Measured(0.495)),
        Said("missed", "equals", 0.0, Measured(3.0)),
        Said("cannot_tell"),
    ]
    score = resilience_score(cast("list[Verdict]", verdicts))
    assert (score.low, score.high, score.unproved) == pytest.approx((0.4, 0.6, 0.2))
    nothing = resilience_score(cast("list[Verdict]", [Said("cannot_tell")]))
    assert (nothing.low, nothing.high, nothing.unproved) == (None, None, 1.0)


def test_17_isolation_leaves_out_the_target_and_what_cannot_do_without_it() -> None:
    """Hard dependants of the target, also by way of others, are no components that could have stayed healthy."""
    services = [
        ServiceConfig(name="shop", depends_on=(Dependency(service="pay"), Dependency(service="redis", kind="soft"))),
        ServiceConfig(name="pay", depends_on=(Dependency(service="db"),)),
    ]
    assert hard_dependants(services, ["db"]) == {"db", "pay", "shop"}
    assert hard_dependants(services, ["redis"]) == {"redis"}


def test_18_timing_of_burn_alerts() -> None:
    """15 % of errors at 99.9 % cross 14.4 in the hour after 5 min 46 s; 26 s of total outage exhaust 99.999 %."""
    assert time_to_fire_s(0.15, 0.999, 14.4, HOUR_S) == pytest.approx(345.6)
    assert budget_s(0.99999, 30 * DAY_S) == pytest.approx(25.92)


def test_19_the_midpoint_of_two_edges_errs_by_a_triangle() -> None:
    """Between two metric edges the median error is 0.293 of the interval, with one exact edge a quarter of it."""
    generator = np.random.default_rng(19)
    opened, closed = generator.uniform(0, 1, 100_000), generator.uniform(0, 1, 100_000)
    lasted = 3 + closed - opened
    middles = [_middle(3), _middle(3, exact=True)]
    assert np.median(np.abs(lasted - middles[0])) == pytest.approx(1 - sqrt(0.5), abs=0.01)
    assert np.median(np.abs(3 + closed - 0.0 - middles[1])) == pytest.approx(0.25, abs=0.01)


def _middle(intervals: int, *, exact: bool = False) -> float:
    """Return the shown length, in intervals, of what ended so many intervals after it began within the first one."""
    scale = 1000 * SECOND_US
    start = Bounds(0, 0 if exact else scale)
    return duration(start, Bounds(intervals * scale, (intervals + 1) * scale)).value_s / 1000


def test_20_a_small_sample_is_printed_with_its_interval(store: Store) -> None:
    """5 of 7 is 71.4 %, and 29 % to 96 % by chance; its bounds are another thing, and exact."""
    put(store, request_counts=calls(0, {"success": 5, "failure": 2}))
    found = asked(store, "success_ratio", ((0, 60),))
    assert told(found) == (5 / 7, 5 / 7, 5 / 7)
    assert found.n == 7
    assert (found.ci_low, found.ci_high) == pytest.approx((0.2904, 0.9633), abs=1e-4)
