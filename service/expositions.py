"""``breakwatch import openmetrics``: text exposition with timestamps, from files or standard input, as one source."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from breakwatch.clock import Clock, system_clock
from breakwatch.config import Config
from breakwatch.errors import UsageError
from breakwatch.model import Window
from collectors.imports import described
from collectors.openmetrics import Exposition, holds_samples
from collectors.openmetrics_text import unpacked
from service import collecting

STANDARD_INPUT = Path("-")
COPY_BYTES = 1 << 20
EXPECTED = "OpenMetrics text with timestamps"


def bring_in(
    config: Config,
    files: Sequence[Path],
    labels: Mapping[str, str],
    profiles: Sequence[str],
    clock: Clock = system_clock,
) -> int:
    """Import files of exposition, say how it went, and return the exit code.

    Raises:
        UsageError: a file cannot be read or has another shape; then nothing of any of them is imported.
        StoreError: the store is locked, damaged or full.
    """
    for file in files:
        if file != STANDARD_INPUT and not file.exists():
            raise UsageError(f"{file}: no such file", "check the path")
    with tempfile.TemporaryDirectory(prefix="breakwatch-import-") as folder:
        shown: dict[Path, str] = {}
        contents: dict[Path, str] = {}
        for number, file in enumerate(dict.fromkeys(files)):
            path = file
            if not file.is_file():
                path = Path(folder) / str(number)
                shown[path] = _spooled(file, path)
            name = shown.get(path, str(path))
            _check(path, name)
            contents[path] = _digest(path, name)
        source = Exposition(
            name="import",
            paths=tuple(contents),
            labels=dict(labels),
            profiles=tuple(profiles),
            contents=contents,
            shown=shown,
        )
        return collecting.collect(config, [source], Window(None, clock()), clock)


def _spooled(pipe: Path, path: Path) -> str:
    """Copy standard input or a named pipe into a file; return how to tell people of it."""
    try:
        with path.open("wb") as file, sys.stdin.buffer if pipe == STANDARD_INPUT else pipe.open("rb") as stream:
            shutil.copyfileobj(stream, file, COPY_BYTES)
    except OSError as error:
        problem = f"{pipe}: cannot be read: {error.strerror or error}"
        raise UsageError(problem, "name a file, or - for standard input") from error
    return "standard input" if pipe == STANDARD_INPUT else str(pipe)


def _digest(path: Path, name: str) -> str:
    """Return the digest of what a file holds, unpacked."""
    digest = hashlib.blake2b(digest_size=8)
    try:
        with unpacked(path) as content:
            while block := content.read(COPY_BYTES):
                digest.update(block)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{name}: cannot be read: {error}", "check the file; fetch it again if it is cut") from error
    return digest.hexdigest()


def _check(path: Path, name: str) -> None:
    """Refuse a file in which no line is a sample with a time: it is of another kind."""
    seen = holds_samples(path, name)
    if seen.sample:
        return
    if seen.timeless:
        raise UsageError(
            f"{name}: expected {EXPECTED}; found samples without a time",
            "let a Prometheus scrape such a page, or write each sample with its time",
        )
    if not seen.refused:
        what = "comments only" if seen.lines else "nothing, it is empty"
        raise UsageError(f"{name}: expected {EXPECTED}; found {what}", "check what wrote the file")
    found, kind = described(path)
    remedy = f"breakwatch import {kind} reads such files" if kind else "breakwatch import openmetrics --help"
    raise UsageError(f"{name}: expected {EXPECTED}; found {found}", remedy)
