"""Two real servers: an HA pair is one and sees better than either; two clusters that look alike stay two."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from breakwatch.clock import SECOND_US, fixed_clock
from store import Store
from tests.real import generated
from tests.real.harness import Found, Setup, prometheus_source
from tests.real.processes import BreakerProcess, Prometheus, free_port, now_us
from tests.real.truth import Truth
from tests.real.truth import incidents as true_incidents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from breakwatch.clock import Clock

FAULTS = [("long", 0.1), ("middle", 0.1), ("swift", 0.1), ("short", 0.3)]
HOURS = 3
CALLS = "SELECT outcome AS what, sum(count) AS n FROM request_counts GROUP BY outcome ORDER BY outcome"
REJECTED = "SELECT breaker AS what, sum(calls_rejected) AS n FROM breaker_episodes GROUP BY breaker ORDER BY breaker"
PROMQL = "SELECT breaker AS what, sum(promql_openings) AS n FROM breaker_episodes GROUP BY breaker ORDER BY breaker"
TOLD_APART = (
    *("labels", "transition_id", "incident_id", "episode_id"),
    *("source", "sources", "opened_sources", "closed_sources"),
)


@dataclass(frozen=True)
class Pair:
    """What two servers scraped of one program, collected from each alone and from both as one replica group."""

    program: BreakerProcess
    servers: tuple[Prometheus, Prometheus]
    alone: tuple[Setup, Setup]
    together: Setup


def fail_for_a_while(program: BreakerProcess) -> None:
    """Let the breakers have some faults."""
    for breaker, fail_s in FAULTS:
        program.fail(breaker, fail_s)
        time.sleep(0.4)
    time.sleep(2.0)


def collected(folder: Path, clock: Clock, *sources: Mapping[str, Any]) -> Setup:
    """Collect from some sources into a store of their own."""
    setup = Setup(folder, sources, ("shop",))
    assert setup.collect(clock).problems() == ()
    return setup


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers scrape one program every second; the second is away in the middle, for four faults."""
    folder = tmp_path_factory.mktemp("pair")
    program = BreakerProcess(folder, "shop", 0.05, free_port())
    servers = []
    for name in ("a", "b"):
        (folder / name).mkdir()
        jobs = {"shop": program.address}
        servers.append(Prometheus(folder / name, jobs, external_labels={"replica": name}))
    first, second = servers
    try:
        program.start()
        for server in servers:
            server.start()
        for server in servers:
            server.wait_for_scrape("shop")
        fail_for_a_while(program)
        second.stop()
        fail_for_a_while(program)
        second.start()
        second.wait_for_scrape("shop")
        fail_for_a_while(program)
        clock = fixed_clock(now_us())
        time.sleep(1.5)
        named = [prometheus_source(server, name=f"prom-{name}") for server, name in zip(servers, "ab", strict=True)]
        together = collected(folder / "both", clock, *({**source, "replica_group": "eu"} for source in named))
        alone = tuple(collected(folder / f"alone-{source['name']}", clock, source) for source in named)
        yield Pair(program, (first, second), (alone[0], alone[1]), together)
    finally:
        program.stop()
        for server in servers:
            server.stop()


def width_us(edges: list[Found]) -> int:
    """Return how much is unknown about some edges, in all."""
    return sum(edge.latest_us - edge.earliest_us for edge in edges)


def test_a_pair_sees_each_change_once_and_at_least_as_well_as_either(pair: Pair) -> None:
    """Every true move is found once, inside its bounds; these lie inside those that either server alone gives it."""
    true = Truth(pair.program).with_scrapes_only(pair.servers[0])
    found = pair.together.transitions("shop")
    for breaker, edges in true.items():
        sighted = found[breaker]
        assert [(one.from_state, one.to_state) for one in sighted] == [edge.move for edge in edges], breaker
        for edge, one in zip(edges, sighted, strict=True):
            assert one.holds(edge.low_us, edge.high_us), one.misses(edge.low_us, edge.high_us)
        for setup in pair.alone:
            by_one = setup.transitions("shop")[breaker]
            assert [one.to_state for one in by_one] == [one.to_state for one in sighted]
            for alone, both in zip(by_one, sighted, strict=True):
                assert alone.earliest_us <= both.earliest_us
                assert both.latest_us <= alone.latest_us
    in_all = width_us([one for edges in found.values() for one in edges])
    for setup in pair.alone:
        assert in_all < width_us([one for edges in setup.transitions("shop").values() for one in edges])


def test_a_pair_is_one_system(pair: Pair) -> None:
    """Incidents, episodes, states and instances are those of one program; both servers are named for having seen it."""
    true = Truth(pair.program).with_scrapes_only(pair.servers[0])
    found = pair.together.incidents("shop")
    assert {breaker: len(one) for breaker, one in found.items()} == {
        breaker: len(true_incidents(edges)) for breaker, edges in true.items()
    }
    episodes = pair.together.rows("FROM breaker_episodes")
    assert len(episodes) == sum(map(len, found.values()))
    assert {(row["instances_hit"], row["instances_seen"]) for row in episodes} == {(1, 1)}
    assert len(pair.together.rows("FROM breaker_states")) == len(true)
    seen_by = pair.together.rows("SELECT DISTINCT sources FROM breaker_transitions")
    assert {"prom-a", "prom-b"} in [set(row["sources"]) for row in seen_by]


@pytest.mark.parametrize("sql", [CALLS, REJECTED, PROMQL])
def test_what_a_pair_counts_is_not_doubled(pair: Pair, sql: str) -> None:
    """Calls by outcome, rejected calls and openings are those of the server that saw more, not the sum of both."""
    both, one = ({row["what"]: row["n"] for row in setup.rows(sql)} for setup in (pair.together, pair.alone[0]))
    assert both.keys() == one.keys()
    for what, count in both.items():
        assert 0.9 * one[what] <= count <= 1.2 * one[what] + 5, (what, count, one[what])


def test_while_one_of_a_pair_is_away_the_other_counts_on(pair: Pair) -> None:
    """No count is blurred, and only the one that was away has a gap in its coverage."""
    longest = "SELECT max(bucket_s) AS longest_s FROM request_counts"
    assert pair.together.rows(longest)[0]["longest_s"] <= pair.alone[0].rows(longest)[0]["longest_s"]
    gaps = "SELECT source FROM coverage WHERE NOT covered AND service = 'shop'"
    assert {row["source"] for row in pair.together.rows(gaps)} <= {"prom-b"}


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    """Two servers that answer every question alike, declared as two clusters."""
    folder = tmp_path_factory.mktemp("clusters")
    generated.write_blocks(folder, HOURS)
    servers = []
    for name in ("eu", "us"):
        shutil.copytree(folder / "tsdb", folder / name / "tsdb")
        servers.append(Prometheus(folder / name))
    try:
        for server in servers:
            server.start()
        sources = [
            {**prometheus_source(server), "name": f"prom-{name}", "profiles": []}
            | {"labels": {"environment": "test", "cluster": name}}
            for server, name in zip(servers, ("eu", "us"), strict=True)
        ]
        yield collected(folder / "store", fixed_clock(generated.end_us(HOURS) + 60 * SECOND_US), *sources)
    finally:
        for server in servers:
            server.stop()


VIEWS = (
    "breaker_transitions",
    "breaker_incidents",
    "breaker_episodes",
    "breaker_states",
    "request_counts",
    "queue_depths",
    "coverage",
    "changes",
)


def test_two_clusters_that_look_alike_stay_two(clusters: Setup) -> None:
    """In every view each has all rows, equal but for the cluster and what is named after it; no row is of both."""
    with Store.open(clusters.folder / "b.duckdb") as store:
        for view in VIEWS:
            rows: dict[str, list[str]] = {"eu": [], "us": []}
            for row in store.rows(f"FROM {view}"):
                told = {name: value for name, value in row.items() if name not in TOLD_APART}
                rows[row["labels"]["cluster"]].append(repr(told))
            assert rows["eu"], view
            assert sorted(rows["eu"]) == sorted(rows["us"]), view


def test_an_episode_is_of_one_cluster(clusters: Setup) -> None:
    """What broke in both at once is two episodes: nobody mends one cluster in the other."""
    mixed = "SELECT episode_id FROM breaker_incidents GROUP BY episode_id HAVING count(DISTINCT labels) > 1"
    assert clusters.rows(mixed) == []
    (seen,) = clusters.rows("SELECT max(instances_seen) AS most FROM breaker_episodes")
    assert seen["most"] == len(generated.INSTANCES)
