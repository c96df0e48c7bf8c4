"""The breakers: how each stands now, and its spells away from closed over a span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.questions.common import Bounded, Edge, Span, edge, load
from analysis.questions.episodes import Episode, EpisodeFilter, Healing, episodes, healing
from analysis.questions.lanes import Spell, unseen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from store import Rows

_BREAKERS = load("breakers")
_LANES = load("breaker_lanes")
_SEEN = load("breaker_seen")
_SPELLS = load("breaker_spells")
_REOPENINGS = load("reopenings")
_MOST_SPELLS = 2_000


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker now, over all its instances, and how it did in the span.

    While it is open ``since`` is when its episode began; ``reopenings`` counts the probes that failed since then.
    """

    service: str
    breaker: str
    state: str
    since: Edge | None
    instances_hit: int
    instances_seen: int
    healing: Healing
    reopenings: int = 0
    last_reopened: Edge | None = None

    @property
    def name(self) -> str:
        """Return how people call it."""
        return f"{self.service} → {self.breaker}"

    @property
    def median(self) -> Bounded:
        """Return the median time to recover in the span."""
        return self.healing.median


@dataclass(frozen=True, slots=True)
class StateLane:
    """One breaker, or one instance of one, over a span.

    ``spells`` are those away from closed; ``unseen`` is where no source that can see the breaker was looking.
    """

    name: str
    spells: tuple[Spell, ...]
    unseen: tuple[Span, ...]
    merged: int
    """How many spells were joined with a neighbour because they lie too close to be told apart."""


def breakers(rows: Rows, environment: str, span: Span, as_of: datetime) -> tuple[Breaker, ...]:
    """Return every breaker, those that are not closed first."""
    by_name: dict[str, list[Episode]] = {}
    for episode in episodes(rows, environment, span, as_of):
        by_name.setdefault(episode.name, []).append(episode)
    ongoing = episodes(rows, environment, Span(as_of, as_of), as_of, EpisodeFilter(status="ongoing"))
    opened = {episode.name: episode.opened for episode in ongoing}
    again = {_name(row): row for row in rows.rows(_REOPENINGS, {"environment": environment})}
    found = [
        Breaker(
            service=row["service"],
            breaker=row["breaker"],
            state=row["state"],
            since=opened.get(_name(row)) or edge(row, "since", "since_earliest", "since_latest"),
            instances_hit=row["instances_hit"],
            instances_seen=row["instances_seen"],
            healing=healing(by_name.get(_name(row), ())),
            reopenings=again[_name(row)]["reopenings"] if _name(row) in again else 0,
            last_reopened=edge(again[_name(row)], "last_at", "last_earliest", "last_latest")
            if _name(row) in again
            else None,
        )
        for row in rows.rows(_BREAKERS, {"environment": environment})
    ]
    return tuple(sorted(found, key=lambda one: (one.state == "closed", -one.healing.episodes, one.name)))


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['service']} → {row['breaker']}"


def state_lanes(
    rows: Rows, environment: str, span: Span, service: str | None = None, breaker: str | None = None
) -> tuple[StateLane, ...]:
    """Return a lane for every breaker, or, once a breaker is named, for each instance that left closed."""
    parameters: dict[str, Any] = {
        "environment": environment,
        "start": span.start,
        "end": span.end,
        "service": service,
        "breaker": breaker,
        "by_instance": breaker is not None,
        "most": _MOST_SPELLS,
        "slice_s": span.length_s / 500,
    }
    subject = {name: parameters[name] for name in ("environment", "start", "end", "service", "breaker")}
    seen: dict[str, list[Span]] = {}
    for row in rows.rows(_SEEN, subject):
        seen.setdefault(row["name"], []).append(Span(row["started_at"], row["ended_at"]))
    quiet = rows.rows(_LANES, {"environment": environment, "service": service}) if breaker is None else []
    grouped: dict[str, list[dict[str, Any]]] = {row["lane"]: [] for row in quiet}
    for row in rows.rows(_SPELLS, parameters):
        grouped.setdefault(row["lane"].strip(), []).append(row)
    return tuple(
        StateLane(
            name=lane,
            spells=tuple(
                Spell(
                    row["state"],
                    edge(row, "started_at", "started_earliest", "started_latest"),
                    edge(row, "ended_at", "ended_earliest", "ended_latest"),
                    str(row["episode_id"] or ""),
                )
                for row in found
            ),
            unseen=unseen(span, seen.get(lane if breaker is None else f"{service} → {breaker}", [])),
            merged=sum(row["spells"] - 1 for row in found),
        )
        for lane, found in sorted(grouped.items())
    )
