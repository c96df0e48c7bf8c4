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
_MAKES_RESTART = frozenset({"deploy", "config", "flag", "scale"})


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded change of one service."""

    service: str
    kind: str
    occurred_at: datetime
    revision: str
    detail: str


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did, or a restart of its own: the restarts that a change brings belong to it."""

    change: Change
    restarts: int


def acts(found: Sequence[Change]) -> tuple[Act, ...]:
    """Return changes as acts, the last one first.

    Restarts within 2 minutes after a change of the same service are a part of it; restarts of several instances within
    2 minutes that no change explains are one act, too.
    """
    behind: dict[int, int] = {}
    leads: list[int] = []
    for place, one in enumerate(found):
        lead = _leader(place, found, leads) if one.kind == "restart" else None
        if lead is None:
            leads.append(place)
        else:
            behind[lead] = behind.get(lead, 0) + 1
    return tuple(
        Act(found[place], behind.get(place, 0) + (1 if found[place].kind == "restart" else 0)) for place in leads
    )


def _leader(place: int, found: Sequence[Change], leads: Sequence[int]) -> int | None:
    """Return the place of the change that a restart belongs to: one that somebody made, else a restart told before."""
    restart = found[place]
    near = [
        other
        for other, one in enumerate(found)
        if one.service == restart.service and abs(one.occurred_at - restart.occurred_at) <= _SAME_ACT
    ]
    made = [
        other
        for other in near
        if found[other].kind in _MAKES_RESTART and found[other].occurred_at <= restart.occurred_at
    ]
    return next(iter(made), next((other for other in leads if other in near), None))


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
