"""Strangers who read the published file, each in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    out, _ = reader.communicate(timeout=300)
    found: dict[str, Any] = json.loads(out)
    return found
