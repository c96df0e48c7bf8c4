"""The exporter for circuitbreaker: what it shows of breakers it is never told about."""

from __future__ import annotations

import time
from contextlib import suppress

import circuitbreaker  # type: ignore[import-untyped]
import pytest
from prometheus_client import CollectorRegistry

from breakwatch.listeners.circuitbreaker import CircuitBreakerExporter


def state(registry: CollectorRegistry, breaker: str) -> str:
    """Return the one state whose series is 1."""
    words = ("closed", "open", "half_open")
    labels = [{"breaker": breaker, "state": word} for word in words]
    values = [registry.get_sample_value("breakwatch_breaker_state", each) for each in labels]
    assert sorted(value if value is not None else -1 for value in values) == [0, 0, 1]
    return words[values.index(1)]


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of its own for each test."""
    return CollectorRegistry()


def test_a_breaker_is_seen_from_when_it_decorates_a_function(registry: CollectorRegistry) -> None:
    """Nothing has to be registered: the library's own monitor knows its breakers, also those made later."""
    CircuitBreakerExporter(registry)
    circuitbreaker.circuit(name="orders")(lambda: None)
    assert state(registry, "orders") == "closed"


def test_half_open_comes_by_the_clock(registry: CollectorRegistry) -> None:
    """An open breaker shows half_open once its time has passed, without a call; a good call closes it."""
    CircuitBreakerExporter(registry)
    failing = True

    def dependency() -> None:
        if failing:
            raise ConnectionError

    quotes = circuitbreaker.circuit(failure_threshold=1, recovery_timeout=0.05, name="quotes")(dependency)

    with suppress(ConnectionError):
        quotes()
    assert state(registry, "quotes") == "open"
    time.sleep(0.06)
    assert state(registry, "quotes") == "half_open"
    failing = False
    quotes()
    assert state(registry, "quotes") == "closed"


def test_a_second_exporter_is_refused(registry: CollectorRegistry) -> None:
    """Two of a kind in one registry would say everything twice: prometheus_client finds it at once."""
    CircuitBreakerExporter(registry)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        CircuitBreakerExporter(registry)
