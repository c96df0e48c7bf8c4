"""Standbys that nobody has proved: without a good answer for as long as they may go without one."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.expected.check import Check, Finding, Subjects, clock_time
from analysis.sqlfiles import read_sql
from breakwatch.clock import DAY_US, HOUR_US

_SQL = read_sql("analysis.expected", "standbys.sql")


def find(subjects: Subjects) -> Iterator[Finding]:
    """Yield the declared standbys that are unproved now; last seen by the hour, for as long as it is so."""
    declared = [
        (one.name, fallback.to, fallback.prove_every_s)
        for one in subjects.services.values()
        for fallback in one.fallbacks
    ]
    if not declared:
        return
    params = subjects.asked() | {
        "standby_service": [row[0] for row in declared],
        "standby": [row[1] for row in declared],
        "prove_every_s": [row[2] for row in declared],
        "now_us": subjects.now_us,
    }
    hour_us = subjects.now_us // HOUR_US * HOUR_US
    for row in subjects.rows.rows(_SQL, params):
        every = f"it is to be proved every {row['prove_every_s'] * 1e6 / DAY_US:g} days"
        last = "was never seen" if row["served_us"] is None else f"was at {clock_time(row['served_us'])}"
        from_us = hour_us if row["from_us"] is None else row["from_us"]
        where = (row["environment"], row["service"], row["target"])
        yield Finding(
            "unproven_standby", *where, from_us, max(from_us, hour_us), f"its last good answer {last}; {every}"
        )


CHECK = Check(("unproven_standby",), find, when="always")
