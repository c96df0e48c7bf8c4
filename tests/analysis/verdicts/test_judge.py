"""The evaluator: which questions an objective asks, and that each is judged by its own figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.verdicts.judge import evaluate, worst
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import DAY_US, HOUR_US, SECOND_US
from breakwatch.errors import UsageError
from store import Store
from tests.analysis.verdicts.world import NOW_US, config, covered, episode, fill

HEAL = {"name": "heal", "indicator": "breaker_recovery_time", "stat": "max"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Services that heal fast, slowly, known only roughly, and not at all; one that is seen in two environments."""
    with Store.open(tmp_path_factory.mktemp("judge") / "b.duckdb") as opened:
        fill(
            opened,
            coverage=[
                covered("fast"),
                covered("slow"),
                covered("rough"),
                covered("open"),
                covered("quiet"),
                covered("young", NOW_US - DAY_US),
                covered("gappy", last_us=NOW_US - 10 * DAY_US),
                covered("quiet", environment="staging"),
            ],
            breaker_episodes=[
                episode("fast", NOW_US - DAY_US, 10.0),
                episode("slow", NOW_US - DAY_US, 60.0),
                episode("rough", NOW_US - DAY_US, 20.0, 15.0),
                episode("open", NOW_US - HOUR_US, None),
                episode("young", NOW_US - HOUR_US, 10.0),
                episode("gappy", NOW_US - 15 * DAY_US, 10.0),
            ],
            experiments=[
                {
                    "environment": "prod",
                    "experiment_id": "game-day",
                    "service": "slow",
                    "target": "payments",
                    "started_at": NOW_US - DAY_US - HOUR_US,
                    "ended_at": NOW_US - DAY_US + HOUR_US,
                    "fault_effective": None,
                    "labels": {},
                }
            ],
        )
        yield opened


def judged(store: Store, *objectives: dict[str, Any], **more: Any) -> list[Verdict]:
    """Return the verdicts on objectives as they would be written."""
    given = {name: more.pop(name) for name in ("services", "policies", "maintenance") if name in more}
    return evaluate(store, config(*objectives, **given), NOW_US, **more)


def words(verdicts: list[Verdict]) -> dict[str | None, str]:
    """Return the word for each service."""
    return {one.service: one.verdict for one in verdicts}


def test_each_service_is_judged_by_itself(store: Store) -> None:
    """Met, missed, cannot be told, and nothing happened: one limit, and no service hides behind another."""
    found = judged(store, HEAL | {"at_most": "30s"}, services=[{"name": name} for name in
                   ("fast", "slow", "rough", "open", "quiet", "gappy", "nobody")])  # fmt: skip
    assert words(found) == {
        "fast": "met", "slow": "missed", "rough": "cannot_tell", "open": "missed", "quiet": "met",
        "gappy": "cannot_tell", "nobody": "cannot_tell",
    }  # fmt: skip
    assert next(one for one in found if one.service == "quiet").reason == "nothing happened in a covered window"
    assert "covered window" not in next(one for one in found if one.service == "gappy").reason
    rough = next(one for one in found if one.service == "rough")
    assert (rough.measured.low, rough.measured.value, rough.measured.high) == (5.0, 20.0, 35.0)
    assert (rough.judged.leaning, bool(rough.judged.remedy)) == ("likely_met", True)
    assert worst(found) == "missed"


def test_environments_are_never_mixed(store: Store) -> None:
    """A service that was seen in two has two verdicts, unless the objective names one."""
    both = judged(store, HEAL | {"at_most": "30s", "service": "quiet"})
    assert [one.environment for one in both] == ["prod", "staging"]
    one = judged(store, HEAL | {"at_most": "30s", "service": "quiet", "where": {"environment": "prod"}})
    assert [each.environment for each in one] == ["prod"]


def test_services_that_were_seen_stand_in_where_none_is_declared(store: Store) -> None:
    """Without a declaration all that were seen are judged."""
    assert set(words(judged(store, HEAL | {"at_most": "30s"}))) == {
        "fast", "slow", "rough", "open", "quiet", "young", "gappy",
    }  # fmt: skip


def test_a_window_before_the_first_sight_starts_there(store: Store) -> None:
    """It says so, and is covered from there on."""
    (found,) = judged(store, HEAL | {"at_most": "30s", "service": "young"})
    assert found.verdict == "met"
    assert found.window_start_us == NOW_US - DAY_US
    assert "window not yet full" in found.reason


def test_a_span_that_is_asked_for_takes_the_place_of_the_windows(store: Store) -> None:
    """What opened outside of it does not count."""
    asked = {"since_us": NOW_US - 12 * HOUR_US, "until_us": NOW_US - 2 * HOUR_US}
    (found,) = judged(store, HEAL | {"at_most": "30s", "service": "slow"}, **asked)
    assert (found.verdict, found.measured.n, found.window) == ("met", 0, "as asked")


def test_several_policies_stand_side_by_side(store: Store) -> None:
    """Each gives a verdict of its own on the same data."""
    strict = {"maintenance": "included", "version": 2}
    down = [{"service": "slow", "start": "2026-11-19T11:00:00Z", "end": "2026-11-19T13:00:00Z", "reason": "move"}]
    found = judged(
        store, HEAL | {"at_most": "30s", "service": "slow", "policy": ["default", "strict"]},
        policies={"strict": strict}, maintenance=down,
    )  # fmt: skip
    assert [(one.policy_name, one.policy.version, one.verdict) for one in found] == [
        ("default", 1, "met"), ("strict", 2, "missed"),
    ]  # fmt: skip
    assert [one.why for one in found[0].taken_out] == ["move"]
    assert found[1].taken_out == ()


def test_service_hours_leave_out_the_night(store: Store) -> None:
    """What happened outside of them does not count."""
    hours = {"service_hours": {"days": ["thu"], "start": "09:00", "end": "11:00"}, "timezone": "UTC"}
    (found,) = judged(store, HEAL | {"at_most": "30s", "service": "slow"}, policies={"default": hours})
    assert (found.verdict, found.measured.n) == ("met", 0)


def test_a_limit_relative_to_a_declaration_is_one_for_each_breaker(store: Store) -> None:
    """Where nothing is declared the objective does not apply."""
    relative = HEAL | {"at_most": "2x open_time", "service": "slow"}
    declared = {"breakers": {"pay": {"open_time": "20s"}, "mail": {"open_time": "60s"}}}
    found = judged(store, relative, services=[{"name": "slow", "expected": declared}])
    assert [(one.breaker, one.target, one.verdict) for one in found] == [
        ("pay", 40.0, "missed"), ("mail", 120.0, "met"),
    ]  # fmt: skip
    (nothing,) = judged(store, relative, services=[{"name": "slow"}])
    assert (nothing.verdict, nothing.target) == ("not_applicable", None)
    assert "open_time is declared" in nothing.reason


def test_what_is_only_reported_has_no_say(store: Store) -> None:
    """With a limit it is judged, without one there is nothing to judge; neither makes a check fail."""
    found = judged(
        store, HEAL | {"service": "slow", "report_only": True},
        HEAL | {"name": "b", "service": "slow", "at_most": "30s", "report_only": True},
    )  # fmt: skip
    assert [one.verdict for one in found] == ["not_applicable", "missed"]
    assert found[0].measured.value == 60.0
    assert worst(found) == "met"


def test_a_fault_that_showed_no_effect_proves_nothing(store: Store) -> None:
    """In an experiment objectives are about its time, and need a visible fault."""
    (found,) = judged(store, HEAL | {"at_most": "30s", "service": "slow"}, experiment_id="game-day")
    assert (found.verdict, found.experiment) == ("cannot_tell", "game-day")
    assert found.reason.startswith("the fault had no visible effect")
    assert (found.window_start_us, found.window_end_us) == (NOW_US - DAY_US - HOUR_US, NOW_US - DAY_US + HOUR_US)


def test_an_experiment_concerns_its_service_and_who_needs_it(store: Store) -> None:
    """Objectives of others are not judged by it."""
    services = [{"name": "fast", "depends_on": [{"service": "slow"}]}, {"name": "quiet"}, {"name": "slow"}]
    objectives = [HEAL | {"name": name, "at_most": "30s", "service": name} for name in ("fast", "quiet", "slow")]
    found = judged(store, *objectives, services=services, experiment_id="game-day")
    assert [one.service for one in found] == ["fast", "slow"]


def test_an_unknown_experiment_is_refused(store: Store) -> None:
    """With those that are recorded."""
    with pytest.raises(UsageError, match="no experiment is recorded as 'x'") as caught:
        judged(store, HEAL | {"at_most": "30s"}, experiment_id="x")
    assert "game-day" in caught.value.remedy


def test_the_same_question_has_the_same_answer_and_number(store: Store) -> None:
    """Asked again, alone or among others, in any order."""
    objectives = [HEAL | {"name": name, "at_most": limit} for name, limit in (("a", "30s"), ("b", "70s"))]
    first = {one.verdict_id: one.answer for one in judged(store, *objectives)}
    again = {one.verdict_id: one.answer for one in judged(store, *reversed(objectives))}
    assert first == again
    assert len(first) == 2 * 7 + 2
    assert all(one.verdict_id in first for one in judged(store, objectives[0]))


def test_proof_is_the_share_that_can_be_told(store: Store) -> None:
    """Over the other objectives; what does not apply is left out."""
    services = [{"name": name} for name in ("fast", "slow", "rough", "quiet")]
    found = judged(
        store, HEAL | {"at_most": "30s", "where": {"environment": "prod"}},
        {"name": "proved", "indicator": "proof", "at_least": "80%"}, services=services,
    )  # fmt: skip
    assert (found[-1].measured.value, found[-1].verdict) == (0.75, "missed")


def test_the_unit_of_microseconds_is_kept(store: Store) -> None:
    """A row of the view has the columns the store keeps."""
    row = judged(store, HEAL | {"at_most": "30s", "service": "rough"})[0].row()
    assert (row["value"], row["low"], row["high"], row["target"], row["stat"]) == (20.0, 5.0, 35.0, 30.0, "max")
    assert row["window_end"] - row["window_start"] == 30 * 86_400 * SECOND_US


def test_after_takes_the_time_after_the_fault(tmp_path: Path) -> None:
    """From so long after it was removed until its experiment ended; a fault that is still in leaves none."""
    began_us, removed_us, ended_us = NOW_US - 3 * HOUR_US, NOW_US - 2 * HOUR_US, NOW_US - HOUR_US
    run = {
        "environment": "prod", "experiment_id": "x", "service": "shop", "target": "db", "fault_effective": True,
        "started_at": began_us, "ended_at": ended_us, "labels": {},
    }  # fmt: skip
    fault = {
        "environment": "prod", "experiment_id": "x", "service": "shop", "target": "db", "phase": "fault",
        "injected_at": began_us, "removed_at": removed_us, "labels": {},
    }  # fmt: skip
    after = HEAL | {"at_most": "30s", "service": "shop", "after": "2s"}
    with Store.open(tmp_path / "b.duckdb") as store:
        fill(
            store, coverage=[covered("shop")], experiments=[run], experiment_faults=[fault],
            breaker_episodes=[
                episode("shop", removed_us + SECOND_US, 60.0, experiment_id="x"),
                episode("shop", removed_us + 3 * SECOND_US, 10.0, experiment_id="x"),
            ],
        )  # fmt: skip
        (found,) = judged(store, after, experiment_id="x")
        assert found.spans == ((removed_us + 2 * SECOND_US, ended_us),)
        assert (found.verdict, found.measured.n, found.measured.value) == ("met", 1, 10.0)
        (whole,) = judged(store, HEAL | {"at_most": "30s", "service": "shop"}, experiment_id="x")
        assert (whole.verdict, whole.measured.n) == ("missed", 2)
        fill(store, experiment_faults=[fault | {"removed_at": None}])
        (still_in,) = judged(store, after, experiment_id="x")
        assert (still_in.spans, still_in.verdict) == ((), "cannot_tell")
        assert still_in.reason == "no fault was removed in the window"


def test_only_what_is_critical_is_judged_where_that_is_asked(store: Store) -> None:
    """By the service, or by its operations where it declares them."""
    services = [
        {"name": "fast", "critical": True}, {"name": "slow"},
        {"name": "rough", "operations": [{"name": "pay", "critical": True}]},
    ]  # fmt: skip
    found = judged(store, HEAL | {"at_most": "30s", "where": {"critical": True}}, services=services)
    assert [one.service for one in found] == ["fast", "rough"]


def test_a_window_of_which_no_time_counts_is_not_judged(store: Store) -> None:
    """Neither a weekend outside of service hours nor a day of maintenance makes a check fail."""
    today = HEAL | {"at_most": "30s", "service": "slow", "window": {"calendar": "day"}}
    hours = {"service_hours": {"days": ["sat", "sun"]}}
    (closed,) = judged(store, today, policies={"default": hours})
    assert (closed.verdict, closed.reason) == (
        "not_applicable", "no time of the window counts: it lies outside of the service hours",
    )  # fmt: skip
    whole = {"service": "slow", "start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z", "reason": "move"}
    (moved,) = judged(store, today, maintenance=[whole])
    assert (moved.verdict, moved.taken_out[0].why) == ("not_applicable", "move")
    (unseen,) = judged(store, today | {"service": "nobody"})
    assert (unseen.verdict, unseen.reason) == ("cannot_tell", "no source saw nobody in the window")
