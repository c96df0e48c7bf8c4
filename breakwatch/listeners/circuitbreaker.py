"""Makes the circuit breakers of the library circuitbreaker visible as a gauge.

What to write, once in a program::

    from breakwatch.listeners.circuitbreaker import CircuitBreakerExporter

    CircuitBreakerExporter()

and serve ``/metrics`` with prometheus_client as always. The profile ``circuitbreaker-py`` reads the gauge
``breakwatch_breaker_state{breaker,state}``: 1 for the present state, 0 for the others.

The library has no hooks. Its monitor, which knows every breaker that decorates a function, is asked at each scrape:
what happens between two scrapes is not seen, and calls are not counted. ``half_open`` is what the library computes from
its clock: an open breaker shows it once its ``recovery_timeout`` has passed, whether or not it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import circuitbreaker  # type: ignore[import-untyped]
from prometheus_client import REGISTRY
from prometheus_client.registry import Collector

from breakwatch.listeners.exporter import add_state, state_family
from breakwatch.model import BreakerState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric


STATE_WORDS = {
    circuitbreaker.STATE_CLOSED: BreakerState.CLOSED,
    circuitbreaker.STATE_OPEN: BreakerState.OPEN,
    circuitbreaker.STATE_HALF_OPEN: BreakerState.HALF_OPEN,
}
"""The library's words for its states, in ours."""


class CircuitBreakerExporter(Collector):
    """Exports the state of every circuit breaker of the process at each scrape.

    Args:
        registry: where the gauge is registered.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Yield the family without samples, so that registration finds a clash of names at once."""
        yield state_family()

    def collect(self) -> Iterator[Metric]:
        """Yield the states as the library computes them now."""
        family = state_family()
        for breaker in list(circuitbreaker.CircuitBreakerMonitor.get_circuits()):
            add_state(family, breaker.name, STATE_WORDS[breaker.state])
        yield family
