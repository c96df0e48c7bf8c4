"""Indicators read the published rows of a window and break their figures down."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis import indicators
from analysis.asking import Ask, Ground, Measured, Scope
from breakwatch.config import Config
from breakwatch.config_objectives import Stat
from store import Store

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=2)


def microseconds(moment: datetime) -> int:
    """Return an instant the way spans hold it."""
    return round(moment.timestamp() * 1_000_000)


def episode(number: int, opened_s: float, duration_s: float | None, service: str = "shop") -> dict[str, Any]:
    """Return an episode whose length is known to a second on either side; without a length it is ongoing."""
    return {
        "episode_id": number,
        "environment": "prod",
        "service": service,
        "breaker": "pay",
        "opened_at": START + timedelta(seconds=opened_s),
        "duration_s": duration_s,
        "duration_low_s": 7.0 if duration_s is None else duration_s - 1,
        "duration_high_s": None if duration_s is None else duration_s + 1,
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Episodes of two services, one ongoing, and two that opened just outside the window."""
    rows = [
        episode(1, -0.001, 100.0),
        episode(2, 0.0, 10.0),
        episode(3, 86_399.0, 20.0),
        episode(4, 86_400.0, 60.0),
        episode(5, 90_000.0, None, "search"),
        episode(6, 2 * 86_400.0, 100.0),
    ]
    with Store.open(tmp_path_factory.mktemp("indicators") / "b.duckdb") as opened:
        opened.replace("breaker_episodes", {}, rows)
        yield opened


def asked(store: Store, stat: Stat, service: str | None = None) -> Measured:
    """Return what the indicator says of the two days."""
    span = (microseconds(START), microseconds(END))
    ask = Ask(Scope(service=service), (span,), stat)
    (found,) = indicators.indicators()["breaker_recovery_time"].compute(Ground(store, Config(), 0), [ask])
    return found


def test_only_what_opened_inside_the_window_counts(store: Store) -> None:
    """The start belongs to the window, the end does not; what has not ended has no upper bound."""
    found = asked(store, "max")
    assert (found.n, found.ongoing) == (4, 1)
    assert (found.value, found.low, found.high) == (None, 59.0, float("inf"))


def test_a_mean_counts_what_goes_on_with_what_it_lasted_so_far(store: Store) -> None:
    """The value is the mean of those that ended; the lower bound holds the ongoing one, the upper one is open."""
    found = asked(store, "mean")
    assert (found.value, found.low, found.high) == (30.0, (9 + 19 + 59 + 7) / 4, float("inf"))


def test_figures_are_narrowed_to_what_was_asked(store: Store) -> None:
    """Only the episodes of the service count, with the bounds of their lengths."""
    found = asked(store, "median", service="shop")
    assert (found.n, found.value, found.low, found.high) == (3, 20.0, 19.0, 21.0)


def test_many_asks_are_answered_in_their_order(store: Store) -> None:
    """Each ask has its own answer, that of nothing included, and spans that make up one ask are one answer."""
    day_us = 86_400_000_000
    start_us = microseconds(START)
    days = [((start_us, start_us + day_us),), ((start_us - 9 * day_us, start_us - 8 * day_us),)]
    both = ((start_us, start_us + 1), (start_us + day_us, start_us + 2 * day_us))
    asks = [Ask(Scope(), spans) for spans in (*days, both)]
    found = indicators.indicators()["breaker_recovery_time"].compute(Ground(store, Config(), 0), asks)
    assert [(one.n, one.ongoing) for one in found] == [(2, 0), (0, 0), (3, 1)]
    assert (found[1].value, found[1].low, found[1].high) == (None, None, None)


def test_every_indicator_has_its_two_files_and_its_name() -> None:
    """The folder holds a .py and a .sql for each, and the name is that of the files."""
    folder = Path(indicators.__file__).parent
    for suffix in (".py", ".sql"):
        assert {path.stem for path in folder.glob(f"*{suffix}")} - {"__init__"} == set(indicators.indicators())
    assert all(name == indicator.name for name, indicator in indicators.indicators().items())


def test_the_page_about_indicators_is_current() -> None:
    """docs/indicators.md says what the indicators say of themselves today."""
    command = [sys.executable, "scripts/generate_indicator_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={"PYTHONPATH": "."})
    assert done.returncode == 0, done.stderr
