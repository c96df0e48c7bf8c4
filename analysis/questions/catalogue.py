"""What can be asked: every view of the published file, its columns and their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from analysis.questions.common import load

if TYPE_CHECKING:
    from store import Rows

_CATALOGUE = load("catalogue")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class View:
    """One view that people may query."""

    name: str
    meaning: str
    columns: tuple[Column, ...]


def catalogue(rows: Rows) -> tuple[View, ...]:
    """Return the views by name."""
    found = rows.rows(_CATALOGUE)
    return tuple(
        View(
            name,
            columns[0]["meaning"],
            tuple(Column(row["column"], row["type"], row["column_meaning"]) for row in columns),
        )
        for name, columns in ((name, list(group)) for name, group in groupby(found, key=lambda row: str(row["view"])))
    )
