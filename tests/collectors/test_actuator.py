"""Spring Boot's health page, served over HTTP and polled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from breakwatch.clock import SECOND_US, fixed_clock
from breakwatch.config import ActuatorSource, BasicAuth, Config
from breakwatch.errors import SourceError
from breakwatch.model import STATE_WORDS, Batch, TrackKind, Window
from collectors import make
from collectors.actuator import Seen, look, series_of
from tests.collectors.servers import answering, in_turn, serving
from tests.collectors.union import united

T0 = 1_795_174_430 * SECOND_US


def breaker(state: str, status: str = "UP") -> dict[str, Any]:
    """Return what the page says of a breaker."""
    return {"status": status, "details": {"failureRate": "-1.0%", "state": state, "notPermittedCalls": 0}}


def page(status: str = "UP", **breakers: dict[str, Any]) -> dict[str, Any]:
    """Return a page with some breakers, a database and a composite part."""
    return {
        "status": status,
        "components": {
            "circuitBreakers": {"status": status, "details": breakers},
            "db": {"status": status, "details": {"database": "H2"}},
            "clients": {"status": "UP", "components": {"mail": {"status": "OUT_OF_SERVICE"}}},
            "ping": {"status": "UP"},
        },
    }


def poll(body: Any, at_s: float, held: Mapping[str, str], status: int = 200, **settings: Any) -> list[Batch]:
    """Return what one poll of a page yields."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    at_us = T0 + round(at_s * SECOND_US)
    with serving(answering(status, text)) as (url, _):
        source = ActuatorSource(name="shop", url=f"{url}/actuator/health", labels={"environment": "prod"}, **settings)
        collector = make(source, Config(), fixed_clock(at_us))
        try:
            # Each server has a port of its own: the instance is what the source was called with first.
            return list(collector.collect(Window(None, at_us), held))
        finally:
            collector.close()


def said(batch: Batch) -> dict[tuple[str, str, str], str]:
    """Return the last state of everything by kind, breaker and component."""
    found = {}
    for number, track in enumerate(batch.tracks):
        if track.kind in (TrackKind.BREAKER_STATE, TrackKind.HEALTH_STATE):
            value = batch.runs.value[batch.runs.track == number][-1]
            found[str(track.kind), track.subject.breaker, track.subject.component] = STATE_WORDS[int(value)]
    return found


def test_a_page_says_breakers_and_parts() -> None:
    """True states of breakers, parts by their path, the whole without a name; the breakers' part is no part."""
    (batch,) = poll(page(payments=breaker("OPEN", "CIRCUIT_OPEN"), mail=breaker("FORCED_OPEN", "UNKNOWN")), 0, {})
    assert said(batch) == {
        ("breaker_state", "payments", ""): "open",
        ("breaker_state", "mail", ""): "forced_open",
        ("health_state", "", ""): "up",
        ("health_state", "", "db"): "up",
        ("health_state", "", "clients"): "up",
        ("health_state", "", "clients/mail"): "maintenance",
        ("health_state", "", "ping"): "up",
    }
    assert {track.subject.environment for track in batch.tracks} == {"prod"}
    assert {track.subject.service for track in batch.tracks} == {"shop"}
    assert batch.rejected == []


def test_a_page_that_says_down_is_an_answer() -> None:
    """Status 503 comes with a page as good as any."""
    (batch,) = poll(page("DOWN", payments=breaker("HALF_OPEN", "CIRCUIT_HALF_OPEN")), 0, {}, status=503)
    assert said(batch)["health_state", "", ""] == "down"
    assert said(batch)["breaker_state", "payments", ""] == "half_open"


@pytest.mark.parametrize(
    ("status", "state"), [("UP", "CLOSED"), ("CIRCUIT_OPEN", "OPEN"), ("CIRCUIT_HALF_OPEN", "HALF_OPEN")]
)
def test_without_details_the_status_says_it(status: str, state: str) -> None:
    """Where details are hidden a breaker's status is taken; UNKNOWN may be three states and says nothing."""
    hidden = page(payments={"status": status}, other={"status": "UNKNOWN"})
    named = {(one["name"], one["state"]) for one in series_of(hidden) if "state" in one}
    assert named == {("payments", state)}


def test_polls_follow_each_other_without_a_gap() -> None:
    """Two polls within the interval are one run; a change lies between two; a pause of three intervals is a gap."""
    answers = [
        answering(200, json.dumps(page(payments=breaker(state))).encode())
        for state in ("CLOSED", "CLOSED", "OPEN", "OPEN")
    ]
    with serving(in_turn(answers)) as (url, _):
        source = ActuatorSource(name="shop", url=url)
        batches: list[Batch] = []
        for at_s in (0, 15, 30, 90):
            at_us = T0 + at_s * SECOND_US
            held = batches[-1].checkpoints if batches else {}
            collector = make(source, Config(), fixed_clock(at_us))
            batches += collector.collect(Window(None, at_us), held)
            collector.close()
    tracks = united(batches)
    (runs,) = [runs for track, runs in tracks.items() if track.kind is TrackKind.BREAKER_STATE]
    spans = [((run.first_us - T0) // SECOND_US, (run.last_us - T0) // SECOND_US) for run in runs]
    assert spans == [(0, 15), (30, 30), (90, 90)]
    assert united([*batches, *reversed(batches)]) == tracks


def test_a_page_that_fails_is_a_failed_scrape() -> None:
    """Where the page does not answer the scrapes are marked as failed, each with its reason, and no state is said."""
    held: Mapping[str, str] = {}
    batches: list[Batch] = []
    answers = [answering(200, json.dumps(page(payments=breaker("OPEN"))).encode()), *[answering(502, b"{}")] * 2]
    with serving(in_turn(answers)) as (url, _):
        for number in range(3):
            at_us = T0 + 15 * number * SECOND_US
            collector = make(ActuatorSource(name="shop", url=url), Config(), fixed_clock(at_us))
            steps = collector.collect(Window(None, at_us), held)
            batches.append(next(steps))
            held = batches[-1].checkpoints
            problem = None
            try:
                assert list(steps) == []
            except SourceError as error:
                problem = error
            assert (problem is None) == (number == 0)
            assert problem is None or problem.retryable
            collector.close()
    tracks = united(batches)
    (scrapes,) = [runs for track, runs in tracks.items() if track.kind is TrackKind.SCRAPE]
    assert [((run.first_us - T0) // SECOND_US, run.value) for run in scrapes] == [(0, 1.0), (15, 0.0)]
    (states,) = [runs for track, runs in tracks.items() if track.kind is TrackKind.BREAKER_STATE]
    assert [(run.first_us, run.last_us) for run in states] == [(T0, T0)]


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, b"<html>", "something else"),
        (200, b"[]", "no health page"),
        (200, b'{"state":"UP"}', "no health page"),
        (401, b"{}", "answers 401"),
        (404, b"{}", "answers 404"),
        (500, b"{}", "answers 500"),
    ],
)
def test_what_is_no_page_is_refused(status: int, body: bytes, problem: str) -> None:
    """Anything else than a health page is a SourceError that says so."""
    with pytest.raises(SourceError, match=problem):
        poll(body, 0, {}, status=status)


def test_the_past_is_not_polled() -> None:
    """A window that has passed yields nothing: the page only knows the present."""
    source = ActuatorSource(name="shop", url="http://127.0.0.1:9")
    collector = make(source, Config(), fixed_clock(T0))
    assert list(collector.collect(Window(None, T0 - 60 * SECOND_US), {})) == []


def test_credentials_are_sent_and_never_shown(tmp_path: Path) -> None:
    """Basic and bearer credentials reach the page; a query of the URL is left out of what is said."""
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    with serving(answering(401, b"{}")) as (url, seen):
        auth = BasicAuth(username="u", password_file=secret)
        source = ActuatorSource(name="shop", url=f"{url}/health?key=hunter2", basic_auth=auth)
        with pytest.raises(SourceError) as caught:
            look(source, fixed_clock(T0))
    assert "hunter2" not in caught.value.problem
    assert seen[0].headers["Authorization"].startswith("Basic ")


def test_doctor_can_look() -> None:
    """One look says how many breakers and parts there are."""
    with serving(answering(200, json.dumps(page(a=breaker("CLOSED"), b=breaker("OPEN"))).encode())) as (url, _):
        assert look(ActuatorSource(name="shop", url=url), fixed_clock(T0)) == Seen(2, 5)
