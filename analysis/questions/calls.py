"""What became of calls: how many answered well, by a fallback, not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.questions.common import Span, load

if TYPE_CHECKING:
    from store import Rows

_CALLS = load("calls")

FAILED = frozenset({"failure", "timeout", "rate_limited"})
REFUSED = frozenset({"not_permitted", "rejected"})
INSTEAD = frozenset({"fallback", "cache_hit", "cache_stale"})


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one service in a span; ``None`` where nothing was counted, ``instead`` also where no fallback was."""

    total: int | None
    failed: int | None
    refused: int | None
    instead: int | None


def calls(rows: Rows, environment: str, service: str, span: Span) -> Calls:
    """Return how the calls of a service ended, over the buckets that touch the span."""
    parameters = {"environment": environment, "service": service, "start": span.start, "end": span.end}
    found = {row["outcome"]: int(row["calls"]) for row in rows.rows(_CALLS, parameters)}
    if not found:
        return Calls(None, None, None, None)
    return Calls(
        total=sum(found.values()),
        failed=sum(number for outcome, number in found.items() if outcome in FAILED),
        refused=sum(number for outcome, number in found.items() if outcome in REFUSED),
        instead=sum(found[outcome] for outcome in INSTEAD & found.keys()) if INSTEAD & found.keys() else None,
    )
