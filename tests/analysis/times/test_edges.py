"""The named times, on worlds whose every edge is known: bounds, experiments, and what cannot be known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.indicators import indicator
from breakwatch.clock import to_us
from breakwatch.config import Config, LogsSource
from breakwatch.config_objectives import Policy, Stat
from breakwatch.config_services import Operation, ServiceConfig
from store import Store

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY_S = 86_400.0
AT_ONCE = Policy(settle_s=0.0)
SHOP = Scope(service="shop")
CONFIG = Config(sources=(LogsSource(name="log", paths=(Path("log"),)),))


def at(seconds: float) -> datetime:
    """Return an instant of the day."""
    return START + timedelta(seconds=seconds)


def edges(name: str, low_s: float, high_s: float | None = None) -> dict[str, Any]:
    """Return the three columns of an edge: exact, or somewhere between two instants."""
    high_s = low_s if high_s is None else high_s
    return {f"{name}_at": at((low_s + high_s) / 2), f"{name}_earliest": at(low_s), f"{name}_latest": at(high_s)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(tmp_path / "b.duckdb") as opened:
        yield opened


def put(store: Store, relation: str, *rows: dict[str, Any]) -> None:
    """Keep rows of a view, of the service shop in prod where they do not say otherwise."""
    known = {"environment": "prod", "service": "shop", "labels": {}}
    blank = (
        {"experiment_id": ""}
        if relation not in {"service_level_spells", "coverage", "targets", "health_states"}
        else {}
    )
    store.replace(relation, {}, [known | blank | row for row in rows])


def fault(name: str, injected_s: float, removed_s: float | None, target: str = "", **more: Any) -> dict[str, Any]:
    """Return a fault of an experiment."""
    removed = None if removed_s is None else at(removed_s)
    named = {"experiment_id": name, "target": target, "phase": "", "intensity": ""}
    return named | {"injected_at": at(injected_s), "removed_at": removed} | more


def failing(start: dict[str, Any], end: dict[str, Any] | None, failed: int = 10, **more: Any) -> dict[str, Any]:
    """Return failing calls without a good answer between them."""
    counted = {"operation": "", "target": "", "failed_requests": failed, "requests": failed + 1, "sources": ["log"]}
    return counted | {"assumed": False} | start | (end or {}) | more


def seen(until_s: float = DAY_S) -> dict[str, Any]:
    """Return that the service was seen all along."""
    return {"source": "log", "instance": "", "started_at": at(0), "ended_at": at(until_s), "covered": True}


def asked(store: Store, name: str, scope: Scope = SHOP, stat: Stat = "max", policy: Policy = AT_ONCE) -> Measured:
    """Return what an indicator says of the day, at its end."""
    ask = Ask(scope, ((to_us(START), to_us(at(DAY_S))),), stat, policy)
    (found,) = indicator(name).compute(Ground(store, CONFIG, to_us(at(DAY_S))), [ask])
    return found


def told(found: Measured) -> tuple[float | None, float | None, float | None, int]:
    """Return value, bounds and number."""
    return found.value, found.low, found.high, found.n


def down(low_s: float, high_s: float, component: str = "db", state: str = "down", **more: Any) -> dict[str, Any]:
    """Return a change of a component's health."""
    before = "up" if state == "down" else "down"
    told = {"component": component, "instance": "", "from_state": before, "to_state": state, "sources": ["log"]}
    return told | {"inferred": False, "clock_skew": False, "assumed": False} | edges("occurred", low_s, high_s) | more


def test_an_outage_counts_from_the_fault_behind_it_with_the_bounds_of_both_edges(store: Store) -> None:
    """Users hurt from 101 to somewhere in 110..114 by a fault of 100 that was removed at 108: 10 to 14 s, 2 to 6 s."""
    put(store, "coverage", seen())
    put(store, "experiment_faults", fault("x", 100, 108, service="shop"))
    put(store, "failure_spells", failing(edges("failed", 101), edges("served", 110, 114), experiment_id="x"))
    scope = Scope(experiment="x")
    assert told(asked(store, "outage_time", scope)) == (12.0, 10.0, 14.0, 1)
    assert told(asked(store, "restore_time", scope)) == (4.0, 2.0, 6.0, 1)


def test_natural_statistics_leave_experiments_out(store: Store) -> None:
    """By the default policy the outage of the experiment is not among the others; ``include`` takes it in."""
    put(store, "experiment_faults", fault("x", 100, 108, service="shop"))
    hurt = failing(edges("failed", 101), edges("served", 110), experiment_id="x")
    put(store, "failure_spells", hurt, failing(edges("failed", 5_000), edges("served", 5_003)))
    assert told(asked(store, "outage_time")) == (3.0, 3.0, 3.0, 1)
    included = asked(store, "outage_time", policy=replace_policy(experiments="include"))
    assert told(included) == (10.0, 10.0, 10.0, 2)


def replace_policy(**more: Any) -> Policy:
    """Return the policy of these tests with something else."""
    return AT_ONCE.model_copy(update=more)


def test_a_good_answer_that_does_not_last_ends_nothing(store: Store) -> None:
    """Failures 20 s after a good answer go on with the outage where 60 s of quiet end it, not where none does."""
    first = failing(edges("failed", 100), edges("served", 110))
    put(store, "failure_spells", first, failing(edges("failed", 130), edges("served", 135)))
    assert told(asked(store, "outage_time", policy=replace_policy(settle_s=60.0))) == (35.0, 35.0, 35.0, 1)
    assert told(asked(store, "outage_time")) == (10.0, 10.0, 10.0, 2)


def test_what_goes_on_has_no_upper_bound(store: Store) -> None:
    """Failing since 100 and seen until 400: at least 300 s, at most nobody knows."""
    put(store, "coverage", seen(400))
    put(store, "failure_spells", failing(edges("failed", 100), None))
    found = asked(store, "outage_time")
    assert (*told(found), found.ongoing) == (None, 300.0, inf, 1, 1)


def test_an_experiment_without_an_end_of_its_fault_tells_no_restore_time(store: Store) -> None:
    """Nothing is kept or missed by what nobody wrote down."""
    put(store, "experiment_faults", fault("x", 100, None, service="shop"))
    found = asked(store, "restore_time", Scope(experiment="x"))
    assert (found.value, found.low, found.high) == (None, 0.0, inf)
    assert "removed" in found.note


def test_a_fault_is_detected_by_the_first_signal_of_its_target(store: Store) -> None:
    """Another component going down is no signal; the bounds of the target's fall are those of the time."""
    put(store, "coverage", seen())
    put(store, "experiment_faults", fault("x", 100, 200, "db", service="shop"))
    put(store, "health_changes", down(101, 101, "cache"), down(103, 105), down(180, 180, state="up"))
    put(store, "health_states", *({"component": name, "instance": "", "state": "up"} for name in ("db", "cache")))
    assert told(asked(store, "detection_time", Scope(experiment="x"))) == (4.0, 3.0, 5.0, 1)


def test_a_fault_that_no_watched_signal_told_of_was_not_detected(store: Store) -> None:
    """The log that tells its health said nothing until five minutes after it was removed: at least so long."""
    put(store, "coverage", seen())
    put(store, "experiment_faults", fault("x", 100, 200, "db", service="shop"))
    put(store, "health_changes", down(10, 10), down(20, 20, state="up"))
    found = asked(store, "detection_time", Scope(experiment="x"))
    assert told(found) == (None, 400.0, inf, 1)


def test_a_fault_that_nothing_watches_proves_nothing(store: Store) -> None:
    """Without health, breaker or level there is nothing that could have signalled, and it says what to add."""
    put(store, "experiment_faults", fault("x", 100, 200, "db", service="shop"))
    found = asked(store, "detection_time", Scope(experiment="x"))
    assert (found.value, found.low, found.high) == (None, 0.0, inf)
    assert found.remedy


def test_the_reaction_is_the_first_signal_after_the_first_failed_request(store: Store) -> None:
    """Failing somewhere in 100..101, down somewhere in 104..106: 3 to 6 s; a fall signalled just before: none."""
    put(store, "failure_spells", failing(edges("failed", 100, 101), edges("served", 110)))
    put(store, "health_changes", down(104, 106), down(112, 112, state="up"))
    assert told(asked(store, "reaction_time")) == (4.5, 3.0, 6.0, 1)
    put(store, "health_changes", down(90, 91), down(112, 112, state="up"))
    assert told(asked(store, "reaction_time")) == (0.0, 0.0, 0.0, 1)


def test_nobody_was_told_where_no_alert_was_ever_sent(store: Store) -> None:
    """Without any alert the time is unknown; with one it is exact from the first failed request."""
    put(store, "failure_spells", failing(edges("failed", 100), edges("served", 110)))
    assert told(asked(store, "time_to_notify")) == (None, 0.0, inf, 1)
    alert = {"alert_id": 1, "rule": "r", "severity": "S1", "state": "firing"}
    row = {"environment": "prod", "service": "shop", "labels": {}, "opened_at": at(104), "notified_at": at(105)}
    store.replace("alerts", {}, [alert | row])
    assert told(asked(store, "time_to_notify")) == (5.0, 5.0, 5.0, 1)


def test_falls_that_two_instances_saw_are_one(store: Store) -> None:
    """Down from the first that saw it to the last that saw it up; of one instance, its own fall."""
    put(
        store,
        "health_changes",
        down(100, 100, instance="a"),
        down(105, 105, instance="b"),
        down(110, 110, state="up", instance="a"),
        down(120, 120, state="up", instance="b"),
    )
    assert told(asked(store, "health_recovery_time")) == (20.0, 20.0, 20.0, 1)
    assert told(asked(store, "health_recovery_time", Scope(instance="a"))) == (10.0, 10.0, 10.0, 1)


def test_only_critical_operations_count_where_they_are_asked_for(store: Store) -> None:
    """Of a service that declares operations, those that are as critical as asked; else all of its calls."""
    pay = failing(edges("failed", 100), edges("served", 110), operation="pay")
    browse = failing(edges("failed", 200), edges("served", 230), operation="browse")
    put(store, "failure_spells", pay, browse, failing(edges("failed", 100), edges("served", 230)))
    declared = [Operation(name="pay", critical=True), Operation(name="browse")]
    config = Config(services=(ServiceConfig(name="shop", operations=tuple(declared)),))
    for critical, seconds in ((True, 10.0), (False, 30.0)):
        ask = Ask(Scope(service="shop", critical=critical), ((to_us(START), to_us(at(DAY_S))),), "max", AT_ONCE)
        for name in ("outage_time", "service_recovery_time"):
            (found,) = indicator(name).compute(Ground(store, config, to_us(at(DAY_S))), [ask])
            assert told(found) == (seconds, seconds, seconds, 1)
