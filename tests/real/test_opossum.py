"""The proof with opossum: real breakers in Node.js, their real exporter, a real Prometheus.

Two programs live through the same faults at the same time. ``silent`` is the usual one: nobody listens to ``halfOpen``,
so it is not exported, and nothing says when the process started. ``telling`` exports both, under a prefix of its own.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import fixed_clock
from tests.real.harness import Setup, log_sources, prometheus_source
from tests.real.judging import check_edges, check_incidents
from tests.real.opossum import HALF_OPEN, OpossumProcess, OpossumTruth, ensure_installed
from tests.real.processes import Prometheus
from tests.real.truth import OPEN, incidents, openings_within_one_scrape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICES = {"silent": (), "telling": ("half-open-listener", "process-metrics", "prefix=shop_")}
BREAKERS = ("swift", "short", "long", "late")

# Seconds to wait, then seconds to fail, for each fault of a breaker.
FAULTS = {
    "swift": [(0.3, 0.02), (1.7, 0.03), (1.4, 0.05), (1.6, 0.02), (1.1, 0.12)],
    "short": [(0.5, 0.05), (1.6, 0.9), (1.5, 0.05), (1.8, 0.5)],
    "long": [(0.7, 0.1), (3.0, 2.2)],
    "late": [(2.6, 0.05), (1.7, 0.4)],
}


@dataclass(frozen=True)
class Story:
    """What was lived through, ready to be collected."""

    folder: Path
    server: Prometheus
    programs: dict[str, OpossumProcess]


def live_through(server: Prometheus, program: OpossumProcess) -> None:
    """Let every breaker have its faults, two inside one scrape interval, and kill the process twice while open."""

    def suffer(breaker: str) -> None:
        for place, (wait_s, fail_s) in enumerate(FAULTS[breaker]):
            time.sleep(wait_s)
            if breaker == "late" and place == 0:
                program.first_use("late")  # and at once the first fault: the scrape that shows it shows both
            program.fail(breaker, fail_s)

    with ThreadPoolExecutor(len(FAULTS)) as pool:
        list(pool.map(suffer, FAULTS))
    time.sleep(1)
    for _ in range(2):  # a busy machine may miss the interval once
        server.wait_for_scrape(program.service)
        program.fail("swift", 0.02)
        time.sleep(0.15)
        program.fail("swift", 0.02)
        time.sleep(0.5)
    # Killed while open, after a scrape has counted that.
    program.fail("long", 0.1)
    server.wait_for_scrape(program.service)
    time.sleep(0.2)
    program.kill()
    time.sleep(0.3)
    program.start()
    server.wait_for_scrape(program.service)
    time.sleep(0.2)
    program.fail("long", 0.1)
    program.fail("swift", 0.02)
    time.sleep(2.6)  # long closes by itself, and is counted to have
    # Opened and killed between two scrapes: only the log can tell. The next process has a fault before it is scraped.
    server.wait_for_scrape(program.service)
    time.sleep(0.1)
    program.fail("short", 0.2)
    program.kill()
    server.wait_for_scrape(program.service)
    program.start()
    program.fail("swift", 0.02)
    time.sleep(2.2)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One server scraping both programs every second while they suffer."""
    ensure_installed()
    folder = tmp_path_factory.mktemp("opossum")
    programs = {name: OpossumProcess(folder, name, flags=flags) for name, flags in SERVICES.items()}
    server = Prometheus(folder, {name: program.address for name, program in programs.items()})
    try:
        for program in programs.values():
            program.start()
        server.start()
        for name in programs:
            server.wait_for_scrape(name)  # what happened before the first scrape of all is nobody's news
        time.sleep(0.2)
        with ThreadPoolExecutor(len(programs)) as pool:
            list(pool.map(lambda program: live_through(server, program), programs.values()))
        server.stop()
        server.jobs = {}  # no scrape after the last one
        server.start()
        yield Story(folder, server, programs)
    finally:
        for program in programs.values():
            program.stop()
        server.stop()


@pytest.fixture(scope="module")
def by_metrics(story: Story) -> Setup:
    """What the server alone tells."""
    setup = Setup(story.folder / "metrics", (prometheus_source(story.server, profiles=["opossum"]),), tuple(SERVICES))
    assert setup.collect().problems() == ()
    return setup


@pytest.fixture(scope="module")
def by_metrics_and_logs(story: Story) -> Setup:
    """What the server and the application's event log tell together."""
    prom = prometheus_source(story.server, profiles=["opossum"])
    logs = [
        {**source, "profile": "opossum", "labels": {"environment": "test", "job": name}}
        for name, source in zip(SERVICES, log_sources(story.programs.values()), strict=True)
    ]
    setup = Setup(story.folder / "both", (prom, *logs), tuple(SERVICES))
    assert setup.collect().problems() == ()
    return setup


@pytest.mark.parametrize("service", SERVICES)
def test_the_story_is_hard_enough(story: Story, service: str) -> None:
    """Fifteen faults, a reopening within 20 ms, two inside one interval, two over a kill, one without a trace."""
    truth = OpossumTruth(story.programs[service])
    all_true = [incident for edges in truth.with_log().values() for incident in incidents(edges)]
    assert len(all_true) >= 15
    swift = truth.edges["swift"]
    reopened_us = [
        again.high_us - opened.low_us
        for opened, half, again in zip(swift, swift[1:], swift[2:], strict=False)
        if (opened.to_state, half.to_state, again.to_state) == (OPEN, HALF_OPEN, OPEN)
    ]
    assert min(reopened_us) < 20_000
    stamps_s = [stamp_s for stamp_s, _ in next(iter(story.server.samples(f'up{{job="{service}"}}').values()))]
    assert openings_within_one_scrape(swift, stamps_s) >= 2
    assert sum(one.closed is not None and one.closed.restart for one in all_true) >= 2
    seen = [one for edges in truth.with_scrapes_only(story.server).values() for one in incidents(edges)]
    assert 0 < len(all_true) - len(seen) <= 2


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("breaker", BREAKERS)
def test_metrics_alone_find_every_fault_that_left_a_trace(
    story: Story, by_metrics: Setup, service: str, breaker: str
) -> None:
    """Each traced edge is found once, its true time inside the bounds; the incidents are the true ones, no others."""
    true = OpossumTruth(story.programs[service]).with_scrapes_only(story.server)[breaker]
    check_edges(true, by_metrics.transitions(service)[breaker])
    check_incidents(true, by_metrics.incidents(service)[breaker])


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("breaker", BREAKERS)
def test_with_the_event_log_every_fault_is_found_exactly(
    story: Story, by_metrics_and_logs: Setup, service: str, breaker: str
) -> None:
    """Logged edges are exact to the millisecond of the log, those of a killed process have the scrapes' bounds."""
    true = OpossumTruth(story.programs[service]).with_log()[breaker]
    found = by_metrics_and_logs.transitions(service)[breaker]
    check_edges(true, found)
    check_incidents(true, by_metrics_and_logs.incidents(service)[breaker])
    exact = sum(edge.earliest_us == edge.latest_us for edge in found)
    assert exact == sum(not edge.restart for edge in true)


@pytest.mark.parametrize("service", SERVICES)
def test_calls_are_counted_to_the_integer(story: Story, by_metrics: Setup, service: str) -> None:
    """Between the first and the last scrape, over two restarts and a series born late: what the program counted."""
    emitted = OpossumTruth(story.programs[service]).counted(story.server)
    events = {"success": "success", "failure": "failure", "reject": "not_permitted"}
    expected = Counter(
        {(breaker, events[event]): count for (breaker, event), count in emitted.items() if event in events and count}
    )
    found = Counter(
        {
            (row["target"], row["outcome"]): row["n"]
            for row in by_metrics.rows(
                "select target, outcome, sum(count)::bigint as n from request_counts"
                " where service = $service and outcome in ('success', 'failure', 'not_permitted') group by all",
                service=service,
            )
        }
    )
    assert found == expected


@pytest.mark.parametrize("service", SERVICES)
def test_both_restarts_are_told(story: Story, by_metrics: Setup, service: str) -> None:
    """Each kill is one restart, seen between the last scrape before and the first scrape after it."""
    truth = OpossumTruth(story.programs[service])
    found = by_metrics.rows(
        "from changes where kind = 'restart' and service = $service order by occurred_at", service=service
    )
    assert len(found) == len(truth.kills)
    for row, (killed_us, _), started_us in zip(found, truth.kills, truth.starts[1:], strict=True):
        at_us = row["occurred_at"].timestamp() * 1e6
        assert killed_us - 1_100_000 <= at_us <= started_us + 1_100_000


def test_no_reopening_is_taken_for_an_unlawful_move(by_metrics: Setup) -> None:
    """A failed probe emits a second open: that is no finding; what was open at a kill is one each.

    The breakers truly open ten times and more within seconds, which is flapping.
    """
    found = by_metrics.rows("select service, kind, count(*) as n from findings group by all order by all")
    assert {row["kind"] for row in found} == {"state_lost_on_restart", "flapping"}


def test_collecting_in_steps_finds_the_same(story: Story, by_metrics: Setup) -> None:
    """Every six seconds, as it happened, and once more at the end: the tables are those of collecting it at once."""
    stamps_s = [stamp_s for samples in story.server.samples("up").values() for stamp_s, _ in samples]
    in_steps = Setup(story.folder / "steps", by_metrics.sources, tuple(SERVICES))
    for at_us in range(round(min(stamps_s)) * 1_000_000, round(max(stamps_s)) * 1_000_000, 6_000_000):
        assert in_steps.collect(fixed_clock(at_us)).problems() == ()
    assert in_steps.collect().problems() == ()
    for service in SERVICES:
        assert in_steps.transitions(service) == by_metrics.transitions(service)
        assert in_steps.incidents(service) == by_metrics.incidents(service)
    counts = "select service, target, outcome, sum(count)::bigint as n from request_counts group by all order by all"
    assert in_steps.rows(counts) == by_metrics.rows(counts)


def test_collecting_once_more_changes_nothing(by_metrics: Setup) -> None:
    """The steady state: a second catch-up finds the same incidents."""
    before = {service: by_metrics.incidents(service) for service in SERVICES}
    assert by_metrics.collect().problems() == ()
    assert {service: by_metrics.incidents(service) for service in SERVICES} == before
