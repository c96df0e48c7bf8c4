"""Half-open breakers: how many calls they let through before they close, and whether they ever leave it."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.expected.check import Check, Finding, Subjects, of_spell, seconds
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.expected", "half_open.sql")

STUCK_S = 60.0
STUCK = 3.0
"""Half-open for longer than a minute and than so many open times, while calls are attempted, is stuck."""


def find(subjects: Subjects) -> Iterator[Finding]:
    """Yield what half-open spells prove: more calls let through than declared, closed after fewer, or stuck.

    Counts are by minute: more is proved by the minutes wholly inside the spell, fewer by all that touch it, where the
    same counters counted calls before. A breaker nobody calls stays half-open lawfully. That it stayed half-open at all
    only a log proves: between two samples of a gauge it may have opened and come back.
    """
    declared = {(service, breaker): settings for service, breaker, settings in subjects.breakers()}
    for row in subjects.rows.rows(_SQL, subjects.asked()):
        settings = declared.get((row["service"], row["breaker"]))
        allowed = settings.half_open_calls if settings else None
        open_time_s = (settings.open_time_s if settings else None) or 0.0
        if allowed is not None and row["told"] and row["let_through"] > allowed:
            text = f"at least {row['let_through']} calls were let through half-open; {allowed} are declared"
            yield of_spell("half_open_calls", row, text)
        elif allowed is not None and row["counted"] and row["to_state"] == "closed" and row["at_most"] < allowed:
            text = f"closed after at most {row['at_most']} calls half-open; {allowed} are declared"
            yield of_spell("half_open_calls", row, text)
        if row["told"] and row["attempts"] and row["shortest_s"] > max(STUCK_S, STUCK * open_time_s):
            still = "" if row["to_state"] else " and still is"
            text = f"half-open for at least {seconds(row['shortest_s'])}{still}"
            yield of_spell(
                "stuck_half_open", row, f"{text}; {row['attempts']} calls were attempted after its first minute"
            )


CHECK = Check(("half_open_calls", "stuck_half_open"), find)
