"""The breakers: how each stands now, and its spells away from closed over a span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.questions.common import Bounded, Edge, Span, edge, load
from analysis.questions.episodes import Episode, Healing, episodes, healing
from analysis.questions.lanes import Spell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store import Rows

_BREAKERS = load("breakers")
_SPELLS = load("breaker_spells")
_MOST_SPELLS = 2_000


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker now, over all its instances, and how it did in the span."""

    service: str
    breaker: str
    state: str
    since: Edge | None
    instances_hit: int
    instances_seen: int
    healing: Healing

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
    """One breaker, or one instance of one, over a span; ``spells`` are those away from closed."""

    name: str
    spells: tuple[Spell, ...]
    merged: int
    """How many spells were joined with a neighbour because they lie too close to be told apart."""


def breakers(rows: Rows, environment: str, span: Span, as_of: datetime) -> tuple[Breaker, ...]:
    """Return every breaker, those that are not closed first."""
    by_name: dict[str, list[Episode]] = {}
    for episode in episodes(rows, environment, span, as_of):
        by_name.setdefault(episode.name, []).append(episode)
    found = [
        Breaker(
            service=row["service"],
            breaker=row["breaker"],
            state=row["state"],
            since=_since(row, by_name.get(f"{row['service']} → {row['breaker']}", ())),
            instances_hit=row["instances_hit"],
            instances_seen=row["instances_seen"],
            healing=healing(by_name.get(f"{row['service']} → {row['breaker']}", ())),
        )
        for row in rows.rows(_BREAKERS, {"environment": environment})
    ]
    return tuple(sorted(found, key=lambda one: (one.state == "closed", -one.healing.episodes, one.name)))


def _since(row: dict[str, Any], found: Sequence[Episode]) -> Edge | None:
    """Return since when it stands so; an episode that goes on counts from its first opening, probes or not."""
    ongoing = next((episode.opened for episode in found if episode.ongoing), None)
    return ongoing or edge(row, "since", "since_earliest", "since_latest")


def state_lanes(
    rows: Rows, environment: str, span: Span, service: str | None = None, breaker: str | None = None
) -> tuple[StateLane, ...]:
    """Return a lane per breaker, or per instance once a breaker is named."""
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
    grouped: dict[str, list[dict[str, Any]]] = {}
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
                )
                for row in found
            ),
            merged=sum(row["spells"] - 1 for row in found),
        )
        for lane, found in sorted(grouped.items())
    )
