"""A listener that makes pybreaker's circuit breakers visible, as metrics and as one JSON line per transition.

What to write, where the breaker is made::

    from breakwatch.listeners.pybreaker import BreakwatchListener

    listener = BreakwatchListener()
    payments = listener.watch(pybreaker.CircuitBreaker(name="payments"))

and serve ``/metrics`` with prometheus_client as always. The profile ``pybreaker`` reads all of it:

* gauge ``breakwatch_breaker_state{breaker,state}``: 1 for the present state, 0 for the others;
* counter ``breakwatch_breaker_transitions_total{breaker,from_state,to_state}``;
* counter ``breakwatch_breaker_calls_total{breaker,outcome}``: ``success``, ``failure``, ``not_permitted``. As pybreaker
  sees it, a call that raised an excluded exception is a success;
* counter ``breakwatch_listener_write_errors_total``: transitions that could not be written to ``log_file``.

Every series of a breaker exists, at 0, from the moment it is watched: a series that is born with its first event would
lose that event. State, transitions and calls of one scrape always agree: they are read and written under one lock.

**Calls that an open breaker turns away.** pybreaker tells a listener nothing about them: an open breaker raises
``CircuitBreakerError`` before any hook is called, and the call that trips it raises the same error although it was
made. ``watch`` therefore also wraps the breaker's ``call`` and counts the errors of calls that never reached the
function. A listener that was only passed as ``listeners=[listener]`` cannot know them; then the series
``not_permitted`` does not exist, which says "not known", instead of staying at 0. ``call_async`` (Tornado) is not
wrapped.

pybreaker leaves ``open`` only upon the next call after ``reset_timeout``; that is what the state shows. The listener
belongs to one process: with prometheus_client's multiprocess mode, serve one registry per process.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import pybreaker
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from breakwatch.clock import from_us, system_clock
from breakwatch.errors import UsageError
from breakwatch.model import BreakerState, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from breakwatch.clock import Clock, Instant

P = ParamSpec("P")
R = TypeVar("R")

_logger = logging.getLogger("breakwatch.listener")

STATE_WORDS = {
    pybreaker.STATE_CLOSED: BreakerState.CLOSED,
    pybreaker.STATE_OPEN: BreakerState.OPEN,
    pybreaker.STATE_HALF_OPEN: BreakerState.HALF_OPEN,
}
"""pybreaker's words for its states, in ours."""

MOVES = tuple((one, other) for one in STATE_WORDS.values() for other in STATE_WORDS.values() if one != other)
"""Every move there can be: a breaker may also be opened, half-opened and closed by hand."""


@dataclass(slots=True)
class _Figures:
    """What is exported about one breaker."""

    state: BreakerState
    transitions: dict[tuple[BreakerState, BreakerState], int] = field(default_factory=lambda: dict.fromkeys(MOVES, 0))
    calls: dict[Outcome, int] = field(default_factory=lambda: {Outcome.SUCCESS: 0, Outcome.FAILURE: 0})


class BreakwatchListener(pybreaker.CircuitBreakerListener, Collector):
    """Listens to any number of breakers and exports them; see the module for what.

    Args:
        registry: where the metrics are registered; None exports no metrics.
        log_file: where transitions go, one JSON object per line, appended. Without it they go as INFO messages to the
            standard logger ``breakwatch.listener``. The file is opened for each line, so it may be rotated freely.
        service, instance: named in the log lines; metrics get both from the scrape.
        clock: where the time of a log line comes from.
    """

    def __init__(
        self,
        *,
        registry: CollectorRegistry | None = REGISTRY,
        log_file: str | Path | None = None,
        service: str = "",
        instance: str = "",
        clock: Clock = system_clock,
    ) -> None:
        self._lock = threading.RLock()
        self._figures: dict[str, _Figures] = {}
        self._names: dict[pybreaker.CircuitBreaker, str] = {}
        self._log_file = log_file
        self._origin = {key: text for key, text in (("service", service), ("instance", instance)) if text}
        self._write_errors = 0
        self._clock = clock
        if registry is not None:
            registry.register(self)

    def watch(self, breaker: pybreaker.CircuitBreaker, name: str = "") -> pybreaker.CircuitBreaker:
        """Start listening to a breaker, counting rejected calls too, and return it.

        Args:
            breaker: is kept by the listener as long as the listener lives.
            name: how to call it; the breaker's own name where left out.

        Raises:
            UsageError: the breaker has no name, or another breaker of that name is watched already.
        """
        with self._lock:
            figures = self._register(breaker, name=name)
            if Outcome.NOT_PERMITTED in figures.calls:
                return breaker
            figures.calls[Outcome.NOT_PERMITTED] = 0
        if self not in breaker.listeners:
            breaker.add_listener(self)
        breaker.call = self._counting_rejections(figures, breaker.call)  # type: ignore[method-assign]
        return breaker

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        """Count and log a transition; opening an open breaker again is none."""
        old = STATE_WORDS[old_state.name] if old_state is not None else None
        new = STATE_WORDS[new_state.name]
        with self._lock:
            figures = self._register(cb, old or new)
            old = figures.state
            if old == new:
                return
            # Taken inside the lock: no scrape can show the new state before this instant, or the old one after it.
            at_us = self._clock()
            figures.state = new
            figures.transitions[old, new] += 1
            name = self._names[cb]
        # Outside the lock, so that a slow disk delays no scrape; the breaker's own lock keeps its lines in order.
        self._log(at_us, name, old, new)

    def before_call(
        self,
        cb: pybreaker.CircuitBreaker,
        func: Callable[..., Any],  # noqa: ARG002 the hook's own signature
        *args: Any,  # noqa: ANN401, ARG002
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """Make a breaker's series exist before its first call ends."""
        with self._lock:
            self._register(cb)

    def success(self, cb: pybreaker.CircuitBreaker) -> None:
        """Count a call that succeeded."""
        self._count(cb, Outcome.SUCCESS)

    def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:  # noqa: ARG002 the hook's signature
        """Count a call that failed."""
        self._count(cb, Outcome.FAILURE)

    def describe(self) -> Iterator[Metric]:
        """Yield the families without samples, so that registration finds a clash of names at once."""
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        """Yield all families as they stood at one instant."""
        state, transitions, calls, errors = self._families()
        with self._lock:
            for name, figures in self._figures.items():
                for word in STATE_WORDS.values():
                    state.add_metric([name, word], float(figures.state == word))
                for (old, new), count in figures.transitions.items():
                    transitions.add_metric([name, old, new], count)
                for outcome, count in figures.calls.items():
                    calls.add_metric([name, outcome], count)
            errors.add_metric([], self._write_errors)
        yield from (state, transitions, calls, errors)

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, CounterMetricFamily, CounterMetricFamily, CounterMetricFamily]:
        return (
            GaugeMetricFamily(
                "breakwatch_breaker_state", "1 for the state a breaker is in.", labels=["breaker", "state"]
            ),
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

    def _register(
        self, breaker: pybreaker.CircuitBreaker, state: BreakerState | None = None, name: str = ""
    ) -> _Figures:
        """Return the figures of a breaker; where it was not known, new ones in the given or its present state."""
        known = self._names.get(breaker)
        if known is not None and name in {"", known}:
            return self._figures[known]
        name = name or breaker.name or ""
        if not name:
            raise UsageError(
                "a circuit breaker without a name cannot be told from others",
                'name it: CircuitBreaker(name="payments"), or listener.watch(breaker, "payments")',
            )
        if known is not None or name in self._figures:
            raise UsageError(
                f"the circuit breaker {known or name!r} is watched already",
                "give each breaker of a process its own name, and watch it once",
            )
        self._names[breaker] = name
        return self._figures.setdefault(name, _Figures(state or STATE_WORDS[breaker.current_state]))

    def _count(self, breaker: pybreaker.CircuitBreaker, outcome: Outcome) -> None:
        with self._lock:
            self._register(breaker).calls[outcome] += 1

    def _counting_rejections(self, figures: _Figures, call: Callable[..., R]) -> Callable[..., R]:
        @wraps(call)
        def counted(func: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
            reached = False

            @wraps(func)
            def reaching(*args: P.args, **kwargs: P.kwargs) -> R:
                nonlocal reached
                reached = True
                return func(*args, **kwargs)

            try:
                return call(reaching, *args, **kwargs)
            except pybreaker.CircuitBreakerError:
                # A trial call passes here twice, since pybreaker calls itself; it reached the function both times.
                if not reached:
                    with self._lock:
                        figures.calls[Outcome.NOT_PERMITTED] += 1
                raise

        return cast("Callable[..., R]", counted)

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
            with self._lock:
                self._write_errors += 1
