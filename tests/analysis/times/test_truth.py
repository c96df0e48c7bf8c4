"""What scrapes say of a time never leaves out what it truly was: random stories, told by a log and by scrapes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.indicators import indicator
from breakwatch.config import Config
from breakwatch.config_objectives import Stat
from store import Store
from tests.analysis.times.story import LENGTH_S, Story, at_us, taken_in
from tests.analysis.times.test_verdicts import lived_through

ASKED: list[tuple[str, str | None, Stat]] = [
    ("detection_time", "drill", "max"),
    ("takeover_time", "drill", "max"),
    ("restore_time", "storm", "max"),
    ("drain_time", "storm", "max"),
    ("failover_time", None, "max"),
    ("breaker_recovery_time", None, "max"),
    ("breaker_recovery_time", None, "min"),
    ("breaker_recovery_time", None, "mean"),
    ("health_recovery_time", None, "max"),
    ("outage_time", None, "max"),
    ("outage_time", None, "median"),
    ("service_recovery_time", None, "mean"),
    ("mtbf", None, "max"),
    ("incident_count", None, "max"),
]
"""Indicator, experiment, statistic."""

CLOCK_S = 0.002
"""How well a log line's time and duration tell when a call began."""


def random_story(rng: random.Random) -> Story:
    """Return a story in which nothing is over before a scrape can see it."""

    def seconds(least: float, most: float) -> float:
        return round(rng.uniform(least, most) * 2) / 2  # calls come every half second

    return lived_through(
        fails_s=seconds(16, 50),
        signal_s=round(rng.uniform(1, 40), 3),
        recovers_s=round(rng.uniform(31, 90), 3),
        returns_s=seconds(5, 60),
        restore_s=seconds(16, 60),
        drain_s=round(rng.uniform(16, 100), 3),
        after_s=0.03,
    )


def measured(folder: Path, story: Story, by: str, every_s: float) -> dict[tuple[str, str | None, Stat], Measured]:
    """Return what every indicator says of a story that was told in one way."""
    folder.mkdir()
    path, config = taken_in(folder, story, by=by, every_s=every_s)
    with Store.open(path) as store:
        return {asked: _measured(store, config, *asked) for asked in ASKED}


def _measured(store: Store, config: Config, name: str, experiment: str | None, stat: Stat) -> Measured:
    scope = Scope(environment="prod", service="shop", experiment=experiment)
    ask = Ask(scope, ((at_us(0), at_us(LENGTH_S)),), stat, config.policies["default"])
    (found,) = indicator(name).compute(Ground(store, config, at_us(LENGTH_S)), [ask])
    return found


@pytest.mark.parametrize("seed", range(3))
def test_bounds_by_scrapes_hold_what_the_log_tells(tmp_path: Path, seed: int) -> None:
    """Each value that a log tells exactly lies between the bounds that scrapes of 5 to 15 s allow, the drain excepted.

    The queue's depth is a gauge alone: what quick scrapes say of it lies within what slow ones allow.
    """
    rng = random.Random(seed)
    story = random_story(rng)
    exact = measured(tmp_path / "log", story, "log", 0)
    bounded = measured(tmp_path / "metrics", story, "metrics", rng.choice((5, 10, 15)))
    for asked, found in bounded.items():
        truth = exact[asked]
        if asked[0] == "drain_time":
            continue
        assert found.n >= 1, (asked, found, truth)
        assert truth.value is not None, asked
        assert found.low is not None
        assert found.high is not None
        assert found.low - CLOCK_S <= truth.value <= found.high + CLOCK_S, (asked, found, truth)
