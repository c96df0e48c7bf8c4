"""The services with real pybreaker breakers: cart, assistant, accounts."""

from __future__ import annotations

from breakwatch.clock import MILLISECOND_US, MINUTE_US, SECOND_US, Instant, from_us
from sample_data.generator.app import App
from sample_data.generator.apps_java import requests
from sample_data.generator.machines import (
    CLOSED,
    FAILURE,
    HALF_OPEN,
    LAWFUL,
    NOT_PERMITTED,
    OPEN,
    SUCCESS,
    DependencyError,
    PybreakerMachine,
    RateLimitedError,
)
from sample_data.generator.recorder import Key, key
from sample_data.generator.timeline import iso

_ANSWER_US = 20 * MILLISECOND_US
_CHAT_US = 100 * MILLISECOND_US


class PythonApp(App):
    """An application with one pybreaker breaker that the listener of Breakwatch watches."""

    breaker = ""
    fail_max = 5
    open_s = 20.0
    logs_transitions = True
    counts_transitions = False
    machine: PybreakerMachine

    def start(self, now_us: Instant) -> None:
        """Begin with a new breaker, closed."""
        self.machine = PybreakerMachine(
            self.breaker, self.world.clock, self.heard, fail_max=self.fail_max, open_s=self.open_s
        )
        self._show_state(now_us, CLOSED)
        self.recorder.register(now_us, *(self._calls(result) for result in (SUCCESS, FAILURE, NOT_PERMITTED)))
        if self.counts_transitions:
            self.recorder.register(now_us, *(self._moves(*move) for move in sorted(LAWFUL)))

    def heard(self, now_us: Instant, from_state: str, to_state: str) -> None:
        """Note a transition where this service does."""
        fields = {"instance": self.instance, "breaker": self.breaker, "from_": from_state, "to": to_state}
        self.world.truth.note(now_us, "breaker_transition", service=self.service, **fields)
        if self.logs_transitions:
            self.logbook.write(now_us, "breaker_transition", **fields)
        if self.counts_transitions:
            self.recorder.count(now_us, self._moves(from_state, to_state))
        self._show_state(now_us, to_state)

    def through(self, now_us: Instant, *, ok: bool, takes_us: int = _ANSWER_US) -> str:
        """Make one call through the breaker; it counts when it ends."""
        result = self.machine.call(now_us, ok=ok, takes_us=takes_us)
        done_us = now_us if result == NOT_PERMITTED else now_us + takes_us
        self.recorder.count(done_us, self._calls(result))
        return result

    def calm_calls(self, now_us: Instant, calls: int) -> None:
        """Make good calls through the breaker."""
        self.machine.calm(now_us, calls)
        self.recorder.count(now_us, self._calls(SUCCESS), calls)

    def settled(self) -> bool:
        """Return whether the breaker is closed."""
        return self.machine.state == CLOSED

    def states(self) -> dict[str, str]:
        """Return the state of the breaker."""
        return {self.breaker: self.machine.state}

    def force(self, now_us: Instant, to_state: str) -> None:
        """Open the breaker by hand."""
        if to_state != OPEN:
            raise ValueError(f"pybreaker is forced open only, not {to_state}")
        self.machine.trip(now_us)

    def _calls(self, result: str) -> Key:
        return key("breakwatch_breaker_calls_total", breaker=self.breaker, outcome=result)

    def _moves(self, from_state: str, to_state: str) -> Key:
        return key(
            "breakwatch_breaker_transitions_total", breaker=self.breaker, from_state=from_state, to_state=to_state
        )

    def _show_state(self, now_us: Instant, state: str) -> None:
        for word in (CLOSED, OPEN, HALF_OPEN):
            self.recorder.show(
                now_us, key("breakwatch_breaker_state", breaker=self.breaker, state=word), int(word == state)
            )


class Cart(PythonApp):
    """Keeps carts in Redis; from its own memory when it cannot, and then it is cache only."""

    service = "cart"
    revision = "3.1.4"
    breaker = "redis"
    per_min = 54.0
    dead = 0

    def start(self, now_us: Instant) -> None:
        """Begin a process."""
        super().start(now_us)
        self.recorder.register(now_us, requests("success", "get"))
        self._show_level(now_us)

    def heard(self, now_us: Instant, from_state: str, to_state: str) -> None:
        """Serve from memory while Redis is not reached."""
        super().heard(now_us, from_state, to_state)
        self._lower(now_us, "full" if to_state == CLOSED else "cache_only")

    def request(self, now_us: Instant) -> Instant:
        """Get a cart."""
        done_us = now_us + _ANSWER_US
        result = self.through(now_us, ok=self.fault("cart/redis", now_us) is None)
        self.recorder.count(done_us, requests("success" if result == SUCCESS else "cache_stale", "get"))
        return done_us

    def calm(self, now_us: Instant, calls: int) -> None:
        """Get carts."""
        self.calm_calls(now_us, calls)
        self.recorder.count(now_us, requests("success", "get"), calls)

    def tick(self, now_us: Instant) -> None:
        """Let the queue of cart events grow and drain."""
        depth = 0.0
        for one in self.backlogs:
            top = (one.resumed_us - one.start_us) / MINUTE_US * one.grows_per_min
            if one.start_us <= now_us:
                grown = (now_us - one.start_us) / MINUTE_US * one.grows_per_min
                drained = max(0, now_us - one.resumed_us) / MINUTE_US * one.drains_per_min
                depth += max(0.0, min(top, grown) - drained)
            if now_us >= one.resumed_us:
                self.dead = one.dead_letters
        queue = {"queue": "cart-events", "priority": "normal"}
        self.recorder.show(now_us, key("queue_depth", kind="main", **queue), int(depth))
        self.recorder.show(now_us, key("queue_depth", kind="dead_letter", **queue), self.dead)
        if self.settled():
            self._lower(now_us, "degraded" if depth > 500 else "full")

    def _lower(self, now_us: Instant, level: str) -> None:
        self.set_level(now_us, level)
        self._show_level(now_us)

    def _show_level(self, now_us: Instant) -> None:
        for word in ("full", "degraded", "cache_only"):
            self.recorder.show(now_us, key("service_level", level=word), int(word == self.level))


class Assistant(PythonApp):
    """Asks openai with retries; asks anthropic when that fails.

    A call that openai did not answer goes to anthropic. The first such call is a failover; openai is the one in use
    again after ten good answers in a row.
    """

    service = "assistant"
    breaker = "openai"
    per_min = 20.0
    fail_max = 3
    open_s = 30.0
    attempts = 3
    first_wait_s = 0.2
    factor = 2.0
    blind = False
    serial = 0
    failing_since_us: Instant | None = None
    standby = False
    good = 0

    def start(self, now_us: Instant) -> None:
        """Begin a process."""
        super().start(now_us)
        self.set(now_us, "storm", float(self.blind))
        self.recorder.register(now_us, _attempted("openai", SUCCESS), _called("openai", SUCCESS))
        self.recorder.register(now_us, requests(SUCCESS, "chat", "openai"))

    def set(self, now_us: Instant, name: str, value: float) -> None:  # noqa: ARG002  the signature of all
        """Take the settings of the retry storm, or the old ones again."""
        if name != "storm":
            return
        self.blind = bool(value)
        self.attempts, self.first_wait_s, self.factor = (8, 0.05, 1.0) if self.blind else (3, 0.2, 2.0)
        if self.blind:
            self.machine.breaker.add_excluded_exception(RateLimitedError)
        elif RateLimitedError in self.machine.breaker.excluded_exceptions:
            self.machine.breaker.remove_excluded_exception(RateLimitedError)

    def heard(self, now_us: Instant, from_state: str, to_state: str) -> None:
        """Run on the standby while openai is not reached."""
        super().heard(now_us, from_state, to_state)
        self.set_level(now_us, "full" if to_state == CLOSED else "degraded")

    def request(self, now_us: Instant) -> Instant:
        """Chat: up to so many attempts on openai, then anthropic."""
        self.serial += 1
        call_id = f"{self.instance}-{self.serial:06d}"
        result, done_us = self._ask(now_us, call_id)
        if result == SUCCESS:
            self.good += 1
            if self.good >= 10:
                self.standby = False
            self.failing_since_us = None
            self.recorder.count(done_us, requests(SUCCESS, "chat", "openai"))
            return done_us
        self.good = 0
        if self.failing_since_us is None:
            self.failing_since_us = now_us
        done_us += 900 * MILLISECOND_US
        self.recorder.count(done_us, requests(SUCCESS, "chat", "anthropic"))
        if not self.standby:
            self.standby = True
            trigger = "breaker" if result == NOT_PERMITTED else "errors"
            fields = {"instance": self.instance, "operation": "chat", "from_target": "openai"}
            fields |= {"to_target": "anthropic", "failed_at": iso(self.failing_since_us), "trigger": trigger}
            self.logbook.write(done_us, "failover", **fields)
            self.world.truth.note(done_us, "failover", service=self.service, **fields)
        return done_us

    def calm(self, now_us: Instant, calls: int) -> None:
        """Chat."""
        self.standby = False
        self.calm_calls(now_us, calls)
        for one in (_attempted("openai", SUCCESS), _called("openai", SUCCESS), requests(SUCCESS, "chat", "openai")):
            self.recorder.count(now_us, one, calls)

    def tick(self, now_us: Instant) -> None:
        """Let web sockets come and go with the day."""
        busy = (now_us // MINUTE_US // 30 * 7) % 11
        day = 11 <= from_us(now_us).hour < 20
        self.recorder.show(now_us, key("sessions_alive", kind="websocket"), (24 if day else 6) + busy)

    def _ask(self, now_us: Instant, call_id: str) -> tuple[str, Instant]:
        """Return how the attempts on openai ended, and when."""
        done_us, wait_s = now_us, self.first_wait_s
        for attempt in range(1, self.attempts + 1):
            fault = self.fault("assistant/openai", done_us)
            self.machine.error = RateLimitedError if fault and fault.error == "HTTP 429" else DependencyError
            result = self.through(done_us, ok=fault is None, takes_us=_CHAT_US)
            if result == NOT_PERMITTED:
                break
            done_us += _CHAT_US
            said = "rate_limited" if fault and fault.error == "HTTP 429" else result
            self.recorder.count(done_us, _attempted("openai", said))
            if result == SUCCESS or fault is None:
                break
            wait_s = round(self.first_wait_s * self.factor ** (attempt - 1) * self.rng.uniform(0.8, 1.2), 3)
            last = attempt == self.attempts
            self._log_retry(done_us, call_id, attempt, 0.0 if last else wait_s, fault.error)
            done_us += 0 if last else round(wait_s * SECOND_US)
        self.recorder.count(done_us, _called("openai", result))
        return result, done_us

    def _log_retry(self, now_us: Instant, call_id: str, attempt: int, wait_s: float, error: str) -> None:
        outcome = "rate_limited" if error == "HTTP 429" else "failure"
        self.logbook.write(
            now_us, "retry", instance=self.instance, operation="chat", target="openai", call_id=call_id,
            attempt=attempt, wait_s=wait_s, error=error, outcome=outcome,
        )  # fmt: skip


class Accounts(PythonApp):
    """Signs people in against LDAP; logs nothing of its breaker."""

    service = "accounts"
    revision = "4.0.2"
    breaker = "ldap"
    per_min = 36.0
    open_s = 60.0
    logs_transitions = False
    counts_transitions = True
    sessions = 210.0
    ticked_us = 0

    def start(self, now_us: Instant) -> None:
        """Begin a process."""
        super().start(now_us)
        self.recorder.register(now_us, requests(SUCCESS, "sign-in"))

    def set(self, now_us: Instant, name: str, value: float) -> None:  # noqa: ARG002  the signature of all
        """Take another open time."""
        if name == "open_s":
            self.open_s = value
            self.machine.breaker.reset_timeout = value

    def request(self, now_us: Instant) -> Instant:
        """Sign in."""
        done_us = now_us + _ANSWER_US
        result = self.through(now_us, ok=self.fault("accounts/ldap", now_us) is None)
        self.recorder.count(done_us, requests(SUCCESS if result == SUCCESS else FAILURE, "sign-in"))
        return done_us

    def calm(self, now_us: Instant, calls: int) -> None:
        """Sign people in."""
        self.calm_calls(now_us, calls)
        self.recorder.count(now_us, requests(SUCCESS, "sign-in"), calls)

    def tick(self, now_us: Instant) -> None:
        """Let sessions follow the day; nobody new comes while LDAP is not reached."""
        if now_us - self.ticked_us < 5 * MINUTE_US:
            return
        self.ticked_us = now_us
        wanted = 420.0 if 9 <= from_us(now_us).hour < 21 else 140.0
        if self.settled():
            self.sessions += (wanted - self.sessions) * 0.12
        else:
            self.sessions *= 0.975
        self.recorder.show(now_us, key("sessions_alive", kind="session"), int(self.sessions))


def _attempted(target: str, outcome: str) -> Key:
    return key("retry_attempts_total", operation="chat", target=target, outcome=outcome)


def _called(target: str, outcome: str) -> Key:
    return key("retry_calls_total", operation="chat", target=target, outcome=outcome)
