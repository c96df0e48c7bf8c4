"""The services with a resilience4j-like breaker: checkout, payments, search."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from breakwatch.clock import MILLISECOND_US, SECOND_US, Instant
from sample_data.generator.app import App
from sample_data.generator.health import Watch, checks
from sample_data.generator.machines import CLOSED, FAILURE, NOT_PERMITTED, SUCCESS, SlidingWindowMachine
from sample_data.generator.recorder import Key, key
from sample_data.generator.timeline import at, iso

if TYPE_CHECKING:
    import random

    from sample_data.generator.app import World
    from sample_data.generator.logbook import Logbook

_CALLS = "resilience4j_circuitbreaker_calls_seconds_count"
_REJECTED = "resilience4j_circuitbreaker_not_permitted_calls_total"
_STATE = "resilience4j_circuitbreaker_state"
_KIND = {SUCCESS: "successful", FAILURE: "failed"}
_ANSWER_US = 30 * MILLISECOND_US
_STALE_US = 5 * SECOND_US


class JavaApp(App):
    """An application with one breaker whose state Micrometer shows."""

    breaker = ""
    words: tuple[str, ...] = ("closed", "open", "half_open")
    open_s = 15.0
    shows_metrics = True
    logs_transitions = True
    machine: SlidingWindowMachine

    def start(self, now_us: Instant) -> None:
        """Begin with a new breaker, closed."""
        self.machine = SlidingWindowMachine(self.heard, open_s=self.open_s)
        if self.shows_metrics:
            self._show_state(now_us)
            self.recorder.register(now_us, *(self._calls(result) for result in (SUCCESS, FAILURE, NOT_PERMITTED)))

    def heard(self, now_us: Instant, from_state: str, to_state: str) -> None:
        """Note a transition where this service does."""
        fields = {"instance": self.instance, "breaker": self.breaker, "from_": from_state, "to": to_state}
        self.world.truth.note(now_us, "breaker_transition", service=self.service, **fields)
        if self.logs_transitions:
            self.logbook.write(now_us, "breaker_transition", **fields)
        if self.shows_metrics:
            self._show_state(now_us)

    def through(self, now_us: Instant, *, ok: bool, takes_us: int = _ANSWER_US) -> str:
        """Make one call through the breaker; it counts when it ends."""
        result = self.machine.call(now_us, ok=ok, takes_us=takes_us)
        done_us = now_us if result == NOT_PERMITTED else now_us + takes_us
        if self.shows_metrics:
            self.recorder.count(done_us, self._calls(result))
        return result

    def settled(self) -> bool:
        """Return whether the breaker is closed."""
        return self.machine.state == CLOSED

    def states(self) -> dict[str, str]:
        """Return the state of the breaker."""
        return {self.breaker: self.machine.state}

    def force(self, now_us: Instant, to_state: str) -> None:
        """Move the breaker by hand."""
        self.machine.force(now_us, to_state)

    def calm_calls(self, now_us: Instant, calls: int) -> None:
        """Make good calls through the breaker."""
        self.machine.calm(now_us, calls)
        if self.shows_metrics:
            self.recorder.count(now_us, self._calls(SUCCESS), calls)

    def _calls(self, result: str) -> Key:
        if result == NOT_PERMITTED:
            return key(_REJECTED, name=self.breaker, kind=result)
        return key(_CALLS, name=self.breaker, kind=_KIND[result])

    def _show_state(self, now_us: Instant) -> None:
        for word in self.words:
            self.recorder.show(now_us, key(_STATE, name=self.breaker, state=word), int(word == self.machine.state))


def requests(outcome: str, operation: str, target: str = "") -> Key:
    """Return the counter of requests."""
    if target:
        return key("http_requests_total", operation=operation, outcome=outcome, target=target)
    return key("http_requests_total", operation=operation, outcome=outcome)


class Checkout(JavaApp):
    """Calls payments; answers from a pay-later queue when it cannot."""

    service = "checkout"
    breaker = "payments"
    per_min = 60.0
    logs_transitions = False

    def start(self, now_us: Instant) -> None:
        """Begin a process."""
        super().start(now_us)
        self.recorder.register(now_us, requests("success", "pay"))

    def heard(self, now_us: Instant, from_state: str, to_state: str) -> None:
        """Give a lower level while payments is not reached."""
        super().heard(now_us, from_state, to_state)
        self.set_level(now_us, "full" if to_state == CLOSED else "degraded")

    def request(self, now_us: Instant) -> Instant:
        """Pay, or put it on the pay-later queue."""
        done_us = now_us + _ANSWER_US
        ok = self.fault("checkout/payments", now_us) is None and not self._payments_bad(now_us)
        result = self.through(now_us, ok=ok)
        if result == SUCCESS:
            outcome = SUCCESS
        else:
            full = any(one.fallback_too and one.start_us <= now_us < one.end_us for one in self.faults)
            outcome = FAILURE if full else "fallback"
        self.recorder.count(done_us, requests(outcome, "pay"))
        return done_us

    def calm(self, now_us: Instant, calls: int) -> None:
        """Pay."""
        self.calm_calls(now_us, calls)
        self.recorder.count(now_us, requests("success", "pay"), calls)

    def _payments_bad(self, now_us: Instant) -> bool:
        """Return whether the instance of payments that this one calls answered badly when last seen answering."""
        answers = self.world.answers["payments-0" if self.instance == "checkout-2" else "payments-1"]
        index = bisect_right(answers, (now_us, True)) - 1
        return index >= 0 and answers[index][1] and now_us - answers[index][0] < _STALE_US


class Payments(JavaApp):
    """Writes to a ledger in PostgreSQL, on a primary with a replica behind it; logs its breaker, exports nothing."""

    service = "payments"
    revision = "2.12.1"
    breaker = "ledger-db"
    per_min = 72.0
    open_s = 30.0
    shows_metrics = False
    recent: list[bool]
    failing_since_us: Instant | None

    def __init__(self, world: World, instance: str, logbook: Logbook, rng: random.Random, since_us: Instant) -> None:
        super().__init__(world, instance, logbook, rng, since_us)
        world.answers[instance] = []
        self.target = "pg-primary"
        self.watch = Watch(checks(self.faults, "payments/pg-primary", instance), self._health)

    def start(self, now_us: Instant) -> None:
        """Begin a process."""
        super().start(now_us)
        self.recent = []
        self.misses = 0
        self.failing_since_us = None
        self.recorder.register(now_us, requests("success", "charge", self.target))
        self._set_level(now_us)

    def request(self, now_us: Instant) -> Instant:
        """Charge."""
        done_us = now_us + _ANSWER_US
        self.watch.until(now_us)
        outcome = SUCCESS
        if self.fault("payments", now_us):
            outcome = FAILURE
        else:
            down = self.target == "pg-primary" and self.fault("payments/pg-primary", now_us) is not None
            ok = not down and self.fault("payments/ledger-db", now_us) is None
            if down:
                done_us = now_us + 700 * MILLISECOND_US
            result = self.through(now_us, ok=ok, takes_us=done_us - now_us)
            outcome = FAILURE if result != SUCCESS else SUCCESS
            self._route(now_us, done_us, down=down)
        self.recorder.count(done_us, requests(outcome, "charge", self.target))
        self.world.answers[self.instance].append((done_us, outcome != SUCCESS))
        self.recent = [*self.recent[-19:], outcome == SUCCESS]
        self._set_level(done_us)
        return done_us

    def settled(self) -> bool:
        """Return whether nothing is under way: the breaker closed, and no failure waiting for a good answer."""
        return super().settled() and self.failing_since_us is None

    def calm(self, now_us: Instant, calls: int) -> None:
        """Charge."""
        self.watch.until(now_us)
        self.recent = []
        self._set_level(now_us)
        self.machine.calm(now_us, calls)
        self.recorder.count(now_us, requests("success", "charge", self.target), calls)

    def fail_back(self, now_us: Instant) -> None:
        """Use the primary again."""
        self.target = "pg-primary"
        self._set_level(now_us)

    def _route(self, start_us: Instant, done_us: Instant, *, down: bool) -> None:
        """Move to the replica after three misses in a row on the primary; log it when the replica answered."""
        if down:
            self.failing_since_us = self.failing_since_us or start_us
            self.misses += 1
            if self.misses >= 3:
                self.target = "pg-replica"
        elif self.target == "pg-replica" and self.failing_since_us is not None:
            trigger = "errors"
            fields = {"instance": self.instance, "operation": "charge", "from_target": "pg-primary"}
            fields |= {"to_target": "pg-replica", "failed_at": iso(self.failing_since_us), "trigger": trigger}
            self.logbook.write(done_us, "failover", **fields)
            self.world.truth.note(done_us, "failover", service=self.service, **fields)
            self.failing_since_us, self.misses = None, 0
        else:
            self.failing_since_us, self.misses = None, 0

    def _health(self, now_us: Instant, from_state: str, to_state: str) -> None:
        fields = {"instance": self.instance, "component": "pg-primary", "from_": from_state, "to": to_state}
        self.logbook.write(now_us, "health_change", **fields)
        self.world.truth.note(now_us, "health_change", service=self.service, **fields)

    def _set_level(self, now_us: Instant) -> None:
        if self.machine.state != CLOSED:
            level = "unavailable"
        elif self.recent.count(False) >= 10:
            level = "limited"
        else:
            level = "full" if self.target == "pg-primary" else "degraded"
        self.set_level(now_us, level)


class Search(JavaApp):
    """Reads a catalog; answers with popular results when its breaker is open."""

    service = "search"
    revision = "5.5.2"
    breaker = "catalog-db"
    per_min = 48.0
    open_s = 10.0
    words = ("closed", "open", "half_open", "forced_open")
    bounds = ("0.1", "0.25", "0.5", "1", "+Inf")
    slow = False
    usual = (0.62, 0.93, 0.985, 0.997, 1.0)
    slower = (0.36, 0.78, 0.955, 0.99, 1.0)

    def start(self, now_us: Instant) -> None:
        """Begin a process; latency and retries are exported since 5.6.0."""
        super().start(now_us)
        self.carry = [0.0] * len(self.bounds)
        self.rich = now_us >= at("11-06 10:30:00")
        self.recorder.register(now_us, requests("success", "query"))
        if self.rich:
            self.recorder.register(now_us, *map(_bucket, self.bounds), *map(_retried, (False, True), (True, True)))
            self.recorder.register(now_us, *map(_retried, (False, True), (False, False)))

    def heard(self, now_us: Instant, from_state: str, to_state: str) -> None:
        """Give popular results only while the catalog is not reached."""
        super().heard(now_us, from_state, to_state)
        self.set_level(now_us, "full" if to_state == CLOSED else "limited")

    def request(self, now_us: Instant) -> Instant:
        """Query; once more after 100 ms when it failed."""
        done_us = now_us + _ANSWER_US
        result = self.through(now_us, ok=self.fault("search/catalog-db", now_us) is None)
        again = result == FAILURE
        if again:
            again_us = done_us + 100 * MILLISECOND_US
            done_us = again_us + _ANSWER_US
            result = self.through(again_us, ok=self.fault("search/catalog-db", again_us) is None)
        outcome = {SUCCESS: "success", FAILURE: "failure", NOT_PERMITTED: "fallback"}[result]
        self.recorder.count(done_us, requests(outcome, "query"))
        if self.rich:
            self.recorder.count(done_us, _retried(again, result == SUCCESS))
            self._timed(done_us, 1)
        return done_us

    def calm(self, now_us: Instant, calls: int) -> None:
        """Query."""
        self.calm_calls(now_us, calls)
        self.recorder.count(now_us, requests("success", "query"), calls)
        if self.rich:
            self.recorder.count(now_us, _retried(again=False, good=True), calls)
            self._timed(now_us, calls)

    def set(self, now_us: Instant, name: str, value: float) -> None:  # noqa: ARG002  the signature of all
        """Become slower."""
        if name == "slow":
            self.slow = bool(value)

    def _timed(self, now_us: Instant, calls: int) -> None:
        for index, share in enumerate(self.slower if self.slow else self.usual):
            exact = self.carry[index] + share * calls
            self.carry[index] = exact - int(exact)
            self.recorder.count(now_us, _bucket(self.bounds[index]), int(exact))


def _bucket(bound: str) -> Key:
    return key("http_request_duration_seconds_bucket", le=bound)


def _retried(again: bool, good: bool) -> Key:  # noqa: FBT001  the two words of the kind
    kind = f"{'successful' if good else 'failed'}_{'with' if again else 'without'}_retry"
    return key("resilience4j_retry_calls_total", name="catalog-db", kind=kind)
