"""OpenSLO files become objectives of a configuration; what has no words here is told, and never half taken over."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from breakwatch import config as configuration
from breakwatch.errors import UsageError
from service.openslo import convert
from tests.service.command import breakwatch, write

SHOP = Path(__file__).parents[1] / "golden" / "openslo" / "shop.yaml"


def converted() -> dict[str, dict[str, Any]]:
    """Return the objectives of the example by name."""
    return {one["name"]: one for one in convert([SHOP]).objectives}


def slo(**spec: object) -> str:
    """Return a file with one SLO over a ratio, changed as said; None takes a field out."""
    whole = {
        "service": "shop",
        "indicator": {"spec": {"ratioMetric": {"good": {}, "total": {}}}},
        "timeWindow": [{"duration": "28d", "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [{"target": 0.99}],
    } | spec
    kept = {name: value for name, value in whole.items() if value is not None}
    return yaml.safe_dump({"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "a"}, "spec": kept})


def test_a_ratio_becomes_the_availability_of_the_service() -> None:
    """Target, window and burn rates keep their meaning: 13.44 over an hour is 2 % of 28 days."""
    assert converted()["shop-availability"] == {
        "name": "shop-availability",
        "indicator": "availability_requests",
        "at_least": "99.95%",
        "service": "shop",
        "window": "28d",
        "burn_rates": [{"long": "1h", "budget": "2%", "severity": "S1"}],
    }


def test_slices_and_calendar_windows_are_kept() -> None:
    """Each objective is one of its own; a slice without a unit is in minutes."""
    gold, silver = converted()["shop-slices-gold"], converted()["shop-slices-silver"]
    assert gold["window"] == {"calendar": "month", "timezone": "Europe/Paris"}
    assert (gold["budgeting"], gold["slice"], gold["slice_target"], gold["at_least"]) == (
        "timeslices", "1m", "95%", "99.95%",
    )  # fmt: skip
    assert (silver["slice"], silver["at_least"]) == ("5m", "99%")


def test_a_composite_is_made_of_its_parts_by_weight() -> None:
    """The parts stay objectives, and one more holds them together: it may fall short by 3 x 0.1 % and 1 x 1 %."""
    whole = converted()["shop-all"]
    assert whole["composite"] == {
        "members": [{"objective": "shop-all-pay", "weight": 3.0}, {"objective": "shop-all-search", "weight": 1.0}]
    }
    assert (whole["at_least"], whole["window"]) == ("98.7%", "30d")


def test_what_is_said_otherwise_is_told() -> None:
    """Queries that are not run, times that do not fit, conditions that alert of nothing: each in a line of its own."""
    done = convert([SHOP])
    told = "\n".join(done.notes)
    for text in (
        "shop-availability: good is counted from request_counts, not by the query sum(rate(http_requests_total",
        "shop-availability: alertAfter is left out",
        "shop-availability: alert condition is left out: only burn rates above a threshold alert",
        "shop-availability: notification targets are the alerts: and notify: of the configuration",
        "startTime 2026-01-21 12:30:00 is left out: a month begins at its first midnight",
        "shop-all: objectives[0]: a rolling 1M is taken as 30d",
    ):
        assert text in told
    assert len(done.left_out) == 1
    assert done.left_out[0].startswith("shop.yaml: shop-fast: a thresholdMetric promises a share of the time")


def test_what_is_written_is_a_configuration(tmp_path: Path) -> None:
    """The file can be included as it is, and the command says what was left out with exit code 7."""
    shutil.copy(SHOP, tmp_path / "shop.yaml")
    done = breakwatch("import", "openslo", "shop.yaml", "--out", "objectives.yaml", folder=tmp_path)
    assert done.code == 7
    assert done.out == ""
    assert "breakwatch: 6 taken over; left out: shop.yaml: shop-fast: a thresholdMetric" in done.err
    write(tmp_path, "store: {path: b.duckdb}\ninclude: [objectives.yaml]\nservices: [{name: shop}]\n")
    assert breakwatch("validate", folder=tmp_path).code == 0
    loaded = configuration.load(tmp_path / "breakwatch.yaml")
    assert {one.name for one in loaded.objectives} == set(converted())


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"objectives": [{"target": 0.9, "targetPercent": 90}]}, "needs either target or targetPercent"),
        ({"objectives": []}, "has no objectives"),
        ({"indicator": None}, "names no indicator"),
        ({"indicator": None, "indicatorRef": "gone"}, "indicatorRef 'gone' is in none of the files"),
        ({"timeWindow": [{"duration": "2M", "isRolling": True}]}, "a rolling window of 2M has no length in days"),
        ({"timeWindow": [{"duration": "2M", "calendar": {"timeZone": "UTC"}}]}, "calendar windows are one day, week"),
        ({"timeWindow": [{"duration": "soon", "isRolling": True}]}, "'soon' is no duration of OpenSLO"),
        ({"budgetingMethod": "Timeslices"}, "Timeslices needs timeSliceWindow"),
        ({"budgetingMethod": "Guessing"}, "unknown budgetingMethod 'Guessing'"),
    ],
)
def test_an_objective_that_cannot_be_said_is_left_out_with_the_reason(
    tmp_path: Path, spec: dict[str, object], reason: str
) -> None:
    """Nothing is taken over, the reason names what is missing, and the exit code is that of rejected input."""
    file = tmp_path / "slo.yaml"
    file.write_text(slo(**spec))
    done = convert([file])
    assert done.objectives == []
    assert reason in done.left_out[0]
    problem = done.problem()
    assert problem is not None
    assert problem.exit_code == 7


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "apiVersion: openslo/v1alpha\nkind: SLO\n",
            "expected apiVersion openslo/v1; found apiVersion 'openslo/v1alpha'",
        ),
        ("- 1\n", "expected apiVersion openslo/v1; found no object"),
        ("apiVersion: openslo/v1\nkind: SLA\nmetadata: {name: a}\n", "unknown kind 'SLA'"),
        ("apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: a}\n", "holds no SLO"),
        ("a: [", "not YAML"),
    ],
)
def test_another_shape_is_refused_with_what_was_expected(tmp_path: Path, text: str, problem: str) -> None:
    """Versions, kinds and files that are no OpenSLO v1 are a wrong use of the command."""
    file = tmp_path / "slo.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=problem):
        convert([file])
