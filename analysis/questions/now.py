"""What needs a hand now: open breakers, lowered service levels, silent sources, standbys never proved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from analysis.questions.changes import Change, likely_cause
from analysis.questions.common import Edge, Span, edge, load
from analysis.questions.episodes import EpisodeFilter, episodes
from analysis.questions.services import Service, services

if TYPE_CHECKING:
    from store import Rows

_LEVELS = load("levels_now")
_SILENT = load("silent_sources")
_STANDBYS = load("unproved_standbys")
_OPEN = load("open_states")

Severity = Literal["S1", "S2", "S3", "S4"]
ConcernKind = Literal["breaker", "level", "unseen", "standby"]

PATIENCE_S = 150.0
"""How long a source may be silent before it counts as unseen: two and a half of the slowest usual scrape, 60 s."""

_LOWERED: dict[str, Severity] = {"degraded": "S3", "limited": "S2", "cache_only": "S2", "unavailable": "S2"}


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs attention; ``since`` is ``None`` where its beginning was never seen."""

    severity: Severity
    kind: ConcernKind
    service: str
    subject: str
    since: Edge | None
    state: str = ""
    instances_hit: int | None = None
    instances_seen: int | None = None
    calls_rejected: float | None = None
    episode_id: str = ""
    owner: str = ""
    runbook: str = ""
    cause: Change | None = None
    certain_start: bool = True


def concerns(rows: Rows, environment: str, as_of: datetime) -> tuple[Concern, ...]:
    """Return what needs attention, worst first, then the longest standing."""
    known = services(rows, environment)
    breakers = _open_breakers(rows, environment, as_of)
    found = [
        *breakers,
        *(_beside(concern, breakers) for concern in _lowered_levels(rows, environment, known)),
        *_silent(rows, environment, as_of),
        *_unproved(rows, environment, as_of),
    ]
    needs = _needs(known, breakers)
    dressed = (_with_context(rows, environment, concern, known, needs) for concern in found)
    return tuple(sorted(dressed, key=_urgency))


def _urgency(concern: Concern) -> tuple[str, datetime, str, str]:
    began = concern.since.at if concern.since else datetime.min.replace(tzinfo=UTC)
    return concern.severity, began, concern.service, concern.subject


def _open_breakers(rows: Rows, environment: str, as_of: datetime) -> list[Concern]:
    ongoing = episodes(rows, environment, Span(as_of, as_of), as_of, EpisodeFilter(status="ongoing"))
    found = [
        Concern(
            severity="S3",
            kind="breaker",
            service=episode.service,
            subject=episode.breaker,
            since=episode.opened,
            state="open",
            instances_hit=episode.instances_hit,
            instances_seen=episode.instances_seen,
            calls_rejected=episode.calls_rejected,
            episode_id=episode.episode_id,
        )
        for episode in ongoing
    ]
    told = {(concern.service, concern.subject) for concern in found}
    for row in rows.rows(_OPEN, {"environment": environment}):
        if (row["service"], row["breaker"]) not in told:
            since = edge(row, "since", "since_earliest", "since_latest")
            found.append(
                Concern(
                    "S3",
                    "breaker",
                    row["service"],
                    row["breaker"],
                    since,
                    state="open",
                    instances_hit=row["instances_hit"],
                    instances_seen=row["instances_seen"],
                    certain_start=False,
                )
            )
    return found


def _lowered_levels(rows: Rows, environment: str, known: dict[str, Service]) -> list[Concern]:
    found = []
    for row in rows.rows(_LEVELS, {"environment": environment}):
        severity = _LOWERED.get(row["level"])
        if severity is None:
            continue
        service = known.get(row["service"])
        if row["level"] == "unavailable" and service is not None and service.critical:
            severity = "S1"
        since = Edge(row["since"], row["earliest"] or row["since"], row["latest"] or row["since"])
        found.append(Concern(severity, "level", row["service"], row["level"], since, state=row["level"]))
    return found


def _beside(concern: Concern, breakers: list[Concern]) -> Concern:
    """Return a lowered level with the episode that goes on beside it: of its own breaker, or of one that guards it."""
    name = concern.service
    beside = next((one for one in breakers if one.episode_id and name in {one.service, one.subject}), None)
    return replace(concern, episode_id=beside.episode_id) if beside else concern


def _silent(rows: Rows, environment: str, as_of: datetime) -> list[Concern]:
    parameters = {"environment": environment, "as_of": as_of, "patience_s": PATIENCE_S}
    return [
        Concern("S4", "unseen", row["service"] or "", row["source"], Edge(row["since"], row["since"], row["since"]))
        for row in rows.rows(_SILENT, parameters)
    ]


def _unproved(rows: Rows, environment: str, as_of: datetime) -> list[Concern]:
    return [
        Concern(
            "S4",
            "standby",
            row["service"],
            row["target"],
            Edge(row["last_served_at"], row["last_served_at"], row["last_served_at"])
            if row["last_served_at"]
            else None,
        )
        for row in rows.rows(_STANDBYS, {"environment": environment, "as_of": as_of})
    ]


def _needs(known: dict[str, Service], breakers: list[Concern]) -> dict[str, set[str]]:
    """Return what each service needs: as declared, and what its open breakers guard."""
    needs = {name: set(service.depends_on) for name, service in known.items()}
    for one in breakers:
        needs.setdefault(one.service, set()).add(one.subject)
    return needs


def _with_context(
    rows: Rows, environment: str, concern: Concern, known: dict[str, Service], needs: dict[str, set[str]]
) -> Concern:
    service = known.get(concern.service)
    cause = None
    if concern.since is not None and concern.kind in {"breaker", "level"}:
        near = {concern.service, *needs.get(concern.service, ())}
        cause = likely_cause(rows, environment, concern.since.latest, sorted(near))
    return replace(
        concern,
        owner=service.owner if service else "",
        runbook=service.runbook if service else "",
        cause=cause,
    )
