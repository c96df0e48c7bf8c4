"""Health that disagrees with breakers: a component that says it is up behind a breaker that is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analysis.asking import Ground, Scope
from analysis.coverage import covered_spans
from analysis.expected.check import Check, Finding, Subjects, of_spell, seconds
from analysis.spans import common, length_us
from analysis.sqlfiles import read_sql
from breakwatch.clock import MINUTE_US
from breakwatch.config import Config

_SQL = read_sql("analysis.expected", "health.sql")

LONG_US = MINUTE_US
"""A signal that lags behind by less than this is slow and does not disagree."""


def find(subjects: Subjects) -> Iterator[Finding]:
    """Yield where both were seen, the breaker surely open and its component surely up, for longer than a minute.

    The other way round proves nothing: a breaker learns of a failure only from calls.
    """
    ground = Ground(subjects.rows, Config(), subjects.now_us)
    for row in subjects.rows.rows(_SQL, subjects.asked()):
        both = common(
            common(((row["from_us"], row["until_us"]),), _seen(ground, row, "service", "instance")),
            _seen(ground, row, "signal_service", "signal_instance"),
        )
        lasted_us = length_us(both)
        if lasted_us > LONG_US:
            text = f"open for at least {seconds(lasted_us / 1e6)} while the health of {row['breaker']} said up"
            yield of_spell("health_disagrees", row | {"from_us": both[0][0], "until_us": both[-1][1]}, text)


def _seen(ground: Ground, row: dict[str, Any], service: str, instance: str) -> tuple[tuple[int, int], ...]:
    scope = Scope(environment=row["environment"] or None, service=row[service], instance=row[instance] or None)
    return covered_spans(ground, scope)


CHECK = Check(("health_disagrees",), find)
