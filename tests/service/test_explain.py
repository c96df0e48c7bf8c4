"""``breakwatch explain``: the SQL, rows, window, policy and formula behind a verdict."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.cli import invoke
from store import Reader
from tests.service.command import write

NOW = datetime.now(UTC).replace(microsecond=0)
CONFIG = """
objectives:
  - {name: heal, indicator: service_recovery_time, stat: max, at_most: 10m, service: shop, origin: default}
policies: {default: {version: 3, settle: 0s}}
"""


def stamp(hours: float) -> str:
    """Return the time so many hours ago."""
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def verdict_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The number of a verdict that was kept, of a store whose folder we are in."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CONFIG)
    with Path("incidents.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["service", "started_at", "ended_at"], ["shop", stamp(5), stamp(4)]])
    assert invoke(["import", "incidents", "incidents.csv", "--covers", f"{stamp(240)}.."]) == 0
    capsys.readouterr()
    assert invoke(["check", "--since", stamp(10), "--until", stamp(1), "--format", "json"]) == 1
    return str(json.loads(capsys.readouterr().out)["verdicts"][0]["verdict_id"])


def test_everything_behind_a_verdict_is_told(verdict_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For people, in one screen: what was asked, counted and found, and how."""
    assert invoke(["explain", verdict_id]) == 0
    told = capsys.readouterr().out
    for words in (
        "heal: missed", "max of service_recovery_time at most 600 s, severity S3; our default, not your promise",
        "measured    3600 s", "coverage    100 % of the time was seen", "default@3: unknown excluded", "settle 0 s",
        "the data say the same today", "formula", "statement", "rows of outage", "imported",
    ):  # fmt: skip
        assert words in told, told


def test_the_statement_gives_the_figure(verdict_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Carried out with its parameters on the published file, it finds the very row."""
    assert invoke(["explain", verdict_id, "--format", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["verdict"]["value"] == 3600.0
    assert str(told["verdict"]["verdict_id"]) == verdict_id
    assert told["rows"][0]["started_at"] == stamp(5)
    with Reader.open("breakwatch.duckdb") as reader:
        found: list[list[dict[str, Any]]] = [reader.rows(one["sql"], one["parameters"]) for one in told["statements"]]
    assert any(rows for rows in found)


def test_an_objective_is_explained_as_of_now(verdict_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By its name."""
    assert invoke(["explain", "heal", "--rows", "0"]) == 0
    told = capsys.readouterr().out
    assert "window      30d" in told
    assert "(0 first)" in told


def test_later_data_are_told_apart_from_what_was_said(verdict_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict of then stands beside what the data say today."""
    with Path("more.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["service", "started_at", "ended_at"], ["shop", stamp(9), stamp(7)]])
    assert invoke(["import", "incidents", "more.csv"]) == 0
    assert invoke(["explain", verdict_id]) == 0
    told = capsys.readouterr().out
    assert "measured    7200 s" in told
    assert "the data say something else today" in told


@pytest.mark.parametrize(("name", "said"), [("12345", "no verdict is kept as 12345"), ("hea", "did you mean heal?")])
def test_an_unknown_name_is_refused(verdict_id: str, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    """With what is near."""
    assert invoke(["explain", name]) == 2
    assert said in capsys.readouterr().err
