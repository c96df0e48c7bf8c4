"""The known traps of platforms, gateways, meshes and chaos tools, one test each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from breakwatch.model import COUNTERS, TrackKind
from tests.collectors.scraped import counts, states

if TYPE_CHECKING:
    from tests.collectors.scraped import Page


def test_dapr_may_not_know(page: Page) -> None:
    """Its status unknown is no state of a breaker and no error."""
    name = 'dapr_resiliency_cb_state{name="p",app_id="a",status='
    batch = page(
        {f'{name}"unknown"}}': 1.0, f'{name}"open"}}': 0.0}, {f'{name}"unknown"}}': 0.0, f'{name}"open"}}': 1.0}
    )
    assert states(batch) == ["open"]
    assert batch.rejected == []


def test_sentinel_names_the_process(page: Page) -> None:
    """The label pid makes new series at a restart: they are of the same breaker, and counted from zero."""
    name = 'sentinel_go_circuit_breaker_state_changed_total{resource="r",from_state="Closed",to_state="Open",pid='
    batch = page({f'{name}"1"}}': 3.0}, {f'{name}"2"}}': 1.0})
    tracks = [track for track in batch.tracks if track.kind is TrackKind.TRANSITIONS]
    assert len({track.track_id for track in tracks}) == 2
    assert {track.subject.breaker for track in tracks} == {"r"}


def test_sentinel_pass_is_no_success(page: Page) -> None:
    """A call that was let in may still fail: only what was blocked is read, by why."""
    name = 'sentinel_go_handled_total{resource="r",result='
    batch = page({f'{name}"pass"}}': 90.0, f'{name}"block",block_type="BlockTypeCircuitBreaking"}}': 4.0})
    assert counts(batch, TrackKind.REQUESTS, "outcome", "role") == {("not_permitted", "besides"): 4.0}


def test_grpc_attempts_include_the_first(page: Page) -> None:
    """Attempts and calls are kept in their own units; that an attempt may be a call's first is said."""
    batch = page(
        {
            'grpc_client_attempt_started_total{grpc_method="m",grpc_target="t"}': 12.0,
            'grpc_client_call_duration_seconds_count{grpc_method="m",grpc_target="t",grpc_status="OK"}': 10.0,
        }
    )
    assert counts(batch, TrackKind.RETRIES, "unit", "first_attempts") == {
        ("attempts", "included"): 12.0,
        ("calls", ""): 10.0,
    }


def test_traefik_exports_no_breaker(page: Page) -> None:
    """Server health, calls and retries are there; a state of its circuit breaker is not, and none is made up."""
    batch = page(
        {
            'traefik_service_server_up{service="s",url="u"}': 0.0,
            'traefik_service_retries_total{service="s"}': 2.0,
            'traefik_service_requests_total{service="s",code="503",method="GET",protocol="http"}': 1.0,
        }
    )
    assert {track.kind for track in batch.tracks} == {
        TrackKind.SCRAPE, TrackKind.HEALTH_STATE, TrackKind.RETRIES, TrackKind.REQUESTS
    }  # fmt: skip


def test_pods_vanish(page: Page) -> None:
    """A pod that is gone has no series any more: its last state ends there, and it is not down."""
    name = 'kube_pod_status_ready{namespace="n",pod="p",uid="u",condition='
    scrape = {f'{name}"true"}}': 1.0, f'{name}"false"}}': 0.0, f'{name}"unknown"}}': 0.0}
    assert states(page(scrape, {}, {}), TrackKind.HEALTH_STATE) == ["up"]


@pytest.mark.parametrize(("available", "level"), [(4, "full"), (3, "full"), (2, "degraded"), (0, "unavailable")])
def test_rolling_updates_are_no_outages(page: Page, available: int, level: str) -> None:
    """A quarter of a deployment's replicas may be away, as Kubernetes itself allows; none at all is none."""
    batch = page(
        {
            'kube_deployment_status_replicas_available{namespace="n",deployment="d"}': float(available),
            'kube_deployment_spec_replicas{namespace="n",deployment="d"}': 4.0,
        }
    )
    assert states(batch, TrackKind.LEVEL_STATE) == [level]


def test_a_deployment_scaled_to_nothing_has_no_level(page: Page) -> None:
    """None of none is no outage: there is nothing to give a share of."""
    batch = page(
        {
            'kube_deployment_status_replicas_available{namespace="n",deployment="d"}': 0.0,
            'kube_deployment_spec_replicas{namespace="n",deployment="d"}': 0.0,
        }
    )
    (level,) = [number for number, track in enumerate(batch.tracks) if track.kind is TrackKind.LEVEL_STATE]
    assert not (batch.runs.track == level).any()


def test_litmus_counts_are_gauges(page: Page) -> None:
    """Its numbers fall when a result is deleted: they are no counters, and a fall is no restart of the process."""
    series = 'litmuschaos_awaited_experiments{chaosresult_name="r",fault_name="f"}'
    batch = page({series: 2.0}, {series: 0.0})
    (track,) = [track for track in batch.tracks if track.kind is not TrackKind.SCRAPE]
    assert track.kind is TrackKind.EXPERIMENT
    assert track.kind not in COUNTERS


def test_a_litmus_verdict_lasts_ten_seconds(page: Page) -> None:
    """The verdict is 1 for a moment: where a scrape caught it, it is kept with what it said."""
    series = 'litmuschaos_experiment_verdict{chaosresult_name="r",fault_name="f",chaosresult_verdict="Fail"}'
    batch = page({series: 1.0}, {series: 0.0})
    (track,) = [track for track in batch.tracks if track.kind is TrackKind.EXPERIMENT]
    detail = dict(track.detail)
    assert (detail["signal"], detail["phase"], detail["experiment"]) == ("verdict", "Fail", "r")


def test_chaos_mesh_injections_have_no_prefix(page: Page) -> None:
    """Its injections are a counter under another name than the rest."""
    batch = page({'chaos_mesh_injections_total{namespace="n",kind="PodChaos",type="t"}': 3.0})
    assert counts(batch, TrackKind.INJECTIONS, "signal", "fault") == {("injected", "PodChaos"): 3.0}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            'dapr_resiliency_cb_state{app_id="a",name="p",target="x",status="open"}',
            'dapr_resiliency_cb_state{app_id="a",name="p",target="y",status="open"}',
        ),
        (
            'kong_upstream_target_health{upstream="u",target="t",address="1",state="healthy"}',
            'kong_upstream_target_health{upstream="u",target="t",address="2",state="healthy"}',
        ),
        (
            'outbound_http_balancer_queue_gate_shut_total{backend_name="b",parent_name="p"}',
            'outbound_http_balancer_queue_gate_shut_total{backend_name="b",parent_name="q"}',
        ),
        (
            'kube_deployment_status_replicas_available{namespace="n",deployment="d"}',
            'kube_deployment_status_replicas_available{namespace="m",deployment="d"}',
        ),
        (
            'envoy_cluster_circuit_breakers_default_cx_open{envoy_cluster_name="c"}',
            'envoy_cluster_circuit_breakers_high_cx_open{envoy_cluster_name="c"}',
        ),
        (
            'haproxy_server_status{proxy="p",server="s",state="UP"}',
            'haproxy_server_status{proxy="q",server="s",state="UP"}',
        ),
    ],
)
def test_different_things_of_one_exporter_stay_two(page: Page, one: str, other: str) -> None:
    """Two breakers, hosts or services that one target exports are never taken for one that changes to and fro."""
    tracks = [track for track in page({one: 1.0, other: 1.0}).tracks if track.kind is not TrackKind.SCRAPE]
    assert len({track.subject for track in tracks}) == 2
