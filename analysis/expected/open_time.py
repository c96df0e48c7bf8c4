"""How long breakers stay open: half-open too early, much too late though calls came, or not at all (stuck)."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.expected.check import Check, Finding, Row, Subjects, of_spell, seconds
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.expected", "open_time.sql")

LATE = 1.5
"""So many open times after it opened, a breaker that calls were attempted on should have let one through."""

STUCK = 3.0
"""A breaker that still is open after so many open times, while calls are attempted, is stuck."""


def find(subjects: Subjects) -> Iterator[Finding]:
    """Yield what the open spells of breakers prove against their open time.

    A library leaves open upon the next call at the earliest: without calls a breaker stays open lawfully. What it does
    is therefore late only where calls were turned away all the while, for longer than it may last, and none was let
    through. Where no open time is declared, the least one seen in three times or more says when it is stuck.
    """
    declared = [(s, b, settings.open_time_s) for s, b, settings in subjects.breakers() if settings.open_time_s]
    params = subjects.asked() | {
        "breaker_services": [row[0] for row in declared],
        "breakers": [row[1] for row in declared],
        "open_times_s": [row[2] for row in declared],
    }
    for row in subjects.rows.rows(_SQL, params):
        said, open_time_s = row["declared_s"], row["open_time_s"]
        if said is not None and row["to_state"] == "half_open" and row["longest_s"] < 0.95 * said:
            text = f"half-open after at most {seconds(row['longest_s'])}; the declared open time is {seconds(said)}"
            yield of_spell("open_time", row, text)
        elif open_time_s is not None and row["attempts"] and not row["let_through"]:
            yield from _late(row, said, open_time_s)


def _late(row: Row, said: float | None, open_time_s: float) -> Iterator[Finding]:
    known = "declared open time" if said is not None else "least open time seen"
    turned = f"{row['attempts']} calls were turned away in {seconds(row['counted_s'])} of it and none was let through"
    text = f"{turned}; the {known} is {seconds(open_time_s)}"
    if row["to_state"] is None and min(row["shortest_s"], row["counted_s"]) > STUCK * open_time_s:
        yield of_spell("stuck_open", row, f"open for at least {seconds(row['shortest_s'])} and still is; {text}")
    elif row["to_state"] == "half_open" and said is not None and row["counted_s"] > LATE * said:
        yield of_spell("open_time", row, f"half-open after at least {seconds(row['shortest_s'])}; {text}")


CHECK = Check(("open_time", "stuck_open"), find)
