"""One lane per service: its level over time, its breakers' openings, its changes, and where nobody looked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analysis.questions.changes import Change, changes
from analysis.questions.common import Edge, Span, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from store import Rows

_SERVICES = load("lane_services")
_LEVELS = load("lane_levels")
_SEEN = load("lane_seen")
_OPENINGS = load("lane_openings")
_SLICES = 400


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in one state; ``ended`` is ``None`` while it goes on, ``started`` where it began before we looked.

    ``episode_id`` is the episode that a breaker's spell belongs to, empty for none.
    """

    state: str
    started: Edge | None
    ended: Edge | None
    episode_id: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A breaker's opening, or several too close together to tell apart on the lane."""

    opened_at: datetime
    breaker: str
    openings: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One service over a span. ``levels`` is empty where it never says its level; ``unseen`` is where nobody looked."""

    service: str
    levels: tuple[Spell, ...]
    unseen: tuple[Span, ...]
    openings: tuple[Opening, ...]
    changes: tuple[Change, ...]


def lanes(rows: Rows, environment: str, span: Span) -> tuple[Lane, ...]:
    """Return a lane for every service, by name."""
    scope = {"environment": environment, "start": span.start, "end": span.end}
    one = {**scope, "service": None}
    levels = _by_service(rows.rows(_LEVELS, one))
    seen = _by_service(rows.rows(_SEEN, one))
    openings = _by_service(rows.rows(_OPENINGS, {**scope, "slice_s": span.length_s / _SLICES}))
    changed = changes(rows, environment, span)
    return tuple(
        Lane(
            service=name,
            levels=tuple(spell(row) for row in levels.get(name, ())),
            unseen=unseen(span, [Span(row["started_at"], row["ended_at"]) for row in seen.get(name, ())]),
            openings=tuple(
                Opening(row["opened_at"], row["breaker"], row["openings"]) for row in openings.get(name, ())
            ),
            changes=tuple(change for change in changed if change.service == name),
        )
        for name in (row["service"] for row in rows.rows(_SERVICES, {"environment": environment}))
    )


def levels_of(rows: Rows, environment: str, service: str, span: Span) -> tuple[Spell, ...]:
    """Return the level spells of one service that touch a span."""
    scope = {"environment": environment, "start": span.start, "end": span.end, "service": service}
    return tuple(spell(row) for row in rows.rows(_LEVELS, scope))


def unseen_of(rows: Rows, environment: str, service: str, span: Span) -> tuple[Span, ...]:
    """Return when nobody looked at one service."""
    scope = {"environment": environment, "start": span.start, "end": span.end, "service": service}
    return unseen(span, [Span(row["started_at"], row["ended_at"]) for row in rows.rows(_SEEN, scope)])


def unseen(span: Span, seen: list[Span]) -> tuple[Span, ...]:
    """Return what is left of a span outside the given ordered, disjoint spans."""
    walls = [Span(span.start, span.start), *seen, Span(span.end, span.end)]
    return tuple(Span(left.end, right.start) for left, right in pairwise(walls) if right.start > left.end)


def spell(row: Mapping[str, Any]) -> Spell:
    """Return a level spell with the bounds of both ends; ends without a change row are taken as they stand."""
    return Spell(
        state=row["level"],
        started=_edge(row, "started"),
        ended=_edge(row, "ended"),
    )


def _edge(row: Mapping[str, Any], name: str) -> Edge | None:
    at = row[f"{name}_at"]
    return None if at is None else Edge(at, row[f"{name}_earliest"] or at, row[f"{name}_latest"] or at)


def _by_service(found: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        grouped.setdefault(row["service"], []).append(row)
    return grouped
