"""``breakwatch import openmetrics``: what is refused before anything is stored, and standard input."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from store import Reader
from tests.collectors.imports.test_formats import FOLDER
from tests.service.command import Done, breakwatch, environment, write

PAGE = """\
# TYPE circuit gauge
circuit{name="pay",event="open",job="shop"} 0 1795174430
circuit{name="pay",event="open",job="shop"} 1 1795174445
circuit{name="pay",event="open",job="shop"} 1
circuit{name="pay",event="close",job="shop"} 1 1795174460
# EOF
"""
SHOWN = ("breaker_states", "breaker_incidents", "rejected_inputs", "coverage")


def published(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what the views show."""
    with Reader.open(folder / "b.duckdb") as reader:
        return {view: reader.rows(f"SELECT * FROM {view} ORDER BY ALL") for view in SHOWN}  # noqa: S608 - our own names


def refused(folder: Path, *files: str) -> tuple[str, str]:
    """Return problem and remedy of an import that is refused as a whole."""
    write(folder, "store: {path: b.duckdb}\n")
    done = breakwatch("import", "openmetrics", *files, folder=folder)
    assert (done.code, done.out) == (2, "")
    assert not (folder / "b.duckdb").exists()
    problem, remedy = done.err.splitlines()
    return problem.removeprefix("breakwatch: "), remedy.removeprefix("  try: ")


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ("", "nothing, it is empty", "check what wrote the file"),
        ("# HELP a b\n# EOF\n", "comments only", "check what wrote the file"),
        ('up{job="shop"} 1\ngo_threads 7\n', "samples without a time", "let a Prometheus scrape"),
        ("milk and eggs\nbread\n", "text that is no table, JSON, XML or YAML", "openmetrics --help"),
        ('{"a": 1', "a file that is not sound JSON: ", "openmetrics --help"),
    ],
)
def test_a_file_without_samples_is_refused(tmp_path: Path, text: str, found: str, hint: str) -> None:
    """No line is a sample with a time: exit code 2, what was expected and found, and nothing is stored."""
    (tmp_path / "page.om").write_text(PAGE)
    (tmp_path / "other.txt").write_text(text)
    problem, remedy = refused(tmp_path, "page.om", "other.txt")
    assert problem.startswith(f"other.txt: expected OpenMetrics text with timestamps; found {found}")
    assert hint in remedy


@pytest.mark.parametrize(
    ("name", "found", "kind"),
    [("junit.xml", "XML <testsuites>", "junit"), ("incidents.csv", "a table with the columns service", "incidents")],
)
def test_the_kind_that_reads_a_file_is_named(tmp_path: Path, name: str, found: str, kind: str) -> None:
    """A file of another kind is told which command reads it."""
    problem, remedy = refused(tmp_path, str(FOLDER / name))
    assert f"; found {found}" in problem
    assert remedy == f"breakwatch import {kind} reads such files"


def piped(folder: Path, data: bytes, *arguments: str) -> Done:
    """Import bytes from standard input."""
    command = [sys.executable, "-m", "service", "import", "openmetrics", "-", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(), input=data, capture_output=True, timeout=120, check=False
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_standard_input_is_known_by_its_content(tmp_path: Path) -> None:
    """The same page piped in twice, packed or not, shows the same; rejected lines are kept once, under one name."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    first = piped(tmp_path, PAGE.encode(), "--environment", "prod")
    assert first.code == 7, first.err
    shown = published(tmp_path)
    assert {row["environment"] for row in shown["breaker_states"]} == {"prod"}
    (kept,) = shown["rejected_inputs"]
    assert kept["reason"] == "standard input:4: the sample has no time"
    again = piped(tmp_path, PAGE.encode(), "--environment", "prod")
    assert (again.code, again.out) == (0, "import: ok, 0 new, 3 samples read, 6 lines read\n"), again.err
    assert published(tmp_path) == shown
    packed = piped(tmp_path, gzip.compress(PAGE.encode()), "--environment", "prod")
    assert packed.code == 0, packed.err
    assert published(tmp_path) == shown


def test_a_file_is_the_same_under_any_name(tmp_path: Path) -> None:
    """Copied and packed, it changes nothing, rejected lines included; said to be elsewhere, it is taken in again."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    (tmp_path / "a.om").write_text(PAGE)
    (tmp_path / "b.om.gz").write_bytes(gzip.compress(PAGE.encode()))
    assert breakwatch("import", "openmetrics", "a.om", "--environment", "prod", folder=tmp_path).code == 7
    shown = published(tmp_path)
    (kept,) = shown["rejected_inputs"]
    assert kept["reason"] == "a.om:4: the sample has no time"
    assert breakwatch("import", "openmetrics", "b.om.gz", "--environment", "prod", folder=tmp_path).code == 0
    assert published(tmp_path) == shown
    assert breakwatch("import", "openmetrics", "a.om", "--environment", "test", folder=tmp_path).code == 0
    assert {row["environment"] for row in published(tmp_path)["breaker_states"]} == {"prod", "test"}


def test_a_pipe_is_read_as_standard_input_is(tmp_path: Path) -> None:
    """What a shell hands over as the path of a pipe comes in; a folder does not."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(PAGE,))
    writer.start()
    done = breakwatch("import", "openmetrics", "pipe", folder=tmp_path)
    writer.join()
    assert done.code == 7
    assert len(published(tmp_path)["breaker_states"]) > 0
    done = breakwatch("import", "openmetrics", ".", folder=tmp_path)
    assert done.code == 2
    assert done.err.startswith("breakwatch: .: cannot be read: Is a directory")


def test_empty_standard_input_is_refused(tmp_path: Path) -> None:
    """A pipe whose other end failed is no import."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    for data, said in ((b"", "found nothing, it is empty"), (gzip.compress(PAGE.encode())[:-9], "cannot be read: ")):
        done = piped(tmp_path, data)
        assert done.code == 2
        assert done.err.startswith("breakwatch: standard input")
        assert said in done.err
    assert not (tmp_path / "b.duckdb").exists()
