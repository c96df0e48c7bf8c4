"""One episode in full: what happened on one clock, how long, whom it hurt, and the rows behind every figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analysis.questions.breakers import StateLane, state_lanes
from analysis.questions.calls import Calls, calls
from analysis.questions.changes import Change, changes, suspect
from analysis.questions.common import Bounded, Edge, Span, bounded, edge, load
from analysis.questions.episodes import Episode, EpisodeFilter, episodes
from analysis.questions.lanes import Spell, levels_of, unseen_of
from analysis.questions.services import Service, services
from analysis.questions.sightings import Witness, witnesses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from store import Rows

_NEIGHBOURS = load("incident_neighbours")
_ROWS = load("incident_rows")
_INCIDENTS = load("incident_incidents")
_REQUESTS = load("incident_requests")
_HEALTH = load("incident_health")
_LEAST_MARGIN = timedelta(seconds=10)
_SUSPECT_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """One transition as the store keeps it, with the sources that saw it."""

    instance: str
    from_state: str
    to_state: str
    occurred: Edge
    sources: tuple[str, ...]
    inferred: bool
    clock_skew: bool

    @property
    def exact(self) -> bool:
        """Return whether the instant is known without doubt."""
        return self.occurred.half_width_s == 0


@dataclass(frozen=True, slots=True)
class InstanceIncident:
    """One incident of one instance."""

    instance: str
    opened: Edge
    closed: Edge | None
    duration: Bounded
    idle_open_s: float | None
    reopenings: int


@dataclass(frozen=True, slots=True)
class RequestSlice:
    """Calls in one slice of time."""

    start: datetime
    good: int
    instead: int
    failed: int
    refused: int


@dataclass(frozen=True, slots=True)
class HealthChange:
    """One change of a component's health."""

    component: str
    instance: str
    from_state: str
    to_state: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class LevelLane:
    """The level of one service around an episode."""

    service: str
    levels: tuple[Spell, ...]
    unseen: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """Everything that the page of one episode shows."""

    episode: Episode
    span: Span
    previous_id: str
    next_id: str
    lanes: tuple[StateLane, ...]
    levels: tuple[LevelLane, ...]
    requests: tuple[RequestSlice, ...]
    slice_s: float
    calls: Calls
    changes: tuple[Change, ...]
    health: tuple[HealthChange, ...]
    transitions: tuple[TransitionRow, ...]
    witnesses: tuple[Witness, ...]
    incidents: tuple[InstanceIncident, ...]
    service: Service | None
    cause: Change | None

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the sources that saw any of it, by name."""
        return tuple(sorted({source for row in self.transitions for source in row.sources}))

    @property
    def witnessed(self) -> tuple[TransitionRow, ...]:
        """Return the fused transitions of the instance that the witnesses saw, from its first opening on."""
        instance = next((one.instance for one in self.witnesses if one.instance), "")
        rows = [row for row in self.transitions if not instance or row.instance == instance]
        first = next((place for place, row in enumerate(rows) if row.to_state != "closed"), len(rows))
        return tuple(rows[first:])

    @property
    def comparable(self) -> bool:
        """Return whether sources can be held against each other, or openings were told by counters alone."""
        inferred = any(row.inferred and row.to_state == "open" for row in self.witnessed)
        return len(self.witnesses) > 1 or (bool(self.witnesses) and inferred)

    @property
    def drawable_requests(self) -> bool:
        """Return whether calls were counted finely enough to show a course: at least three slices an episode."""
        end = self.episode.closed.at if self.episode.closed else self.span.end
        return bool(self.requests) and (end - self.episode.opened.at).total_seconds() >= 3 * self.slice_s


def incident(rows: Rows, environment: str, episode_id: str, as_of: datetime) -> Incident | None:
    """Return one episode in full, or ``None`` where there is none of that id."""
    ever = Span(as_of - timedelta(days=36_500), as_of + timedelta(days=1))
    found = episodes(rows, environment, ever, as_of, EpisodeFilter(episode_id=episode_id))
    if not found:
        return None
    episode = found[0]
    span = surroundings(episode, as_of)
    service = services(rows, environment).get(episode.service)
    near = sorted({episode.service, episode.breaker, *(service.depends_on if service else ())})
    scope = {"environment": environment, "start": span.start, "end": span.end}
    during = Span(episode.opened.earliest, episode.closed.latest if episode.closed else as_of)
    slice_s = _slice_s(span)
    neighbours = rows.rows(_NEIGHBOURS, {"environment": environment, "episode_id": episode_id})
    changed = changes(rows, environment, Span(min(span.start, during.start - _SUSPECT_FOR), span.end), near)
    return Incident(
        episode=episode,
        span=span,
        previous_id=neighbours[0]["previous_id"],
        next_id=neighbours[0]["next_id"],
        lanes=state_lanes(rows, environment, span, service=episode.service, breaker=episode.breaker),
        levels=tuple(
            LevelLane(name, found_levels, unseen_of(rows, environment, name, span))
            for name in near
            if (found_levels := levels_of(rows, environment, name, span))
        ),
        requests=tuple(
            RequestSlice(row["slice_start"], row["good"], row["instead"], row["failed"], row["refused"])
            for row in rows.rows(_REQUESTS, {**scope, "service": episode.service, "slice_s": slice_s})
        ),
        slice_s=slice_s,
        calls=calls(rows, environment, episode.service, during),
        changes=tuple(change for change in changed if span.start <= change.occurred_at <= span.end),
        health=tuple(HealthChange(**row) for row in rows.rows(_HEALTH, {**scope, "services": near})),
        transitions=tuple(
            _transition(row)
            for row in rows.rows(
                _ROWS,
                {
                    "environment": environment,
                    "service": episode.service,
                    "breaker": episode.breaker,
                    "start": during.start,
                    "end": during.end,
                },
            )
        ),
        witnesses=witnesses(rows, environment, episode.service, episode.breaker, during),
        incidents=tuple(
            InstanceIncident(
                row["instance"],
                _opening(row),
                edge(row, "closed_at", "closed_earliest", "closed_latest"),
                bounded(row, "duration"),
                row["idle_open_s"],
                row["reopenings"] or 0,
            )
            for row in rows.rows(_INCIDENTS, {"environment": environment, "episode_id": episode_id})
        ),
        service=service,
        cause=suspect([change for change in changed if change.occurred_at <= episode.opened.latest]),
    )


def surroundings(episode: Episode, as_of: datetime) -> Span:
    """Return the span to show: the episode with a third of its length on either side, at least ten seconds."""
    end = episode.closed.latest if episode.closed else as_of
    margin = max(_LEAST_MARGIN, (end - episode.opened.earliest) / 3)
    return Span(episode.opened.earliest - margin, end if episode.closed is None else end + margin)


def _slice_s(span: Span) -> float:
    minutes = max(1, round(span.length_s / 60 / 90))
    return minutes * 60.0


def _opening(row: Mapping[str, Any]) -> Edge:
    return Edge(row["opened_at"], row["opened_earliest"], row["opened_latest"])


def _transition(row: Mapping[str, Any]) -> TransitionRow:
    return TransitionRow(
        instance=row["instance"] or "",
        from_state=row["from_state"] or "",
        to_state=row["to_state"],
        occurred=Edge(row["occurred_at"], row["occurred_earliest"], row["occurred_latest"]),
        sources=tuple(row["sources"] or ()),
        inferred=row["inferred"],
        clock_skew=row["clock_skew"],
    )
