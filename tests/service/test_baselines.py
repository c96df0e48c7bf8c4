"""``breakwatch baseline`` from imported benchmarks to what a check says."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.service.command import Done, breakwatch, write

HEAD = ("suite", "benchmark", "metric", "unit", "better", "run_at", "revision", "value", "run_environment")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sixty runs of two benchmarks, of which one is a quarter slower from v40 on."""
    tmp_path = tmp_path_factory.mktemp("imported")
    write(tmp_path, "store: {path: b.duckdb}\n")
    rng = np.random.default_rng(1)
    with (tmp_path / "runs.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(HEAD)
        for run in range(60):
            for name, level in {"pay": 125 if run >= 40 else 100, "search": 50}.items():
                at = (START + timedelta(days=run)).isoformat()
                for value in level * (1 + 0.03 * rng.standard_normal(8)):
                    rows.writerow(("api", name, "time", "ms", "lower", at, f"v{run}", value, "ci"))
    assert breakwatch("import", "benchmarks", "runs.csv", folder=tmp_path).code == 0
    return tmp_path


@pytest.fixture
def folder(imported: Path, tmp_path: Path) -> Path:
    """A copy of it, to do something to."""
    return Path(shutil.copytree(imported, tmp_path / "copy"))


def asked(folder: Path, query: str) -> list[dict[str, str]]:
    """Return the answer of a query as JSON."""
    done = breakwatch("sql", query, "--format", "json", folder=folder)
    return json.loads(done.out)  # type: ignore[no-any-return]


def test_a_check_fails_on_a_regression_until_it_is_accepted(folder: Path) -> None:
    """Exit 1 with the regression named; accepted with a reason it passes, and the log says who and why."""
    before = breakwatch("check", folder=folder)
    assert before.code == 1
    assert "api/pay/time" in before.out
    (found,) = asked(folder, "SELECT regression_id::VARCHAR AS id, revision FROM regressions")
    assert found["revision"] == "v40"
    done = breakwatch("baseline", "accept", found["id"], "--reason", "TLS costs this", "--by", "ann", folder=folder)
    assert (done.code, done.out) == (0, "accepted: api pay time on ci 24% worse since v40\n")
    assert breakwatch("check", folder=folder).code == 0
    (log,) = asked(folder, "SELECT actor, action, reason FROM audit_log")
    assert log == {"actor": "ann", "action": "regression accepted", "reason": "TLS costs this"}


def test_a_version_that_regressed_is_refused_as_baseline(imported: Path) -> None:
    """The regressed run never becomes its own baseline: exit 2, and what to do instead."""
    done = breakwatch("baseline", "set", "new", "--revision", "v50", "--reason", "newest", folder=imported)
    assert done.code == 2
    assert "v50 is on a level that regressed: api pay time on ci 24% worse since v40" in done.err
    assert "try: pin an earlier revision, or breakwatch baseline accept" in done.err


def test_a_pinned_version_is_listed_and_shown_with_every_series(folder: Path) -> None:
    """Set, listed and shown: the worse series is confirmed against it, the other has no regression."""
    words = ("set", "v1", "--revision", "v30", "--suite", "api", "--reason", "last good", "--expires", "90d")
    done = breakwatch("baseline", *words, folder=folder)
    assert done.out.splitlines()[0] == "v1: 2 series are compared with v30 from now on"
    (row,) = json.loads(breakwatch("baseline", "list", "--format", "json", folder=folder).out)
    assert (row["name"], row["kind"], row["reason"]) == ("v1", "pinned", "last good")
    lines = breakwatch("baseline", "show", "v1", folder=folder).out.splitlines()
    assert lines[0].startswith("v1: pinned, v30, until ")
    told = {line.split()[1]: line for line in lines[2:]}
    assert told["pay"].endswith("confirmed")
    assert told["search"].endswith("no regression")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("set", "x", "--revision", "v99", "--reason", "r"), "no benchmark run of revision 'v99' fits"),
        (("set", "x", "--revision", "v30", "--reason", " "), "a baseline needs a reason"),
        (("set", "x", "--revision", "v30", "--reason", "r", "--expires", "2020-01-01"), "--expires 2020-01-01 is over"),
        (("accept", "12", "--reason", "r"), "no regression 12 stands"),
        (("show", "nobody"), "no baseline is named 'nobody'"),
        (("drop", "nobody", "--reason", "r"), "no baseline is named 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_remedy(imported: Path, words: tuple[str, ...], problem: str) -> None:
    """Wrong usage ends with exit 2 in two lines."""
    done: Done = breakwatch("baseline", *words, folder=imported)
    assert (done.code, done.err.splitlines()[0]) == (2, f"breakwatch: {problem}")
    assert done.err.splitlines()[1].startswith("  try: ")
