"""A health page as a source: from the configuration to the views, and in doctor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from breakwatch.clock import SECOND_US, Instant
from breakwatch.config import ActuatorSource, Config, load
from breakwatch.model import Window
from service.backoff import Backoff
from service.checking import refused
from service.doctor import checks
from service.ingest import Ingest
from service.running import interval_s
from store import Reader, Store
from tests.collectors.servers import Answer, answering, in_turn, serving

T0 = 1_795_174_430 * SECOND_US


def page(state: str) -> Answer:
    """Return a page with one breaker in a state."""
    breaker = {"status": "UNKNOWN", "details": {"state": state}}
    said = {"status": "UP", "components": {"circuitBreakers": {"status": "UP", "details": {"payments": breaker}}}}
    return answering(200, json.dumps(said).encode())


def configured(folder: Path, url: str) -> Config:
    """Return the configuration that a person would write for it."""
    path = folder / "breakwatch.yaml"
    path.write_text(
        f"store: {{path: {folder / 'b.duckdb'}}}\n"
        "sources:\n"
        f"  - {{name: shop, kind: actuator, url: '{url}/actuator/health', interval: 15s}}\n"
    )
    return load(path)


def test_a_polled_breaker_becomes_an_incident(tmp_path: Path) -> None:
    """Closed, open, half-open, closed: polled every 15 s that is one incident with the bounds of the polls."""
    now_us: Instant = T0
    pages = [page(state) for state in ("CLOSED", "OPEN", "HALF_OPEN", "CLOSED")]
    store = Store.open(tmp_path / "b.duckdb", clock=lambda: now_us)
    with serving(in_turn(pages)) as (url, _):
        config = configured(tmp_path, url)
        ingest = Ingest(config, store, lambda: now_us)
        for number in range(4):
            now_us = T0 + 15 * number * SECOND_US
            assert ingest.collect(config.sources[0], Window(None, now_us)).error is None
        ingest.settle()
        ingest.close()
    store.close()
    reader = Reader.open(tmp_path / "b.duckdb")
    (incident,) = reader.rows("SELECT service, breaker, status, duration_low_s, duration_high_s FROM breaker_incidents")
    reader.close()
    assert (incident["service"], incident["breaker"], incident["status"]) == ("shop", "payments", "resolved")
    assert incident["duration_low_s"] < 30 < incident["duration_high_s"] < 50


def test_doctor_says_what_the_page_shows(tmp_path: Path) -> None:
    """Doctor looks at the page once; one that is down is a finding with a remedy."""
    with serving(page("OPEN")) as (url, _):
        config = configured(tmp_path, url)
        (line,) = [check.line() for check in checks(config, lambda: T0) if check.subject == "shop"]
    assert line.startswith("ok")
    assert "1 breakers" in line
    (line,) = [check.line() for check in checks(config, lambda: T0) if check.subject == "shop"]
    assert line.startswith("FAIL")
    assert refused(config) == {}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("kind: logs, profile: envoy", "profile envoy: proved against the running program"),
        (
            "kind: logs, profile: celery-worker-log, format: regex",
            "celery-worker-log: recorded from the running program",
        ),
        ("kind: logs, profile: breakwatch-service", "profile breakwatch-service: our own names"),
        ("kind: logs, profile: traefik", "profile traefik: read in the library's source, not proved by a run"),
        ("kind: openmetrics, profiles: [grpc-otel]", "profile grpc-otel: not proved: check what it says"),
    ],
)
def test_doctor_says_how_the_profiles_of_files_were_proved(tmp_path: Path, source: str, told: str) -> None:
    """What was not proved by a run is said so, for files as for servers."""
    (tmp_path / "a.log").write_text("")
    path = tmp_path / "breakwatch.yaml"
    path.write_text(
        f"store: {{path: {tmp_path / 'b.duckdb'}}}\n"
        f"sources: [{{name: files, paths: [{tmp_path / 'a.log'}], {source}}}]\n"
    )
    lines = [check.line() for check in checks(load(path), lambda: T0) if check.subject == "files"]
    assert any(told in line for line in lines), lines


def test_it_is_asked_at_its_own_interval(tmp_path: Path) -> None:
    """The service polls as often as the source says."""
    config = configured(tmp_path, "http://127.0.0.1:9")
    (source,) = config.sources
    assert isinstance(source, ActuatorSource)
    assert interval_s(source) == 15
    assert Backoff().after(source, None, 15, brought=True) is None
