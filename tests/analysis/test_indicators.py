"""Indicators read the published rows of a window and break their figures down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis import indicators
from analysis.indicators.breaker_recovery_time import breaker_recovery_time
from analysis.statistics import NOTHING, Figure
from store import Store

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=2)


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


def test_only_what_opened_inside_the_window_counts(store: Store) -> None:
    """The start belongs to the window, the end does not; what has not ended has no upper bound."""
    found = breaker_recovery_time(store, START, END)
    assert list(found) == [()]
    assert (found[()].n, found[()].ongoing, found[()].mean) == (4, 1, Figure(30.0, 29.0, 31.0))
    assert found[()].worst == Figure(None, 59.0, float("inf"))


def test_figures_are_broken_down_by_what_was_asked(store: Store) -> None:
    """By service and UTC day of the opening, and narrowed to one service."""
    found = breaker_recovery_time(store, START, END, by=["service", "day"])
    first, second = START.date(), (START + timedelta(days=1)).date()
    assert {group: spread.n for group, spread in found.items()} == {
        ("shop", first): 2,
        ("shop", second): 1,
        ("search", second): 1,
    }
    assert found["shop", first].median == Figure(15.0, 14.0, 16.0)
    assert breaker_recovery_time(store, START, END, service="shop")[()].n == 3


def test_nothing_in_a_window_is_an_answer(store: Store) -> None:
    """No episode gives no figure, and n = 0; broken down there is no group."""
    before = START - timedelta(days=9)
    (nothing,) = breaker_recovery_time(store, before, before + timedelta(days=1)).values()
    assert (nothing.n, nothing.median, nothing.mean, nothing.too_few) == (0, NOTHING, NOTHING, True)
    assert breaker_recovery_time(store, before, before + timedelta(days=1), by=["service"]) == {}


def test_every_indicator_has_its_two_files_and_its_row() -> None:
    """The folder and the table say the same: a name, a .py, a .sql."""
    folder = Path(indicators.__file__).parent
    for suffix in (".py", ".sql"):
        assert {path.stem for path in folder.glob(f"*{suffix}")} - {"__init__"} == set(indicators.INDICATORS)
    assert all(name == indicator.name for name, indicator in indicators.INDICATORS.items())
