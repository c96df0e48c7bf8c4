"""What people changed: deploys, configuration, flags, restarts; and which change may have begun something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from analysis.questions.common import Span, load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store import Rows

_CHANGES = load("causes")
_SUSPECT_FOR = timedelta(minutes=30)
_SAME_ACT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded change of one service."""

    service: str
    kind: str
    occurred_at: datetime
    revision: str
    detail: str


def changes(rows: Rows, environment: str, span: Span, services: Sequence[str] = ()) -> tuple[Change, ...]:
    """Return the changes in a span, the last one first; of every service where none is named."""
    parameters = {"environment": environment, "start": span.start, "end": span.end, "services": list(services)}
    return tuple(Change(**row) for row in rows.rows(_CHANGES, parameters))


def likely_cause(rows: Rows, environment: str, began_at: datetime, services: Sequence[str]) -> Change | None:
    """Return the last change of these services within 30 minutes before something began: a guess, not a proof.

    A restart right after another change of the same service is taken for a part of that change.
    """
    return suspect(changes(rows, environment, Span(began_at - _SUSPECT_FOR, began_at), services))


def suspect(found: Sequence[Change]) -> Change | None:
    """Return the change to suspect, of changes ordered from the last to the first."""
    if not found:
        return None
    last = found[0]
    if last.kind != "restart":
        return last
    behind = (one for one in found[1:] if one.service == last.service and one.kind != "restart")
    return next((one for one in behind if last.occurred_at - one.occurred_at <= _SAME_ACT), last)
