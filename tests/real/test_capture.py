"""The recorded run of HAProxy, opossum and Prometheus, against its own truth.

The recording's truth: opossum opened at 11:32:56.305, reopened three times and closed at 11:33:16.358 (20.053 s);
HAProxy's servers went DOWN and UP at the times of its own log.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from breakwatch import config as configs
from breakwatch.clock import fixed_clock, to_us
from breakwatch.model import Window
from service.ingest import Ingest
from store import Store
from tests.real.recorded import recorded_prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPTURES = Path(__file__).parent.parent / "golden" / "captures"
END = datetime(2026, 11, 20, 11, 33, 41, tzinfo=UTC)
TRUE_OPENED = datetime(2026, 11, 20, 11, 32, 56, 305_000, tzinfo=UTC)
TRUE_CLOSED = datetime(2026, 11, 20, 11, 33, 16, 358_000, tzinfo=UTC)
TRUE_HEALTH = [
    ("primary", "down", datetime(2026, 11, 20, 11, 32, 52, 548_428, tzinfo=UTC)),
    ("standby", "down", datetime(2026, 11, 20, 11, 33, 3, 76_321, tzinfo=UTC)),
    ("primary", "up", datetime(2026, 11, 20, 11, 33, 12, 571_247, tzinfo=UTC)),
    ("standby", "up", datetime(2026, 11, 20, 11, 33, 28, 109_502, tzinfo=UTC)),
]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus on the recorded data."""
    with recorded_prometheus(tmp_path_factory.mktemp("capture")) as server:
        yield server.url


def _views(folder: Path, sources: list[dict[str, Any]], *views: str) -> list[list[dict[str, Any]]]:
    """Collect the sources through the ordinary path and return the rows of some views."""
    document = {
        "store": {"path": "capture.duckdb"},
        "sources": sources,
        "services": [
            {"name": "client", "match": {"job": "opossum"}},
            {"name": "app", "match": {"job": "haproxy"}},
        ],
    }
    path = folder / "breakwatch.yaml"
    path.write_text(yaml.safe_dump(document))
    config = configs.load(path)
    clock = fixed_clock(to_us(END))
    store = Store.open(folder / "capture.duckdb", clock=clock)
    try:
        window = Window(to_us(END - timedelta(minutes=10)), to_us(END))
        ingested = Ingest(config, store, clock).once(config.sources, window)
        assert ingested.problems() == ()
        return [store.rows(f"SELECT * FROM {view} ORDER BY ALL") for view in views]  # noqa: S608 (a name of ours)
    finally:
        store.close()


def _prometheus(url: str) -> dict[str, Any]:
    return {
        "name": "prom",
        "kind": "prometheus",
        "url": url,
        "labels": {"environment": "capture", "cluster": "lab"},
        "profiles": ["opossum", "haproxy"],
    }


def _opossum_log() -> dict[str, Any]:
    return {
        "name": "opossum-log",
        "kind": "logs",
        "paths": [str(CAPTURES / "opossum_events.jsonl")],
        "format": "json",
        "profile": "opossum",
        "labels": {"environment": "capture", "job": "opossum"},
    }


def _haproxy_log() -> dict[str, Any]:
    return {
        "name": "haproxy-log",
        "kind": "logs",
        "paths": [str(CAPTURES / "haproxy.log")],
        "format": "regex",
        "profile": "haproxy",
        "labels": {"environment": "capture", "job": "haproxy"},
    }


def test_scrapes_alone_bound_the_true_incident(prometheus: str, tmp_path: Path) -> None:
    """By metrics: one incident with four openings, the true 20.053 s inside bounds at most 4 s apart."""
    incidents, episodes = _views(tmp_path, [_prometheus(prometheus)], "breaker_incidents", "breaker_episodes")
    assert [(i["service"], i["breaker"], i["reopenings"], i["status"]) for i in incidents] == [
        ("client", "payments", 3, "resolved")
    ]
    assert [e["openings"] for e in episodes] == [4]
    [incident] = incidents
    assert incident["duration_low_s"] <= 20.053 <= incident["duration_high_s"]
    assert incident["duration_high_s"] - incident["duration_low_s"] <= 4.0
    assert incident["opened_earliest"] <= TRUE_OPENED <= incident["opened_latest"]
    assert incident["closed_earliest"] <= TRUE_CLOSED <= incident["closed_latest"]


def test_the_log_makes_the_same_incident_exact(prometheus: str, tmp_path: Path) -> None:
    """With the event log too: still one incident, 20.053 s to the millisecond, both sources named."""
    sources = [_prometheus(prometheus), _opossum_log()]
    views = ("breaker_incidents", "breaker_episodes", "breaker_transitions", "findings")
    incidents, episodes, transitions, findings = _views(tmp_path, sources, *views)
    assert [(i["reopenings"], i["status"]) for i in incidents] == [(3, "resolved")]
    [incident] = incidents
    assert incident["duration_s"] == pytest.approx(20.053, abs=0.001)
    assert incident["duration_high_s"] == incident["duration_low_s"]
    assert incident["opened_sources"] == ["opossum-log", "prom"]
    assert incident["closed_sources"] == ["opossum-log", "prom"]
    assert [(e["openings"], e["instances_hit"], e["calls_rejected"]) for e in episodes] == [(4, 1, 196)]
    states = [(t["from_state"], t["to_state"]) for t in sorted(transitions, key=lambda t: t["position"])]
    assert states == [("closed", "open"), *[("open", "half_open"), ("half_open", "open")] * 3, *states[-2:]]
    assert states[-2:] == [("open", "half_open"), ("half_open", "closed")]
    assert findings == []


def test_promql_says_what_we_say_it_says(prometheus: str, tmp_path: Path) -> None:
    """Beside our 4 openings stands the 3.08 of PromQL: the server itself, asked for the same window, agrees."""
    [episodes] = _views(tmp_path, [_prometheus(prometheus)], "breaker_episodes")
    [episode] = episodes
    until = episode["closed_latest"] + timedelta(minutes=1)
    window_s = round((until - episode["opened_earliest"]).total_seconds() + 60)
    query = f'sum(increase(circuit{{event="open"}}[{window_s}s]))'
    asked = requests.get(f"{prometheus}/api/v1/query", params={"query": query, "time": until.timestamp()}, timeout=10)
    [answer] = asked.json()["data"]["result"]
    assert episode["openings"] == 4
    assert episode["promql_openings"] == pytest.approx(float(answer["value"][1]), abs=0.01)
    assert f"{episode['promql_openings']:.2f}" == "3.08"


def test_what_each_source_saw_by_itself_is_kept(prometheus: str, tmp_path: Path) -> None:
    """Both sources saw the four openings: the log exactly, the scrapes within bounds that hold the log's times."""
    [sightings] = _views(tmp_path, [_prometheus(prometheus), _opossum_log()], "breaker_sightings")
    openings = {
        source: [s for s in sightings if s["source"] == source and s["to_state"] == "open"]
        for source in ("opossum-log", "prom")
    }
    for exact, bounded in zip(openings["opossum-log"], openings["prom"], strict=True):
        assert exact["occurred_earliest"] == exact["occurred_latest"]
        assert bounded["occurred_earliest"] <= exact["occurred_at"] <= bounded["occurred_latest"]
    assert len(openings["prom"]) == 4


def test_health_of_both_servers_is_bounded_by_scrapes(prometheus: str, tmp_path: Path) -> None:
    """HAProxy by metrics: both servers go down and up once, the truth inside bounds of at most two scrapes."""
    [changes] = _views(tmp_path, [_prometheus(prometheus)], "health_changes")
    servers = sorted((c for c in changes if c["component"]), key=lambda c: c["occurred_at"])
    assert [(c["component"], c["to_state"]) for c in servers] == [(name, state) for name, state, _ in TRUE_HEALTH]
    for change, (_, _, true_at) in zip(servers, TRUE_HEALTH, strict=True):
        assert change["occurred_earliest"] <= true_at <= change["occurred_latest"]
        assert change["occurred_latest"] - change["occurred_earliest"] <= timedelta(seconds=2)


def test_health_with_the_log_is_exact(prometheus: str, tmp_path: Path) -> None:
    """HAProxy with its own log: the same four changes, at the log's own times, both sources named."""
    [changes] = _views(tmp_path, [_prometheus(prometheus), _haproxy_log()], "health_changes")
    servers = sorted((c for c in changes if c["component"]), key=lambda c: c["occurred_at"])
    assert [(c["component"], c["to_state"], c["occurred_at"]) for c in servers] == TRUE_HEALTH
    assert all(c["occurred_earliest"] == c["occurred_latest"] for c in servers)
    assert all(c["sources"] == ["haproxy-log", "prom"] for c in servers)
