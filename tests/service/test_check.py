"""``breakwatch check``: exit codes, forms, and what it says, as a person and a pipeline meet it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from service.cli import invoke
from store import Reader, Store
from tests.service.command import Done, breakwatch, write

Check = Callable[..., Done]

NOW = datetime.now(UTC).replace(microsecond=0)

HEAL = "{name: heal, indicator: service_recovery_time, stat: max, at_most: 30m, service: shop}"


def stamp(hours: float) -> str:
    """Return the time so many hours ago."""
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one outage of 20 minutes, listed by hand, complete for a month."""
    folder = tmp_path_factory.mktemp("check")
    with (folder / "incidents.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["service", "started_at", "ended_at", "kind"])
        rows.writerow(["shop", stamp(5), stamp(5 - 1 / 3), "down"])
    configured(folder, HEAL)
    done = breakwatch("import", "incidents", "incidents.csv", "--covers", f"{stamp(720)}..", folder=folder)
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def folder(listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that store, and we are in it."""
    copy = shutil.copytree(listed, tmp_path / "copy")
    monkeypatch.chdir(copy)
    monkeypatch.delenv("BREAKWATCH_CONFIG", raising=False)
    with Store.open(copy / "breakwatch.duckdb") as store:
        store.publish(None)
    return copy


@pytest.fixture
def checked(capsys: pytest.CaptureFixture[str]) -> Check:
    """The check, run in this process."""

    def run(*arguments: str) -> Done:
        capsys.readouterr()
        code = invoke(["check", *arguments])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


def configured(folder: Path, *objectives: str) -> None:
    """Write the objectives."""
    write(folder, "objectives:\n" + "".join(f"  - {one}\n" for one in objectives))


def told(done: Done) -> list[dict[str, Any]]:
    """Return the verdicts as JSON."""
    found: list[dict[str, Any]] = json.loads(done.out)["verdicts"]
    return found


def test_all_met_is_exit_0(folder: Path, checked: Check) -> None:
    """The table says so, and the summary on stderr."""
    done = checked()
    assert (done.code, done.err) == (0, "1 met\n")
    assert done.out.startswith("MET  heal shop  max 1200 s, at most 1800 s")


def test_one_missed_is_exit_1(folder: Path, checked: Check) -> None:
    """Whatever else is met or cannot be told; the worst comes first, with the way to what is behind it."""
    configured(
        folder, HEAL, "{name: fast, indicator: service_recovery_time, stat: max, below: 20m, service: shop}",
        "{name: calls, indicator: availability_requests, at_least: 99%, service: shop}",
    )  # fmt: skip
    done = checked()
    assert (done.code, done.err) == (1, "1 met, 1 missed, 1 cannot be told\n")
    assert [line.split("  ")[0] for line in done.out.splitlines() if line[0] != " "] == ["MISSED", "CANNOT TELL", "MET"]
    assert "breakwatch explain " in done.out


def test_what_cannot_be_told_is_exit_3_or_a_warning(folder: Path, checked: Check) -> None:
    """As asked; it leans, and says what would settle it."""
    configured(folder, "{name: calls, indicator: availability_requests, at_least: 99%, service: shop}")
    done = checked()
    assert done.code == 3
    assert "try: collect request counters of the service" in done.out
    assert checked("--cannot-tell", "warn").code == 0


def test_what_is_only_reported_never_fails(folder: Path, checked: Check) -> None:
    """Nor does what does not apply."""
    configured(
        folder, "{name: a, indicator: service_recovery_time, stat: max, below: 1s, report_only: true, service: shop}",
        "{name: b, indicator: breaker_recovery_time, at_most: 2x open_time, service: shop}",
    )  # fmt: skip
    done = checked()
    assert (done.code, done.err) == (0, "1 missed, 1 not applicable\n")


def test_json_has_the_columns_of_the_views(folder: Path, checked: Check) -> None:
    """Exactly those, times in ISO."""
    found = json.loads(checked("--format", "json").out)
    with Reader.open(folder / "breakwatch.duckdb") as reader:
        columns = [row["column_name"] for row in reader.rows("describe verdicts")]
    assert set(found) == {"verdicts", "regressions"}
    assert set(found["verdicts"][0]) == set(columns)
    assert datetime.fromisoformat(found["verdicts"][0]["window_end"]) > NOW - timedelta(minutes=1)


def test_junit_is_read_by_any_reader(folder: Path, checked: Check) -> None:
    """A suite for each service, a failure for what is missed, an error for what cannot be told."""
    configured(
        folder, HEAL, "{name: fast, indicator: service_recovery_time, stat: max, below: 20m, service: shop}",
        "{name: calls, indicator: availability_requests, at_least: 99%, service: shop}",
        "{name: two, indicator: breaker_recovery_time, at_most: 2x open_time, service: shop}",
    )  # fmt: skip
    top = ET.fromstring(checked("--format", "junit").out)  # noqa: S314 - our own
    assert top.tag == "testsuites"
    assert {name: top.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    (suite,) = top
    assert [(case.get("name"), [child.tag for child in case]) for case in suite] == [
        ("heal", ["system-out"]), ("fast", ["failure"]), ("calls", ["error"]), ("two", ["skipped"]),
    ]  # fmt: skip
    warned = ET.fromstring(checked("--format", "junit", "--cannot-tell", "warn").out)  # noqa: S314
    assert (warned.get("errors"), warned.get("skipped")) == ("0", "2")


def test_verdicts_are_kept_where_the_store_is_ours(folder: Path, checked: Check) -> None:
    """And can be queried right after; over a span, the same again is the same row."""
    span = ("--since", stamp(10), "--until", stamp(1))
    first, second = told(checked("--format", "json", *span)), told(checked("--format", "json", *span))
    assert first[0]["verdict_id"] == second[0]["verdict_id"]
    with Reader.open(folder / "breakwatch.duckdb") as reader:
        assert [row["verdict"] for row in reader.rows("select verdict from verdicts")] == ["met"]


def test_it_works_while_another_process_owns_the_store(folder: Path, checked: Check) -> None:
    """Over the published file, with the same verdicts."""
    span = ("--since", stamp(10), "--until", stamp(1))
    alone = told(checked("--format", "json", *span))
    with Store.open(folder / "breakwatch.duckdb"):
        beside = told(breakwatch("check", "--format", "json", *span, folder=folder))
        named = told(checked("--format", "json", "--data", "breakwatch.duckdb", *span))
    assert alone[0]["verdict_id"] == beside[0]["verdict_id"] == named[0]["verdict_id"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--experiment", "nope"), 2, "no experiment is recorded as 'nope'"),
        (("--experiment", "nope", "--since", "1h"), 2, "an experiment has a time of its own"),
        (("--since", "yesterday"), 2, "'yesterday' is not a time"),
        (("--since", "1h", "--until", "2h"), 2, "the window is empty"),
        (("--format", "yaml"), 2, "yaml"),
    ],
)
def test_what_makes_no_sense_is_refused(
    folder: Path, checked: Check, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """In two lines, with what to do."""
    done = checked(*arguments)
    assert (done.code, len(done.err.splitlines())) == (code, 2)
    assert said in done.err


def test_without_a_store_there_is_nothing_to_judge(
    tmp_path: Path, checked: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 5, and nothing is made."""
    configured(tmp_path, HEAL)
    monkeypatch.chdir(tmp_path)
    done = checked()
    assert (done.code, "there is no store" in done.err) == (5, True)
    assert not list(tmp_path.glob("*.duckdb"))


def test_fresh_collects_first(folder: Path, checked: Check) -> None:
    """A source that cannot be asked is told by the exit code, and the verdicts on what is known are printed."""
    source = "{name: prom, kind: prometheus, url: 'http://127.0.0.1:9', labels: {environment: prod}}"
    write(folder, f"sources: [{source}]\nobjectives:\n  - {HEAL}\n")
    assert checked().code == 0
    done = checked("--fresh")
    assert (done.code, done.out.split()[0]) == (4, "MET")
    assert "127.0.0.1:9" in done.err


def test_an_objective_that_cannot_be_kept_is_flagged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit below a breaker's own open time, and a rule of ours that can never fire; the configuration is valid."""
    file = write(
        tmp_path,
        """
services: [{name: shop, expected: {breakers: {pay: {open_time: 60s}}}}]
objectives:
  - {name: heal, indicator: breaker_recovery_time, below: 30s, service: shop}
  - {name: calls, indicator: availability_requests, at_least: 90%, service: shop}
""",
    )
    assert invoke(["validate", "--config", str(file)]) == 0
    told = capsys.readouterr().err
    assert "objective heal: below 30s is out of reach: shop/pay is declared to stay open for 1m" in told
    assert "objective calls: 2% of the budget in 1h is a burn rate of 14.4" in told
    assert "can never fire" in told


def test_a_burn_rule_that_can_never_fire_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the place where it stands, and what could fire."""
    rule = "burn_rates: [{long: 1h, budget: 2%}]"
    file = write(tmp_path, f"objectives:\n  - {{name: a, indicator: availability_requests, at_least: 90%, {rule}}}\n")
    assert invoke(["validate", "--config", str(file)]) == 2
    told = capsys.readouterr().err
    assert "breakwatch.yaml:2" in told
    assert "can never be exceeded" in told
    assert "set budget below 1.39%" in told
