"""Flapping: a breaker that opens from closed again and again."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.expected.check import Check, Finding, Subjects, of_spell, seconds
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.expected", "flapping.sql")

TIMES = 5
WITHIN_S = 600.0
"""So many openings from closed within so many seconds are flapping; reopenings from half-open do not count."""


def find(subjects: Subjects) -> Iterator[Finding]:
    """Yield the runs in which a breaker surely opened too often."""
    for row in subjects.rows.rows(_SQL, subjects.asked() | {"times": TIMES, "within_s": WITHIN_S}):
        lasted_s = (row["until_us"] - row["from_us"]) / 1e6
        text = f"opened {row['openings']} times from closed in {seconds(lasted_s)}"
        yield of_spell("flapping", row, f"{text}; {TIMES} within {seconds(WITHIN_S)} are flapping")


CHECK = Check(("flapping",), find)
