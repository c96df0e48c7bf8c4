"""What the shipped profiles understand, line by line, and in the dress a source gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from breakwatch.clock import from_us
from breakwatch.config import ServiceConfig
from breakwatch.model import SightingKind
from tests.collectors.logs.following import at

if TYPE_CHECKING:
    from pathlib import Path

    from breakwatch.model import Rejected, Sighting
    from tests.collectors.logs.conftest import Follow

T = "2026-11-20T11:32:56.305Z"
FAILOVER = (
    '"event":"failover","operation":"chat","from_target":"openai","to_target":"anthropic","trigger":"breaker_open",'
    '"failed_at":"2026-11-20T12:32:55+01:00"'
)


class Read:
    """Reads lines as one source would."""

    def __init__(self, folder: Path, follow: Follow) -> None:
        self._log, self._follow = folder / "app.log", follow

    def __call__(self, *lines: str, **settings: Any) -> tuple[list[Sighting], list[Rejected]]:
        """Return what the lines gave."""
        self._log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        ledger = self._follow(self._log, **settings).read()
        return list(ledger.sightings.values()), list(ledger.rejected.values())


@pytest.fixture
def read(tmp_path: Path, follow: Follow) -> Read:
    """Read lines as one source would."""
    return Read(tmp_path, follow)


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        (f"{T}: CircuitBreaker 'payments' changed state from HALF_OPEN to FORCED_OPEN", {}),
        (
            "2026-11-20 11:32:56,305 INFO x: CircuitBreaker 'payments' changed state from HALF_OPEN to FORCED_OPEN",
            {},
        ),
        (
            "2026-11-20 11:32:56.305 WARN x - Circuit breaker payments: State transition from HALF_OPEN to FORCED_OPEN",
            {},
        ),
        (
            f'{{"time":"{T}","cb":"payments","message":"State transition from HALF_OPEN to FORCED_OPEN"}}',
            {"format": "json", "fields": {"ts": "time", "breaker": "cb"}},
        ),
        (
            f'{{"@timestamp":"{T}","msg":"CircuitBreaker \'payments\' changed state from HALF_OPEN to FORCED_OPEN"}}',
            {"format": "json"},
        ),
        (
            f"ts={T} level=info msg=\"CircuitBreaker 'payments' changed state from HALF_OPEN to FORCED_OPEN\"",
            {"format": "logfmt"},
        ),
    ],
)
def test_resilience4j_in_any_dress(read: Read, line: str, settings: dict[str, Any]) -> None:
    """The same event as a plain line, and as the message of a JSON or logfmt line."""
    (sighting,), rejected = read(line, **{"profile": "resilience4j", "format": "regex"} | settings)
    assert (sighting.subject.breaker, sighting.from_state, sighting.to_state) == (
        "payments",
        "half_open",
        "forced_open",
    )
    assert (sighting.occurred_us, rejected) == (at(T), [])


def test_resilience4j_retry(read: Read) -> None:
    """Java writes its waits as ISO durations."""
    error = "java.io.IOException: x"
    line = f"{T}: Retry 'llm', waiting PT0.5S until attempt '2'. Last attempt failed with exception '{error}'."
    (sighting,), _ = read(line, profile="resilience4j", format="regex")
    assert sighting.subject.operation == "llm"
    assert dict(sighting.detail) == {"attempt": "2", "wait_s": "0.5", "error": error}


def test_a_transition_without_its_breaker_is_kept_apart(read: Read) -> None:
    """A listener that does not name the breaker cannot be understood, and says so."""
    sightings, (rejected,) = read(f"{T} State transition from CLOSED to OPEN", profile="resilience4j", format="regex")
    assert sightings == []
    assert rejected.reason.startswith("a breaker_transition without breaker")


@pytest.mark.parametrize(
    ("message", "component", "to_state"),
    [
        (
            "Server be/web1 is DOWN, reason: Layer4 timeout, check duration: 2001ms. 1 active and 0 backup left.",
            "web1",
            "down",
        ),
        ("Backup Server be/web1 is UP/READY (leaving forced maintenance).", "web1", "up"),
        ("Server be/web1 is going DOWN for maintenance. 1 active and 0 backup servers left.", "web1", "maintenance"),
        ("Server be/web1 was DOWN and now enters maintenance.", "web1", "maintenance"),
        ("Server be/web1 enters drain state.", "web1", "draining"),
        ("backend be has no server available!", "", "down"),
    ],
)
@pytest.mark.parametrize(
    "framing", [f"<129>1 {T} - haproxy 1 - - ", "Nov 20 11:32:56 lb haproxy[1]: ", f"{T} lb haproxy[1]: "]
)
def test_haproxy_in_any_framing(read: Read, framing: str, message: str, component: str, to_state: str) -> None:
    """What stands before the message does not matter."""
    sightings, rejected = read(framing + message, profile="haproxy", format="regex")
    (sighting,) = (one for one in sightings if one.kind == SightingKind.HEALTH_CHANGE)
    assert (sighting.subject.service, sighting.subject.component, sighting.to_state) == ("be", component, to_state)
    assert (sighting.occurred_us // 1_000_000, rejected) == (at(T) // 1_000_000, [])


def test_haproxys_second_print_is_left_out(read: Read) -> None:
    """Logging to stdout prints each event twice; the one without a time is understood and says nothing new."""
    assert read("[WARNING]  (23812) : Server be/web1 is DOWN.", profile="haproxy", format="regex") == ([], [])


def test_our_pybreaker_listener(read: Read) -> None:
    """The line that the shipped listener writes."""
    line = (
        f'{{"ts":"{T}","event":"breaker_transition","breaker":"db","from_state":"open","to_state":"half_open",'
        '"service":"cart","instance":"cart-1"}'
    )
    (sighting,), _ = read(line, profile="pybreaker")
    assert (sighting.from_state, sighting.to_state) == ("open", "half_open")
    assert (sighting.subject.service, sighting.subject.instance, sighting.subject.breaker) == ("cart", "cart-1", "db")


@pytest.mark.parametrize(
    ("words", "kind", "told"),
    [
        ('"event":"breaker_transition","breaker":"b","from":"closed","to":"open"', "breaker_transition", {}),
        ('"event":"level_change","from":"full","to":"cache_only"', "level_change", {}),
        ('"event":"health_change","component":"redis","from":"unknown","to":"down"', "health_change", {}),
        (
            FAILOVER,
            "failover",
            {
                "from_target": "openai",
                "to_target": "anthropic",
                "failed_at": "2026-11-20T11:32:55.000000Z",
                "trigger": "breaker_open",
            },
        ),
        (
            '"event":"retry","operation":"chat","attempt":2,"wait_s":0.25,"error":"timeout","outcome":"failure","call_id":"c1"',
            "retry_attempt",
            {"attempt": "2", "wait_s": "0.25", "error": "timeout", "outcome": "failure", "call_id": "c1"},
        ),
        ('"event":"request","operation":"pay","outcome":"cache_hit"', "request", {"outcome": "cache_hit"}),
        (
            '"event":"deploy","revision":"2.14.0","actor":"ci","text":"payments 2.14.0"',
            "change",
            {"change": "deploy", "revision": "2.14.0", "actor": "ci", "text": "payments 2.14.0"},
        ),
    ],
)
def test_a_service_in_our_own_words(read: Read, words: str, kind: str, told: dict[str, str]) -> None:
    """Without a profile a JSON log is read in our own words, one event a line."""
    (sighting,), rejected = read(f'{{"ts":"{T}","service":"shop",{words}}}')
    assert (sighting.kind, sighting.subject.service, dict(sighting.detail)) == (kind, "shop", told)
    assert (sighting.profile, rejected) == ("breakwatch-service", [])


def test_a_sources_own_names_go_before_the_profiles(read: Read) -> None:
    """Every name can be theirs, also the one that says what happened."""
    (sighting,), _ = read(
        f'{{"when":"{T}","what":"breaker_transition","cb":"b","new":"halfOpen","app":{{"id":"shop"}}}}',
        fields={"ts": "when", "event": "what", "breaker": "cb", "to": "new", "service": "app.id"},
    )
    assert (sighting.subject.breaker, sighting.to_state, sighting.subject.service) == ("b", "half_open", "shop")
    assert from_us(sighting.occurred_us) == from_us(at(T))


def test_a_pattern_of_the_sources_own(read: Read) -> None:
    """Lines it does not match were never claimed to be ours; local times take the source's zone."""
    sightings, rejected = read(
        "2026-11-20 12:32:56.305 CB[db] -> OPEN",
        "something else",
        format="regex",
        pattern=r"CB\[(?P<breaker>\w+)\] -> (?P<to>\w+)",
        timezone="Europe/Paris",
    )
    assert [(one.subject.breaker, one.to_state, one.occurred_us) for one in sightings] == [("db", "open", at(T))]
    assert rejected == []


def test_configured_services_are_recognised_by_the_fields_of_a_line(read: Read) -> None:
    """``match`` labels are looked for in the line and in the labels of the source."""
    shop = ServiceConfig(name="shop", match={"app": "shop-v2", "cluster": "eu"})
    (sighting,), _ = read(
        f'{{"ts":"{T}","app":"shop-v2","event":"level_change","to":"degraded"}}',
        services=(shop,),
        labels={"cluster": "eu", "environment": "prod"},
    )
    assert (sighting.subject.service, sighting.subject.environment) == ("shop", "prod")
    assert sighting.subject.labels == (("cluster", "eu"),)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('"event":"breaker_transition","breaker":"b","to":"ajar"', "'ajar' is no state of a breaker_transition"),
        ('"event":"level_change","to":"open"', "'open' is no state of a level_change"),
        ('"event":"retry","attempt":1', "a retry_attempt without operation or target"),
        ('"event":"retry","operation":"o","attempt":"first"', "attempt 'first' is no count"),
        ('"event":"retry","operation":"o","wait_s":-1', "'-1' is no number of seconds"),
        ('"event":"request","outcome":"fine"', "'fine' is no outcome"),
        ('"event":"failover","operation":"o"', "a failover without to_target"),
        ('"event":"failover","to_target":"a","failed_at":"then"', "'then' is no time"),
    ],
)
def test_what_makes_no_sense_is_kept_with_its_reason(read: Read, words: str, reason: str) -> None:
    """A line of ours that says something impossible is rejected, not bent."""
    sightings, (rejected,) = read(f'{{"ts":"{T}",{words}}}')
    assert sightings == []
    assert rejected.reason.startswith(reason)
