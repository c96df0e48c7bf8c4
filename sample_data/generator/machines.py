"""The breakers: real pybreaker under a simulated clock, and a count-based sliding window as resilience4j has it.

pybreaker knows neither a sliding window nor a number of permitted half-open calls; services of the Java kind are
therefore driven by `SlidingWindowMachine`.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch

import pybreaker

from breakwatch.clock import SECOND_US, Instant, from_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, tzinfo

    Heard = Callable[[Instant, str, str], None]

CLOSED, OPEN, HALF_OPEN, FORCED_OPEN = "closed", "open", "half_open", "forced_open"
SUCCESS, FAILURE, NOT_PERMITTED = "success", "failure", "not_permitted"

LAWFUL = frozenset({(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED), (HALF_OPEN, OPEN)})
MANUAL = frozenset({(state, FORCED_OPEN) for state in (CLOSED, OPEN, HALF_OPEN)} | {(FORCED_OPEN, CLOSED)})


class Machine(Protocol):
    """A breaker as the simulated applications use it."""

    @property
    def state(self) -> str:
        """The present state."""

    def call(self, now_us: Instant, *, ok: bool, takes_us: int = 0) -> str:
        """Make one call that would take so long and end well or not; return success, failure or not_permitted."""

    def calm(self, now_us: Instant, calls: int) -> None:
        """Make calls that all succeed; the machine must be closed."""


@dataclass(slots=True)
class SimulatedClock:
    """The time that pybreaker is shown."""

    now_us: Instant = 0

    def now(self, tz: tzinfo | None = None) -> datetime:
        """Answer as ``datetime.now(UTC)`` does."""
        return from_us(self.now_us).astimezone(tz)


@contextmanager
def pybreaker_on(clock: SimulatedClock) -> Iterator[None]:
    """Let pybreaker read its time from ``clock``; it has no other way of being told the time."""
    with patch.object(pybreaker, "datetime", clock):
        yield


class DependencyError(Exception):
    """What a call to a failing dependency raises."""


class RateLimitedError(DependencyError):
    """What a call raises that the dependency turned away (HTTP 429)."""


class _Ear(pybreaker.CircuitBreakerListener):
    def __init__(self, clock: SimulatedClock, heard: Heard) -> None:
        self._clock = clock
        self._heard = heard

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:  # noqa: ARG002, ANN401  pybreaker's signature
        self._heard(self._clock.now_us, _word(old_state.name), _word(new_state.name))


def _word(name: str) -> str:
    return name.replace("-", "_")


class PybreakerMachine:
    """A real ``pybreaker.CircuitBreaker``.

    Args:
        name: of the breaker.
        clock: the one given to `pybreaker_on`.
        heard: called with (instant, from, to) at every transition.
        fail_max: consecutive failures that open it.
        open_s: how long it stays open at least.
    """

    def __init__(self, name: str, clock: SimulatedClock, heard: Heard, *, fail_max: int, open_s: float) -> None:
        self._clock = clock
        self.error: type[DependencyError] = DependencyError
        self.breaker = pybreaker.CircuitBreaker(
            fail_max=fail_max,
            reset_timeout=open_s,
            listeners=[_Ear(clock, heard)],
            name=name,
            throw_new_error_on_trip=False,
        )

    @property
    def state(self) -> str:
        """The present state."""
        return _word(self.breaker.current_state)

    def call(self, now_us: Instant, *, ok: bool, takes_us: int = 0) -> str:
        """Make one call; the clock goes on while it lasts."""
        self._clock.now_us = now_us
        try:
            self.breaker.call(self._work, ok=ok, takes_us=takes_us)
        except pybreaker.CircuitBreakerError:
            return NOT_PERMITTED
        except DependencyError:
            return FAILURE
        return SUCCESS

    def calm(self, now_us: Instant, calls: int) -> None:
        """Make good calls: a closed breaker is after many as it is after one."""
        if calls:
            self.call(now_us, ok=True)

    def trip(self, now_us: Instant) -> None:
        """Open by hand."""
        self._clock.now_us = now_us
        self.breaker.open()

    def _work(self, *, ok: bool, takes_us: int) -> None:
        self._clock.now_us += takes_us
        if not ok:
            raise self.error


@dataclass(slots=True)
class SlidingWindowMachine:
    """A count-based sliding window breaker, by the rules of resilience4j.

    Opens when, of the last ``window`` calls and at least ``minimum``, the share of failures reaches ``threshold``.
    Leaves open upon the first call after ``open_s``. In half-open it lets ``permitted`` calls through, then closes or
    opens again by the same threshold.
    """

    heard: Heard
    window: int = 20
    minimum: int = 10
    threshold: float = 0.5
    open_s: float = 15.0
    permitted: int = 3
    state: str = CLOSED
    _results: deque[bool] = field(default_factory=deque)
    _opened_us: Instant = 0

    def call(self, now_us: Instant, *, ok: bool, takes_us: int = 0) -> str:
        """Make one call."""
        if self.state == OPEN and now_us >= self._opened_us + round(self.open_s * SECOND_US):
            self._move(now_us, HALF_OPEN)
        if self.state in {OPEN, FORCED_OPEN}:
            return NOT_PERMITTED
        done_us = now_us + takes_us
        self._note(ok=ok)
        needed = self.permitted if self.state == HALF_OPEN else self.minimum
        if len(self._results) >= needed:
            bad = self._results.count(False) / len(self._results)
            if bad >= self.threshold:
                self._move(done_us, OPEN)
            elif self.state == HALF_OPEN:
                self._move(done_us, CLOSED)
        return SUCCESS if ok else FAILURE

    def calm(self, now_us: Instant, calls: int) -> None:  # noqa: ARG002  the protocol's signature
        """Make good calls: more than the window holds leave it as a full window of them does."""
        for _ in range(min(calls, self.window)):
            self._note(ok=True)

    def force(self, now_us: Instant, state: str) -> None:
        """Move by hand."""
        self._move(now_us, state)

    def _note(self, *, ok: bool) -> None:
        self._results.append(ok)
        if len(self._results) > self.window:
            self._results.popleft()

    def _move(self, now_us: Instant, to_state: str) -> None:
        from_state, self.state = self.state, to_state
        self._results.clear()
        if to_state == OPEN:
            self._opened_us = now_us
        self.heard(now_us, from_state, to_state)
