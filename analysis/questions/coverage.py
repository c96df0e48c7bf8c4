"""How much of a span each source saw, and what it could not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.questions.common import Span, load

if TYPE_CHECKING:
    from datetime import datetime

    from store import Rows

_COVERAGE = load("coverage")
_REJECTED = load("rejected")


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """The share of a span that one source saw (0 to 1), from when it was first seen in it."""

    source: str
    share: float | None
    seen_from: datetime


@dataclass(frozen=True, slots=True)
class Doubts:
    """Input that was rejected and findings that were made in a span."""

    rejected: int
    findings: int
    kinds: str | None
    """The kinds of the findings, where there are any."""


def coverage(rows: Rows, environment: str, span: Span) -> tuple[SourceCoverage, ...]:
    """Return the coverage of each source, worst first."""
    parameters = {"environment": environment, "start": span.start, "end": span.end}
    return tuple(SourceCoverage(**row) for row in rows.rows(_COVERAGE, parameters))


def doubts(rows: Rows, environment: str, span: Span) -> Doubts:
    """Return how much of the span is in doubt."""
    parameters = {"environment": environment, "start": span.start, "end": span.end}
    return Doubts(**rows.rows(_REJECTED, parameters)[0])
