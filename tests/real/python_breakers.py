"""Real circuit breakers of Python libraries, each driven the same way and made visible as its profile says."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import aiobreaker  # type: ignore[import-untyped]
import circuitbreaker  # type: ignore[import-untyped]
import fluxgate
import purgatory
import pybreaker
import pyresilience
from fluxgate.listeners.log import LogListener
from fluxgate.listeners.prometheus import PrometheusListener as FluxgateListener
from fluxgate.permits import All
from fluxgate.retries import Cooldown
from fluxgate.trippers import Closed, FailureStreak, HalfOpened
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge
from purgatory.domain.model import OpenedState
from pyresilience.contrib.prometheus import PrometheusListener as PyresilienceListener
from pyresilience.logging import JsonEventLogger

from breakwatch.listeners import aiobreaker as our_aiobreaker
from breakwatch.listeners import circuitbreaker as our_circuitbreaker
from breakwatch.listeners import pybreaker as our_pybreaker
from tests.real.processes import now_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger
    from pathlib import Path

OPEN_S = 0.2
FAILURES = 3
"""So many failures in a row open every breaker here; one success after OPEN_S closes it."""


class RefusedError(Exception):
    """The dependency refuses."""


REJECTIONS = (
    pybreaker.CircuitBreakerError,
    aiobreaker.CircuitBreakerError,
    fluxgate.CallNotPermittedError,
    pyresilience.CircuitOpenError,
    OpenedState,
    circuitbreaker.CircuitBreakerError,
)
"""What the libraries raise in place of a call; the first two also in place of the error of the call that trips them."""


@dataclass
class Dependency:
    """What the breakers guard."""

    failing: bool = False
    reached: int = 0

    def __call__(self) -> str:
        """Answer or refuse."""
        self.reached += 1
        if self.failing:
            raise RefusedError("payments refused")
        return "paid"


class Breaker(Protocol):
    """One breaker of one library, named payments; ``log`` is the format of what it writes, if anything."""

    profile: str
    log: str
    registry: CollectorRegistry

    def __init__(self, dependency: Dependency, log_file: Path, logger: Logger) -> None:
        """Make the breaker; its listeners write to a file of their own, or to the logger."""

    def call(self) -> object:
        """Call the dependency through the breaker; raises whatever the library raises."""

    def state(self) -> str:
        """Return the state the library itself says it is in, in our words."""


class Pybreaker:
    """pybreaker with our listener."""

    profile = "pybreaker"
    log = "json"

    def __init__(self, dependency: Dependency, log_file: Path, logger: Logger) -> None:
        self.registry = CollectorRegistry()
        listener = our_pybreaker.BreakwatchListener(registry=self.registry, log_file=log_file, service="shop")
        self._dependency = dependency
        self._breaker = listener.watch(
            pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=OPEN_S, name="payments")
        )

    def call(self) -> object:
        return self._breaker.call(self._dependency)

    def state(self) -> str:
        return self._breaker.current_state.replace("-", "_")


class Aiobreaker:
    """aiobreaker with our listener, called from an event loop."""

    profile = "aiobreaker"
    log = "json"

    def __init__(self, dependency: Dependency, log_file: Path, logger: Logger) -> None:
        self.registry = CollectorRegistry()
        listener = our_aiobreaker.BreakwatchListener(registry=self.registry, log_file=log_file, service="shop")
        self._dependency = dependency
        self._breaker = listener.watch(
            aiobreaker.CircuitBreaker(fail_max=FAILURES, timeout_duration=timedelta(seconds=OPEN_S), name="payments")
        )

    def call(self) -> object:
        async def awaited() -> str:
            return self._dependency()

        return asyncio.run(self._breaker.call_async(awaited))

    def state(self) -> str:
        return str(self._breaker.current_state.name).lower()


class Fluxgate:
    """fluxgate with its own two listeners."""

    profile = "fluxgate"
    log = "regex"

    def __init__(self, dependency: Dependency, log_file: Path, logger: Logger) -> None:
        self.registry = CollectorRegistry()
        self._breaker = fluxgate.CircuitBreaker(
            tripper=(Closed() & FailureStreak(FAILURES)) | (HalfOpened() & FailureStreak(1)),
            retry=Cooldown(OPEN_S),
            permit=All(),
            listeners=[FluxgateListener("payments", registry=self.registry), LogListener("payments", logger=logger)],
        )
        self._dependency = dependency

    def call(self) -> object:
        return self._breaker.call(self._dependency)

    def state(self) -> str:
        return str(self._breaker.info().state)


class Pyresilience:
    """pyresilience with its own two listeners; its metrics can only be in the default registry."""

    profile = "pyresilience"
    log = "json"
    registry = REGISTRY

    def __init__(self, dependency: Dependency, log_file: Path, logger: Logger) -> None:
        def payments() -> str:
            return dependency()

        self._prometheus = PyresilienceListener(namespace="shop")
        self.payments = pyresilience.resilient(
            circuit_breaker=pyresilience.CircuitBreakerConfig(
                failure_threshold=FAILURES, recovery_timeout=OPEN_S, success_threshold=1
            ),
            listeners=[self._prometheus, JsonEventLogger(logger_name=logger.name)],
        )(payments)

    def call(self) -> object:
        return self.payments()

    def state(self) -> str:
        return ""


class PrometheusHook:
    """The exporter that purgatory's documentation shows."""

    CODES = {"closed": 0, "half-opened": 1, "opened": 2}  # noqa: RUF012

    def __init__(self, registry: CollectorRegistry) -> None:
        self._errors = Counter(
            "circuit_breaker_error", "Count the circuit breaker exception raised", ["circuit"], registry=registry
        )
        self._state = Gauge(
            "circuit_breaker_state",
            "State of the circuit breaker. 0 is closed, 1 is half-opened, 2 is opened.",
            ["circuit"],
            registry=registry,
        )

    def __call__(self, circuit: str, event: str, payload: Any) -> None:
        if event == "state_changed":
            self._state.labels(circuit).set(self.CODES[payload.state])
        elif event == "failed":
            self._errors.labels(circuit).inc()


class Purgatory:
    """purgatory with the exporter of its documentation."""

    profile = "purgatory"
    log = ""

    def __init__(self, dependency: Dependency, log_file: Path, logger: Logger) -> None:
        self.registry = CollectorRegistry()
        self._factory = purgatory.SyncCircuitBreakerFactory(default_threshold=FAILURES, default_ttl=OPEN_S)
        self._factory.add_listener(PrometheusHook(self.registry))
        self._guarded: Callable[[], str] = self._factory("payments")(dependency.__call__)

    def call(self) -> object:
        return self._guarded()

    def state(self) -> str:
        state = self._factory.get_breaker("payments").context.state
        return {"closed": "closed", "opened": "open", "half-opened": "half_open"}[state]


class Circuitbreaker:
    """circuitbreaker with our exporter; what the application logs is the exception of a rejected call."""

    profile = "circuitbreaker-py"
    log = "regex"

    def __init__(self, dependency: Dependency, log_file: Path, logger: Logger) -> None:
        self.registry = CollectorRegistry()
        our_circuitbreaker.CircuitBreakerExporter(self.registry)
        # The library rounds what is left up to whole seconds, but compares with the exact time.
        self._breaker = circuitbreaker.CircuitBreaker(FAILURES, OPEN_S, name="payments")
        self._guarded = self._breaker(dependency.__call__)
        self._logger = logger

    def call(self) -> object:
        try:
            return self._guarded()
        except circuitbreaker.CircuitBreakerError as error:
            self._logger.error("%s", error)  # noqa: TRY400 one line, as many applications write it
            raise

    def state(self) -> str:
        return str(self._breaker.state)


@dataclass(frozen=True)
class Call:
    """One call through a breaker: between which instants, how it ended, and the state the library was in after it."""

    begin_us: int
    end_us: int
    outcome: str
    after: str


@dataclass(frozen=True)
class Move:
    """A breaker moved, truly somewhere from ``low_us`` to ``high_us``."""

    from_state: str
    to_state: str
    low_us: int
    high_us: int


@dataclass
class Drive:
    """Calls a breaker and keeps what truly happened."""

    breaker: Breaker
    dependency: Dependency
    calls: list[Call] = field(default_factory=list)

    def call(self, *, failing: bool = False) -> None:
        """Make one call."""
        self.dependency.failing, reached = failing, self.dependency.reached
        begin_us = now_us()
        with suppress(RefusedError, *REJECTIONS):
            self.breaker.call()
        end_us = now_us()
        outcome = "not_permitted" if self.dependency.reached == reached else "failure" if failing else "success"
        self.calls.append(Call(begin_us, end_us, outcome, self.breaker.state()))

    def count(self, outcome: str) -> int:
        """Return how many calls ended so."""
        return sum(call.outcome == outcome for call in self.calls)

    def moves(self) -> list[Move]:
        """Return how a breaker of these settings must have moved; fails where the library says another state."""
        state, failures, moves = "closed", 0, list[Move]()

        def move(to_state: str, call: Call) -> str:
            moves.append(Move(state, to_state, call.begin_us, call.end_us))
            return to_state

        for call in self.calls:
            if state == "open" and call.outcome != "not_permitted":
                state = move("half_open", call)
                state = move("closed" if call.outcome == "success" else "open", call)
                failures = 0
            elif state == "closed":
                failures = failures + 1 if call.outcome == "failure" else 0
                state = move("open", call) if failures == FAILURES else state
            assert call.after in {state, ""}
        return moves

    def round(self, scrape: Callable[[], None]) -> None:
        """Go once through everything: open, turn calls away, fail the trial, and close at last."""
        scrape()
        self.call()
        scrape()
        for _ in range(FAILURES):
            self.call(failing=True)
        scrape()
        self.call()
        self.call()
        scrape()
        time.sleep(OPEN_S * 1.2)
        scrape()
        self.call(failing=True)
        scrape()
        time.sleep(OPEN_S * 1.2)
        scrape()
        self.call()
        scrape()
        self.call()
        scrape()


LIBRARIES: tuple[type[Breaker], ...] = (Pybreaker, Aiobreaker, Fluxgate, Pyresilience, Purgatory, Circuitbreaker)
