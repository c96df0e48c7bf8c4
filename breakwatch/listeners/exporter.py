"""What every listener of this package exports: states, transitions and calls of breakers, as metrics and as log lines.

* gauge ``breakwatch_breaker_state{breaker,state}``: 1 for the present state, 0 for the others;
* counter ``breakwatch_breaker_transitions_total{breaker,from_state,to_state}``;
* counter ``breakwatch_breaker_calls_total{breaker,outcome}``: ``success``, ``failure``, ``not_permitted``;
* counter ``breakwatch_listener_write_errors_total``: transitions that could not be written to ``log_file``.

Every series of a breaker exists, at 0, from the moment it is known: a series that is born with its first event would
lose that event. State, transitions and calls of one scrape always agree: they are read and written under one lock.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from breakwatch.clock import from_us
from breakwatch.errors import UsageError
from breakwatch.model import BreakerState, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from breakwatch.clock import Clock, Instant

_logger = logging.getLogger("breakwatch.listener")

STATES = (BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN)
MOVES = tuple((one, other) for one in STATES for other in STATES if one != other)
"""Every move there can be: a breaker may also be opened, half-opened and closed by hand."""


@dataclass(slots=True)
class Figures:
    """What is exported about one breaker."""

    state: BreakerState
    transitions: dict[tuple[BreakerState, BreakerState], int] = field(default_factory=lambda: dict.fromkeys(MOVES, 0))
    calls: dict[Outcome, int] = field(default_factory=lambda: {Outcome.SUCCESS: 0, Outcome.FAILURE: 0})


def state_family() -> GaugeMetricFamily:
    """Return the gauge of states, without samples."""
    return GaugeMetricFamily(
        "breakwatch_breaker_state", "1 for the state a breaker is in.", labels=["breaker", "state"]
    )


def add_state(family: GaugeMetricFamily, name: str, present: BreakerState) -> None:
    """Add the series of one breaker to the gauge of states."""
    for state in STATES:
        family.add_metric([name, state], float(state == present))


class BreakerExporter(Collector):
    """Keeps the figures of breakers, exports them, and writes their transitions down.

    Args:
        registry: where the metrics are registered; None exports no metrics.
        log_file: where transitions go, one JSON object per line, appended. Without it they go as INFO messages to the
            standard logger ``breakwatch.listener``. The file is opened for each line, so it may be rotated freely.
        service, instance: named in the log lines; metrics get both from the scrape.
        clock: where the time of a log line comes from.
    """

    def __init__(
        self,
        registry: CollectorRegistry | None,
        *,
        log_file: str | Path | None,
        service: str,
        instance: str,
        clock: Clock,
    ) -> None:
        self.lock = threading.RLock()
        self._figures: dict[str, Figures] = {}
        self._log_file = log_file
        self._origin = {key: text for key, text in (("service", service), ("instance", instance)) if text}
        self._write_errors = 0
        self._clock = clock
        if registry is not None:
            registry.register(self)

    def figures(self, name: str) -> Figures:
        """Return the figures of a breaker that was added."""
        return self._figures[name]

    def add(self, name: str, state: BreakerState) -> Figures:
        """Return new figures for a breaker; UsageError where it has no name, or the name of another one."""
        if not name:
            raise UsageError(
                "a circuit breaker without a name cannot be told from others",
                'name it: CircuitBreaker(name="payments"), or listener.watch(breaker, "payments")',
            )
        with self.lock:
            if name in self._figures:
                raise UsageError(
                    f"the circuit breaker {name!r} is watched already",
                    "give each breaker of a process its own name, and watch it once",
                )
            return self._figures.setdefault(name, Figures(state))

    def moved(self, name: str, new: BreakerState) -> None:
        """Count and log a transition; one into the present state is none."""
        with self.lock:
            figures = self._figures[name]
            old = figures.state
            if old == new:
                return
            # Taken inside the lock: no scrape can show the new state before this instant, or the old one after it.
            at_us = self._clock()
            figures.state = new
            figures.transitions[old, new] += 1
        # Outside the lock, so that a slow disk delays no scrape; the breaker's own lock keeps its lines in order.
        self._log(at_us, name, old, new)

    def called(self, name: str, outcome: Outcome) -> None:
        """Count a call by how it ended."""
        with self.lock:
            self._figures[name].calls[outcome] += 1

    def describe(self) -> Iterator[Metric]:
        """Yield the families without samples, so that registration finds a clash of names at once."""
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        """Yield all families as they stood at one instant."""
        state, transitions, calls, errors = self._families()
        with self.lock:
            for name, figures in self._figures.items():
                add_state(state, name, figures.state)
                for (old, new), count in figures.transitions.items():
                    transitions.add_metric([name, old, new], count)
                for outcome, count in figures.calls.items():
                    calls.add_metric([name, outcome], count)
            errors.add_metric([], self._write_errors)
        yield from (state, transitions, calls, errors)

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, CounterMetricFamily, CounterMetricFamily, CounterMetricFamily]:
        return (
            state_family(),
            CounterMetricFamily(
                "breakwatch_breaker_transitions",
                "Changes of a breaker's state.",
                labels=["breaker", "from_state", "to_state"],
            ),
            CounterMetricFamily(
                "breakwatch_breaker_calls", "Calls through a breaker, by outcome.", labels=["breaker", "outcome"]
            ),
            CounterMetricFamily(
                "breakwatch_listener_write_errors", "Transitions that could not be written to the log file.", labels=[]
            ),
        )

    def _log(self, at_us: Instant, name: str, old: BreakerState, new: BreakerState) -> None:
        at = from_us(at_us).isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = json.dumps(
            {"ts": at, "event": "breaker_transition", "breaker": name, "from_state": old, "to_state": new}
            | self._origin,
            ensure_ascii=False,
        )
        if self._log_file is None:
            _logger.info("%s", line)
            return
        try:
            descriptor = os.open(self._log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line.encode() + b"\n")
            finally:
                os.close(descriptor)
        except OSError:
            # What watches a program must not break it: the loss is exported, where an alert can see it.
            with self.lock:
                self._write_errors += 1
