"""``breakwatch experiment score`` over the recorded run: predicted against observed, claimed against proved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.command import Done, breakwatch, write

CAPTURES = Path(__file__).parents[1] / "golden" / "captures"
KILLED, BACK = "2026-11-20T11:32:51.421Z", "2026-11-20T11:33:01.4Z"

CONFIG = f"""
store: {{path: b.duckdb}}
sources:
- name: proxy
  kind: logs
  paths: ["{CAPTURES / "haproxy.log"}"]
  format: regex
  profile: haproxy
  labels: {{environment: drill}}
policies: {{default: {{settle: 0s}}}}
"""

REPORT = f"""<testsuite name="chaos" timestamp="{KILLED}" time="9.9">
  <testcase name="primary-killed" timestamp="{KILLED}" time="9.9">
    <properties>
      <property name="service" value="be_app"/>
      <property name="target" value="primary"/>
      <property name="scenario" value="health-check-failure"/>
      <property name="failover_time_s" value="0.0"/>
      <property name="detection_time_s" value="1.13"/>
    </properties>
  </testcase>
</testsuite>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the proxy's log of the run, both drills as they were told, and a report that says what it saw."""
    place = tmp_path_factory.mktemp("scoring")
    write(place, CONFIG)
    (place / "report.xml").write_text(REPORT, encoding="utf-8")
    tell = ("--environment", "drill", "--at")
    about = ("--service", "be_app", "--target", "primary", "--scenario", "health-check-failure")
    for words in (
        ("collect", "--once"),
        ("experiment", "start", "killed", *about, *tell, KILLED),
        ("experiment", "phase", "killed", "fault", *tell, KILLED),
        ("experiment", "end", "killed", "--outcome", "passed", *tell, BACK),
        (
            "experiment",
            "start",
            "both",
            "--service",
            "be_app",
            "--target",
            "standby",
            *tell,
            "2026-11-20T11:33:01.427Z",
        ),
        ("experiment", "end", "both", *tell, "2026-11-20T11:33:11.431Z"),
        ("import", "junit", "report.xml", "--environment", "drill"),
    ):
        done = breakwatch(*words, folder=place)
        assert done.code in {0, 7}, done.err
    return place


def scored(folder: Path, *words: str) -> tuple[Done, dict[str, Any]]:
    """Return how scoring ended, and what it says as JSON."""
    done = breakwatch("experiment", "score", *words, "--format", "json", folder=folder)
    return done, json.loads(done.out)


def test_predictions_stand_beside_what_was_observed(folder: Path) -> None:
    """Each promise of the scenario has its verdict, by the evaluator, with the bounds that decide it."""
    _, said = scored(folder, "killed")
    (card,) = said["experiments"]
    verdicts = {one["objective"]: one for one in card["verdicts"]}
    detection, failover = verdicts["detection_time"], verdicts["failover_time"]
    assert (detection["verdict"], failover["verdict"]) == ("met", "met")
    assert detection["value"] == pytest.approx(1.127, abs=0.003)
    assert failover["value"] == pytest.approx(1.506, abs=0.003)
    assert (detection["origin"], failover["origin"]) == ("promise", "default")
    assert verdicts["failback_time"]["report_only"]
    assert {"level_floor", "restarts"} <= verdicts.keys()


def test_the_score_has_bounds_and_says_how_much_is_unproved(folder: Path) -> None:
    """What cannot be told is 0 in the low bound and 1 in the high one."""
    _, said = scored(folder, "killed")
    (card,) = said["experiments"]
    score, counts = card["resilience_score"], card["counts"]
    told = counts["met"] + counts["missed"] + counts["cannot_tell"]
    assert score["n"] == told
    assert score["unproved"] == pytest.approx(counts["cannot_tell"] / told)
    assert score["high"] - score["low"] == pytest.approx(score["unproved"])


def test_a_report_that_claims_too_much_is_contradicted(folder: Path) -> None:
    """It says 0.00 s; the log says 1.506 s. What it says rightly is confirmed, rounding allowed for."""
    listed = json.loads(breakwatch("experiment", "list", "--format", "json", folder=folder).out)
    (name,) = [one["experiment_id"] for one in listed if one["experiment_id"] not in {"killed", "both"}]
    _, said = scored(folder, name)
    claims = {one["indicator"]: one for one in said["experiments"][0]["claims"]}
    assert claims["failover_time"]["standing"] == "contradicted"
    assert claims["failover_time"]["value"] == pytest.approx(1.506, abs=0.003)
    assert claims["detection_time"]["standing"] == "confirmed"


def test_the_card_is_read_at_a_glance(folder: Path) -> None:
    """Whose it is, the score, a line for each promise, and the claim that is held against them."""
    done = breakwatch("experiment", "score", "killed", folder=folder)
    lines = done.out.splitlines()
    assert lines[0] == "killed · health-check-failure · be_app → primary · 2026-11-20 11:32:51 to 11:33:01 UTC"
    assert "resilience score" in lines[1]
    assert lines[2].split() == ["promise", "predicted", "observed", "between", "verdict", "why"]
    (failover,) = [line for line in lines if line.startswith("failover_time")]
    assert "below 5 s (ours)" in failover
    assert " met" in failover
    assert any(line.startswith("outcome") and "passed" in line for line in lines)


def test_a_pack_counts_scenarios_that_were_never_tried(folder: Path) -> None:
    """Nine scenarios, one tried: the others are named, and nothing is said to be kept of them."""
    done, said = scored(folder, "--pack", "dependencies")
    assert len(said["untried"]) == 8
    assert len(said["experiments"]) == 1
    assert said["resilience_score"]["low"] <= 1 / 9
    assert said["resilience_score"]["unproved"] >= 8 / 9
    assert done.code in {1, 3}


def test_unknown_names_are_wrong_usage(folder: Path) -> None:
    """Experiment, scenario and pack are each named with what is known."""
    for words, told in (
        (("nobody",), "no experiment is recorded as 'nobody'"),
        (("killed", "--scenario", "dns-failur"), "did you mean dns-failure?"),
        (("--pack", "dependency"), "did you mean dependencies?"),
        ((), "say what to score"),
    ):
        done = breakwatch("experiment", "score", *words, folder=folder)
        assert done.code == 2
        assert told in done.err
