"""The proof with exporters that stand beside what they watch: Redis and probes go down, the exporter stays up."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import from_us
from tests.real.backends import HEALTH, Backend
from tests.real.exporters import QUEUE, Blackbox, Redis, RedisExporter
from tests.real.harness import Setup, health_changes, prometheus_source
from tests.real.processes import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DEPTH = 7


@dataclass(frozen=True)
class Fault:
    """Something was down from between two instants to between two others."""

    began: tuple[int, int]
    ended: tuple[int, int]


@dataclass(frozen=True)
class Story:
    """What was lived through."""

    folder: Path
    server: Prometheus
    probed: str
    redis_faults: tuple[Fault, ...]
    probe_faults: tuple[Fault, ...]


def let_see(server: Prometheus, job: str) -> None:
    """Wait until a scrape that began from now on is stored: the next to be stored may have begun before."""
    for _ in range(2):
        server.wait_for_scrape(job)


def break_redis(redis: Redis, server: Prometheus) -> Iterator[Fault]:
    """Kill it and start it again; then let it hang: alive, but silent."""
    killed = redis.program.kill()
    let_see(server, "redis")
    yield Fault(killed, redis.start())
    let_see(server, "redis")
    frozen = redis.program.send(signal.SIGSTOP)
    let_see(server, "redis")
    yield Fault(frozen, redis.program.send(signal.SIGCONT))
    let_see(server, "redis")


def break_probed(probed: Backend, server: Prometheus) -> Iterator[Fault]:
    """Refuse, answer 500, and hang."""
    harms = ((probed.stop, probed.start), (lambda: probed.answer(500), probed.recover), (probed.hang, probed.recover))
    for harm, mend in harms:
        harm()
        began = probed.switched[-1][1:]
        let_see(server, "probe")
        mend()
        yield Fault(began, probed.switched[-1][1:])
        let_see(server, "probe")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A Redis with its exporter, a probed server with the blackbox exporter, and a Prometheus."""
    folder = tmp_path_factory.mktemp("exporters")
    with ExitStack() as stack:
        probed = stack.enter_context(Backend("site"))
        redis = Redis(folder)
        stack.callback(redis.program.stop)
        redis.start()
        redis.ask(f"RPUSH {QUEUE} {' '.join('x' * DEPTH)}")
        exporter, blackbox = RedisExporter(folder, redis), Blackbox(folder)
        stack.enter_context(exporter.program.running())
        stack.enter_context(blackbox.program.running())
        url = f"http://{probed.address}{HEALTH}"
        server = Prometheus(folder, {"redis": exporter.address}, scrape_configs=[blackbox.scrape_config(url)])
        stack.callback(server.stop)
        server.start()
        for job in ("redis", "probe"):
            let_see(server, job)
        with ThreadPoolExecutor(2) as pool:
            faults_of_redis = pool.submit(lambda: tuple(break_redis(redis, server)))
            probe_faults = tuple(break_probed(probed, server))
            redis_faults = faults_of_redis.result()
        yield Story(folder, server, url, redis_faults, probe_faults)


@pytest.fixture(scope="module")
def setup(story: Story) -> Setup:
    """What the exporters tell, profiles found by themselves."""
    made = Setup(story.folder / "found", (prometheus_source(story.server, profiles=[]),), ())
    assert made.collect().problems() == ()
    return made


def check(faults: Sequence[Fault], setup: Setup, service: str, component: str, widest_us: float) -> None:
    """Fail unless each fault is one time down and one time up, the true times inside bounds of about a scrape."""
    found = health_changes(setup, service, component)
    assert [(move.from_state, move.to_state) for move in found] == [("up", "down"), ("down", "up")] * len(faults)
    true = [edge for fault in faults for edge in (fault.began, fault.ended)]
    for edge, move in zip(true, found, strict=True):
        assert move.holds(*edge), move.misses(*edge)
        assert move.latest_us - move.earliest_us <= widest_us


def widest_us(server: Prometheus, job: str) -> float:
    """Return the greatest distance of two neighbouring scrapes, and a whole scrape that may last its time-out."""
    stamps_s = [stamp_s for stamp_s, _ in next(iter(server.samples(f'up{{job="{job}"}}').values()))]
    return max((late - early) * 1e6 for early, late in pairwise(stamps_s)) + 1e6


def test_redis_goes_down_and_up_while_its_exporter_stays_up(story: Story, setup: Setup) -> None:
    """Killed or frozen, redis is down for that long, and nothing says that the exporter was."""
    assert len(story.redis_faults) == 2
    ups = story.server.samples('up{job="redis"}')
    assert {value for samples in ups.values() for _, value in samples} == {1.0}
    check(story.redis_faults, setup, "redis", "redis", widest_us(story.server, "redis"))


def test_series_that_vanish_with_redis_are_not_known_and_not_zero(story: Story, setup: Setup) -> None:
    """While Redis is gone its queue has no depth at all; before it has the true one."""
    (began_us, _), (_, back_us) = story.redis_faults[0].began, story.redis_faults[0].ended
    rows = setup.rows("select sampled_at, depth from queue_depths where queue like '%' || $queue", queue=QUEUE)
    assert rows
    assert {row["depth"] for row in rows if row["sampled_at"] < from_us(began_us)} == {DEPTH}
    assert [row for row in rows if from_us(began_us + 1_000_000) <= row["sampled_at"] <= from_us(back_us)] == []


def test_what_the_exporter_could_see_counts_as_covered(setup: Setup) -> None:
    """The source looked all the time: an outage of what it watches is no gap of the watching."""
    rows = setup.rows("from coverage where service = 'redis'")
    assert rows
    assert all(row["covered"] for row in rows)


def test_each_way_a_probe_fails_is_one_outage_of_what_is_probed(story: Story, setup: Setup) -> None:
    """Refused, answered 500, and never answered: down each time, up after it."""
    assert len(story.probe_faults) == 3
    check(story.probe_faults, setup, story.probed, "probe", widest_us(story.server, "probe"))
