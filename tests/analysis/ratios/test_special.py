"""Figures that are about queues, sessions, levels, or a query of the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.asking import Ask, Ground, Scope
from analysis.histograms import Bucket, of_buckets, quantile, quantile_bounds
from analysis.indicators import indicator
from breakwatch.config import Config
from breakwatch.config_services import Dependency, ServiceConfig
from breakwatch.errors import UsageError
from store import Reader, Store
from tests.analysis.ratios.kept import NAMED, asked, at, calls, hurt, put, seen, us


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(tmp_path / "b.duckdb") as opened:
        yield opened


def measurement(name: str, value: float, second: float = 30, **more: Any) -> dict[str, Any]:
    """Return an imported measurement."""
    return NAMED | {"name": name, "value": value, "measured_at": at(second), "source": "lab"} | more


def depth(queue: str, kind: str, *samples: tuple[float, float]) -> list[dict[str, Any]]:
    """Return sampled depths of a queue."""
    told = NAMED | {"instance": "a", "queue": queue, "kind": kind, "priority": ""}
    return [told | {"sampled_at": at(second), "depth": amount} for second, amount in samples]


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("drop table kept.outages", "cannot be run"),
        ("select 1 as value; select 2 as value", "is 2 queries"),
        ("with gone as (select 1) delete from kept.outages", "cannot be run"),
        ("select nothing as value from nowhere", "failed: Catalog Error"),
        ("select 1 as number", "returned 1 rows of number"),
        ("select unnest([1, 2]) as value", "returned 2 rows of value"),
        ("select 'much' as value", "returned no numbers"),
        ("select 3 as value, 4 as low", "returned 3 outside 4.0 to None"),
    ],
)
def test_a_query_that_is_none_is_refused_by_name(store: Store, sql: str, problem: str) -> None:
    """What changes something, fails or has another shape is an error that shows the query and what is wrong."""
    with pytest.raises(UsageError, match=r"the query .* of an objective") as refused:
        asked(store, "sql", ((0, 60),), scope={"sql": sql})
    assert problem in refused.value.problem
    assert store.rows("select count(*) as n from outages") == [{"n": 0}]


def test_a_query_sees_the_window_and_the_published_file(store: Store) -> None:
    """It is given the window and the service, on the owner's store and on the published file."""
    put(store, request_counts=[*calls(0, {"success": 5}), *calls(60, {"success": 7})])
    store.publish(us(120))
    sql = (
        "select sum(count) as value, value as low, value as high, count(*) as n from request_counts"
        " where service = $service and bucket_start >= $from and bucket_start < $to"
    )
    found = asked(store, "sql", ((60, 120),), scope={"sql": sql})
    assert (found.low, found.value, found.high, found.n) == (7, 7, 7, 1)
    ask = Ask(Scope(service="shop", sql=sql), ((us(60), us(120)),))
    with Reader.open(store.path) as published:
        assert list(indicator("sql").compute(Ground(published, Config(), us(120)), [ask])) == [found]


def test_messages_are_accounted_for(store: Store) -> None:
    """Of 100 sent 80 were delivered, 12 more wait, 5 are dead letters: 3 are lost; while depths move, within bounds."""
    put(
        store,
        measurements=[measurement("messages_sent", 100), measurement("messages_delivered", 80)],
        queue_depths=[
            *depth("jobs", "main", (0, 10), (60, 22), (75, 22)),
            *depth("dead", "dead_letter", (0, 0), (60, 5), (75, 5)),
        ],
    )
    found = asked(store, "messages_lost", ((0, 60),))
    assert (found.low, found.value, found.high, found.n) == (3, 3, 3, 100)
    put(store, queue_depths=depth("jobs", "main", (0, 10), (50, 22), (70, 30)))
    found = asked(store, "messages_lost", ((0, 60),))
    assert (found.low, found.value, found.high) == (0, 8, 8)
    put(store, queue_depths=[])
    found = asked(store, "messages_lost", ((0, 60),))
    assert (found.low, found.value, found.high) == (0, None, 20)


def test_dead_letters_are_those_at_the_end(store: Store) -> None:
    """Two queues, of which one grows across the end of the window: between what it had and what it has then."""
    put(store, queue_depths=[*depth("a", "dead_letter", (0, 3), (90, 3)), *depth("b", "dead_letter", (0, 0), (90, 4))])
    found = asked(store, "dead_letters_left", ((0, 60),))
    assert (found.low, found.value, found.high, found.n) == (3, 3, 7, 2)


def test_measurements_are_those_of_the_window_or_of_the_experiment(store: Store) -> None:
    """By time where no experiment is asked for; one that names its experiment is of it whenever it was written down."""
    values = [measurement("rows_lost", 1), measurement("rows_lost", 5, 900, experiment_id="x")]
    run = {"experiment_id": "x", "started_at": at(0), "ended_at": at(60), "fault_effective": True}
    put(store, measurements=values, experiments=[NAMED | run])
    scope = {"name": "rows_lost"}
    assert asked(store, "measured", ((0, 60),), scope=scope, stat="max").value == 1
    assert asked(store, "measured", ((0, 60),), scope=scope | {"experiment": "x"}).value == 5


def test_the_lowest_level_is_that_of_outages_where_none_is_reported(store: Store) -> None:
    """Seen without an outage is full; down is unavailable; an outage that may lie outside leaves both possible."""
    put(store, coverage=seen((0, 600)))
    assert asked(store, "level_floor", ((0, 600),)).value == 4
    put(store, outage_spells=[hurt((100, 110), (200, 210))])
    found = asked(store, "level_floor", ((0, 600),))
    assert (found.low, found.value, found.high) == (0, 0, 0)
    found = asked(store, "level_floor", ((205, 600),), now_s=700)
    assert (found.low, found.high) == (0, 4)


def test_components_without_a_signal_are_named(store: Store) -> None:
    """Of two declared components one has a signal."""
    up = NAMED | {"component": "db", "instance": "", "state": "up", "first_state": "up", "first_seen": at(0)}
    put(store, health_states=[up])
    shop = ServiceConfig(name="shop", depends_on=(Dependency(service="db"), Dependency(service="redis", kind="soft")))
    ask = Ask(Scope(service="shop"), ((us(0), us(60)),))
    (found,) = indicator("signal_coverage").compute(Ground(store, Config(services=(shop,)), us(60)), [ask])
    assert (found.value, found.n, found.note) == (0.5, 2, "without a health signal: redis of shop")


def test_quantiles_lie_in_their_bucket_and_are_interpolated() -> None:
    """Half of 100 calls within 0.1 s, the others within 0.5 s: p90 at 0.1 + 0.4 x 0.8, as Prometheus says."""
    buckets = [Bucket(0.0, 0.1, 50, 50, 50), Bucket(0.1, 0.5, 50, 50, 50)]
    assert quantile(buckets, 0.9) == pytest.approx(0.42)
    assert quantile_bounds(buckets, 0.9) == (0.1, 0.5)
    above = [Bucket(0.0, 0.1, 50, 50, 50), Bucket(0.1, float("inf"), 50, 50, 50)]
    assert quantile(above, 0.9) == 0.1
    assert quantile_bounds(above, 0.9) == (0.1, float("inf"))


@pytest.mark.parametrize("stat", ["mean", "median", "p90", "p99", "min", "max"])
def test_every_statistic_of_durations_lies_within_its_bounds(stat: Any) -> None:
    """With buckets that may be in the window or not, the bounds hold the value and what either extreme gives."""
    buckets = [Bucket(0.0, 0.1, 5, 0, 10), Bucket(0.1, 0.5, 20, 20, 20), Bucket(0.5, 1.0, 2.5, 0, 5)]
    found = of_buckets(buckets, Ask(stat=stat))
    for extreme in (
        [Bucket(0.0, 0.1, 10, 10, 10), Bucket(0.1, 0.5, 20, 20, 20)],
        [Bucket(0.1, 0.5, 20, 20, 20), Bucket(0.5, 1.0, 5, 5, 5)],
    ):
        one = of_buckets(extreme, Ask(stat=stat))
        assert found.low is not None
        assert found.high is not None
        assert found.low <= (one.low or 0)
        assert (one.high or 0) <= found.high
        assert found.low <= (found.value or 0) <= found.high
