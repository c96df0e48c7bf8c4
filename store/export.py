"""Answers of the published file as text or files, for people and other programs."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from breakwatch.errors import BreakwatchError, UsageError
from store import faults
from store.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

Format = Literal["table", "csv", "json", "parquet"]

_MISSING_FILES = re.compile(r'No files found that match the pattern "([^"]*)"')

_READING = frozenset({"SELECT", "EXPLAIN", "MULTI"})
"""Types of statements that only read; MULTI is PIVOT."""

_LIVE_CELL = ("=", "+", "-", "@", "\t", "\r", "\x00")
"""A text cell that begins so is a formula to a spreadsheet."""


def sql_readonly(path: str | Path, sql: str, fmt: Format = "table", out: str | Path | None = None) -> str:
    """Run a query on the published file; return the answer as text, or write it to ``out`` and return nothing.

    Raises:
        UsageError: not one query, it cannot be carried out, or the answer has no place to go to.
        StoreError: there is no published file, or it cannot be read.
    """
    if out is not None:
        _check_place(Path(out), Path(path))
    with Reader.open(path) as reader:
        if fmt == "parquet":
            _write_parquet(reader, sql, out)
            return ""
        names, rows = ask(reader, sql)
    text = {"table": as_table, "csv": as_csv, "json": as_json}[fmt](names, rows)
    if out is None:
        return text
    with faults.translated(Path(out)):
        Path(out).write_text(text, encoding="utf-8", newline="")
    return ""


def ask(reader: Reader, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names and rows of a query's answer.

    Raises:
        UsageError: with DuckDB's own message.
        StoreError: parts of the store are not where they were.
    """
    try:
        cursor = _cursor_for(reader, sql)
        cursor.execute(sql)
        described = cursor.description or []
        return [column[0] for column in described], cursor.fetchall()
    except duckdb.Error as error:
        raise _explained(reader, sql, error) from error


def _cursor_for(reader: Reader, sql: str) -> duckdb.DuckDBPyConnection:
    """Return a cursor for one query that only reads.

    Of several, all but the last answer would be lost without a word; and COPY writes though the store is read-only.
    """
    cursor = reader.cursor()
    found = cursor.extract_statements(sql)
    if len(found) != 1:
        raise UsageError("the query is empty" if not found else f"{len(found)} queries in one", "ask one at a time")
    if found[0].type.name not in _READING:
        raise refused(f"{found[0].type.name} is no query")
    return cursor


def _explained(reader: Reader, sql: str, error: duckdb.Error) -> BreakwatchError:
    """Return the store's error where the store's own parts are gone, else the query's: only that is the asker's."""
    missing = _MISSING_FILES.search(str(error))
    if missing is not None and missing[1] not in sql:
        return faults.parts_missing(reader.path, missing[0])
    return refused(str(error))


def _check_place(out: Path, published: Path) -> None:
    if not out.absolute().parent.is_dir():
        raise UsageError(f"{out}: no such folder", "make it, or choose another place with --out")
    if out.resolve() == published.resolve():
        raise UsageError(f"{out} is the store itself", "choose another place with --out")


def refused(message: str) -> UsageError:
    """Return DuckDB's refusal of a person's query as ours: what is wrong, and what it thinks was meant."""
    said = [line.strip() for line in message.strip().splitlines()] or ["the query was refused"]
    meant = [line for line in said[1:] if line.startswith(("Did you mean", "Candidate"))]
    remedy = "DESCRIBE <view> shows names and meanings; only queries are allowed"
    return UsageError(" ".join(said[:1] + meant[:1]), remedy)


def _write_parquet(reader: Reader, sql: str, out: str | Path | None) -> None:
    if out is None:
        raise UsageError("Parquet is no text for a terminal", "name a file: --out FILE")
    try:
        answer = _cursor_for(reader, sql).sql(sql)
        with faults.translated(Path(out)):
            answer.write_parquet(str(out), compression="zstd")
    except duckdb.Error as error:
        raise _explained(reader, sql, error) from error


def as_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return aligned columns; NULL is empty."""
    cells = [list(names), *([_shown(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def as_csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return CSV that a spreadsheet cannot mistake for formulas: text cells that would be live get an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([harmless(name) for name in names])
    writer.writerows([[value if _is_number(value) else harmless(_shown(value)) for value in row] for row in rows])
    return buffer.getvalue()


def harmless(text: str) -> str:
    """Return a text cell with a leading apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_LIVE_CELL) else text


def as_json(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a JSON array of objects, times in ISO 8601 with zone, no data as null and infinities as text."""
    objects = [{name: _as_json_value(value) for name, value in zip(names, row, strict=True)} for row in rows]
    return json.dumps(objects, ensure_ascii=False, indent=1) + "\n"


def _as_json_value(value: Any) -> Any:
    if isinstance(value, float) and value - value != 0:  # nan and infinities are not JSON
        return None if value != value else ("inf" if value > 0 else "-inf")  # noqa: PLR0124 - the test for nan
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _as_json_value(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json_value(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(_as_json_value(value), ensure_ascii=False)
    return str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
