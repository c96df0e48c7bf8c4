"""The promise to readers: any number, any client, any directory, any time; they never stop and are never stopped."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.store.working_owner import cycles, opened

READING = Path(__file__).with_name("reading.py")


def start_reader(path: Path, seconds: float, manner: str, client: Path | None) -> subprocess.Popen[str]:
    """Start a stranger that reads, in a process of its own, with the root as its directory."""
    paths = {"PYTHONPATH": str(client)} if client else {}
    return subprocess.Popen(
        [sys.executable, str(READING), str(path), str(seconds), manner],
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env=paths,
    )


def report_of(reader: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the stranger saw."""
    out, _ = reader.communicate(timeout=60)
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("seconds", [20.0])
def test_readers_and_writer_never_stop_each_other(tmp_path: Path, old_client: Path, seconds: float) -> None:
    """Two clients, 1.1.3 and 2.0.0, one reopening, one holding on, while the owner publishes every second: no error."""
    path = tmp_path / "b.duckdb"
    with opened(path) as store:
        readers = [
            start_reader(path, seconds, manner, client)
            for manner, client in (("reopen", None), ("hold", old_client), ("hold", None), ("reopen", old_client))
        ]
        published = len(cycles(store, seconds - 1, 1))
        reports = [report_of(reader) for reader in readers]
    assert published >= seconds / 3
    assert {report["version"] for report in reports} == {"2.0.0", "1.1.3"}
    for report, manner in zip(reports, ("reopen", "hold", "hold", "reopen"), strict=True):
        assert report["errors"] == []
        assert report["queries"] >= 20
        if manner == "hold":
            assert report["answers"] == 1, "a held connection answers as of its opening"
        else:
            assert report["newest"] >= published - 1
