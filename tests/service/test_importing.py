"""``breakwatch import`` from the command line to the published views."""

from __future__ import annotations

import csv
import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from breakwatch import config as configuration
from breakwatch.clock import DAY_US, fixed_clock
from collectors.imports import FORMATS
from collectors.imports.shape import instant
from service.importing import Said, bring_in
from store import Reader
from tests.collectors.imports.test_formats import FILES, FOLDER
from tests.service.command import breakwatch, write

NOW_US = instant("2026-11-20T12:00:00Z")
SHOWN = ("outages", "coverage", "measurements", "benchmark_runs", "experiments", "rejected_inputs")


def published(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what the views show, without when input was met."""
    with Reader.open(folder / "b.duckdb") as reader:
        found = {view: reader.rows(f"SELECT * FROM {view} ORDER BY ALL") for view in SHOWN}  # noqa: S608 - our own names
    for row in found["rejected_inputs"]:
        row.pop("seen_at")
    return found


def bring(folder: Path, name: str, *, now_us: int = NOW_US) -> int:
    """Import one of the example files as a person would."""
    write(folder, "store: {path: b.duckdb}\n")
    said = Said(service="checkout", environment="prod", measured_at="2026-11-20T09:00:00Z" if "j" in name else "")
    loaded = configuration.load(folder / "breakwatch.yaml")
    return bring_in(loaded, FORMATS[FILES[name]], [FOLDER / name], said, fixed_clock(now_us))


def test_the_command_says_what_came_in_and_keeps_what_did_not(tmp_path: Path) -> None:
    """Good rows are in, bad ones are kept with file, line and reason; the exit code is 7."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    shutil.copy(FOLDER / "incidents.csv", tmp_path / "incidents.csv")
    done = breakwatch("import", "incidents", "incidents.csv", folder=tmp_path)
    assert done.code == 7
    assert done.out == "incidents.csv: 5 records imported, 3 rejected\n"
    assert done.err.splitlines()[0] == "breakwatch: 3 pieces of input rejected; the good rows are in"
    shown = published(tmp_path)
    told = {(row["service"], row["status"], row["duration_s"]) for row in shown["outages"]}
    assert told == {("search", "ongoing", None), ("checkout", "resolved", 1200.0), ("checkout", "resolved", 750.0)}
    assert {row["origin"] for row in shown["outages"]} == {"imported"}
    assert "incidents.csv: line 7: severity: 'critical' is none of" in str(shown["rejected_inputs"])


@pytest.mark.parametrize(
    ("kind", "text", "problem", "remedy"),
    [
        (
            "hyperfine",
            '{"results": [{"command": "a", "times": [0.5]}]}',
            "nothing is in: b.json: the file: does not say when it ran",
            "say --at TIME",
        ),
        (
            "measurements",
            '[{"name": "a", "value": 1, "measured_at": "2026-11-20T09:00:00Z"}, {"name": "b"}]',
            "nothing is in: b.json: [0]: service: is missing (and 1 more)",
            "name it, or say --service",
        ),
    ],
)
def test_where_nothing_comes_in_the_reason_is_told(
    tmp_path: Path, kind: str, text: str, problem: str, remedy: str
) -> None:
    """Two lines: why the first piece was refused, and what would mend it; good rows are not spoken of."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    (tmp_path / "b.json").write_text(text)
    done = breakwatch("import", kind, "b.json", folder=tmp_path)
    assert done.code == 7
    assert done.err.splitlines() == [f"breakwatch: {problem}", f"  try: {remedy}"]


def test_another_shape_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    """Of two files the second is of another shape: exit code 2, two lines, and nothing of the first is in."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    for name in ("measurements.jsonl", "junit.xml"):
        shutil.copy(FOLDER / name, tmp_path / name)
    done = breakwatch("import", "measurements", "measurements.jsonl", "junit.xml", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    problem, remedy = done.err.splitlines()
    assert problem.startswith("breakwatch: junit.xml: expected CSV, JSON lines or a JSON list of objects with name")
    assert problem.endswith("found XML <testsuites>")
    assert remedy == "  try: breakwatch import junit reads such files"
    assert not (tmp_path / "b.duckdb").exists()


@pytest.mark.parametrize("name", FILES)
def test_importing_twice_changes_nothing(tmp_path: Path, name: str) -> None:
    """The same file a day later leaves every view as it was."""
    bring(tmp_path, name)
    first = published(tmp_path)
    bring(tmp_path, name, now_us=NOW_US + DAY_US)
    assert published(tmp_path) == first
    assert any(first[view] for view in SHOWN)


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    """Files of different kinds imported in any order give the same views."""
    chosen = ("incidents.csv", "junit.xml", "chaostoolkit.json", "measurements.jsonl")
    results = []
    for number, order in enumerate(itertools.islice(itertools.permutations(chosen), 0, 24, 7)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in order:
            bring(folder, name)
        results.append(published(folder))
    assert all(result == results[0] for result in results[1:])


def test_a_later_report_ends_an_incident_that_went_on(tmp_path: Path) -> None:
    """An incident known by its id is one outage: ongoing at first, resolved once a file knows its end, in any order."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    head = "service,started_at,ended_at,id\n"
    files = {
        "early.csv": head + "shop,2026-11-20T09:00:00Z,,7\n",
        "late.csv": head + "shop,2026-11-20T09:00:00Z,2026-11-20T09:10:00Z,7\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for order in (("early.csv", "late.csv"), ("late.csv", "early.csv")):
        folder = tmp_path / order[0].removesuffix(".csv")
        folder.mkdir()
        write(folder, "store: {path: b.duckdb}\n")
        for name in order:
            assert breakwatch("import", "incidents", str(tmp_path / name), folder=folder).code == 0
        assert [(row["status"], row["duration_s"]) for row in published(folder)["outages"]] == [("resolved", 600.0)]


def test_standard_input_is_read(tmp_path: Path) -> None:
    """A dash reads what is piped in."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    text = (FOLDER / "hyperfine.json").read_text(encoding="utf-8")
    done = breakwatch("import", "hyperfine", "-", "--at", "2026-11-20T09:00:00Z", folder=tmp_path, stdin=text)
    assert done.code == 7
    assert len(published(tmp_path)["benchmark_runs"]) == 3


def test_repetitions_are_numbered_within_their_run(tmp_path: Path) -> None:
    """Rows of one run are its repetitions, from 0, also where values are equal."""
    bring(tmp_path, "benchmarks.csv")
    rows = [row for row in published(tmp_path)["benchmark_runs"] if row["metric"] == "p95"]
    assert sorted((row["repetition"], row["value"]) for row in rows) == [(0, 0.213), (1, 0.209), (2, 0.213)]


def test_covered_spans_unite_and_leave_gaps(tmp_path: Path) -> None:
    """Spans that files cover are united where they overlap; between two that do not there is a gap, not cover."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    (tmp_path / "i.csv").write_text("service,started_at,ended_at\nshop,2026-01-02T00:00:00Z,2026-01-02T01:00:00Z\n")
    for covers in ("2026-01-01..2026-01-05", "2026-01-03..2026-01-08", "2026-02-01..2026-02-02"):
        assert breakwatch("import", "incidents", "i.csv", "--covers", covers, folder=tmp_path).code == 0
    spans = [
        (f"{row['started_at']:%m-%d}", f"{row['ended_at']:%m-%d}", row["covered"])
        for row in published(tmp_path)["coverage"]
    ]
    assert sorted(spans) == [("01-01", "01-08", True), ("01-08", "02-01", False), ("02-01", "02-02", True)]


def test_many_rows_come_in_at_once(tmp_path: Path) -> None:
    """A hundred thousand measurements are one import; importing them again finds every one known."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    with (tmp_path / "many.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("service", "name", "value", "measured_at"))
        base = [("shop", "latency_s", index / 7, f"2026-11-{1 + index // 6000:02d}T10:{index % 60:02d}:00Z")
                for index in range(100_000)]  # fmt: skip
        writer.writerows(base)
    assert breakwatch("import", "measurements", "many.csv", folder=tmp_path).out == (
        "many.csv: 100,000 records imported\n"
    )
    assert breakwatch("import", "measurements", "many.csv", folder=tmp_path).out == (
        "many.csv: 0 records imported, 100,000 known already\n"
    )
