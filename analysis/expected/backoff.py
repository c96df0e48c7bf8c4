"""Backoff and jitter: waits between attempts that are not as the retry policy declares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analysis.asking import Ask, Scope, asked
from analysis.expected.check import Check, Finding, Subjects, seconds
from analysis.indicators.backoff_conformance import policies
from analysis.sqlfiles import read_sql, read_steps
from breakwatch.clock import DAY_US

_SQL = read_sql("analysis.expected", "backoff.sql")
_DAYS = read_steps("analysis.expected", "backoff_days.sql")

_HOW = {
    "attempts": "go beyond the declared max_attempts",
    "jitter": "are alike from call to call: there is no jitter",
    "short": "are shorter than declared",
    "long": "are longer than declared",
}


def find(subjects: Subjects) -> Iterator[Finding]:
    """Yield for each day and operation how waits break the declared policy, by the rules of ``backoff_conformance``.

    Only days with news are judged anew; what was found on others stays.
    """
    days = {
        (row["environment"], row["service"], row["day_us"])
        for row in subjects.rows.rows(_DAYS["days"], subjects.asked())
        if subjects.has_news(row["environment"], row["service"], row["day_us"], row["day_us"] + DAY_US)
    }
    for row in subjects.rows.rows(_DAYS["kept"], subjects.asked()):
        if (row["environment"], row["service"], row["from_us"] // DAY_US * DAY_US) not in days:
            where = (row["environment"], row["service"], row["subject"])
            word = next((word for word, how in _HOW.items() if how in row["evidence"]), "")
            if not subjects.anew:
                yield Finding(
                    row["kind"], *where, row["from_us"], row["until_us"], row["evidence"], "", row["labels"], word
                )
    asks = [
        Ask(Scope(environment=environment or None, service=service), ((day_us, day_us + DAY_US),))
        for environment, service, day_us in sorted(days)
        if service in subjects.services and subjects.services[service].expected.retries
    ]
    if asks:
        params = asked(asks, _SQL) | policies(list(subjects.services.values()))
        for row in subjects.rows.rows(_SQL, params):
            yield _finding(row)


def _finding(row: dict[str, Any]) -> Finding:
    subject = row["operation"] or row["target"] or ""
    kind = "jitter" if row["word"] == "jitter" else "backoff"
    place = "" if row["example_place"] is None else f" before attempt {row['example_place'] + 1}"
    example = f"for example {seconds(row['example_s'])}{place}"
    text = f"{row['broken']} of {row['waits']} waits of {subject} {_HOW[row['word']]}; {example}"
    return Finding(
        kind,
        row["environment"] or "",
        row["service"],
        subject,
        row["from_us"],
        row["until_us"],
        text,
        which=row["word"],
    )


CHECK = Check(("backoff", "jitter"), find, when="lines")
