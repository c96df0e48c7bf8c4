"""Failure thresholds: breakers that open before the declared number of failures, or do not open after it."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.expected.check import Check, Finding, Subjects, of_spell
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.expected", "failure_threshold.sql")


def find(subjects: Subjects) -> Iterator[Finding]:
    """Yield openings and missing openings that the counters of calls prove against the declared threshold.

    Too early: since it closed last (or since its counters began) fewer failures were counted than it takes, those up to
    the first sample after it opened included. Too late: as many or more failed with nothing else counted between two
    samples, and a later one still shows it closed. An opening without any failure counted before it is left out: what
    opened it is not what is counted.
    """
    declared = [(s, b, one.failure_threshold) for s, b, one in subjects.breakers() if one.failure_threshold]
    if not declared:
        return
    params = subjects.asked() | {
        "breaker_services": [row[0] for row in declared],
        "breakers": [row[1] for row in declared],
        "thresholds": [row[2] for row in declared],
    }
    for row in subjects.rows.rows(_SQL, params):
        if row["what"] == "early":
            text = f"opened after at most {row['failures']} failures; the declared threshold is {row['threshold']}"
        else:
            text = f"{row['failures']} failures in a row did not open it; the declared threshold is {row['threshold']}"
        yield of_spell("failure_threshold", row, text)


CHECK = Check(("failure_threshold",), find, when="failing")
