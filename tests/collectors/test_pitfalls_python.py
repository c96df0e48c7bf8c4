"""The known traps of what Python libraries, queues, stores, probes and HTTP servers export, one test each."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import pytest

from breakwatch.model import COUNTERS, TrackKind
from tests.collectors.logs.following import Follower
from tests.collectors.scraped import T0, counts, states

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.scraped import Page

LITELLM = 'model_id="a",api_base="http://x/v1",api_provider="openai"'


@pytest.mark.parametrize(("wanted", "word"), [("purgatory", "half_open"), ("generic-open-is-1", "open")])
def test_purgatorys_codes_collide_with_others(page: Page, wanted: str, word: str) -> None:
    """A 1 of purgatory's exporter is half_open; read as another home-made exporter's it would be open."""
    label = "circuit" if wanted == "purgatory" else "name"
    assert states(page({f'circuit_breaker_state{{{label}="b"}}': 1.0}, wanted=[wanted])) == [word]


def test_litellms_state_2_is_stuck(page: Page) -> None:
    """The gauge that never leaves 2 is not read: a cooldown counted is the opening, the next success the closing."""
    stuck = {f'litellm_deployment_state{{{LITELLM},litellm_model_name="group"}}': 2.0}
    cooled = {f'litellm_deployment_cooled_down_total{{{LITELLM},exception_status="500"}}': 1.0}
    well = {f'litellm_deployment_success_responses_total{{{LITELLM},model_group="group"}}': 1.0}
    batch = page({}, stuck | cooled, stuck | cooled | well, stuck | cooled | well)
    assert TrackKind.BREAKER_STATE not in {track.kind for track in batch.tracks}
    assert counts(batch, TrackKind.TRANSITIONS, "breaker", "to_state", "each") == {
        ("a", "open", ""): 1.0,
        ("a", "closed", "proof"): 1.0,
    }


def test_none_is_a_word_of_litellm(page: Page) -> None:
    """A label that says None says nothing: no breaker, no operation is called so."""
    labels = 'requested_model="primary",fallback_model="secondary",model_id="None",exception_status="None",team="None"'
    batch = page({f"litellm_deployment_successful_fallbacks_total{{{labels}}}": 3.0})
    found = counts(batch, TrackKind.REQUESTS, "breaker", "operation", "target", "outcome")
    assert found == {("", "primary", "secondary", "fallback"): 3.0}


def test_opossum_exports_no_state(page: Page) -> None:
    """Events are counted moves: a failed probe is an open more, so that opens minus closes is no state of it."""
    events = {f'circuit{{name="b",event="{event}"}}': count for event, count in (("open", 3.0), ("close", 1.0))}
    batch = page({}, events)
    assert TrackKind.BREAKER_STATE not in {track.kind for track in batch.tracks}
    assert counts(batch, TrackKind.TRANSITIONS, "to_state") == {("open",): 3.0, ("closed",): 1.0}


def test_opossum_shows_half_open_only_where_the_application_listens(page: Page) -> None:
    """The series halfOpen may be missing; what is there of a breaker does not claim that half_open cannot be seen."""
    batch = page({'circuit{name="b",event="open"}': 1.0})
    (moves,) = [track for track in batch.tracks if track.kind is TrackKind.TRANSITIONS]
    assert "binary" not in dict(moves.detail)


def test_opossums_series_are_born_late(page: Page) -> None:
    """The first event of a kind is also the first sample: against an earlier scrape it counts from zero."""
    batch = page({}, {'circuit{name="b",event="open"}': 1.0})
    (number,) = [number for number, track in enumerate(batch.tracks) if track.kind is TrackKind.TRANSITIONS]
    absent, born = batch.runs.value[batch.runs.track == number].tolist()
    assert isnan(absent)
    assert born == 1.0


def test_redis_takes_its_series_with_it(page: Page) -> None:
    """When Redis is gone only redis_up 0 and a text that may say anything stay; its queues end, they are not 0."""
    there = {"redis_up{}": 1.0, 'redis_key_size{db="db0",key="orders"}': 7.0}
    gone = {"redis_up{}": 0.0, 'redis_exporter_last_scrape_error{err="dial tcp: refused"}': 1.0}
    batch = page(there, gone)
    assert states(batch, TrackKind.HEALTH_STATE) == ["up", "down"]
    assert counts(batch, TrackKind.QUEUE, "queue") == {("db0/orders",): 7.0}
    (queue,) = [number for number, track in enumerate(batch.tracks) if track.kind is TrackKind.QUEUE]
    assert batch.runs.last_us[batch.runs.track == queue].max() == T0 * 10**6


@pytest.mark.parametrize(("metric", "component"), [("redis_up", "redis"), ("pg_up", "postgresql")])
def test_an_exporter_is_up_although_its_server_is_down(page: Page, metric: str, component: str) -> None:
    """The up of the scrape is the exporter's; the health of the server is a component's of its own."""
    batch = page({f"{metric}{{}}": 0.0})
    assert states(batch, TrackKind.HEALTH_STATE) == ["down"]
    assert counts(batch, TrackKind.SCRAPE) == {(): 1.0}
    (health,) = [track for track in batch.tracks if track.kind is TrackKind.HEALTH_STATE]
    assert health.subject.component == component


def test_a_probes_status_0_is_no_status(page: Page) -> None:
    """Nothing answered: the probe failed, and 0 counts as no call."""
    batch = page({"probe_success{}": 0.0, "probe_http_status_code{}": 0.0, "probe_duration_seconds{}": 5.0})
    assert states(batch, TrackKind.HEALTH_STATE) == ["down"]
    assert {track.kind for track in batch.tracks} == {TrackKind.HEALTH_STATE, TrackKind.SCRAPE}


def test_a_probe_is_named_by_what_it_probed(page: Page) -> None:
    """The series has no label of its own: the service is the target, the component the job that probes it."""
    (health,) = [track for track in page({"probe_success{}": 1.0}).tracks if track.kind is TrackKind.HEALTH_STATE]
    assert (health.subject.service, health.subject.component) == ("i", "j")


def test_celery_counts_a_rejected_task_as_failed_too(page: Page) -> None:
    """Flower and the exporter hear task-failed and task-rejected of one task: the second stands besides."""
    labels = 'worker="w",task="t"'
    events = ("task-failed", "task-rejected", "task-received")
    batch = page({f'flower_events_total{{{labels},type="{event}"}}': 1.0 for event in events})
    assert counts(batch, TrackKind.REQUESTS, "outcome", "role") == {
        ("failure", ""): 1.0,
        ("rejected", "besides"): 1.0,
    }


def test_celerys_retries_are_attempts_and_no_calls(page: Page) -> None:
    """A task that is retried has not ended: it is counted once, when it does."""
    labels = 'worker="w",task="t"'
    batch = page(
        {f'flower_events_total{{{labels},type="{event}"}}': 2.0 for event in ("task-retried", "task-succeeded")}
    )
    assert counts(batch, TrackKind.RETRIES, "unit") == {("attempts",): 2.0}
    assert counts(batch, TrackKind.REQUESTS, "outcome") == {("success",): 2.0}


def test_exceptions_as_labels_make_many_series_of_one_count(page: Page) -> None:
    """Each exception is a series; who it is about stays one, so that their counts add up."""
    labels = 'name="t",hostname="w",queue_name="q"'
    errors = {f'celery_task_failed_total{{{labels},exception="E{number}"}}': 1.0 for number in range(50)}
    batch = page(errors)
    assert counts(batch, TrackKind.REQUESTS, "operation", "outcome") == {("t", "failure"): 50.0}
    assert len({track.subject for track in batch.tracks if track.kind is TrackKind.REQUESTS}) == 1


def test_rabbitmq_says_one_number_or_one_for_each_queue(page: Page) -> None:
    """Without per-object metrics there is no label queue: the number is that of all queues, and is called so."""
    whole = page({"rabbitmq_queue_messages_ready{}": 7.0})
    assert counts(whole, TrackKind.QUEUE, "queue", "queue_kind") == {("(all)", "main"): 7.0}
    each = page(
        {
            'rabbitmq_queue_messages_ready{vhost="/",queue="orders"}': 4.0,
            'rabbitmq_queue_messages_ready{vhost="/",queue="orders.dlq"}': 3.0,
        }
    )
    assert counts(each, TrackKind.QUEUE, "queue", "queue_kind") == {
        ("//orders", "main"): 4.0,
        ("//orders.dlq", "dead_letter"): 3.0,
    }


def test_processes_of_one_target_have_breakers_of_their_own(page: Page) -> None:
    """In multiprocess mode a gauge carries the pid: two processes in two states are two instances, not one confused."""
    gauge = 'circuit_breaker_state{circuit_name="b",pid="%s",state="%s"}'
    present = {("1", "open"): 1.0, ("1", "closed"): 0.0, ("2", "open"): 0.0, ("2", "closed"): 1.0}
    batch = page({gauge % key: value for key, value in present.items()}, wanted=["fluxgate"])
    assert batch.rejected == []
    found = counts(batch, TrackKind.BREAKER_STATE, "instance")
    assert sorted(found) == [("i/1",), ("i/2",)]
    assert len(set(found.values())) == 2


def test_fluxgate_has_no_series_before_its_first_transition(page: Page) -> None:
    """The counter is born with it, at 1, which counts; the gauge's first sample is no transition by itself."""
    moved = {
        'circuit_breaker_state{circuit_name="b",state="open"}': 1.0,
        'circuit_breaker_state_transition_total{circuit_name="b",old_state="closed",new_state="open"}': 1.0,
    }
    batch = page({}, moved, wanted=["fluxgate"])
    assert states(batch) == ["open"]
    (number,) = [number for number, track in enumerate(batch.tracks) if track.kind in COUNTERS]
    absent, born = batch.runs.value[batch.runs.track == number].tolist()
    assert isnan(absent)
    assert born == 1.0


def test_pyresilience_counts_rejected_calls_as_openings(page: Page) -> None:
    """Every call an open breaker turns away is a circuit_open more: a proof that it is open, not a move."""
    batch = page({'pyresilience_events_total{event_type="circuit_open",function_name="f"}': 41.0})
    (opened,) = [track for track in batch.tracks if track.kind is TrackKind.TRANSITIONS]
    assert dict(opened.detail)["each"] == "proof"


def test_stamina_counts_attempts_by_number_and_error(page: Page) -> None:
    """One series for each number and error: all are attempts of one operation."""
    series = 'stamina_retries_total{callable="f",retry_num="%d",error_type="%s"}'
    batch = page({series % (number, error): 1.0 for number in (1, 2) for error in ("a.A", "b.B")})
    assert counts(batch, TrackKind.RETRIES, "operation", "unit") == {("f", "attempts"): 4.0}


@pytest.mark.parametrize(
    ("series", "outcome"),
    [
        ('http_requests_total{code="503"}', "failure"),
        ('http_requests_total{status="2xx"}', "success"),
        ('http_requests_total{status_code="429"}', "rate_limited"),
        ('http_requests_total{outcome="fallback"}', "fallback"),
        ('http_server_requests_seconds_count{status="UNKNOWN",outcome="UNKNOWN"}', "failure"),
        ('http_server_request_duration_seconds_count{error_type="timeout"}', "timeout"),
        ('nginx_ingress_controller_requests{ingress="x",status="499"}', "client_error"),
    ],
)
def test_a_status_has_many_spellings(page: Page, series: str, outcome: str) -> None:
    """Codes, classes, words, or no status at all because nothing answered."""
    assert counts(page({series: 1.0}), TrackKind.REQUESTS, "outcome") == {(outcome,): 1.0}


def test_calls_of_a_client_are_not_added_to_those_of_the_server(page: Page) -> None:
    """What a server asked of others stands besides what was asked of it."""
    batch = page(
        {
            'http_server_requests_seconds_count{status="200",uri="/pay"}': 5.0,
            'http_client_requests_seconds_count{status="200",uri="/charge",client_name="payments"}': 9.0,
        }
    )
    assert counts(batch, TrackKind.REQUESTS, "role", "target") == {("", ""): 5.0, ("besides", "payments"): 9.0}


def test_millisecond_histograms_become_seconds(page: Page) -> None:
    """The older names of OpenTelemetry count in milliseconds, HikariCP's own in nanoseconds."""
    batch = page(
        {
            'http_server_duration_milliseconds_bucket{le="250"}': 1.0,
            'hikaricp_connection_acquired_nanos_bucket{pool="p",le="5.0E8"}': 1.0,
        }
    )
    assert {key for (key,) in counts(batch, TrackKind.LATENCY, "upper_bound_s")} == {"0.25", "0.5"}


def test_a_pool_that_is_full_is_a_queue(page: Page) -> None:
    """Threads that wait are what waits; the sizes of the pool are not."""
    sizes = {f'hikaricp_connections{kind}{{pool="p"}}': 10.0 for kind in ("", "_active", "_idle", "_max", "_min")}
    batch = page(sizes | {'hikaricp_connections_pending{pool="p"}': 7.0})
    assert counts(batch, TrackKind.QUEUE, "queue") == {("p",): 7.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Retrying request to /chat/completions in 0.500000 seconds",
            ("/chat/completions", {"outcome": "failure", "wait_s": "0.5"}),
        ),
        (
            "Retrying request in 0.500000 seconds (retry 1 of 3)",
            ("", {"attempt": "1", "outcome": "failure", "wait_s": "0.5"}),
        ),
    ],
)
def test_the_openai_sdk_has_changed_its_words(tmp_path: Path, text: str, told: tuple[str, dict[str, str]]) -> None:
    """Version 2 names the path, version 3 the number of the retry."""
    log = tmp_path / "app.log"
    log.write_text(f"2026-11-20 11:00:00,000 INFO openai._base_client: {text}\n")
    follower = Follower(log, profile="openai-python-sdk", format="regex")
    (sighting,) = follower.read().sightings.values()
    follower.close()
    assert (sighting.subject.operation, dict(sighting.detail)) == told


def test_botocore_may_have_no_budget_left(tmp_path: Path) -> None:
    """A retry that was not made because the quota is used up is the last failure of its call."""
    log = tmp_path / "app.log"
    line = "Retry needed but retry quota reached, not retrying request."
    log.write_text(f"2026-11-20 11:00:00,000 DEBUG botocore.retries.standard: {line}\n")
    follower = Follower(log, profile="botocore", format="regex")
    (sighting,) = follower.read().sightings.values()
    follower.close()
    assert dict(sighting.detail) == {"error": "retry quota reached", "outcome": "failure"}
