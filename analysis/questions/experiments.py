"""The experiments that are known."""

from __future__ import annotations

from typing import Any

from analysis.sqlfiles import read_sql
from store import Rows

SQL = read_sql("analysis.questions", "experiments.sql")
"""The statement itself, for a person to see its answer."""


def experiments(rows: Rows) -> list[dict[str, Any]]:
    """Return every experiment as the view ``experiments`` shows it, the newest first."""
    return rows.rows(SQL)
