"""Regressions that stand, as a check reports them beside the verdicts."""

from __future__ import annotations

from typing import Any

from analysis.sqlfiles import read_sql
from breakwatch.clock import Instant
from store import Rows

_SQL = read_sql("analysis.verdicts", "standing.sql")


def standing(rows: Rows, since_us: Instant | None = None, until_us: Instant | None = None) -> list[dict[str, Any]]:
    """Return suspected and confirmed regressions that changed in a span, with the columns of their view."""
    return rows.rows(_SQL, {"since_us": since_us, "until_us": until_us})
