"""Runs ``breakwatch`` as a person would: as a process of its own, in a folder, looking at what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**extra: str) -> dict[str, str]:
    """Return the environment of a command: nothing of the developer's own, no home."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **extra}


def breakwatch(*arguments: str, folder: Path, stdin: str | None = None, **extra: str) -> Done:
    """Run one command in a folder, with ``stdin`` piped into it, and return how it ended."""
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=folder,
        env=environment(**extra),
        capture_output=True,
        input=stdin,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def write(folder: Path, text: str) -> Path:
    """Write the folder's configuration."""
    file = folder / "breakwatch.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file
