"""Each named time and incident figure met, missed and not to be told: from files through the collectors to verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analysis.verdicts.judge import evaluate
from analysis.verdicts.verdict import Verdict
from breakwatch.config import Config
from breakwatch.config_objectives import Objective
from store import Store
from tests.analysis.times.story import LENGTH_S, START, Story, at_us, calls, taken_in

DRILL_S, STORM_S, CALM_S = 60.0, 360.0, 370.0
"""When the primary is killed, when everything fails, and when that was put right."""


def lived_through(
    *,
    fails_s: float,
    signal_s: float,
    recovers_s: float,
    returns_s: float,
    restore_s: float,
    drain_s: float,
    after_s: float,
) -> Story:
    """Return ten minutes with two experiments: the primary fails and the standby takes over; everything fails.

    Args:
        fails_s: how long the primary's calls fail before the standby takes them.
        signal_s: after how long health and breakers tell of either.
        recovers_s: how long the primary is down then, and the breaker open.
        returns_s: how long after that its calls go back to it.
        restore_s: how long calls fail after the second fault was removed.
        drain_s: how long after that the queue is as short as before.
        after_s: how long calls take from then on; before it is 0.06 s.
    """
    down_s, up_s = DRILL_S + signal_s, DRILL_S + signal_s + recovers_s
    served_s, back_s, over_s = DRILL_S + fails_s, up_s + returns_s, CALM_S + restore_s
    return Story(
        calls=calls(
            (0, DRILL_S, "primary", "success", 0.06),
            (DRILL_S, served_s, "primary", "failure", 0.06),
            (served_s, back_s, "standby", "success", 0.06),
            (back_s, STORM_S, "primary", "success", 0.06),
            (STORM_S, over_s, "primary", "failure", 0.06),
            (over_s, LENGTH_S, "primary", "success", after_s),
        ),
        faults={"drill": ("primary", DRILL_S - 0.1, served_s + 1), "storm": ("", STORM_S - 0.1, CALM_S)},
        health={"primary": [(0, "up"), (down_s, "down"), (up_s, "up")]},
        breakers={
            "pay": [(0, "closed"), (down_s, "open"), (up_s - 1, "half_open"), (up_s, "closed")],
            "db": [(0, "closed"), (STORM_S + signal_s, "open"), (over_s + signal_s + 1, "half_open"),
                   (over_s + signal_s + 2, "closed")],
        },
        depths=[(0, 2), (STORM_S, 50), (CALM_S + drain_s, 2)],
    )  # fmt: skip


QUICK = lived_through(fails_s=3, signal_s=2, recovers_s=8, returns_s=5, restore_s=2, drain_s=5, after_s=0.03)
MIDDLING = lived_through(fails_s=20, signal_s=10, recovers_s=20, returns_s=5, restore_s=20, drain_s=20, after_s=0.06)
SLOW = lived_through(fails_s=60, signal_s=30, recovers_s=120, returns_s=100, restore_s=60, drain_s=100, after_s=0.6)
UNENDED = Story(
    calls=calls((0, 500, "primary", "success", 0.06), (500, LENGTH_S, "primary", "failure", 0.06)),
    faults={"drill": ("primary", 500, None)},
    health={"primary": [(0, "up"), (1, "down"), (2, "up")]},
)
DEPLOYED = Story(
    calls=calls((0, 60, "a", "success", 0.06), (60, 90, "a", "failure", 0.06), (90, LENGTH_S, "a", "success", 0.06)),
    deploys=(80,),
)
STORIES: Mapping[str, tuple[Story, str, float]] = {
    "quick, logged": (QUICK, "log", 0),
    "quick, scraped every 5 s": (QUICK, "metrics", 5),
    "quick, scraped every 15 s": (QUICK, "metrics", 15),
    "middling, scraped every 15 s": (MIDDLING, "metrics", 15),
    "middling, logged": (MIDDLING, "log", 0),
    "slow, logged": (SLOW, "log", 0),
    "slow, scraped every 15 s": (SLOW, "metrics", 15),
    "unended, logged": (UNENDED, "log", 0),
    "deployed, logged": (DEPLOYED, "log", 0),
}


@dataclass(frozen=True)
class Case:
    """A story, a promise, and what its verdict is."""

    word: str
    story: str
    indicator: str
    limit: Mapping[str, Any]
    experiment: str | None = None
    from_s: float = 0.0
    to_s: float = LENGTH_S
    alerted_s: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.indicator}-{self.word}-{self.story}".replace(" ", "-").replace(",", "")


def trio(
    indicator: str, limit: Mapping[str, Any], unclear: Mapping[str, Any], experiment: str | None = None
) -> list[Case]:
    """Return the cases of a time: quick is kept, slow is missed, and what fits the truth cannot be told by scrapes."""
    return [
        Case("met", "quick, logged", indicator, limit, experiment),
        Case("missed", "slow, logged", indicator, limit, experiment),
        Case("cannot_tell", "middling, scraped every 15 s", indicator, unclear, experiment),
    ]


CASES = [
    *trio("detection_time", {"below": "5s"}, {"below": "10s"}, "drill"),
    Case("cannot_tell", "quick, scraped every 15 s", "detection_time", {"below": "5s"}, "drill"),
    *trio("reaction_time", {"below": "5s"}, {"below": "10s"}),
    Case("met", "quick, logged", "time_to_notify", {"below": "60s"}, "storm", alerted_s=STORM_S + 30),
    Case("missed", "quick, logged", "time_to_notify", {"below": "10s"}, "storm", alerted_s=STORM_S + 30),
    Case("cannot_tell", "quick, logged", "time_to_notify", {"below": "60s"}, "storm"),
    *trio("failover_time", {"below": "5s"}, {"below": "20s"}, "drill"),
    Case("cannot_tell", "quick, scraped every 15 s", "failover_time", {"below": "5s"}),
    Case("missed", "slow, scraped every 15 s", "failover_time", {"below": "5s"}),
    *trio("takeover_time", {"below": "5s"}, {"below": "20s"}, "drill"),
    Case("missed", "slow, scraped every 15 s", "takeover_time", {"below": "5s"}, "drill"),
    Case("met", "quick, logged", "failback_time", {"at_most": "2m"}),
    Case("missed", "slow, logged", "failback_time", {"at_most": "80s"}),
    Case("cannot_tell", "quick, logged", "failback_time", {"at_most": "1m"}),
    *trio("breaker_recovery_time", {"at_most": "20s"}, {"at_most": "20s"}),
    *trio("health_recovery_time", {"at_most": "15s"}, {"at_most": "20s"}),
    *trio("outage_time", {"at_most": "15s"}, {"at_most": "40s"}),
    *trio("service_recovery_time", {"at_most": "15s"}, {"at_most": "40s"}),
    *trio("restore_time", {"at_most": "5s"}, {"at_most": "20s"}, "storm"),
    Case("cannot_tell", "unended, logged", "restore_time", {"at_most": "5s"}, "drill"),
    Case("met", "quick, logged", "performance_recovery_time", {"at_most": "2m"}, "storm"),
    Case("missed", "slow, logged", "performance_recovery_time", {"at_most": "1m"}, "storm"),
    Case("cannot_tell", "middling, logged", "performance_recovery_time", {"at_most": "2m"}, "storm"),
    Case("met", "quick, scraped every 5 s", "drain_time", {"at_most": "20s"}, "storm"),
    Case("missed", "slow, scraped every 15 s", "drain_time", {"at_most": "20s"}, "storm"),
    Case("cannot_tell", "middling, scraped every 15 s", "drain_time", {"at_most": "20s"}, "storm"),
    Case("cannot_tell", "quick, logged", "drain_time", {"at_most": "20s"}, "storm"),
    Case("cannot_tell", "unended, logged", "drain_time", {"at_most": "20s"}, "drill"),
    Case("met", "quick, logged", "mtbf", {"at_least": "200s"}),
    Case("missed", "quick, logged", "mtbf", {"at_least": "500s"}),
    Case("cannot_tell", "middling, scraped every 15 s", "mtbf", {"at_least": "270s"}),
    Case("met", "quick, logged", "incident_count", {"at_most": 2}),
    Case("missed", "quick, logged", "incident_count", {"at_most": 1}),
    Case("cannot_tell", "middling, scraped every 15 s", "incident_count", {"at_most": 1}, from_s=65),
    Case("met", "quick, logged", "incidents_ongoing", {"equals": 0}),
    Case("missed", "unended, logged", "incidents_ongoing", {"equals": 0}),
    Case("cannot_tell", "slow, scraped every 15 s", "incidents_ongoing", {"equals": 0}, from_s=240, to_s=365),
    Case("met", "quick, logged", "self_healed_ratio", {"equals": 1}),
    Case("missed", "deployed, logged", "self_healed_ratio", {"equals": 1}),
    Case("cannot_tell", "unended, logged", "self_healed_ratio", {"equals": 1}, from_s=10),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Config]]:
    """Return where each story was taken in, once for all that is judged of it."""

    @cache
    def take_in(name: str) -> tuple[Path, Config]:
        story, by, every_s = STORIES[name]
        return taken_in(tmp_path_factory.mktemp("story"), story, by=by, every_s=every_s)

    return take_in


def verdict_on(case: Case, path: Path, config: Config) -> Verdict:
    """Return the verdict on a promise about a story."""
    written = {"name": "promise", "indicator": case.indicator, "service": "shop", **case.limit, **case.more}
    if case.indicator.endswith("_time"):
        written["stat"] = "max"
    objective = Objective.model_validate(written, context={"written": True}, by_alias=True, by_name=False)
    with Store.open(path) as store:
        alert = {"environment": "prod", "service": "shop", "alert_id": 1, "rule": "r", "severity": "S1", "labels": {}}
        at = START + timedelta(seconds=case.alerted_s or 0)
        rows = [alert | {"state": "firing", "opened_at": at, "notified_at": at}]
        store.replace("alerts", {}, rows if case.alerted_s is not None else [])
        (found,) = evaluate(
            store,
            config,
            at_us(LENGTH_S),
            since_us=None if case.experiment else at_us(case.from_s),
            until_us=None if case.experiment else at_us(case.to_s),
            experiment_id=case.experiment,
            objectives=[objective],
        )
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_story_comes_to_its_verdict(told: Callable[[str], tuple[Path, Config]], case: Case) -> None:
    """What truly happened decides; where bounds allow both, it cannot be told, and says what would settle it."""
    found = verdict_on(case, *told(case.story))
    assert found.judged.verdict == case.word, (found.measured, found.judged)
    if case.word == "cannot_tell":
        assert found.judged.reason
        assert found.judged.remedy


def test_every_indicator_of_times_and_incidents_is_met_missed_and_untold() -> None:
    """None is left out of the table."""
    words = {name: {case.word for case in CASES if case.indicator == name} for name in {c.indicator for c in CASES}}
    assert len(words) == 17
    assert all(found == {"met", "missed", "cannot_tell"} for found in words.values())
