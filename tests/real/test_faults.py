"""The proof end to end: real breakers, a real Prometheus, real logs, real kills; every fault found, none invented.

Two programs live through the same faults at the same time; the exporter of one answers 300 ms late.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.real.harness import Setup, log_sources, prometheus_source
from tests.real.judging import check_edges, check_incidents
from tests.real.processes import BreakerProcess, Prometheus, free_port
from tests.real.truth import Truth, incidents, openings_within_one_scrape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICES = {"prompt": 0.0, "late": 0.3}
SCRAPE_S = 1.0

# Seconds to wait, then seconds to fail, for each fault of a breaker; its reset timeout is part of its name.
FAULTS = {
    "swift": [(1.0, 0.06), (2.3, 0.06), (1.8, 0.1), (2.4, 0.06), (3.1, 0.2), (2.7, 0.06)],
    "short": [(0.5, 0.06), (3.0, 1.2), (2.0, 0.06), (3.3, 0.5), (3.0, 0.06)],
    "middle": [(0.2, 0.06), (2.5, 2.4), (2.6, 0.06), (3.2, 0.06)],
    "long": [(0.7, 0.06), (3.4, 3.0), (4.5, 0.06)],
}


@dataclass(frozen=True)
class Story:
    """What was lived through, ready to be collected."""

    folder: Path
    server: Prometheus
    programs: dict[str, BreakerProcess]


def live_through(server: Prometheus, program: BreakerProcess) -> None:
    """Let every breaker have its faults, two of them inside one scrape interval, and kill the process twice."""

    def suffer(breaker: str) -> None:
        for wait_s, fail_s in FAULTS[breaker]:
            time.sleep(wait_s)
            program.fail(breaker, fail_s)

    with ThreadPoolExecutor(len(FAULTS)) as pool:
        list(pool.map(suffer, FAULTS))
    time.sleep(3)
    for _ in range(3):  # a busy machine may miss the interval once
        server.wait_for_scrape(program.service)
        program.fail("swift", 0.06)
        time.sleep(0.2)
        program.fail("swift", 0.06)
        time.sleep(1)
    # Killed while open, after a scrape has seen it open.
    time.sleep(0.5)
    program.fail("long", 0.06)
    server.wait_for_scrape(program.service)
    time.sleep(0.2)
    program.kill()
    time.sleep(0.4)
    program.start()
    time.sleep(2.5)
    program.fail("middle", 0.06)
    program.fail("swift", 0.06)
    time.sleep(2.5)
    # Opened and killed between two scrapes: only the log can tell.
    server.wait_for_scrape(program.service)
    program.fail("short", 0.06)
    program.kill()
    # The new process has the same fault as the old one before it is scraped: its counters look as if nothing happened.
    server.wait_for_scrape(program.service)
    program.start()
    program.fail("swift", 0.06)
    time.sleep(4)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One server scraping two programs every second while they suffer."""
    folder = tmp_path_factory.mktemp("faults")
    programs = {name: BreakerProcess(folder, name, late_s, free_port()) for name, late_s in SERVICES.items()}
    server = Prometheus(folder, {name: program.address for name, program in programs.items()})
    try:
        for program in programs.values():
            program.start()
        server.start()
        for name in programs:
            server.wait_for_scrape(name)  # what happened before the first scrape of all is nobody's news
        with ThreadPoolExecutor(len(programs)) as pool:
            list(pool.map(lambda program: live_through(server, program), programs.values()))
        yield Story(folder, server, programs)
    finally:
        for program in programs.values():
            program.stop()
        server.stop()


@pytest.fixture(scope="module")
def by_metrics(story: Story) -> Setup:
    """What the server alone tells."""
    setup = Setup(story.folder / "metrics", (prometheus_source(story.server),), tuple(SERVICES))
    assert setup.collect().problems() == ()
    return setup


@pytest.fixture(scope="module")
def by_metrics_and_logs(story: Story) -> Setup:
    """What the server and the listener's log lines tell together."""
    sources = (prometheus_source(story.server), *log_sources(story.programs.values()))
    setup = Setup(story.folder / "both", sources, tuple(SERVICES))
    assert setup.collect().problems() == ()
    return setup


@pytest.mark.parametrize("service", SERVICES)
def test_the_story_is_hard_enough(story: Story, service: str) -> None:
    """Twenty faults, a third shorter than a scrape, two inside one interval, one over a kill, one without a trace."""
    truth = Truth(story.programs[service])
    all_true = [incident for edges in truth.with_log().values() for incident in incidents(edges)]
    lengths_s = [(one.closed.low_us - one.opened.high_us) / 1e6 for one in all_true if one.closed is not None]
    assert len(all_true) >= 20
    assert sum(length_s < SCRAPE_S for length_s in lengths_s) >= len(all_true) / 3
    stamps_s = [stamp_s for stamp_s, _ in next(iter(story.server.samples(f'up{{job="{service}"}}').values()))]
    assert openings_within_one_scrape(truth.edges["swift"], stamps_s) >= 2
    assert any(one.closed is not None and one.closed.restart for one in all_true)
    seen = [one for edges in truth.with_scrapes_only(story.server).values() for one in incidents(edges)]
    assert 0 < len(all_true) - len(seen) <= 2


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("breaker", FAULTS)
def test_metrics_alone_find_every_fault_that_left_a_trace(
    story: Story, by_metrics: Setup, service: str, breaker: str
) -> None:
    """Each traced edge is found once, its true time inside the bounds; the incidents are the true ones, no others."""
    true = Truth(story.programs[service]).with_scrapes_only(story.server)[breaker]
    check_edges(true, by_metrics.transitions(service)[breaker])
    check_incidents(true, by_metrics.incidents(service)[breaker])


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("breaker", FAULTS)
def test_with_the_log_every_fault_is_found_exactly(
    story: Story, by_metrics_and_logs: Setup, service: str, breaker: str
) -> None:
    """Logged edges are exact to the microsecond of the listener, those of a killed process have the scrapes' bounds."""
    true = Truth(story.programs[service]).with_log()[breaker]
    found = by_metrics_and_logs.transitions(service)[breaker]
    check_edges(true, found)
    check_incidents(true, by_metrics_and_logs.incidents(service)[breaker])
    exact = sum(edge.earliest_us == edge.latest_us for edge in found)
    assert exact == sum(not edge.restart for edge in true)


def test_collecting_once_more_changes_nothing(by_metrics: Setup) -> None:
    """The steady state: a second catch-up finds the same incidents."""
    before = {service: by_metrics.incidents(service) for service in SERVICES}
    assert by_metrics.collect().problems() == ()
    assert {service: by_metrics.incidents(service) for service in SERVICES} == before
