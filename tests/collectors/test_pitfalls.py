"""The known traps of what libraries, proxies and meshes export, one test each (those of Python's libraries apart)."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import pytest

from breakwatch.model import TrackKind
from collectors import profiles
from collectors.profiles.schema import RetriesReading
from tests.collectors.scraped import T0, counts, states

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.scraped import Page


@pytest.mark.parametrize(("wanted", "word"), [("generic-open-is-1", "open"), ("generic-open-is-2", "half_open")])
def test_numeric_codes_collide(page: Page, wanted: str, word: str) -> None:
    """1 is open here and half_open there: unasked the number is refused, and read as the named profile says."""
    scrape = {'circuit_breaker_state{name="b"}': 1.0}
    (refused,) = page(scrape).rejected
    assert "generic-open-is" in refused.reason
    assert states(page(scrape, wanted=[wanted])) == [word]


@pytest.mark.parametrize(
    "spelled", ["half_open", "half-open", "halfOpen", "halfopen", "HalfOpen", "HALF_OPEN", "half-opened"]
)
def test_half_open_has_many_spellings(page: Page, spelled: str) -> None:
    """Dapr's one-hot gauge, and a home-made one, say half_open with any spelling there is."""
    for name in ('dapr_resiliency_cb_state{name="p",app_id="a",status=', 'my_circuit_breaker_state{name="p",state='):
        batch = page({f'{name}"closed"}}': 0.0, f'{name}"{spelled}"}}': 1.0})
        assert states(batch) == ["half_open"]


def test_linkerd_words_are_inverted(page: Page) -> None:
    """A gate that was shut is a breaker that opened; a gate that was opened one that closed."""
    gate = 'backend_name="pay",parent_name="pay"}'
    batch = page(
        {
            f"outbound_http_balancer_queue_gate_shut_total{{{gate}": 2.0,
            f"outbound_http_balancer_queue_gate_open_total{{{gate}": 3.0,
        }
    )
    assert counts(batch, TrackKind.TRANSITIONS, "to_state") == {("open",): 2.0, ("closed",): 3.0}


def test_retry_units_are_never_mixed() -> None:
    """Every reading of retries says calls or attempts, and no metric is read as both but gRPC's, which counts them."""
    for name, profile in profiles.shipped().items():
        units: dict[str, set[str]] = {}
        for reading in profile.readings:
            if isinstance(reading, RetriesReading):
                units.setdefault(reading.metric or reading.pattern, set()).add(reading.unit)
        assert all(len(found) == 1 for found in units.values()), name


@pytest.mark.parametrize("value", [18446744073709551614.0, float("nan"), float("inf")])
def test_unsigned_values_wrap(page: Page, value: float) -> None:
    """A gauge or counter above 2^63, NaN or infinite is unseen: not a depth, not a count and not a reset."""
    queue = 'envoy_cluster_upstream_rq_pending_active{envoy_cluster_name="c"}'
    total = 'envoy_cluster_upstream_rq_retry{envoy_cluster_name="c"}'
    batch = page({queue: 3.0, total: 7.0}, {queue: value, total: value}, {queue: 3.0, total: 7.0})
    for number, track in enumerate(batch.tracks):
        if track.kind in (TrackKind.QUEUE, TrackKind.RETRIES):
            assert set(batch.runs.value[batch.runs.track == number].tolist()) <= {3.0, 7.0}


def test_minus_one_is_a_sentinel(page: Page, tmp_path: Path) -> None:
    """A profile names the values that mean "not known"; resilience4j's rates of -1 are not even read."""
    assert page({'resilience4j_circuitbreaker_failure_rate{name="b"}': -1.0}).tracks == []
    own = tmp_path / "own.yaml"
    own.write_text(
        "name: own\ntitle: Own\norigin: test\nverified: run\n"
        "readings: [{reads: queue, metric: waiting, queue_name: q, sentinels: [-1]}]\n"
    )
    batch = page({"waiting{}": 4.0}, {"waiting{}": -1.0}, {"waiting{}": 4.0}, wanted=[str(own)])
    (queue,) = [number for number, track in enumerate(batch.tracks) if track.kind is TrackKind.QUEUE]
    assert set(batch.runs.value[batch.runs.track == queue].tolist()) == {4.0}


def test_one_hot_series_without_a_state_label(page: Page, tmp_path: Path) -> None:
    """Where the metric's name names the state, the pattern's group does too, and the group is one breaker."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "name: own\ntitle: Own\norigin: test\nverified: run\nreadings:\n"
        "  - {reads: breaker_state, pattern: 'cb_is_(?P<st>[a-z_]+)', encoding: one_hot, state_label: st,"
        " labels: {breaker: id}}\n"
    )
    closed, opened = 'cb_is_closed{id="b"}', 'cb_is_open{id="b"}'
    batch = page({closed: 1.0, opened: 0.0}, {closed: 0.0, opened: 1.0}, wanted=[str(own)])
    assert states(batch) == ["closed", "open"]


def test_one_hot_series_may_only_exist_while_true(page: Page) -> None:
    """Kong fills its health anew at each scrape: the series of the other states may be missing."""
    target = 'kong_upstream_target_health{upstream="u",target="t",address="a",state='
    batch = page({f'{target}"healthy"}}': 1.0}, {f'{target}"dns_error"}}': 1.0}, {f'{target}"healthchecks_off"}}': 1.0})
    assert states(batch, TrackKind.HEALTH_STATE) == ["up", "down", "unknown"]


def test_series_are_born_late(page: Page) -> None:
    """A counter that appears while its process is scraped is marked absent before: it counts from zero."""
    changes = 'goresilience_circuitbreaker_state_changes_total{id="b",state="open"}'
    batch = page({}, {}, {changes: 1.0}, {changes: 1.0})
    (track,) = [number for number, track in enumerate(batch.tracks) if track.kind is TrackKind.TRANSITIONS]
    first, second = batch.runs.value[batch.runs.track == track].tolist()
    assert isnan(first)
    assert second == 1.0


@pytest.mark.parametrize(
    "series",
    [
        'shop_resilience4j_circuitbreaker_not_permitted_calls_total{kind="not_permitted",name="b"}',
        'eu_shop_hystrix_command_event_total{command_group="g",command_name="b",event="success",terminal="true"}',
        'shop_circuit{name="b",event="reject"}',
    ],
)
def test_prefixes_are_renamed(page: Page, series: str) -> None:
    """A prefix of the application's own before the library's names does not hide them."""
    assert [track.subject.breaker for track in page({series: 1.0}).tracks if track.kind is TrackKind.REQUESTS] == ["b"]


@pytest.mark.parametrize("series", ['circuit{id="7"}', 'circuit{name="b"}', 'short_circuits{name="b",event="open"}'])
def test_circuit_is_a_generic_name(page: Page, series: str) -> None:
    """Only with the labels name and event is a metric called circuit opossum's."""
    assert page({series: 1.0}).tracks == []


def test_smallrye_time_in_a_state_is_no_state(page: Page) -> None:
    """ft_circuitbreaker_state_total is time, not a state, although it has the same labels."""
    assert page({'ft_circuitbreaker_state_total{method="m",state="open"}': 5e9}).tracks == []


def test_smallrye_calls_are_counted_once(page: Page) -> None:
    """What breaker and time limit saw of a call stands besides the one invocation; a fallback is no success."""
    batch = page(
        {
            'ft_invocations_total{method="m",result="valueReturned",fallback="applied"}': 4.0,
            'ft_circuitbreaker_calls_total{method="m",circuitBreakerResult="circuitBreakerOpen"}': 4.0,
            'ft_timeout_calls_total{method="m",timedOut="true"}': 1.0,
        }
    )
    assert counts(batch, TrackKind.REQUESTS, "outcome", "role") == {
        ("fallback", ""): 4.0,
        ("not_permitted", "besides"): 4.0,
        ("timeout", "besides"): 1.0,
    }


def test_polly_absent_tags_are_answers(page: Page) -> None:
    """Without exception_type an execution went well; one refused by the breaker is an exception, not an event."""
    name = "resilience_polly_pipeline_duration_milliseconds_count{pipeline_name="
    broken = "Polly.CircuitBreaker.BrokenCircuitException"
    batch = page({f'{name}"p"}}': 9.0, f'{name}"p",exception_type="{broken}"}}': 2.0})
    assert counts(batch, TrackKind.REQUESTS, "outcome") == {("success",): 9.0, ("not_permitted",): 2.0}


def test_polly_has_no_state_before_an_event(page: Page) -> None:
    """Counters with a history say no present state, and chaos put in on purpose is no call."""
    name = 'resilience_polly_strategy_events_total{pipeline_name="p",strategy_name="s",event_name='
    batch = page({f'{name}"OnCircuitOpened"}}': 5.0, f'{name}"Chaos.OnLatency"}}': 2.0})
    kinds = {track.kind for track in batch.tracks}
    assert kinds == {TrackKind.SCRAPE, TrackKind.TRANSITIONS, TrackKind.INJECTIONS}


def test_hystrix_counts_a_call_once(page: Page) -> None:
    """Only terminal events are calls: a short-circuited call with a fallback is one fallback."""
    name = 'hystrix_execution_total{group="g",key="k",event='
    batch = page(
        {f'{name}"short_circuited",terminal="false"}}': 3.0, f'{name}"fallback_success",terminal="true"}}': 3.0}
    )
    assert counts(batch, TrackKind.REQUESTS, "outcome", "role") == {
        ("not_permitted", "besides"): 3.0,
        ("fallback", ""): 3.0,
    }


@pytest.mark.parametrize("metric", ["hystrix_circuit_breaker_open", "envoy_cluster_circuit_breakers_default_rq_open"])
def test_binary_gauges_cannot_show_half_open(page: Page, metric: str) -> None:
    """What has two states says so, so that nobody looks for the third."""
    batch = page({f'{metric}{{group="g",key="k",envoy_cluster_name="c"}}': 1.0})
    (track,) = [track for track in batch.tracks if track.kind is TrackKind.BREAKER_STATE]
    assert dict(track.detail)["binary"] == "true"


def test_envoy_gauges_vanish_between_scrapes(page: Page) -> None:
    """The overflow counter proves the opening that the gauge was too slow for, and says how many were refused."""
    gauge = 'envoy_cluster_circuit_breakers_default_rq_pending_open{envoy_cluster_name="c"}'
    total = 'envoy_cluster_upstream_rq_pending_overflow{envoy_cluster_name="c"}'
    batch = page(*[{gauge: 0.0, total: 0.0}] * 3, {gauge: 0.0, total: 6.0})
    assert states(batch) == ["closed"]
    assert counts(batch, TrackKind.TRANSITIONS, "to_state", "each", "breaker") == {("open", "proof", "rq_pending"): 6.0}
    assert counts(batch, TrackKind.REQUESTS, "outcome", "breaker") == {("not_permitted", "rq_pending"): 6.0}


def test_envoy_priority_and_kind_stand_in_the_name(page: Page) -> None:
    """The limits of the two priorities are different breakers of one cluster."""
    name = 'envoy_cluster_circuit_breakers_{}_cx_open{{envoy_cluster_name="c"}}'
    batch = page({name.format("default"): 0.0, name.format("high"): 1.0})
    breakers = {track.subject.breaker for track in batch.tracks if track.kind is TrackKind.BREAKER_STATE}
    assert breakers == {"cx", "high/cx"}


def test_envoy_answers_to_retries_are_no_calls(page: Page) -> None:
    """Answers to single attempts are counted by Envoy in series of their own, which are not read."""
    code = '{envoy_response_code_class="5",envoy_cluster_name="c"}'
    batch = page(
        {f"envoy_cluster_retry_upstream_rq_xx{code}": 3.0, f"envoy_cluster_external_upstream_rq_xx{code}": 3.0}
    )
    assert batch.tracks == []


def test_istio_counts_a_request_twice(page: Page) -> None:
    """Source and destination see the same request: only the source's is a call, the other stands besides."""
    name = 'istio_requests_total{destination_service="d",response_code="200",response_flags="-",reporter='
    batch = page({f'{name}"source"}}': 9.0, f'{name}"destination"}}': 9.0})
    assert counts(batch, TrackKind.REQUESTS, "outcome", "role") == {("success", ""): 9.0, ("success", "besides"): 9.0}


@pytest.mark.parametrize(
    ("flags", "code", "outcome"),
    [
        ("UO", "503", "not_permitted"),
        ("UT", "504", "timeout"),
        ("URX,UO", "503", "not_permitted"),
        ("UF", "503", "failure"),
        ("DC", "0", "client_error"),
        ("-", "429", "rate_limited"),
    ],
)
def test_istio_flags_come_before_codes(page: Page, flags: str, code: str, outcome: str) -> None:
    """The response flag says why, where it is one we know; else the code counts."""
    labels = f'destination_service="d",response_code="{code}",response_flags="{flags}",reporter="source"'
    assert counts(page({f"istio_requests_total{{{labels}}}": 1.0}), TrackKind.REQUESTS, "outcome") == {(outcome,): 1.0}


def test_haproxy_versions_share_names(page: Page) -> None:
    """Without the label state a number is the state; with the label backend it is the exporter in Go."""
    old = page({'haproxy_server_status{proxy="p",server="s"}': 2.0})
    assert states(old, TrackKind.HEALTH_STATE) == ["maintenance"]
    go = page({'haproxy_server_retry_warnings_total{backend="b",server="s"}': 1.0})
    assert [track.subject.service for track in go.tracks if track.kind is TrackKind.RETRIES] == ["b"]


def test_haproxy_redispatches_are_retries_too(page: Page) -> None:
    """Retries are those on the same server and those moved to another; the backend's sums are not added again."""
    names = ("server_retry", "server_redispatch", "backend_retry", "backend_redispatch")
    labels = {"server": 'proxy="p",server="s"', "backend": 'proxy="p"'}
    batch = page({f"haproxy_{name}_warnings_total{{{labels[name.split('_')[0]]}}}": 3.0 for name in names})
    assert counts(batch, TrackKind.RETRIES, "unit") == {("attempts",): 6.0}


@pytest.mark.parametrize(("active", "backup", "level"), [(1, 1, "full"), (0, 1, "degraded"), (0, 0, "unavailable")])
def test_haproxy_runs_on_backup(page: Page, active: int, backup: int, level: str) -> None:
    """No active server and some backup is a degraded service; neither is none."""
    batch = page(
        {
            'haproxy_backend_active_servers{proxy="p"}': float(active),
            'haproxy_backend_backup_servers{proxy="p"}': float(backup),
        }
    )
    assert states(batch, TrackKind.LEVEL_STATE) == [level]


def test_haproxy_hides_servers_in_maintenance(page: Page) -> None:
    """With ?no-maint a server's series vanish: after that nothing is said of it, least of all that it is down."""
    name = 'haproxy_server_status{proxy="p",server="s",state='
    batch = page({f'{name}"UP"}}': 1.0, f'{name}"DOWN"}}': 0.0}, {}, {})
    assert states(batch, TrackKind.HEALTH_STATE) == ["up"]
    assert batch.runs.last_us[batch.runs.track == 1].max() == T0 * 10**6
