"""The listener for pybreaker: what it exports, logs and refuses."""

from __future__ import annotations

import json
import logging
import threading
from itertools import count, pairwise
from typing import TYPE_CHECKING

import pybreaker
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from breakwatch.clock import fixed_clock
from breakwatch.errors import UsageError
from breakwatch.listeners.pybreaker import BreakwatchListener

if TYPE_CHECKING:
    from pathlib import Path

STATES = ("closed", "open", "half_open")


def fail() -> None:
    """Fail as a dependency does."""
    raise ConnectionError("the dependency is down")


def succeed() -> str:
    """Answer as a dependency does."""
    return "answered"


def breaker_of(name: str | None, **settings: float) -> pybreaker.CircuitBreaker:
    """Return a breaker that opens upon the first failure and stays so."""
    return pybreaker.CircuitBreaker(name=name, **{"fail_max": 1, "reset_timeout": 3600, **settings})  # type: ignore[arg-type]


def call(breaker: pybreaker.CircuitBreaker, function: object = succeed) -> None:
    """Call through a breaker, whatever comes of it."""
    try:
        breaker.call(function)  # type: ignore[arg-type]
    except (ConnectionError, pybreaker.CircuitBreakerError):
        return


def figures(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    """Return every exported value by its name and label values."""
    return {
        (sample.name.removeprefix("breakwatch_"), *sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of its own for each test."""
    return CollectorRegistry()


def test_every_series_exists_at_zero_before_anything_happened(registry: CollectorRegistry) -> None:
    """A watched breaker has its state, all moves and all outcomes exported, so that no first event is a birth."""
    BreakwatchListener(registry=registry).watch(breaker_of("payments"))
    seen = figures(registry)
    assert {key[2]: value for key, value in seen.items() if key[0] == "breaker_state"} == {
        "closed": 1,
        "open": 0,
        "half_open": 0,
    }
    moves = {key[2:]: value for key, value in seen.items() if key[0] == "breaker_transitions_total"}
    assert moves == {(one, other): 0 for one in STATES for other in STATES if one != other}
    calls = {key[2]: value for key, value in seen.items() if key[0] == "breaker_calls_total"}
    assert calls == {"success": 0, "failure": 0, "not_permitted": 0}


def test_a_breaker_that_is_open_when_it_is_watched_starts_open(registry: CollectorRegistry) -> None:
    """Watching is no transition: the present state is taken over, nothing is counted."""
    breaker = breaker_of("payments")
    breaker.open()
    BreakwatchListener(registry=registry).watch(breaker)
    seen = figures(registry)
    assert seen["breaker_state", "payments", "open"] == 1
    assert sum(value for key, value in seen.items() if key[0] == "breaker_transitions_total") == 0


def test_a_whole_round_is_counted(registry: CollectorRegistry) -> None:
    """Trip, failed trial, good trial: each move counts once and the state ends where it began."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of("payments"))
    call(breaker, fail)
    breaker.reset_timeout = 0
    call(breaker, fail)
    call(breaker, succeed)
    seen = figures(registry)
    moved = {key[2:]: value for key, value in seen.items() if key[0] == "breaker_transitions_total" and value}
    assert moved == {
        ("closed", "open"): 1,
        ("open", "half_open"): 2,
        ("half_open", "open"): 1,
        ("half_open", "closed"): 1,
    }
    assert seen["breaker_state", "payments", "closed"] == 1
    assert seen["breaker_calls_total", "payments", "failure"] == 2
    assert seen["breaker_calls_total", "payments", "success"] == 1
    assert seen["breaker_calls_total", "payments", "not_permitted"] == 0


def test_opening_an_open_breaker_is_no_transition(registry: CollectorRegistry) -> None:
    """The library calls its hook for open to open as well; that changes nothing."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of("payments"))
    breaker.open()
    breaker.open()
    seen = figures(registry)
    assert seen["breaker_transitions_total", "payments", "closed", "open"] == 1
    assert sum(value for key, value in seen.items() if key[0] == "breaker_transitions_total") == 1


def test_only_calls_that_never_reached_the_function_are_rejections(registry: CollectorRegistry) -> None:
    """The call that trips raises the same error as a rejected one, but it was made: one failure, then rejections."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of("payments"))
    for _ in range(4):
        call(breaker, fail)
    decorated = breaker(succeed)
    with pytest.raises(pybreaker.CircuitBreakerError):
        decorated()
    seen = figures(registry)
    assert seen["breaker_calls_total", "payments", "failure"] == 1
    assert seen["breaker_calls_total", "payments", "not_permitted"] == 4


def test_a_rejection_by_an_inner_breaker_is_a_failure_of_the_outer(registry: CollectorRegistry) -> None:
    """Breakers around breakers: each counts what it did itself."""
    listener = BreakwatchListener(registry=registry)
    outer = listener.watch(breaker_of("outer", fail_max=10))
    inner = listener.watch(breaker_of("inner"))
    inner.open()
    call(outer, lambda: inner.call(succeed))
    seen = figures(registry)
    assert seen["breaker_calls_total", "inner", "not_permitted"] == 1
    assert seen["breaker_calls_total", "outer", "failure"] == 1
    assert seen["breaker_calls_total", "outer", "not_permitted"] == 0


def test_a_listener_that_was_only_registered_does_not_claim_to_know_rejections(registry: CollectorRegistry) -> None:
    """Without ``watch`` rejections cannot be seen; the series is absent instead of 0."""
    breaker = pybreaker.CircuitBreaker(name="payments", fail_max=1, listeners=[BreakwatchListener(registry=registry)])
    call(breaker, fail)
    call(breaker, fail)
    seen = figures(registry)
    assert seen["breaker_state", "payments", "open"] == 1
    assert seen["breaker_transitions_total", "payments", "closed", "open"] == 1
    assert seen["breaker_calls_total", "payments", "failure"] == 1
    assert ("breaker_calls_total", "payments", "not_permitted") not in seen


def test_watching_twice_counts_once(registry: CollectorRegistry) -> None:
    """The second ``watch`` of a breaker changes nothing."""
    listener = BreakwatchListener(registry=registry)
    breaker = listener.watch(listener.watch(breaker_of("payments")))
    call(breaker, fail)
    call(breaker, fail)
    seen = figures(registry)
    assert seen["breaker_transitions_total", "payments", "closed", "open"] == 1
    assert seen["breaker_calls_total", "payments", "not_permitted"] == 1


def test_a_nameless_breaker_is_refused_unless_a_name_is_given(registry: CollectorRegistry) -> None:
    """The name of a breaker may be None; then a name must come with ``watch``."""
    listener = BreakwatchListener(registry=registry)
    with pytest.raises(UsageError, match="without a name") as refusal:
        listener.watch(breaker_of(None))
    assert "listener.watch(breaker" in refusal.value.remedy
    listener.watch(breaker_of(None), "payments")
    assert figures(registry)["breaker_state", "payments", "closed"] == 1


def test_two_breakers_of_one_name_are_refused(registry: CollectorRegistry) -> None:
    """Two breakers behind one series would contradict each other."""
    listener = BreakwatchListener(registry=registry)
    listener.watch(breaker_of("payments"))
    with pytest.raises(UsageError, match="'payments' is watched already"):
        listener.watch(breaker_of("payments"))


def test_no_scrape_sees_state_and_counters_disagree(registry: CollectorRegistry) -> None:
    """While a breaker flips as fast as it can, each scrape's state follows from its own transition counters."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of("payments"))
    done = threading.Event()

    def flip() -> None:
        while not done.is_set():
            breaker.open()
            breaker.half_open()
            breaker.close()

    flipping = threading.Thread(target=flip)
    flipping.start()
    try:
        scrapes = [figures(registry) for _ in range(300)]
    finally:
        done.set()
        flipping.join()
    for seen in scrapes:
        entered = dict.fromkeys(STATES, 0.0)
        for key, value in seen.items():
            if key[0] == "breaker_transitions_total":
                entered[key[3]] += value
                entered[key[2]] -= value
        entered["closed"] += 1
        assert entered == {state: seen["breaker_state", "payments", state] for state in STATES}


def test_one_json_line_per_transition_goes_to_the_file(registry: CollectorRegistry, tmp_path: Path) -> None:
    """A line says when to the microsecond in UTC, which breaker, from where to where, and whose it is."""
    log_file = tmp_path / "breakers.jsonl"
    listener = BreakwatchListener(
        registry=registry, log_file=log_file, service="checkout", instance="a", clock=fixed_clock(1_763_637_176_305_007)
    )
    breaker = listener.watch(breaker_of("zahlung-ä"))
    call(breaker, fail)
    breaker.half_open()
    lines = [json.loads(line) for line in log_file.read_text("utf-8").splitlines()]
    assert lines[0] == {
        "ts": "2025-11-20T11:12:56.305007Z",
        "event": "breaker_transition",
        "breaker": "zahlung-ä",
        "from_state": "closed",
        "to_state": "open",
        "service": "checkout",
        "instance": "a",
    }
    assert [(line["from_state"], line["to_state"]) for line in lines[1:]] == [("open", "half_open")]


def test_lines_go_to_the_standard_logger_without_a_file(
    registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    """The program's own logging decides where they end; what was not said is not in the line."""
    breaker = BreakwatchListener(registry=registry).watch(breaker_of("payments"))
    with caplog.at_level(logging.INFO, logger="breakwatch.listener"):
        breaker.open()
    line = json.loads(caplog.messages[0])
    assert (line["from_state"], line["to_state"]) == ("closed", "open")
    assert not line.keys() & {"service", "instance"}


def test_the_log_never_runs_behind_the_clock_of_its_breaker(registry: CollectorRegistry, tmp_path: Path) -> None:
    """Threads that fight over one breaker leave its lines in order, each starting where the one before ended."""
    log_file, ticks = tmp_path / "breakers.jsonl", count(1_763_637_176_000_000)
    listener = BreakwatchListener(registry=registry, log_file=log_file, clock=lambda: next(ticks))
    breaker = listener.watch(breaker_of("payments"))

    def fight() -> None:
        for _ in range(25):
            breaker.open()
            breaker.half_open()
            breaker.close()

    threads = [threading.Thread(target=fight) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in log_file.read_text("utf-8").splitlines()]
    assert len(lines) == sum(value for key, value in figures(registry).items() if key[0] == "breaker_transitions_total")
    assert all(one["ts"] < other["ts"] for one, other in pairwise(lines))
    assert all(one["to_state"] == other["from_state"] for one, other in pairwise(lines))


def test_a_log_that_cannot_be_written_breaks_no_call_and_is_exported(
    registry: CollectorRegistry, tmp_path: Path
) -> None:
    """The program goes on as without us; the lost line is a counter that an alert can see."""
    breaker = BreakwatchListener(registry=registry, log_file=tmp_path / "missing" / "x.jsonl").watch(breaker_of("p"))
    breaker.open()
    assert figures(registry)["listener_write_errors_total",] == 1
    assert figures(registry)["breaker_transitions_total", "p", "closed", "open"] == 1


def test_the_exposition_text_is_as_documented(registry: CollectorRegistry) -> None:
    """The names on the wire, as profiles and dashboards read them; no ``_created`` series beside them."""
    BreakwatchListener(registry=registry).watch(breaker_of("payments"))
    text = generate_latest(registry).decode()
    assert 'breakwatch_breaker_state{breaker="payments",state="half_open"} 0.0' in text
    assert 'breakwatch_breaker_transitions_total{breaker="payments",from_state="closed",to_state="open"} 0.0' in text
    assert 'breakwatch_breaker_calls_total{breaker="payments",outcome="not_permitted"} 0.0' in text
    assert "_created" not in text
