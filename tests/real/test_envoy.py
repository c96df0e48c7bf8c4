"""The proof with a real Envoy: hosts it ejected, requests it refused at its limits, attempts and calls it made."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import SECOND_US
from tests.real.backends import Backend, Call, Caller
from tests.real.envoy import APP, CONSECUTIVE_5XX, MAX_REQUESTS, NARROW, Ejection, Envoy, Watcher
from tests.real.harness import Setup, health_changes, level_changes, prometheus_source
from tests.real.processes import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BURST = 7
SLOW_S = 0.15
LOG_PRECISION_US = 1_000
ALIGNED_US = 5_000
"""Prometheus moves stamps by up to 2 ms, and bounds know it."""
BLURRED_US = 100_000
"""A scrape reads a little later than its stamp says."""


@dataclass(frozen=True)
class Burst:
    """Many slow calls at once, from when to when, and what became of them."""

    low_us: int
    high_us: int
    refused: int


@dataclass(frozen=True)
class Story:
    """What was lived through, and what is known of it."""

    folder: Path
    server: Prometheus
    envoy: Envoy
    ejections: tuple[Ejection, ...]
    calls: tuple[Call, ...]
    slow_calls: tuple[Call, ...]
    bursts: tuple[Burst, ...]


def burst(caller: Caller) -> Burst:
    """Ask for more at once than Envoy lets through."""
    with ThreadPoolExecutor(BURST) as pool:
        calls = list(pool.map(lambda _: caller.call("/slow"), range(BURST)))
    refused = [call for call in calls if call.headers.get("x-envoy-overloaded") == "true"]
    return Burst(min(c.started_us for c in refused), max(c.ended_us for c in refused), len(refused))


def suffer(
    watcher: Watcher, server: Prometheus, backends: dict[str, Backend], caller: Caller, slow: Caller
) -> Iterator[Burst]:
    """Have hosts ejected for answers and for refusals, all of them too; overflow twice; note what is not enforced."""
    one, two, three = (backends[name] for name in ("one", "two", "three"))

    def ejected_and_back(*hosts: Backend) -> None:
        for host in hosts:
            watcher.is_seen(host.address, ejected=True)
        while len(hosts) > 2 and caller.calls[-1].target:  # no host is left to answer
            time.sleep(0.01)
        time.sleep(0.4)
        for host in hosts:
            host.start() if host.stopped else host.recover()
        for host in hosts:
            watcher.is_seen(host.address, ejected=False)

    time.sleep(0.5)
    one.answer(500)
    ejected_and_back(one)
    server.wait_for_scrape("envoy")
    yield burst(slow)  # over before the next scrape: the gauge of an open breaker is 0 again
    two.stop()
    ejected_and_back(two)
    time.sleep(1)
    for host in (one, two, three):
        host.answer(500)
    ejected_and_back(one, two, three)
    server.wait_for_scrape("envoy")
    server.wait_for_scrape("envoy")
    yield burst(slow)
    backends["slow"].answer(500)
    for _ in range(CONSECUTIVE_5XX):
        slow.call("/slow")
    backends["slow"].recover()
    for _ in range(2):
        slow.call("/slow")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One Envoy, three hosts and a slow one, a client that calls all the time, and a Prometheus."""
    folder = tmp_path_factory.mktemp("envoy")
    with ExitStack() as stack:
        backends = {name: stack.enter_context(Backend(name)) for name in ("one", "two", "three", "slow")}
        *hosts, last = backends.values()
        last.slow_s = SLOW_S
        envoy = Envoy(folder, tuple(hosts), last)
        stack.enter_context(envoy.program.running())
        server = Prometheus(folder, scrape_configs=[envoy.scrape_config])
        stack.callback(server.stop)
        server.start()
        watcher = stack.enter_context(Watcher(envoy))
        server.wait_for_scrape("envoy")
        server.wait_for_scrape("envoy")
        slow = Caller(envoy.port)
        with Caller(envoy.port) as caller:
            bursts = tuple(suffer(watcher, server, backends, caller, slow))
        server.wait_for_scrape("envoy")
        server.wait_for_scrape("envoy")
        yield Story(
            folder, server, envoy, tuple(watcher.ejections), tuple(caller.calls), tuple(slow.calls), tuple(bursts)
        )


@pytest.fixture(scope="module")
def by_metrics(story: Story) -> Setup:
    """What the server alone tells."""
    setup = Setup(story.folder / "metrics", (prometheus_source(story.server, profiles=["envoy"]),), ())
    assert setup.collect().problems() == ()
    return setup


@pytest.fixture(scope="module")
def by_metrics_and_log(story: Story) -> Setup:
    """What the server and the log of ejections tell together."""
    log = {
        "name": "ejections",
        "kind": "logs",
        "paths": [str(story.envoy.event_log)],
        "profile": "envoy",
        "labels": {"environment": "test"},
    }
    setup = Setup(story.folder / "both", (prometheus_source(story.server, profiles=["envoy"]), log), ())
    assert setup.collect().problems() == ()
    return setup


def true_ejections(story: Story) -> dict[str, list[Ejection]]:
    """Return by host when it was ejected and let back in."""
    found: dict[str, list[Ejection]] = defaultdict(list)
    for ejection in story.ejections:
        found[ejection.host].append(ejection)
    return found


def test_the_story_is_hard_enough(story: Story) -> None:
    """Five ejections or more, a moment without any host, overflows twice, attempts repeated, one only noted."""
    assert sum(one.ejected for one in story.ejections) >= 5
    assert len(true_ejections(story)) == len(story.envoy.backends)
    assert [one.refused for one in story.bursts] == [BURST - MAX_REQUESTS] * 2
    assert any(call.status == 503 and not call.target for call in story.calls)
    assert any(int(call.headers.get("x-envoy-attempt-count", "1")) > 1 for call in story.calls)
    noted = [json.loads(line) for line in story.envoy.event_log.read_text().splitlines()]
    assert any(line["action"] == "EJECT" and not line["enforced"] for line in noted)


def test_with_the_log_every_ejection_is_exact(story: Story, by_metrics_and_log: Setup) -> None:
    """Down when ejected, up when let back in, to the millisecond of the log; what was only noted is no ejection."""
    for host, true in true_ejections(story).items():
        found = health_changes(by_metrics_and_log, APP, host)
        assert [move.to_state for move in found] == [{True: "down", False: "up"}[one.ejected] for one in true]
        for one, move in zip(true, found, strict=True):
            assert move.latest_us - move.earliest_us <= LOG_PRECISION_US
            assert move.holds(one.low_us - LOG_PRECISION_US, one.high_us), move.misses(one.low_us, one.high_us)
    assert health_changes(by_metrics_and_log, NARROW, f"127.0.0.1:{story.envoy.slow.port}") == []


def counted(setup: Setup, service: str) -> Counter[str]:
    """Return the requests of a cluster by outcome: a plain sum counts each call once."""
    rows = setup.rows(
        "select outcome, sum(count)::bigint as n from request_counts where service = $service and count > 0 group by 1",
        service=service,
    )
    return Counter({row["outcome"]: row["n"] for row in rows})


def outcomes(calls: tuple[Call, ...]) -> Counter[str]:
    """Return what the client got, in our words."""
    refused = Counter(call.headers.get("x-envoy-overloaded") == "true" for call in calls)
    failed = sum(call.status >= 500 for call in calls) - refused[True]
    good = len(calls) - failed - refused[True]
    return +Counter({"success": good, "failure": failed, "not_permitted": refused[True]})


def test_requests_are_what_the_client_saw(story: Story, by_metrics: Setup) -> None:
    """By outcome, every call once: attempts that were repeated are no calls, refusals at the limit no failures."""
    assert counted(by_metrics, APP) == outcomes(story.calls)
    assert counted(by_metrics, NARROW) == outcomes(story.slow_calls)


def durations(setup: Setup, service: str) -> dict[float, int]:
    """Return how many calls of a cluster took at most so many seconds."""
    rows = setup.rows(
        "select upper_bound_s, sum(count)::bigint as n from latency_histograms where service = $service group by 1",
        service=service,
    )
    return {row["upper_bound_s"]: row["n"] for row in rows}


def test_durations_are_those_of_the_calls_that_a_host_answered(story: Story, by_metrics: Setup) -> None:
    """Each call once, in seconds, within what the client waited; none of the slow host is faster than that host."""
    for service, calls in ((APP, story.calls), (NARROW, story.slow_calls)):
        found = durations(by_metrics, service)
        waited_s = [(call.ended_us - call.started_us) / SECOND_US for call in calls if call.target]
        assert found[inf] == len(waited_s)
        assert all(count >= sum(one <= bound_s for one in waited_s) for bound_s, count in found.items())
    slow = durations(by_metrics, NARROW)
    assert {bound_s: count for bound_s, count in slow.items() if count and bound_s < SLOW_S} == {}
    assert max(bound_s for bound_s in durations(by_metrics, APP) if bound_s < SLOW_S) == 0.1  # Envoy would have told


def test_the_access_log_tells_each_call(story: Story) -> None:
    """By flag and code, and by the host that answered: what all clients saw, refusals at a limit apart."""
    log = {
        "name": "calls",
        "kind": "logs",
        "paths": [str(story.envoy.access_log)],
        "format": "regex",
        "profile": "envoy",
        "labels": {"environment": "test", "service": "edge"},
    }
    setup = Setup(story.folder / "calls", (log,), ())
    assert setup.collect().problems() == ()
    assert counted(setup, "edge") == outcomes((*story.calls, *story.slow_calls))
    rows = setup.rows("select target, sum(count)::bigint as n from request_counts where outcome = 'success' group by 1")
    hosts = {one.name: one.address for one in (*story.envoy.backends, story.envoy.slow)}
    good = Counter(hosts[call.target] for call in (*story.calls, *story.slow_calls) if call.status == 200)
    assert {row["target"]: row["n"] for row in rows} == good


def true_level(story: Story, at_us: int) -> str:
    """Return the level at an instant, from the hosts that are ejected then; empty where a host moves just then."""
    if any(one.low_us - BLURRED_US <= at_us <= one.high_us + BLURRED_US for one in story.ejections):
        return ""
    last = {one.host: one.ejected for one in story.ejections if one.high_us < at_us}
    out = sum(last.values())
    return "full" if not out else "degraded" if out < len(story.envoy.backends) else "unavailable"


def test_hosts_put_aside_lower_the_level(story: Story, by_metrics: Setup) -> None:
    """At every scrape it is what the ejections make it: degraded with some, unavailable with all."""
    found = level_changes(by_metrics, APP)
    ((_, samples),) = story.server.samples('up{job="envoy"}').items()
    seen: Counter[str] = Counter()
    for stamp_us in (round(stamp_s * 1e6) for stamp_s, _ in samples):
        level = ["full", *(move.to_state for move in found if move.earliest_us < stamp_us - ALIGNED_US)][-1]
        true = true_level(story, stamp_us)
        assert true in ("", level), (stamp_us, found)
        seen[true] += 1
    assert set(seen) >= {"full", "degraded", "unavailable"}
    assert seen[""] < sum(seen.values()) / 2


def test_retries_are_the_attempts_the_client_was_told_of(story: Story, by_metrics: Setup) -> None:
    """Envoy says with each answer how many attempts it took."""
    rows = by_metrics.rows(
        "select unit, sum(count)::bigint as n from retry_counts where service = $service and count > 0 group by 1",
        service=APP,
    )
    more = sum(int(call.headers.get("x-envoy-attempt-count", "1")) - 1 for call in story.calls)
    assert [(row["unit"], row["n"]) for row in rows] == [("attempts", more)]


def test_an_overflow_between_two_scrapes_is_an_opening(story: Story, by_metrics: Setup) -> None:
    """The gauge was 0 at every scrape; the counters of refusals show that the limit was reached, and about when."""
    gauges = story.server.samples(f'{{__name__=~".*_rq_open",envoy_cluster_name="{NARROW}"}}')
    assert {value for samples in gauges.values() for _, value in samples} == {0.0}
    found = by_metrics.incidents(NARROW)["rq"]
    assert set(by_metrics.incidents(NARROW)) == {"rq"}
    assert len(found) == len(story.bursts)
    for one, (opened, _) in zip(story.bursts, found, strict=True):
        assert opened.holds(one.low_us, one.high_us), opened.misses(one.low_us, one.high_us)
