"""Our own figures as series: remembered day by day, and judged like any benchmark."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import analysis
from analysis.regressions.own import DAYS_AT_ONCE, SOURCE, remember_own
from breakwatch.clock import DAY_US, HOUR_US, SECOND_US, fixed_clock
from breakwatch.config import Config, Objective
from breakwatch.config_regressions import Regressions
from breakwatch.config_units import Target
from breakwatch.model import Batch, pairs
from breakwatch.records import Record, RecordKind
from store import Store

START_US = 1_767_225_600_000_000
DAYS = 40
NOW_US = START_US + DAYS * DAY_US + 3 * HOUR_US
BACK = Objective(name="back", indicator="service_recovery_time", stat="median", service="shop", below=Target(60.0, "s"))


def outages(store: Store, lengths_s: np.ndarray) -> None:
    """Import two outages of each day, and that the list of them is complete."""
    records = [Record("import:incidents", RecordKind.COVERED, START_US, NOW_US, service="shop")]
    for at, length_s in enumerate(lengths_s):
        start = START_US + at * DAY_US // 2 + HOUR_US
        detail = pairs({"kind": "down", "id": str(at)})
        end = start + round(float(length_s) * SECOND_US)
        records.append(Record("import:incidents", RecordKind.INCIDENT, start, end, service="shop", detail=detail))
    store.append(Batch("import:incidents", records=records))


def remembered(store: Store, config: Config, now_us: int = NOW_US) -> int:
    """Remember everything that is over, as the running service does."""
    analysis.refresh(store, config)
    total = 0
    while True:
        before = store.checkpoints(SOURCE)
        total += remember_own(store, config, now_us)
        if store.checkpoints(SOURCE) == before:
            break
    analysis.refresh(store, config)
    return total


def test_a_figure_that_got_worse_day_by_day_is_a_regression(tmp_path: Path) -> None:
    """Outages that last twice as long from the 25th day on are found, at that day, as any benchmark would be."""
    lengths = 100 * (1 + 0.1 * np.random.default_rng(1).standard_normal(2 * DAYS))
    lengths[50:] *= 2
    config = Config(objectives=(BACK,))
    with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(NOW_US)) as store:
        outages(store, lengths)
        assert remembered(store, config) == DAYS
        (row,) = store.rows("from regressions")
        assert (row["suite"], row["benchmark"], row["metric"]) == ("shop", "back", "service_recovery_time median")
        assert row["status"] == "confirmed"
        assert (row["changed_at"].timestamp() * 1e6 - START_US) / DAY_US == 25
        assert remembered(store, config) == 0


def test_only_days_that_are_over_are_remembered_a_week_at_a_time(tmp_path: Path) -> None:
    """Today is not, nor yesterday in its first hours; what is long past comes in portions."""
    config = Config(objectives=(BACK,))
    with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(NOW_US)) as store:
        outages(store, np.full(2 * DAYS, 90.0))
        early = START_US + 3 * DAY_US + HOUR_US
        assert remembered(store, config, early) == 2
        assert remember_own(store, config, NOW_US) == DAYS_AT_ONCE


def test_nothing_is_remembered_where_that_is_not_wanted(tmp_path: Path) -> None:
    """``own: no`` turns it off."""
    config = Config(objectives=(BACK,), regressions=Regressions(own="no"))
    with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(NOW_US)) as store:
        outages(store, np.full(2 * DAYS, 90.0))
        assert remembered(store, config) == 0


def test_releases_are_compared_with_each_other(tmp_path: Path) -> None:
    """By release there is a value for each deploy but the newest, with its version."""
    config = Config(objectives=(BACK,), regressions=Regressions(own="release"))
    with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(NOW_US)) as store:
        outages(store, np.full(2 * DAYS, 90.0))
        with store.transaction():
            deploys = [
                {
                    "environment": "",
                    "service": "shop",
                    "kind": "deploy",
                    "occurred_at": START_US + day * DAY_US,
                    "revision": f"v{day}",
                    "labels": {},
                }
                for day in (5, 12, 30)
            ]
            store.replace("changes", {}, deploys)
        assert remembered(store, config) == 2
        rows = store.rows("select revision, value from benchmark_runs order by run_at")
        assert rows == [{"revision": "v5", "value": 90.0}, {"revision": "v12", "value": 90.0}]
