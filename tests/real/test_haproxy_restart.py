"""A real HAProxy is killed and started again under load: its counters begin anew, and nothing is counted twice."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import SECOND_US, to_us
from tests.real.backends import Backend, Call, Caller
from tests.real.haproxy import PROXY, HAProxy
from tests.real.harness import Setup, prometheus_source
from tests.real.processes import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.nightly


@dataclass(frozen=True)
class Story:
    """What was lived through."""

    folder: Path
    server: Prometheus
    haproxy: HAProxy
    killed_us: int
    calls: tuple[Call, ...]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Two lives of one HAProxy, and a client that calls all the time."""
    folder = tmp_path_factory.mktemp("restart")
    with ExitStack() as stack:
        backends = [stack.enter_context(Backend(name)) for name in ("one", "two", "spare")]
        haproxy = HAProxy(folder, backends)
        stack.enter_context(haproxy.program.running())
        server = Prometheus(folder, {"haproxy": haproxy.metrics_address})
        stack.callback(server.stop)
        server.start()
        for _ in range(2):
            server.wait_for_scrape("haproxy")
        with Caller(haproxy.port) as caller:
            time.sleep(3.2)
            _, killed_us = haproxy.program.kill()
            time.sleep(2.1)
            haproxy.program.start()
            time.sleep(3.2)
        for _ in range(2):
            server.wait_for_scrape("haproxy")
        yield Story(folder, server, haproxy, killed_us, tuple(caller.calls))


def counted(setup: Setup) -> Counter[str]:
    """Return the good calls by target, as the view has them."""
    rows = setup.rows(
        "select target, sum(count)::bigint as n from request_counts "
        "where service = $service and outcome = 'success' group by 1",
        service=PROXY,
    )
    return Counter({row["target"]: row["n"] for row in rows})


def good(calls: tuple[Call, ...]) -> Counter[str]:
    """Return the good calls by the server that answered, as the client saw them."""
    return Counter(call.target for call in calls if call.status == 200)


def test_a_killed_proxy_counts_anew_and_loses_only_what_nobody_scraped(story: Story) -> None:
    """By metrics all calls of both lives but those since the last scrape before the kill; the restart is told once."""
    setup = Setup(story.folder / "metrics", (prometheus_source(story.server, profiles=["haproxy"]),), ())
    assert setup.collect().problems() == ()
    ((_, samples),) = story.server.samples('up{job="haproxy"}').items()
    last_us = max(round(stamp_s * 1e6) for stamp_s, up in samples if up and stamp_s * 1e6 < story.killed_us)
    certain = good(tuple(call for call in story.calls if not last_us <= call.ended_us <= story.killed_us))
    found = counted(setup)
    assert certain <= found <= good(story.calls)
    restarts = setup.rows("from changes where kind = 'restart' and service = $service", service=PROXY)
    (_, (began_us, ready_us)) = story.haproxy.program.lives
    assert [began_us - SECOND_US <= to_us(row["occurred_at"]) <= ready_us for row in restarts] == [True]


def test_the_log_of_both_lives_tells_every_call(story: Story) -> None:
    """One log goes on over the kill; the line of the call in hand is all that may be missing."""
    log = {
        "name": "haproxy-log",
        "kind": "logs",
        "paths": [str(story.haproxy.log_file)],
        "format": "regex",
        "profile": "haproxy",
        "labels": {"environment": "test"},
    }
    setup = Setup(story.folder / "both", (prometheus_source(story.server, profiles=["haproxy"]), log), ())
    assert setup.collect().problems() == ()
    saw, found = good(story.calls), counted(setup)
    assert found <= saw
    assert (saw - found).total() <= 1
