"""Whatever really happened lies within the bounds, and the order in which evidence comes in changes nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from analysis import refresh
from analysis.asking import Ask, Ground, Scope
from analysis.indicators import indicators
from breakwatch.clock import SECOND_US
from breakwatch.config import Config
from breakwatch.model import STATE_CODE, Batch, SightingKind, Track, TrackKind
from store import Store
from tests.analysis.behaviour.world import LENGTH_S, add_counter, log, scraped, subject, taken_in
from tests.analysis.facts.evidence import Evidence, at
from tests.analysis.verdicts.world import config
from tests.analysis.worlds import MOVES

STEP_US = 10_000


def moves(rng: random.Random) -> list[tuple[int, str]]:
    """Return what a breaker truly did: the instant and the state of each move, each state lasting at least 12 s."""
    at_us, state, found = 0, "closed", [(0, "closed")]
    while True:
        at_us += rng.randint(12 * SECOND_US, 120 * SECOND_US)
        if at_us >= LENGTH_S * SECOND_US:
            return found
        state = rng.choice(MOVES[state])
        found.append((at_us, state))


def state_at(truth: list[tuple[int, str]], at_us: int) -> str:
    """Return the true state at an instant."""
    return [state for moment, state in truth if moment <= at_us][-1]


def sampled(rng: random.Random, instance: str, kind: TrackKind, truth: list[tuple[int, str]]) -> Evidence:
    """Return a gauge that was scraped every five seconds, each sample read within ten milliseconds of its stamp."""
    evidence = scraped("shop", instance)
    named = {"breaker": "pay"} if kind == TrackKind.BREAKER_STATE else {"component": "pay"}
    track = Track(evidence.source, kind, subject(instance=instance, **named), f"shop/{instance}")
    stamps = range(0, LENGTH_S + 1, 5)
    read = [state_at(truth, max(0, second * SECOND_US + rng.randint(0, 10_000))) for second in stamps]
    evidence.add(track, [(at(second), float(STATE_CODE[state])) for second, state in zip(stamps, read, strict=True)])
    return evidence


def asked(store: Store, name: str) -> tuple[float, float, float]:
    """Return low, value and high of an indicator over the ten minutes."""
    ask = Ask(Scope(service="shop"), ((at(0), at(LENGTH_S)),))
    [found] = indicators()[name].compute(Ground(store, Config(), at(LENGTH_S)), [ask])
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    return found.low, found.value, found.high


@pytest.mark.parametrize("seed", range(4))
def test_the_true_agreement_of_instances_lies_within_the_bounds(tmp_path: Path, seed: int) -> None:
    """Three instances that move by themselves: the share of time in which they truly agree is never outside."""
    rng = random.Random(seed)
    truths = {name: moves(rng) for name in "abc"}
    told = [sampled(rng, name, TrackKind.BREAKER_STATE, truth) for name, truth in truths.items()]
    instants = range(STEP_US // 2, LENGTH_S * SECOND_US, STEP_US)
    agreed = sum(len({state_at(truth, moment) for truth in truths.values()}) == 1 for moment in instants)
    with taken_in(tmp_path, told, config()) as store:
        low, value, high = asked(store, "state_agreement")
    assert low - 1e-4 <= agreed / len(instants) <= high + 1e-4
    assert low <= value <= high


@pytest.mark.parametrize("seed", range(4))
def test_the_true_agreement_of_health_lies_within_the_bounds(tmp_path: Path, seed: int) -> None:
    """A breaker and the health of what it guards, each moving by itself: their true agreement is never outside."""
    rng = random.Random(seed)
    breaker, health = moves(rng), [(0, "up")]
    while health[-1][0] < (LENGTH_S - 130) * SECOND_US:
        later_us = health[-1][0] + rng.randint(12 * SECOND_US, 120 * SECOND_US)
        health.append((later_us, "down" if health[-1][1] == "up" else "up"))
    told = [sampled(rng, "a", TrackKind.BREAKER_STATE, breaker), sampled(rng, "a", TrackKind.HEALTH_STATE, health)]
    instants = range(STEP_US // 2, LENGTH_S * SECOND_US, STEP_US)
    pairs = [(state_at(breaker, moment), state_at(health, moment)) for moment in instants]
    spoken = [(one == "open", other == "down") for one, other in pairs if one != "half_open"]
    with taken_in(tmp_path, told, config()) as store:
        low, value, high = asked(store, "health_agreement")
    assert low - 1e-4 <= sum(one == other for one, other in spoken) / len(spoken) <= high + 1e-4
    assert low <= value <= high


def story() -> list[Batch]:
    """Return evidence for every kind of thing that is judged here, in pieces."""
    breaker = scraped(
        breaker_pay=[(0, "closed"), (60, "open"), (400, "half_open"), (405, "closed")], health_pay=[(0, "up")]
    )
    who = subject(instance="a", breaker="pay")
    rejected = [(second, max(0.0, min(second, 395.0) - 60)) for second in range(0, LENGTH_S + 1, 5)]
    add_counter(breaker, TrackKind.REQUESTS, rejected, who, outcome="not_permitted")
    attempts = [(100.0 + place, {"call_id": "1", "attempt": str(place + 1), "wait_s": "9"}) for place in range(3)]
    calls = [
        log(
            SightingKind.REQUEST,
            *[(float(s), {"outcome": "failure" if 100 <= s < 300 else "success"}) for s in range(0, LENGTH_S, 2)],
            service=service,
            instance="a",
        )
        for service in ("payments", "shop")
    ]
    pieces = [breaker.batch(at(start), at(start + 100)) for start in range(0, LENGTH_S, 95)]
    return [*pieces, log(SightingKind.RETRY_ATTEMPT, *attempts, operation="pay", instance="a"), *calls]


def test_order_and_repetition_change_nothing(tmp_path: Path) -> None:
    """The same evidence in any order, in pieces, twice, refreshed after each: the same findings and cascades."""
    retries = {"pay": {"initial_delay": "200ms", "max_delay": "1s"}}
    shop = {
        "name": "shop",
        "depends_on": [{"service": "payments"}],
        "fallbacks": [{"name": "pg", "when": "redis", "to": "postgres"}],
        "expected": {"breakers": {"pay": {"open_time": "30s"}}, "retries": retries},
    }
    configuration = config(services=[shop, {"name": "payments"}])
    views = ("findings", "cascades", "breaker_incidents", "health_states")
    (tmp_path / "one").mkdir()
    with taken_in(tmp_path / "one", story(), configuration) as store:
        expected = {view: sorted(map(repr, store.rows(f"from {view}"))) for view in views}
    pieces = story()
    random.Random(3).shuffle(pieces)
    with Store.open(tmp_path / "other.duckdb") as other:
        for piece in [*pieces, *pieces[:4]]:
            other.append(piece)
            refresh(other, configuration)
        found = {view: sorted(map(repr, other.rows(f"from {view}"))) for view in views}
    hour = "last_seen"
    assert {view: rows for view, rows in found.items() if view != "findings"} == {
        view: rows for view, rows in expected.items() if view != "findings"
    }
    assert [row.split(hour)[0] for row in found["findings"]] == [row.split(hour)[0] for row in expected["findings"]]
    assert {"backoff", "open_time", "health_disagrees", "unproven_standby"} <= {
        word for row in found["findings"] for word in row.split("'")
    }
