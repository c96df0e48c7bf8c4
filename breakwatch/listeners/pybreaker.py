"""A listener that makes pybreaker's circuit breakers visible, as metrics and as one JSON line per transition.

What to write, where the breaker is made::

    from breakwatch.listeners.pybreaker import BreakwatchListener

    listener = BreakwatchListener()
    payments = listener.watch(pybreaker.CircuitBreaker(name="payments"))

and serve ``/metrics`` with prometheus_client as always. The profile ``pybreaker`` reads all of it; what is exported
stands in ``breakwatch.listeners.exporter``. As pybreaker sees it, a call that raised an excluded exception is a
success.

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

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import pybreaker
from prometheus_client import REGISTRY

from breakwatch.clock import system_clock
from breakwatch.errors import UsageError
from breakwatch.listeners.exporter import BreakerExporter
from breakwatch.model import BreakerState, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prometheus_client import CollectorRegistry

    from breakwatch.clock import Clock

P = ParamSpec("P")
R = TypeVar("R")

STATE_WORDS = {
    pybreaker.STATE_CLOSED: BreakerState.CLOSED,
    pybreaker.STATE_OPEN: BreakerState.OPEN,
    pybreaker.STATE_HALF_OPEN: BreakerState.HALF_OPEN,
}
"""pybreaker's words for its states, in ours."""


class BreakwatchListener(pybreaker.CircuitBreakerListener, BreakerExporter):
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
        self._names: dict[pybreaker.CircuitBreaker, str] = {}
        BreakerExporter.__init__(self, registry, log_file=log_file, service=service, instance=instance, clock=clock)

    def watch(self, breaker: pybreaker.CircuitBreaker, name: str = "") -> pybreaker.CircuitBreaker:
        """Start listening to a breaker, counting rejected calls too, and return it.

        Args:
            breaker: is kept by the listener as long as the listener lives.
            name: how to call it; the breaker's own name where left out.

        Raises:
            UsageError: the breaker has no name, or another breaker of that name is watched already.
        """
        with self.lock:
            name = self._name(breaker, name=name)
            calls = self.figures(name).calls
            if Outcome.NOT_PERMITTED in calls:
                return breaker
            calls[Outcome.NOT_PERMITTED] = 0
        if self not in breaker.listeners:
            breaker.add_listener(self)
        breaker.call = self._counting_rejections(name, breaker.call)  # type: ignore[method-assign]
        return breaker

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        """Count and log a transition; opening an open breaker again is none."""
        new = STATE_WORDS[new_state.name]
        self.moved(self._name(cb, STATE_WORDS[old_state.name] if old_state is not None else new), new)

    def before_call(
        self,
        cb: pybreaker.CircuitBreaker,
        func: Callable[..., Any],  # noqa: ARG002 the hook's own signature
        *args: Any,  # noqa: ANN401, ARG002
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """Make a breaker's series exist before its first call ends."""
        self._name(cb)

    def success(self, cb: pybreaker.CircuitBreaker) -> None:
        """Count a call that succeeded."""
        self.called(self._name(cb), Outcome.SUCCESS)

    def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:  # noqa: ARG002 the hook's signature
        """Count a call that failed."""
        self.called(self._name(cb), Outcome.FAILURE)

    def _name(self, breaker: pybreaker.CircuitBreaker, state: BreakerState | None = None, name: str = "") -> str:
        """Return a breaker's name; one that was not known is added in the given or its present state."""
        with self.lock:
            known = self._names.get(breaker)
            if known is None:
                name = name or breaker.name or ""
                self.add(name, state or STATE_WORDS[breaker.current_state])
                self._names[breaker] = name
                return name
            if name not in {"", known}:
                raise UsageError(
                    f"the circuit breaker {known!r} is watched already",
                    "give each breaker of a process its own name, and watch it once",
                )
            return known

    def _counting_rejections(self, name: str, call: Callable[..., R]) -> Callable[..., R]:
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
                    self.called(name, Outcome.NOT_PERMITTED)
                raise

        return cast("Callable[..., R]", counted)
