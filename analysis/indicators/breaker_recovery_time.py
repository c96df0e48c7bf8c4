"""``breaker_recovery_time``: from the first edge into open to the last into closed of an episode."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

from analysis.sqlfiles import read_sql
from analysis.statistics import UNENDED, Length, Spread, spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from store import Rows

_SQL = read_sql("analysis.indicators", "breaker_recovery_time.sql")

By = Literal["environment", "service", "breaker", "day"]
"""What figures may be broken down by."""


def breaker_recovery_time(
    rows: Rows,
    start: datetime,
    end: datetime,
    *,
    environment: str | None = None,
    service: str | None = None,
    breaker: str | None = None,
    by: Sequence[By] = (),
) -> dict[tuple[Any, ...], Spread]:
    """Return the figures of the episodes that opened in ``[start, end)``, in seconds.

    Args:
        rows: the store or the published file.
        start: where the window begins, an aware datetime.
        end: where it ends.
        environment: only this one; None leaves it open.
        service: only this one.
        breaker: only this one.
        by: what to break the figures down by; without it there is one entry, under the empty tuple.
    """
    subject = {"environment": environment, "service": service, "breaker": breaker}
    found: dict[tuple[Any, ...], list[Length]] = defaultdict(list)
    for row in rows.rows(_SQL, {"start": start, "end": end, **subject}):
        found[tuple(row[column] for column in by)].append(_length(row))
    if not by and not found:
        return {(): spread([])}
    return {group: spread(lengths) for group, lengths in found.items()}


def _length(row: Mapping[str, Any]) -> Length:
    high_s = row["duration_high_s"]
    return Length(row["duration_s"], row["duration_low_s"], UNENDED if high_s is None else high_s)
