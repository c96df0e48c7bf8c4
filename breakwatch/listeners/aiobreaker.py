"""A listener that makes aiobreaker's circuit breakers visible, as metrics and as one JSON line per transition.

What to write, where the breaker is made::

    from breakwatch.listeners.aiobreaker import BreakwatchListener

    listener = BreakwatchListener()
    payments = listener.watch(aiobreaker.CircuitBreaker(name="payments"))

and serve ``/metrics`` with prometheus_client as always. The profile ``aiobreaker`` reads all of it; what is exported
stands in ``breakwatch.listeners.exporter``. As aiobreaker sees it, a call that raised an excluded exception is a
success.

aiobreaker tells a listener nothing about calls that an open breaker turns away, so ``watch`` also wraps the breaker's
``call`` and ``call_async`` and counts the errors of calls that never reached the function.

aiobreaker leaves ``open`` only upon the next call after ``timeout_duration``; that is what the state shows. The
listener belongs to one process.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import aiobreaker  # type: ignore[import-untyped]
from aiobreaker.state import CircuitBreakerState  # type: ignore[import-untyped]
from prometheus_client import REGISTRY

from breakwatch.clock import system_clock
from breakwatch.listeners.exporter import BreakerExporter
from breakwatch.model import BreakerState, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiobreaker.state import CircuitBreakerBaseState
    from prometheus_client import CollectorRegistry

    from breakwatch.clock import Clock

STATE_WORDS = {
    CircuitBreakerState.CLOSED: BreakerState.CLOSED,
    CircuitBreakerState.OPEN: BreakerState.OPEN,
    CircuitBreakerState.HALF_OPEN: BreakerState.HALF_OPEN,
}
"""aiobreaker's states, in our words."""


class BreakwatchListener(aiobreaker.CircuitBreakerListener, BreakerExporter):  # type: ignore[misc] # untyped library
    """Listens to the breakers it watches and exports them; see the module for what.

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
        self._names: dict[aiobreaker.CircuitBreaker, str] = {}
        BreakerExporter.__init__(self, registry, log_file=log_file, service=service, instance=instance, clock=clock)

    def watch(self, breaker: aiobreaker.CircuitBreaker, name: str = "") -> aiobreaker.CircuitBreaker:
        """Start listening to a breaker, counting rejected calls too, and return it.

        Args:
            breaker: is kept by the listener as long as the listener lives.
            name: how to call it; the breaker's own name where left out.

        Raises:
            UsageError: the breaker has no name, or a breaker of that name is watched already.
        """
        name = name or breaker.name or ""
        with self.lock:
            self.add(name, STATE_WORDS[breaker.current_state]).calls[Outcome.NOT_PERMITTED] = 0
            self._names[breaker] = name
        breaker.add_listener(self)
        breaker.call = self._counting(name, breaker.call)
        breaker.call_async = self._counting_async(name, breaker.call_async)
        return breaker

    def state_change(
        self,
        breaker: aiobreaker.CircuitBreaker,
        old: CircuitBreakerBaseState,  # noqa: ARG002 the hook's own signature
        new: CircuitBreakerBaseState,
    ) -> None:
        """Count and log a transition; opening an open breaker again is none."""
        self.moved(self._names[breaker], STATE_WORDS[new.state])

    def success(self, breaker: aiobreaker.CircuitBreaker) -> None:
        """Count a call that succeeded."""
        self.called(self._names[breaker], Outcome.SUCCESS)

    def failure(self, breaker: aiobreaker.CircuitBreaker, exception: Exception) -> None:  # noqa: ARG002 the hook's own
        """Count a call that failed."""
        self.called(self._names[breaker], Outcome.FAILURE)

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def counted(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 any function may be guarded
            reach = _Reach(func)
            try:
                return call(reach.plain, *args, **kwargs)
            except aiobreaker.CircuitBreakerError:
                self._turned_away(name, reach)
                raise

        return counted

    def _counting_async(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(call)
        async def counted(func: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            reach = _Reach(func)
            try:
                return await call(reach.plain, *args, **kwargs)
            except aiobreaker.CircuitBreakerError:
                self._turned_away(name, reach)
                raise

        return counted

    def _turned_away(self, name: str, reach: _Reach) -> None:
        # The call that trips the breaker raises the same error although it was made, and a trial call passes twice.
        if not reach.reached:
            self.called(name, Outcome.NOT_PERMITTED)


class _Reach:
    """Notes whether a guarded function was called; ``plain`` is what the breaker calls in its place."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.reached = False

        @wraps(func)
        def reaching(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            self.reached = True
            return func(*args, **kwargs)

        self.plain = reaching
