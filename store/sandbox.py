"""Runs a query that a person typed, where it can do no harm.

DuckDB has no boundary inside: SQL is code. So the query runs in a child process, read-only on the published file, with
DuckDB locked to that file and its parts, with limits on memory, time and rows, without environment, and unable to write
any file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from breakwatch.errors import StoreError, UsageError
from store.export import refused

_MEMORY_MB = 256
_MAX_EXECUTION_S = 10.0
_CHILD = Path(__file__).with_name("sandbox_child.py")
_ZONED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """The answer to a sandboxed query; ``truncated`` says that there were more rows than allowed."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool


def run_sandboxed(
    published_path: str | Path, sql: str, *, max_rows: int = 10_000, timeout_s: float = 15.0
) -> SandboxResult:
    """Run one query on the published file in a child process.

    TIMESTAMPTZ come back as aware UTC datetimes, other values as JSON has them (exotic types as text).

    Args:
        published_path: the published file.
        sql: one query; anything else is refused.
        max_rows: rows beyond are cut off, and the result says so.
        timeout_s: seconds after which the process is killed; DuckDB itself stops after 10.

    Raises:
        UsageError: with DuckDB's own message: not a query, wrong, not allowed, too slow or too large.
        StoreError: there is no published file.
    """
    path = Path(published_path).absolute()
    if not path.exists():
        raise StoreError(f"there is no store at {path}", "collect something first: breakwatch collect --once")
    request = {
        "path": str(path),
        "sql": sql,
        "max_rows": max_rows,
        "memory_mb": _MEMORY_MB,
        "max_execution_ms": round(min(_MAX_EXECUTION_S, timeout_s) * 1000),
        "kill_after_s": timeout_s,
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own file in our own interpreter; the query goes in by stdin
            [sys.executable, "-I", str(_CHILD)],
            input=json.dumps(request),
            capture_output=True,
            timeout=timeout_s,
            check=False,
            text=True,
            cwd="/",
            env={},
        )
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"the query took longer than {timeout_s:g} s", "ask for a shorter time or fewer rows"
        ) from None
    return _result(done)


def _result(done: subprocess.CompletedProcess[str]) -> SandboxResult:
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise UsageError(
            f"the query was stopped: it needed more than it is allowed (exit {done.returncode})",
            "ask for a shorter time or fewer rows",
        ) from None
    if "error" in answer:
        raise refused(answer["error"])
    zoned = [place for place, kind in enumerate(answer["types"]) if kind == _ZONED]
    for row in answer["rows"]:
        for place in zoned:
            row[place] = datetime.fromisoformat(row[place]) if row[place] is not None else None
    rows = tuple(tuple(row) for row in answer["rows"])
    return SandboxResult(tuple(answer["columns"]), tuple(answer["types"]), rows, answer["truncated"])
