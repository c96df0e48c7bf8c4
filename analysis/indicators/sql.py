"""``sql``: a query of the user's own, which returns one row with value, low, high and n.

It may name ``$from`` and ``$to`` (the window, as timestamps), ``$environment``, ``$service``, ``$operation``,
``$target`` and ``$experiment``, which are those of the objective.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import isnan
from typing import Any

from analysis.asking import NO_DATA, Ask, Ground, Measured, parameters
from analysis.experiments import within_experiments
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql
from breakwatch.clock import from_us
from breakwatch.errors import UsageError

_SQL = read_sql("analysis.indicators", "sql.sql")

COLUMNS = ("value", "low", "high", "n")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return what each query returns; where it leaves ``low`` or ``high`` NULL, that side is not known.

    Raises:
        UsageError: not one query that only reads, it fails, or it returns something else; the problem names it.
    """
    return [_measured(ground, ask) if ask.spans else NO_DATA for ask in within_experiments(ground, asks)]


def _measured(ground: Ground, ask: Ask) -> Measured:
    sql = (ask.scope.sql or "").strip()
    _check(ground, sql)
    rows = _answer(ground, sql, ask)
    if not rows:
        return Measured(note="the query returned no row")
    if len(rows) > 1 or "value" not in rows[0]:
        shape = f"{len(rows)} rows of {', '.join(rows[0])}"
        raise _refused(sql, f"returned {shape}", f"return one row with {', '.join(COLUMNS)}")
    return _of_row(sql, rows[0])


def _check(ground: Ground, sql: str) -> None:
    known = ground.once(f"sql/{sql}", lambda there: there.rows.rows(_SQL, {"sql": sql})[0]["parsed"])
    parsed: dict[str, Any] = json.loads(known)
    if parsed.get("error"):
        raise _refused(sql, f"cannot be run: {parsed.get('error_message')}", "write one query that only reads")
    if len(parsed["statements"]) != 1:
        raise _refused(sql, f"is {len(parsed['statements'])} queries", "write one query that only reads")


def _answer(ground: Ground, sql: str, ask: Ask) -> list[dict[str, Any]]:
    scope = ask.scope
    offered: dict[str, datetime | str | None] = {
        "from": from_us(ask.start_us),
        "to": from_us(ask.end_us),
        "environment": scope.environment,
        "service": scope.service,
        "operation": scope.operation,
        "target": scope.target,
        "experiment": scope.experiment,
    }
    try:
        return ground.rows.rows(sql, {name: value for name, value in offered.items() if name in parameters(sql)})
    except Exception as error:
        said = str(error).strip().splitlines()
        remedy = "try it: breakwatch sql; known parameters are " + ", ".join(f"${name}" for name in offered)
        raise _refused(sql, f"failed: {said[0] if said else type(error).__name__}", remedy) from error


def _of_row(sql: str, row: Mapping[str, Any]) -> Measured:
    try:
        value, low, high = (_number(row.get(name)) for name in ("value", "low", "high"))
        n = int(row.get("n") or 0)
    except (TypeError, ValueError) as error:
        raise _refused(sql, f"returned no numbers: {dict(row)}", f"return numbers as {', '.join(COLUMNS)}") from error
    found = Measured(value, low, high, n=n)
    if value is None:
        return replace(found, note="the query returned no value")
    if (low is not None and low > value) or (high is not None and high < value):
        raise _refused(sql, f"returned {value:g} outside {low} to {high}", "return low <= value <= high")
    return found


def _number(value: object) -> float | None:
    """Return a number of the database as ours; NULL and nan are no number."""
    if value is None:
        return None
    number = float(str(value))
    return None if isnan(number) else number


def _refused(sql: str, problem: str, remedy: str) -> UsageError:
    shown = " ".join(sql.split())
    return UsageError(f"the query {shown[:80]!r} of an objective {problem}", remedy)


INDICATOR = Indicator(
    "sql",
    unit="",
    measures="a query of the user's own that returns value, low, high and n",
    formula="as the query says",
    better="neither",
    nothing="unknown",
    compute=compute,
    covered=False,
)
