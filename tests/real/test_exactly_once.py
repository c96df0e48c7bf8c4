"""The recorded run, collected again and again, in pieces of any size and in any order: the tables stay the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

import analysis
import collectors
from breakwatch.clock import MINUTE_US, SECOND_US, fixed_clock, to_us
from breakwatch.config import Config, LogsSource, PrometheusSource, ServiceConfig
from breakwatch.model import Window
from store import Store
from tests.real.recorded import ARCHIVE, recorded_prometheus
from tests.real.tables import differences, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breakwatch.model import Batch

CAPTURES = ARCHIVE.parent
END_US = to_us(datetime(2026, 11, 20, 11, 33, 41, tzinfo=UTC))
START_US = END_US - 10 * MINUTE_US
POOL = 12
"""How many ways there are to cut the span; each order takes the pieces of several of them."""


def setting(url: str) -> Config:
    """Return the recording as three sources."""
    capture = {"environment": "capture", "cluster": "lab"}
    prometheus = PrometheusSource(name="prom", url=url, labels=capture, profiles=("opossum", "haproxy"))
    opossum = LogsSource(
        name="opossum-log",
        paths=(CAPTURES / "opossum_events.jsonl",),
        profile="opossum",
        labels={**capture, "job": "opossum"},
    )
    haproxy = LogsSource(
        name="haproxy-log",
        paths=(CAPTURES / "haproxy.log",),
        format="regex",
        profile="haproxy",
        labels={**capture, "job": "haproxy"},
    )
    services = (
        ServiceConfig(name="client", match={"job": "opossum"}),
        ServiceConfig(name="app", match={"job": "haproxy"}),
    )
    return Config(sources=(prometheus, opossum, haproxy), services=services)


def collected(config: Config, spans: Sequence[Window]) -> list[list[Batch]]:
    """Return what every source yields for each span, in an order of its own each time."""
    found = []
    for source in config.sources:
        collector = collectors.make(source, config, fixed_clock(END_US))
        found += [list(collector.collect(span, {})) for span in spans]
        collector.close()
    return found


def pieces(chance: random.Random) -> list[Window]:
    """Cut the span into up to eight windows of any size, some of them a second long."""
    cuts = {chance.randrange(START_US, END_US) for _ in range(chance.randint(1, 6))}
    cuts |= {cut + SECOND_US for cut in cuts if chance.random() < 0.2}
    return [Window(*span) for span in pairwise(sorted({START_US, *cuts, END_US}))]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that is emptied between the orders."""
    with Store.open(tmp_path_factory.mktemp("once") / "b.duckdb", clock=fixed_clock(END_US)) as opened:
        yield opened


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """The sources, the first of them a real server."""
    with recorded_prometheus(tmp_path_factory.mktemp("capture")) as server:
        yield setting(server.url)


def empty(store: Store) -> None:
    """Forget everything."""
    sql = "SELECT schema_name AS s, table_name AS t FROM duckdb_tables() WHERE schema_name IN ('raw', 'kept')"
    with store.transaction():
        for row in store.rows(sql):
            store.execute(f"DELETE FROM {row['s']}.{row['t']}")  # noqa: S608 names of ours


def take_in(store: Store, config: Config, steps: Sequence[Sequence[Batch]], settle_after: set[int]) -> None:
    """Append batches step by step; recompute after some steps, as the service does, and at the end."""
    for number, step in enumerate(steps):
        for batch in step:
            store.append(batch)
        if number in settle_after:
            analysis.refresh(store, config)
    analysis.refresh(store, config)


@pytest.fixture(scope="module")
def expected(store: Store, config: Config) -> dict[str, list[str]]:
    """The tables after one collection of the whole span."""
    empty(store)
    take_in(store, config, collected(config, [Window(START_US, END_US)]), set())
    found = tables(store)
    assert len(found["breaker_transitions"]) == 9
    assert found["request_counts"]
    assert found["health_changes"]
    return found


def test_the_same_window_three_times(store: Store, config: Config, expected: dict[str, list[str]]) -> None:
    """Collected once, twice and three times, the window leaves the same tables each time."""
    empty(store)
    for _ in range(3):
        take_in(store, config, collected(config, [Window(START_US, END_US)]), set())
        assert differences(tables(store), expected) == {}


@pytest.mark.parametrize("orders", [10, pytest.param(100, marks=pytest.mark.nightly)])
def test_random_orders(store: Store, config: Config, expected: dict[str, list[str]], orders: int) -> None:
    """Pieces of any size, overlapping, repeated and shuffled, recomputed in between or not: the tables are the same."""
    chance = random.Random(20261120)
    pool = [collected(config, pieces(chance)) for _ in range(POOL)]
    for order in range(orders):
        steps = [step for cut in chance.sample(pool, chance.randint(1, 2)) for step in cut]
        steps += chance.sample(steps, len(steps) // 4)
        chance.shuffle(steps)
        settled = set(chance.sample(range(len(steps)), chance.randint(0, min(2, len(steps)))))
        empty(store)
        take_in(store, config, steps, settled)
        assert differences(tables(store), expected) == {}, order
