"""Counting calls between the edges of what is asked: exact where it can be, and never beyond its bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.indicators import indicator
from analysis.spans import united
from breakwatch.config import Config
from breakwatch.config_objectives import Policy
from breakwatch.config_services import Operation, ServiceConfig
from breakwatch.model import Outcome
from store import Store
from tests.analysis.ratios.kept import asked, at, calls, hurt, put, seen, us

MINUTES = 6
GOOD = {"success", "fallback", "cache_hit", "cache_stale"}
LEFT_OUT = {"client_error"}
AS_IT_COMES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

Bucket = tuple[int, int, str, int]
"""Minute, length in minutes, outcome, count."""

buckets = st.lists(
    st.tuples(
        st.integers(0, MINUTES - 1),
        st.sampled_from([1, 1, 1, 3]),
        st.sampled_from(["success", "failure", "timeout", "fallback", "client_error"]),
        st.integers(1, 50),
    ),
    min_size=1,
    max_size=12,
)
windows = st.tuples(st.integers(-30, 400), st.integers(1, 300)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(tmp_path / "b.duckdb") as opened:
        yield opened


def rows_of(told: Sequence[Bucket], **more: Any) -> list[dict[str, Any]]:
    """Return the rows of buckets, each of an instance of its own."""
    return [
        row
        for number, (minute, length, outcome, count) in enumerate(told)
        for row in calls(minute * 60, {outcome: count}, bucket_s=length * 60.0, instance=f"i{number}", **more)
    ]


def plainly(told: Sequence[Bucket], window: tuple[float, float]) -> tuple[float, float, float]:
    """Return the failed calls of a window, low, value and high, counted one bucket after the other."""
    low = value = high = 0.0
    for minute, length, outcome, count in told:
        if outcome in GOOD | LEFT_OUT:
            continue
        start, end = minute * 60, (minute + length) * 60
        shared = max(0.0, min(end, window[1]) - max(start, window[0]))
        low += count if window[0] <= start and end <= window[1] else 0
        value += count * shared / (end - start)
        high += count if shared > 0 else 0
    return low, value, high


def figure(store: Store, name: str, *asks: Ask) -> list[Measured]:
    """Return what an indicator says of many asks at once."""
    return list(indicator(name).compute(Ground(store, Config(), us(3600)), asks))


def ask(window: tuple[float, float], **scope: Any) -> Ask:
    """Return an ask about the service in a window."""
    return Ask(Scope(**({"service": "shop"} | scope)), ((us(window[0]), us(window[1])),))


@AS_IT_COMES
@given(told=buckets, asked_for=st.lists(windows, min_size=1, max_size=4))
def test_counts_are_those_of_the_plain_definition(
    store: Store, told: list[Bucket], asked_for: list[tuple[int, int]]
) -> None:
    """Many windows at once give what counting bucket by bucket gives, and the value lies within its bounds."""
    put(store, request_counts=rows_of(told))
    for window, found in zip(asked_for, figure(store, "failed_requests", *map(ask, asked_for)), strict=True):
        low, value, high = plainly(told, window)
        assert (found.low, found.value, found.high) == pytest.approx((low, value, high), abs=1e-6)
        assert (found.low or 0) <= (found.value or 0) <= (found.high or 0)


@AS_IT_COMES
@given(told=buckets, window=windows, more=st.integers(1, 100))
def test_a_success_added_never_lowers_availability(
    store: Store, told: list[Bucket], window: tuple[int, int], more: int
) -> None:
    """With more good calls neither the value nor a bound of the availability falls."""
    put(store, request_counts=rows_of(told))
    (before,) = figure(store, "availability_requests", ask(window))
    put(store, request_counts=rows_of([*told, (2, 1, "success", more)]))
    (after,) = figure(store, "availability_requests", ask(window))
    if before.value is not None:
        assert after.value is not None
        assert after.value >= before.value - 1e-12
        assert (after.low or 0) >= (before.low or 0) - 1e-12
        assert (after.high or 0) >= (before.high or 0) - 1e-12
        assert (after.low or 0) - 1e-12 <= after.value <= (after.high or 0) + 1e-12


@AS_IT_COMES
@given(told=buckets, window=windows, order=st.randoms(use_true_random=False))
def test_order_changes_nothing(store: Store, told: list[Bucket], window: tuple[int, int], order: Any) -> None:
    """The same rows in another order give the same figure."""
    rows = rows_of(told)
    put(store, request_counts=rows)
    (before,) = figure(store, "success_ratio", ask(window))
    order.shuffle(rows)
    put(store, request_counts=rows)
    (after,) = figure(store, "success_ratio", ask(window))
    told_of = [(one.n, one.low, one.value, one.high) for one in (before, after)]
    assert told_of[0] == pytest.approx(told_of[1])


@AS_IT_COMES
@given(
    edges=st.lists(st.integers(0, 900), min_size=4, max_size=4, unique=True).map(sorted),
    gap=st.tuples(st.integers(0, 450), st.integers(1, 450)),
)
def test_coverage_that_is_added_never_widens_the_bounds(store: Store, edges: list[int], gap: tuple[int, int]) -> None:
    """An outage within bounds: the bounds hold the value, and seeing what was not seen makes them no wider."""
    start, end = (edges[0], edges[1]), (edges[2], edges[3])
    hole = (gap[0], min(900, gap[0] + gap[1]))
    put(store, outage_spells=[hurt(start, end)], coverage=seen((0, hole[0]), (hole[1], 900)))
    before = asked(store, "availability_time", ((0, 900),), now_s=1800)
    put(store, coverage=seen((0, 900)))
    after = asked(store, "availability_time", ((0, 900),), now_s=1800)
    for found in (before, after):
        assert found.low is not None
        assert found.high is not None
        assert found.value is None or found.low <= found.value <= found.high
    assert (after.high or 0) - (after.low or 0) <= (before.high or 0) - (before.low or 0) + 1e-12


def test_what_is_taken_out_is_not_counted(store: Store) -> None:
    """An hour without its second quarter: only the buckets of the other three count."""
    put(store, request_counts=[row for minute in range(60) for row in calls(minute * 60, {"failure": 1})])
    found = asked(store, "failed_requests", ((0, 900), (1800, 3600)))
    assert (found.low, found.value, found.high) == (45, 45, 45)


def test_outcomes_are_read_as_the_policy_says(store: Store) -> None:
    """Rate limits may be left out, fallbacks bad; client errors are left out as long as nothing else is said."""
    put(store, request_counts=calls(0, {"success": 60, "fallback": 20, "rate_limited": 10, "client_error": 10}))
    outcomes = {Outcome.FALLBACK: "bad", Outcome.RATE_LIMITED: "exclude"}
    assert asked(store, "success_ratio", ((0, 60),)).value == pytest.approx(80 / 90)
    assert asked(store, "success_ratio", ((0, 60),), policy={"outcomes": outcomes}).value == pytest.approx(60 / 80)
    found = asked(store, "success_ratio", ((0, 60),), policy={"outcomes": {Outcome.CLIENT_ERROR: "bad"}})
    assert found.value == pytest.approx(80 / 100)
    counted = {"outcomes": {Outcome.CLIENT_ERROR: "bad"}}
    valid = asked(store, "success_ratio", ((0, 60),), policy=counted, scope={"outcome_class": "valid"})
    assert valid.value == pytest.approx(80 / 90)


def test_a_fallback_that_is_told_besides_makes_a_failed_call_good(store: Store) -> None:
    """Of 100 calls 30 failed, and 25 of those were answered by a fallback that is counted apart."""
    rows = [*calls(0, {"success": 70, "failure": 30}), *calls(0, {"fallback": 25}, role="besides")]
    put(store, request_counts=rows)
    assert asked(store, "success_ratio", ((0, 60),)).value == pytest.approx(0.95)
    assert asked(store, "fallback_ratio", ((0, 60),)).value == pytest.approx(0.25)
    bad = {"outcomes": {Outcome.FALLBACK: "bad"}}
    assert asked(store, "success_ratio", ((0, 60),), policy=bad).value == pytest.approx(0.7)


def test_levels_weigh_availability_and_not_success(store: Store) -> None:
    """A minute at limited: its good calls count half for availability, and whole for the share that succeeded."""
    named = {"environment": "prod", "service": "shop", "labels": {}}
    spells = [
        {"level": "full", "started_at": at(0), "ended_at": at(60)},
        {"level": "limited", "started_at": at(60), "ended_at": at(120)},
    ]
    put(
        store,
        request_counts=[*calls(0, {"success": 100}), *calls(60, {"success": 100})],
        service_level_spells=[named | spell for spell in spells],
    )
    assert asked(store, "availability_requests", ((0, 120),)).value == pytest.approx(0.75)
    assert asked(store, "success_ratio", ((0, 120),)).value == 1
    alike = {"level_weights": {"limited": 1.0}}
    assert asked(store, "availability_requests", ((0, 120),), policy=alike).value == 1
    half = asked(store, "availability_requests", ((0, 90),))
    assert half.low is not None
    assert half.high is not None
    assert half.low <= (half.value or 0) <= half.high


def test_critical_operations_are_those_that_are_declared_so(store: Store) -> None:
    """Only calls of critical operations count, or only those of the others."""
    put(
        store,
        request_counts=[
            *calls(0, {"success": 10}, operation="pay"),
            *calls(0, {"failure": 30}, operation="browse"),
        ],
    )
    declared = ServiceConfig(name="shop", operations=(Operation(name="pay", critical=True), Operation(name="browse")))
    ground = Ground(store, Config(services=(declared,)), us(60))
    asks = [ask((0, 60), critical=True), ask((0, 60), critical=False), ask((0, 60), service=None, critical=True)]
    found = indicator("success_ratio").compute(ground, asks)
    assert [(one.value, one.n) for one in found] == [(1, 10), (0, 30), (1, 10)]


@pytest.mark.parametrize(
    ("unknown", "expected"), [("excluded", 1 - 100 / 800), ("up", 0.9), ("down", 0.7)], ids=["left out", "up", "down"]
)
def test_unknown_time_is_what_the_policy_takes_it_for(store: Store, unknown: str, expected: float) -> None:
    """Down for 100 of 1,000 s of which 200 were not seen: the value follows the policy, the bounds hold both."""
    put(store, outage_spells=[hurt((100, 100), (200, 200))], coverage=seen((0, 400), (600, 1000)))
    found = asked(store, "availability_time", ((0, 1000),), policy={"unknown": unknown})
    assert (found.low, found.value, found.high) == pytest.approx((0.7, expected, 0.9))


def test_degraded_time_counts_by_the_weight_of_its_level(store: Store) -> None:
    """100 s at limited count half; where a service was down meanwhile, that counts."""
    limited = hurt((100, 100), (200, 200), "degraded", level="limited", cause="level")
    put(store, outage_spells=[limited], coverage=seen((0, 1000)))
    assert asked(store, "availability_time", ((0, 1000),)).value == pytest.approx(0.95)
    put(store, outage_spells=[limited, hurt((150, 150), (250, 250))])
    assert asked(store, "availability_time", ((0, 1000),)).value == pytest.approx(1 - (50 * 0.5 + 100) / 1000)


def test_policies_side_by_side_do_not_mix(store: Store) -> None:
    """Two policies asked for at once each read the same calls their own way."""
    put(store, request_counts=calls(0, {"success": 80, "fallback": 20}))
    strict = Policy(outcomes={Outcome.FALLBACK: "bad"})
    one = ask((0, 60))
    found = figure(store, "success_ratio", one, Ask(one.scope, one.spans, policy=strict))
    assert [each.value for each in found] == [1, 0.8]


def test_overlapping_windows_are_united_whatever_their_order() -> None:
    """Uniting is associative: in whatever order spans come together, the set is the same."""
    one, other, third = ((0, 10),), ((5, 20), (30, 40)), ((40, 50),)
    left = united((*united((*one, *other)), *third))
    right = united((*one, *united((*other, *third))))
    assert left == right == ((0, 20), (30, 50))


def test_what_is_asked_together_is_answered_as_if_asked_alone(store: Store) -> None:
    """An edge that saw only the first minute decides for both, whichever of them is asked for."""
    put(
        store,
        request_counts=[
            *calls(0, {"success": 10}, vantage="edge"),
            *calls(0, {"success": 8, "failure": 2}),
            *calls(60, {"failure": 10}),
        ],
    )
    asks = [ask((0, 60)), ask((60, 120)), ask((0, 120))]
    together = figure(store, "success_ratio", *asks)
    assert [figure(store, "success_ratio", one)[0] for one in asks] == together
    assert [(one.value, one.n) for one in together] == [(1, 10), (None, 0), (1, 10)]
