"""Calendar windows that go on, composites and scores, from counted calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from analysis.asking import Measured
from analysis.verdicts.judge import evaluate
from analysis.verdicts.rule import Judged, Word
from analysis.verdicts.scores import achieved, proof, resilience_score
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import DAY_US, HOUR_US
from breakwatch.config_objectives import Comparison
from store import Store
from tests.analysis.verdicts.world import NOW_US, config, covered, fill, minutes

MIDNIGHT_US = NOW_US // DAY_US * DAY_US
TODAY = {"calendar": "day", "timezone": "UTC"}
CALLS = {"indicator": "availability_requests", "window": TODAY}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Calls of yesterday and of this morning; one service fails for half an hour in the morning, one for four."""
    day, morning = 24 * 60, 12 * 60
    bad = {"good": [0] * morning, "dip": [0] * morning, "spent": [0] * morning, "new": [0] * morning}
    bad["dip"][300:330] = [10] * 30
    bad["spent"][300:540] = [10] * 240
    bad["new"][300:330] = [10] * 30
    rows = []
    for service, failed in bad.items():
        if service != "new":
            rows += minutes(service, MIDNIGHT_US - DAY_US, [10] * day, [0] * day)
        rows += minutes(service, MIDNIGHT_US, [10 - one for one in failed], failed)
    with Store.open(tmp_path_factory.mktemp("budgets") / "b.duckdb") as opened:
        fill(
            opened,
            coverage=[
                covered(service, MIDNIGHT_US if service == "new" else MIDNIGHT_US - 2 * DAY_US) for service in bad
            ],
            request_counts=rows,
        )
        yield opened


def judged(store: Store, *objectives: dict[str, Any], **more: Any) -> list[Verdict]:
    """Return the verdicts at noon."""
    return evaluate(store, config(*objectives), NOW_US, **more)


def today(store: Store, service: str, at_least: str) -> Verdict:
    """Return the verdict on today so far."""
    (found,) = judged(store, CALLS | {"name": service, "service": service, "at_least": at_least})
    return found


def test_a_dip_is_met_so_far_while_the_day_can_still_be_kept(store: Store) -> None:
    """300 of 14,400 calls expected are 2.08 %: at 97 % the day is not lost, though the morning is at 95.8 %."""
    found = today(store, "dip", "97%")
    assert found.measured.value == pytest.approx(6900 / 7200)
    assert (found.verdict, found.window_end_us - found.until_us) == ("met", 12 * HOUR_US)
    assert found.reason.startswith("so far")
    assert "as in the same part of the last windows" in found.reason
    assert found.budget is not None
    assert found.budget.whole_s == pytest.approx(0.03 * 86_400)
    assert found.budget.left_s == pytest.approx(0.03 * 86_400 - 300 / 14_400 * 86_400)


def test_a_budget_that_runs_out_too_early_is_at_risk_beside_the_verdict(store: Store) -> None:
    """2.08 % of the day in half of it: 3 % will not last; 5 % will."""
    assert today(store, "dip", "97%").at_risk
    assert not today(store, "dip", "95%").at_risk
    assert not today(store, "good", "99.9%").at_risk


def test_a_spent_budget_is_missed_before_the_day_ends(store: Store) -> None:
    """2,400 of 14,400 calls cannot be won back."""
    found = today(store, "spent", "97%")
    assert (found.verdict, found.at_risk) == ("missed", False)
    assert "cannot be won back" in found.reason
    assert found.budget is not None
    assert found.budget.left_s is not None
    assert found.budget.left_s < 0


def test_without_an_earlier_window_calls_are_expected_as_so_far(store: Store) -> None:
    """It says so."""
    found = today(store, "new", "97%")
    assert found.verdict == "met"
    assert "expected as so far" in found.reason


def test_the_day_that_is_over_is_judged_by_what_it_was(store: Store) -> None:
    """No expectation, no flag."""
    (found,) = judged(store, CALLS | {"name": "a", "service": "good", "at_least": "99.9%"}, finished=True)
    assert (found.window_start_us, found.window_end_us) == (MIDNIGHT_US - DAY_US, MIDNIGHT_US)
    assert (found.verdict, found.measured.n, found.reason) == ("met", 14_400, "")


MEMBERS = [{"objective": "dip", "weight": 0.5}, {"objective": "spent", "weight": 0.5}]


def composite(store: Store, *weights: float, at_least: str = "80%") -> Verdict:
    """Return the verdict on two availabilities of the last day together."""
    members = [{"objective": name, "weight": weight} for name, weight in zip(("dip", "spent"), weights, strict=True)]
    parts = [
        {"name": name, "indicator": "availability_requests", "service": name, "at_least": "50%", "window": "1d"}
        for name in ("dip", "spent")
    ]
    return judged(store, *parts, {"name": "both", "composite": {"members": members}, "at_least": at_least})[-1]


def test_a_composite_sums_what_its_members_fall_short_of(store: Store) -> None:
    """With weights of 1 shortfalls add up; with weights that sum to 1 it is the weighted mean."""
    dip, spent = 300 / 14_400, 2400 / 14_400
    assert composite(store, 1, 1).measured.value == pytest.approx(1 - dip - spent)
    assert composite(store, 0.75, 0.25).measured.value == pytest.approx(1 - 0.75 * dip - 0.25 * spent)
    assert composite(store, 1, 1).verdict == "met"
    assert composite(store, 1, 1, at_least="90%").verdict == "missed"


def made(word: Word, comparison: Comparison, target: float, value: float, store: Store) -> Verdict:
    """Return a verdict with a value and a limit of any kind."""
    one = today(store, "good", "99%")
    return replace(
        one, judged=Judged(word), comparison=comparison, target=target, measured=Measured(value, value, value, n=1)
    )


def test_what_was_achieved_of_a_promise(store: Store) -> None:
    """Formula 16: target by value of a time, value by target of a share, 0 where that says nothing."""
    assert achieved(made("met", "at_most", 5, 1, store)) == 1.0
    assert achieved(made("missed", "at_most", 5, 20, store)) == 0.25
    assert achieved(made("missed", "at_least", 0.8, 0.2, store)) == 0.25
    assert achieved(made("missed", "equals", 1, 3, store)) == 0.0
    assert achieved(made("missed", "at_most", 0, 3, store)) == 0.0


def test_the_resilience_score_is_a_range_with_its_unproved_share(store: Store) -> None:
    """Low counts what cannot be told as 0, high as 1; nothing provable gives no score."""
    met, half = made("met", "at_most", 5, 1, store), made("missed", "at_most", 5, 10, store)
    unknown = made("cannot_tell", "at_most", 5, 5, store)
    found = resilience_score([met, half, unknown, met], [1, 1, 1, 1])
    assert (found.low, found.high, found.unproved, found.n) == (2.5 / 4, 3.5 / 4, 0.25, 4)
    weighed = resilience_score([met, half], [3, 1])
    assert (weighed.low, weighed.high) == (3.5 / 4, 3.5 / 4)
    nothing = resilience_score([unknown])
    assert (nothing.low, nothing.high, nothing.unproved) == (None, None, 1.0)
    reported = replace(met, objective=met.objective.model_copy(update={"report_only": True}))
    assert resilience_score([half, reported]).n == 1


def test_proof_of_nothing_is_unknown(store: Store) -> None:
    """Where nothing applies there is no share."""
    assert proof([made("not_applicable", "at_most", 5, 5, store)]).value is None
    assert proof([]).value is None


def test_a_score_can_be_an_objective(store: Store) -> None:
    """Judged by its bounds like any other figure."""
    found = judged(
        store, CALLS | {"name": "a", "service": "good", "at_least": "99%", "window": "1d"},
        {"name": "s", "indicator": "resilience_score", "at_least": 1},
    )  # fmt: skip
    assert (found[-1].verdict, found[-1].measured.low, found[-1].measured.high) == ("met", 1.0, 1.0)
