"""Failures that spread, stop and heal, from events through ingestion to the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis import refresh
from analysis.verdicts.judge import evaluate
from breakwatch.model import Batch, SightingKind, TrackKind
from breakwatch.records import Record, RecordKind
from tests.analysis.behaviour.world import LENGTH_S, Case, add_counter, assert_judged, log, scraped, subject, taken_in
from tests.analysis.facts.evidence import Evidence, at
from tests.analysis.verdicts.world import config

Services = tuple[dict[str, Any], ...]

FLAT = {"indicator": "cascade_depth", "equals": 0, "service": "shop"}
NARROW = {"indicator": "fan_out", "at_most": 1, "service": "shop"}
CONTAINED = {"indicator": "contained_ratio", "equals": 1, "service": "shop"}
APART = {"indicator": "isolation_ratio", "equals": 1, "service": "shop", "where": {"target": "payments"}}
IN_ORDER = {"indicator": "recovery_order_violations", "equals": 0, "service": "shop"}

NEEDED: Services = ({"name": "shop", "depends_on": [{"service": "payments"}]}, {"name": "payments"}, {"name": "search"})
"""Shop cannot do without payments; search has nothing to do with either."""

TWO_NEED_IT: Services = (*NEEDED[:2], {"name": "search", "depends_on": [{"service": "payments", "kind": "soft"}]})
UNDECLARED: Services = ({"name": "shop"}, {"name": "payments"})


def calls(service: str, *failing: tuple[float, float], until_s: float = LENGTH_S) -> Evidence:
    """Return a service that answers ten calls in five seconds, all of them badly in the given spans."""
    evidence = scraped(service, until_s=until_s)
    counts = {"success": 0.0, "failure": 0.0}
    grown: dict[str, list[tuple[float, float]]] = {"success": [(0, 0.0)], "failure": [(0, 0.0)]}
    for second in range(5, LENGTH_S + 1, 5):
        outcome = "failure" if any(start < second <= end for start, end in failing) else "success"
        counts[outcome] += 10
        grown[outcome].append((second, counts[outcome]))
    for outcome, values in grown.items():
        who = subject(service, instance="a")
        add_counter(evidence, TrackKind.REQUESTS, values, who, outcome=outcome)
    return evidence


def told(service: str, start_s: float, end_s: float, every_s: float = 1.0) -> Batch:
    """Return the log of a service that answers a call a second, badly from one second to the other: exact edges."""
    lines = []
    for place in range(round(LENGTH_S / every_s)):
        second = place * every_s
        outcome = "failure" if start_s <= second < end_s else "success"
        lines.append((second, {"outcome": outcome, "duration_s": "0.01"}))
    return log(SightingKind.REQUEST, *lines, service=service, instance="a")


Story = list[Evidence | Batch]

QUIET: Story = [calls("shop"), calls("payments"), calls("search")]
SPREAD: Story = [told("payments", 100, 300), told("shop", 110, 320), calls("search")]
STOPPED: Story = [told("payments", 100, 300), calls("shop"), calls("search")]
COARSE: Story = [calls("payments", (100, 300)), calls("shop", (100, 305)), calls("search")]

DEPTH = [
    Case("nothing is hurt", "met", FLAT, QUIET, NEEDED, 0.0),
    Case("shop follows payments", "missed", FLAT, SPREAD, NEEDED, 1.0),
    Case("within one scrape", "cannot_tell", FLAT, COARSE, NEEDED, 1.0),
    Case("no dependencies are declared", "cannot_tell", FLAT, SPREAD, UNDECLARED),
]

FAN_OUT = [
    Case("one needs it", "met", NARROW, SPREAD, NEEDED, 1.0),
    Case("two need it", "missed", NARROW, SPREAD, TWO_NEED_IT, 2.0),
    Case("no dependencies are declared", "cannot_tell", NARROW, QUIET, UNDECLARED),
]

RATIO = [
    Case("shop serves on", "met", CONTAINED | {"service": "payments"}, STOPPED, NEEDED, 1.0),
    Case("shop fails as well", "missed", CONTAINED, SPREAD, NEEDED, 0.0),
    Case("nobody watches shop", "cannot_tell", CONTAINED | {"service": "payments"}, [told("payments", 100, 300)],
         NEEDED),
    Case("nothing is hurt", "cannot_tell", CONTAINED, QUIET, NEEDED),
]  # fmt: skip

ISOLATION = [
    Case("search goes on", "met", APART, SPREAD, NEEDED, 1.0),
    Case("search fails as well", "missed", APART, [*SPREAD[:2], calls("search", (120, 300))], NEEDED, 0.0),
    Case("nobody watches search", "cannot_tell", APART, SPREAD[:2], NEEDED),
]

ORDER = [
    Case("payments first", "met", IN_ORDER, SPREAD, NEEDED, 0.0),
    Case("shop first", "missed", IN_ORDER, [told("payments", 100, 400), told("shop", 110, 250)], NEEDED, 1.0),
    Case("within one scrape", "cannot_tell", IN_ORDER, [calls("payments", (100, 300)), calls("shop", (120, 300))],
         NEEDED),
    Case("no dependencies are declared", "cannot_tell", IN_ORDER, SPREAD, UNDECLARED),
]  # fmt: skip


@pytest.mark.parametrize("case", [*DEPTH, *FAN_OUT, *RATIO, *ISOLATION, *ORDER], ids=str)
def test_spreading_is_judged(tmp_path: Path, case: Case) -> None:
    """Each story of a failure that spreads or stops comes to its verdict, and what nobody saw is never met."""
    assert_judged(tmp_path, case)


def cascades_of(path: Path, story: Story, services: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the view that a story comes to."""
    configuration = config(services=[dict(one) for one in services])
    with taken_in(path, story, configuration) as store:
        return store.rows("from cascades order by origin, follower nulls last, contained_at")


def test_a_follower_has_its_lag_and_its_depth(tmp_path: Path) -> None:
    """Payments fails at 100 s, shop ten seconds later: one link, ten seconds, surely."""
    [row] = cascades_of(tmp_path, SPREAD, NEEDED)
    assert (row["origin"], row["follower"], row["depth"], row["fan_out"]) == ("payments", "shop", 1, 1)
    assert row["basis"] == "dependencies"
    assert row["sure"]
    assert row["lag_low_s"] <= 10 <= row["lag_high_s"]


def test_a_chain_is_as_deep_as_its_links(tmp_path: Path) -> None:
    """What needs shop and fails after it stands two links below payments."""
    services = (*NEEDED[:2], {"name": "search", "depends_on": [{"service": "shop"}]})
    rows = cascades_of(tmp_path, [*SPREAD[:2], told("search", 130, 330)], services)
    assert [(row["origin"], row["follower"], row["depth"]) for row in rows] == [
        ("payments", "search", 2),
        ("payments", "shop", 1),
    ]


def test_a_breaker_that_opened_contained_it(tmp_path: Path) -> None:
    """Shop's breaker on payments opens and shop serves on: it is named with what stopped the failure."""
    shop = calls("shop")
    opened = [(0, "closed"), (110, "open"), (300, "half_open"), (305, "closed")]
    breaker = scraped("shop", "b", breaker_payments=opened)
    [row] = cascades_of(tmp_path, [told("payments", 100, 300), shop, breaker], NEEDED)
    assert (row["follower"], row["contained_at"], row["contained_by"]) == (None, "shop", "breaker")


def test_what_was_hurt_already_has_contained_nothing(tmp_path: Path) -> None:
    """Shop fails long before payments does: it neither follows nor is it said to have stopped anything."""
    rows = cascades_of(tmp_path, [told("payments", 450, 550), told("shop", 20, 560)], NEEDED)
    assert {(row["origin"], row["follower"], row["contained_at"]) for row in rows} == {
        ("payments", None, None),
        ("shop", None, None),
    }


def test_a_breaker_notices_later_than_callers(tmp_path: Path) -> None:
    """The first calls of shop fail before its breaker on payments opens: payments still was hurt first."""
    breaker = scraped("shop", "b", breaker_payments=[(0, "closed"), (120, "open"), (300, "half_open"), (305, "closed")])
    rows = cascades_of(tmp_path, [told("shop", 105, 320), breaker], NEEDED)
    assert [(row["origin"], row["follower"], row["depth"], row["sure"]) for row in rows] == [
        ("payments", "shop", 1, False)
    ]


def test_without_dependencies_there_is_only_correlation(tmp_path: Path) -> None:
    """Two services that fail one after the other are told together, without a depth and never as sure."""
    [row] = cascades_of(tmp_path, SPREAD[:2], UNDECLARED)
    assert (row["origin"], row["follower"], row["basis"], row["depth"], row["sure"]) == (
        "payments",
        "shop",
        "correlation",
        None,
        False,
    )


def test_the_target_of_an_experiment_is_the_origin(tmp_path: Path) -> None:
    """A fault put into what nobody watches is where it began; the experiment's objective finds it there."""
    services = ({"name": "shop", "depends_on": [{"service": "redis"}]}, {"name": "search"})
    detail = (("experiment_id", "game-day"), ("target", "redis"))
    record = Record("told", RecordKind.EXPERIMENT, at(100), at(300), environment="prod", detail=detail)
    story: Story = [Batch("told", records=[record]), told("shop", 110, 320), calls("search")]
    objective = {"name": "flat", "indicator": "cascade_depth", "equals": 0, "service": "shop"}
    configuration = config(objective, services=[dict(one) for one in services])
    with taken_in(tmp_path, story, configuration) as store:
        rows = store.rows("from cascades")
        [verdict] = evaluate(store, configuration, at(LENGTH_S), experiment_id="game-day")
    assert [(row["origin"], row["follower"], row["experiment_id"]) for row in rows] == [("redis", "shop", "game-day")]
    assert verdict.measured.value == 1.0


def test_other_declarations_show_at_once(tmp_path: Path) -> None:
    """Dependencies that are declared later make cascades of what was known before, without new evidence."""
    before = config(services=[dict(one) for one in UNDECLARED])
    after = config(services=[dict(one) for one in NEEDED])
    with taken_in(tmp_path, SPREAD, before) as store:
        refresh(store, after)
        [row] = store.rows("from cascades")
    assert (row["basis"], row["depth"]) == ("dependencies", 1)
