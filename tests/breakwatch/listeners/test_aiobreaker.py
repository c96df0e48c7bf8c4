"""The listener for aiobreaker: what it exports, logs and refuses."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import aiobreaker  # type: ignore[import-untyped]
import pytest
from prometheus_client import CollectorRegistry

from breakwatch.clock import fixed_clock
from breakwatch.errors import UsageError
from breakwatch.listeners.aiobreaker import BreakwatchListener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fail() -> None:
    """Fail as a dependency does."""
    raise ConnectionError("the dependency is down")


async def fail_later() -> None:
    """Fail as an awaited dependency does."""
    fail()


def breaker_of(name: str | None = "payments", open_s: float = 3600) -> aiobreaker.CircuitBreaker:
    """Return a breaker that opens upon the second failure."""
    return aiobreaker.CircuitBreaker(fail_max=2, timeout_duration=timedelta(seconds=open_s), name=name)


def call(breaker: aiobreaker.CircuitBreaker, function: object = fail) -> None:
    """Call through a breaker, whatever comes of it."""
    with suppress(ConnectionError, aiobreaker.CircuitBreakerError):
        breaker.call(function)


def call_later(breaker: aiobreaker.CircuitBreaker, function: object = fail_later) -> None:
    """Await a call through a breaker, whatever comes of it."""

    async def awaited() -> None:
        with suppress(ConnectionError, aiobreaker.CircuitBreakerError):
            await breaker.call_async(function)

    asyncio.run(awaited())


def exported(registry: CollectorRegistry, family: str, **labels: str) -> float | None:
    """Return one exported value; None where there is no such series."""
    return registry.get_sample_value(f"breakwatch_{family}", labels)


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of its own for each test."""
    return CollectorRegistry()


def test_every_series_exists_at_zero_before_anything_happened(registry: CollectorRegistry) -> None:
    """What is born with its first event would lose it: all series of a watched breaker are there."""
    BreakwatchListener(registry=registry).watch(breaker_of())
    calls = [exported(registry, "breaker_calls_total", breaker="payments", outcome=o) for o in ("success", "failure")]
    assert calls == [0.0, 0.0]
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="not_permitted") == 0.0
    moved = {"breaker": "payments", "from_state": "closed", "to_state": "open"}
    assert exported(registry, "breaker_transitions_total", **moved) == 0.0
    assert exported(registry, "breaker_state", breaker="payments", state="closed") == 1.0


@pytest.mark.parametrize("through", [call, call_later], ids=["call", "call_async"])
def test_only_calls_that_never_reached_the_function_are_rejections(
    registry: CollectorRegistry, through: object
) -> None:
    """The call that trips the breaker raises its error too, but was made; the calls after it were not."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of())
    for _ in range(5):
        through(breaker)  # type: ignore[operator]
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="failure") == 2.0
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="not_permitted") == 3.0
    assert exported(registry, "breaker_state", breaker="payments", state="open") == 1.0


def test_a_trial_call_is_counted_once(registry: CollectorRegistry) -> None:
    """The library calls itself for a trial: one call, two transitions."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of(open_s=0.001))
    call(breaker)
    call(breaker)
    time.sleep(0.002)
    call(breaker, lambda: "answered")
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="success") == 1.0
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="not_permitted") == 0.0
    for old, new in (("closed", "open"), ("open", "half_open"), ("half_open", "closed")):
        moved = {"breaker": "payments", "from_state": old, "to_state": new}
        assert exported(registry, "breaker_transitions_total", **moved) == 1.0


def test_a_generator_is_guarded_as_before(registry: CollectorRegistry) -> None:
    """What the library does with functions that yield stays as it is."""

    def answers() -> Iterator[str]:
        yield "one"
        yield "two"

    breaker = BreakwatchListener(registry=registry).watch(breaker_of())
    assert list(breaker.call(answers)) == ["one", "two"]
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="success") == 1.0


def test_a_decorated_function_is_counted_too(registry: CollectorRegistry) -> None:
    """The decorator goes through the same call."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of())
    guarded = breaker(fail)
    for _ in range(3):
        with suppress(ConnectionError, aiobreaker.CircuitBreakerError):
            guarded()
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="failure") == 2.0
    assert exported(registry, "breaker_calls_total", breaker="payments", outcome="not_permitted") == 1.0


def test_one_json_line_per_transition_goes_to_the_file(registry: CollectorRegistry, tmp_path: Path) -> None:
    """The line says when, which breaker, from where to where, and whose it is."""
    log = tmp_path / "breakers.jsonl"
    listener = BreakwatchListener(
        registry=registry, log_file=log, service="shop", instance="a", clock=fixed_clock(1_795_174_430_779_001)
    )
    breaker = listener.watch(breaker_of())
    call(breaker)
    call(breaker)
    (line,) = log.read_text().splitlines()
    assert json.loads(line) == {
        "ts": "2026-11-20T11:33:50.779001Z",
        "event": "breaker_transition",
        "breaker": "payments",
        "from_state": "closed",
        "to_state": "open",
        "service": "shop",
        "instance": "a",
    }


def test_names_tell_breakers_apart(registry: CollectorRegistry) -> None:
    """A breaker without a name, a name twice, and a breaker twice are refused."""
    listener = BreakwatchListener(registry=registry)
    with pytest.raises(UsageError, match="without a name"):
        listener.watch(breaker_of(None))
    first = listener.watch(breaker_of(None), "payments")
    for again in (first, breaker_of()):
        with pytest.raises(UsageError, match="watched already"):
            listener.watch(again, "payments")
