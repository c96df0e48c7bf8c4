"""Verdicts kept: the same window judged again gives the same answer, or says what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analysis.verdicts.history import keep
from analysis.verdicts.judge import evaluate
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US
from breakwatch.config import Config
from store import Store
from tests.analysis.verdicts.world import NOW_US, config, covered, episode, fill

HEAL = {"name": "heal", "indicator": "breaker_recovery_time", "stat": "max", "at_most": "30s", "service": "shop"}
SPAN = {"since_us": NOW_US - 3 * DAY_US, "until_us": NOW_US - DAY_US}
MOVE = {
    "service": "shop", "start": "2026-11-18T11:00:00Z", "end": "2026-11-18T13:00:00Z", "reason": "move",
}  # fmt: skip


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A service with one episode that was too long, two days ago."""
    with Store.open(tmp_path_factory.mktemp("history") / "b.duckdb") as opened:
        fill(opened, coverage=[covered("shop")], breaker_episodes=[episode("shop", NOW_US - 2 * DAY_US, 60.0)])
        yield opened


def told(store: Store, said: Config, later_us: int = 0, **span: Any) -> Verdict:
    """Judge the one objective, keep the verdict, and return it as it is told."""
    (found,) = keep(store, said, evaluate(store, said, NOW_US + later_us, **span))
    return found


def kept(store: Store) -> list[dict[str, Any]]:
    """Return what is kept, in the order in which it was judged."""
    return store.rows("select * from verdicts order by evaluated_at, window_end")


def test_the_same_window_again_is_the_same_verdict(store: Store) -> None:
    """However often it is judged, one row is kept, as it was first said."""
    first = told(store, config(HEAL), **SPAN)
    assert (first.verdict, first.restates) == ("missed", None)
    again = told(store, config(HEAL), HOUR_US, **SPAN)
    assert (again.verdict_id, again.restates) == (first.verdict_id, None)
    assert [row["verdict_id"] for row in kept(store)] == [first.verdict_id]


def test_new_data_restate_a_window(store: Store) -> None:
    """The earlier statement stays, the later one says why it differs."""
    first = told(store, config(HEAL), **SPAN)
    fill(store, breaker_episodes=[episode("shop", NOW_US - 2 * DAY_US, 20.0)])
    again = told(store, config(HEAL), HOUR_US, **SPAN)
    assert (again.verdict, again.restates) == ("met", first.verdict_id)
    assert again.reason.startswith("restated: data changed")
    assert [row["verdict"] for row in kept(store)] == ["missed", "met"]
    assert told(store, config(HEAL), 2 * HOUR_US, **SPAN).restates is None
    assert len(kept(store)) == 2


def test_another_version_of_the_policy_restates_a_window(store: Store) -> None:
    """It is named, and the data are not blamed."""
    told(store, config(HEAL), **SPAN)
    later = config(HEAL, policies={"default": {"version": 2, "maintenance": "included"}})
    again = told(store, later, HOUR_US, **SPAN)
    assert again.reason == "restated: policy default@1 -> @2"


def test_policy_and_data_can_both_change(store: Store) -> None:
    """Asked again on the old terms, the answer differs too."""
    told(store, config(HEAL), **SPAN)
    fill(store, breaker_episodes=[episode("shop", NOW_US - 2 * DAY_US, 20.0)])
    again = told(store, config(HEAL, policies={"default": {"version": 2}}), HOUR_US, **SPAN)
    assert again.reason.startswith("restated: policy default@1 -> @2; data changed")


def test_another_limit_restates_a_window(store: Store) -> None:
    """The objective is named."""
    told(store, config(HEAL), **SPAN)
    again = told(store, config(HEAL | {"at_most": "90s"}), HOUR_US, **SPAN)
    assert (again.verdict, again.reason) == ("met", "restated: objective changed: at_most")


def test_maintenance_after_the_fact_restates_and_is_audited(store: Store) -> None:
    """Who took the time out, and why, is said with the verdict and stands in the audit log, once."""
    first = told(store, config(HEAL), **SPAN)
    for later_us in (HOUR_US, 2 * HOUR_US):
        again = told(store, config(HEAL, maintenance=[MOVE]), later_us, **SPAN)
        assert again.verdict == "met"
    words = [row["reason"] for row in kept(store) if row["restates"] == first.verdict_id]
    assert len(words) == 1
    assert "declared since: maintenance 2026-11-18 11:00:00Z to 2026-11-18 13:00:00Z" in words[0]
    assert "data changed" not in words[0]
    (audited,) = store.rows("select actor, action, subject, reason from audit_log")
    assert audited == {
        "actor": "configuration",
        "action": "declared maintenance after the fact",
        "subject": "shop",
        "reason": "2026-11-18 11:00:00Z to 2026-11-18 13:00:00Z: move",
    }


def test_a_rolling_window_keeps_the_last_of_each_day(store: Store) -> None:
    """While the word stays the same; a changed word is kept with the one before it."""
    said = config(HEAL)
    for later_us in (0, MINUTE_US, 2 * MINUTE_US, DAY_US, DAY_US + MINUTE_US):
        told(store, said, later_us)
    assert [row["verdict"] for row in kept(store)] == ["missed", "missed"]
    fill(
        store, coverage=[covered("shop", last_us=NOW_US + 40 * DAY_US)],
        breaker_episodes=[episode("shop", NOW_US - 2 * DAY_US, 20.0)],
    )  # fmt: skip
    told(store, said, DAY_US + 2 * MINUTE_US)
    assert [row["verdict"] for row in kept(store)] == ["missed", "missed", "met"]


def test_a_calendar_window_that_goes_on_is_not_restated(store: Store) -> None:
    """It is over when it is over; from then on a difference is one."""
    said = config(HEAL | {"window": {"calendar": "day", "timezone": "UTC"}})
    fill(store, coverage=[covered("shop", last_us=NOW_US + 40 * DAY_US)])
    for later_us in (0, HOUR_US):
        assert told(store, said, later_us).restates is None
    assert len(kept(store)) == 1
    over = told(store, said, DAY_US, finished=True)
    assert (over.verdict, over.restates) == ("met", None)
    assert [row["known_until"] == row["window_end"] for row in kept(store)] == [True]
    fill(store, breaker_episodes=[episode("shop", NOW_US + HOUR_US, 60.0)])
    assert told(store, said, DAY_US + HOUR_US, finished=True).reason.startswith("restated: data changed")
