"""From an exposition to the views that people query: what profiles say arrives there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from breakwatch.clock import SECOND_US, fixed_clock
from breakwatch.config import Config, OpenMetricsSource
from breakwatch.model import Window
from service.ingest import Ingest
from store import Reader, Store

T0 = 1_795_174_000
CLOCK = fixed_clock((T0 + 3600) * SECOND_US)
GOLDEN = Path(__file__).parents[1] / "golden" / "profiles"
CAPTURES = GOLDEN.parent / "captures"
Series = Mapping[str, Sequence[float | None]]
Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]


def page(series: Series) -> str:
    """Return an exposition: series → its values, 15 s apart, None where it is not there."""
    count = max(len(values) for values in series.values())
    lines = []
    for text, values in ({"up{}": [1.0] * count} | dict(series)).items():
        name, _, labels = text.partition("{")
        inner = ",".join(part for part in (labels.removesuffix("}"), 'job="j",instance="i"') if part)
        stamped = ((T0 + 15 * at, value) for at, value in enumerate(values) if value is not None)
        lines += [f"{name}{{{inner}}} {value} {stamp}" for stamp, value in stamped]
    return "\n".join(lines) + "\n"


@pytest.fixture
def collected(tmp_path: Path) -> Iterator[Callable[..., Ask]]:
    """Return a function that collects files and returns a way to ask the published file."""
    readers: list[Reader] = []

    def collect(*files: Path, text: str = "") -> Ask:
        if text:
            (tmp_path / "page.om").write_text(text)
            files = (*files, tmp_path / "page.om")
        source = OpenMetricsSource(name="files", paths=files)
        config = Config(sources=(source,))
        store = Store.open(tmp_path / "breakwatch.duckdb", clock=CLOCK)
        done = Ingest(config, store, CLOCK).once([source], Window(None, CLOCK()))
        store.close()
        assert [outcome.error for outcome in done.outcomes] == [None]
        readers.append(Reader.open(tmp_path / "breakwatch.duckdb"))
        return readers[-1].rows

    yield collect
    for reader in readers:
        reader.close()


def levels(ask: Ask, service: str) -> list[str]:
    """Return the levels of a service, spell after spell."""
    found = ask("SELECT service, level FROM service_level_spells ORDER BY started_at")
    return [row["level"] for row in found if row["service"] == service]


def test_an_overflow_between_two_scrapes_is_an_incident(collected: Callable[..., Ask]) -> None:
    """Envoy's gauge says closed at every sample; its overflow counter proves one opening, and one closing after it."""
    cluster = '{envoy_cluster_name="pay"}'
    ask = collected(
        text=page(
            {
                f"envoy_cluster_circuit_breakers_default_rq_pending_open{cluster}": [0] * 8,
                f"envoy_cluster_upstream_rq_pending_overflow{cluster}": [0, 0, 0, 40, 40, 40, 40, 40],
                f"envoy_cluster_membership_healthy{cluster}": [3, 3, 2, 2, 0, 0, 3, 3],
                f"envoy_cluster_membership_total{cluster}": [3] * 8,
            }
        )
    )
    (incident,) = ask("SELECT service, breaker, status, duration_high_s FROM breaker_incidents")
    assert (incident["service"], incident["breaker"], incident["status"]) == ("pay", "rq_pending", "resolved")
    assert incident["duration_high_s"] < 20
    moves = ask("SELECT from_state, to_state FROM breaker_transitions ORDER BY occurred_at, to_state DESC")
    assert [(move["from_state"], move["to_state"]) for move in moves] == [("closed", "open"), ("open", "closed")]
    assert levels(ask, "pay") == ["full", "degraded", "unavailable", "full"]


def test_the_envoy_capture_page_after_page(collected: Callable[..., Ask], tmp_path: Path) -> None:
    """Recorded at an ejection and after it: the level rises again, two calls more were answered, none was refused."""
    lines = []
    for number, name in enumerate(("open", "open", "after", "after")):
        page_of = (CAPTURES / f"envoy_m_{name}.prom").read_text(encoding="utf-8").splitlines()
        stamp = T0 + 15 * number
        lines += [f"up 1 {stamp}", *(f"{line} {stamp}" for line in page_of if line and not line.startswith("#"))]
    (tmp_path / "envoy.om").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ask = collected(tmp_path / "envoy.om")
    assert levels(ask, "app") == ["degraded", "full"]
    counted = ask("SELECT outcome, sum(count) AS n FROM request_counts WHERE service = 'app' GROUP BY ALL ORDER BY 1")
    assert {row["outcome"]: row["n"] for row in counted if row["n"]} == {"success": 2}
    (cx, rq, pending) = ask("SELECT breaker FROM breaker_transitions WHERE to_state = 'closed' ORDER BY breaker")
    assert [cx["breaker"], rq["breaker"], pending["breaker"]] == ["cx", "rq", "rq_pending"]


def test_a_cooldown_ends_with_the_next_success(collected: Callable[..., Ask]) -> None:
    """LiteLLM's gauge is stuck at 2 for ever; two cooldowns counted and the successes after them are two incidents."""
    deployment = 'model_id="a",api_base="u",litellm_model_name='
    ask = collected(
        text=page(
            {
                f'litellm_deployment_state{{{deployment}"group"}}': [None, None, 2, 2, 2, 2, 2, 2, 2, 2],
                f'litellm_deployment_state{{{deployment}"real"}}': [0, 0, 1, 1, 0, 0, 1, 1, 0, 0],
                f'litellm_deployment_cooled_down_total{{{deployment}"group"}}': [None, None, 1, 1, 1, 1, 2, 2, 2, 2],
                f'litellm_deployment_success_responses_total{{{deployment}"real"}}': [
                    1,
                    5,
                    5,
                    5,
                    9,
                    12,
                    12,
                    12,
                    14,
                    20,
                ],
            }
        )
    )
    incidents = ask("SELECT breaker, status, epoch(opened_at) AS opened_s FROM breaker_incidents ORDER BY opened_at")
    assert [(one["breaker"], one["status"]) for one in incidents] == [("a", "resolved")] * 2
    assert [round((one["opened_s"] - T0) / 15) for one in incidents] == [2, 6]


def test_counted_events_become_an_incident(collected: Callable[..., Ask]) -> None:
    """Polly exports no state: opened, half-opened and closed as counted come out as one incident."""
    name = 'resilience_polly_strategy_events_total{pipeline_name="p",strategy_name="b",event_name='
    ask = collected(
        text=page(
            {
                f'{name}"OnCircuitOpened"}}': [0, 0, 1, 1, 1, 1, 1],
                f'{name}"OnCircuitHalfOpened"}}': [0, 0, 0, 0, 1, 1, 1],
                f'{name}"OnCircuitClosed"}}': [0, 0, 0, 0, 0, 1, 1],
            }
        )
    )
    (incident,) = ask("SELECT breaker, status, duration_s FROM breaker_incidents")
    assert (incident["breaker"], incident["status"]) == ("p/b", "resolved")
    assert 30 < incident["duration_s"] < 60


def test_a_shut_gate_is_an_open_breaker(collected: Callable[..., Ask]) -> None:
    """Linkerd's gate shut and opened again is one incident, without a half-open that it does not have."""
    gate = 'backend_name="pay",parent_name="pay"}'
    ask = collected(
        text=page(
            {
                f"outbound_http_balancer_queue_gate_shut_total{{{gate}": [0, 0, 1, 1, 1, 1],
                f"outbound_http_balancer_queue_gate_open_total{{{gate}": [0, 0, 0, 0, 1, 1],
            }
        )
    )
    moves = ask("SELECT to_state FROM breaker_transitions ORDER BY occurred_at")
    assert [move["to_state"] for move in moves] == ["open", "closed"]


def test_a_deployment_loses_its_pods(collected: Callable[..., Ask]) -> None:
    """Below three quarters a deployment is degraded, without any replica unavailable; a rolling update is neither."""
    name = '{namespace="n",deployment="pay"}'
    ask = collected(
        text=page(
            {
                f"kube_deployment_status_replicas_available{name}": [4, 3, 4, 2, 0, 0, 4, 4],
                f"kube_deployment_spec_replicas{name}": [4] * 8,
            }
        )
    )
    assert levels(ask, "n/pay") == ["full", "degraded", "unavailable", "full"]


def test_every_exposition_at_once(collected: Callable[..., Ask]) -> None:
    """All expositions of all profiles go through store, analysis and publication; what is only kept is no trouble."""
    ask = collected(*sorted(GOLDEN.glob("*.om")))
    assert ask("SELECT count(*) AS n FROM breaker_states")[0]["n"] >= 15
    assert {row["kind"] for row in ask("SELECT DISTINCT kind FROM queue_depths")} >= {"main"}
    assert {row["unit"] for row in ask("SELECT DISTINCT unit FROM retry_counts")} <= {"calls", "attempts"}
