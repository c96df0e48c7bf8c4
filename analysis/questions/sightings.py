"""What each source saw of a breaker by itself, before fusion: the evidence to hold a fused edge against."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from analysis.questions.common import Edge, Span, load
from analysis.questions.lanes import Spell

if TYPE_CHECKING:
    from store import Rows

_SIGHTINGS = load("sightings")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One move as one source saw it; ``inferred`` where several fell into one scrape and only counters told them."""

    to_state: str
    occurred: Edge
    inferred: bool


@dataclass(frozen=True, slots=True)
class Witness:
    """One source and what it saw of one instance, in order, from the first opening on."""

    source: str
    instance: str
    sightings: tuple[Sighting, ...]

    @property
    def exact(self) -> bool:
        """Return whether every instant is known without doubt."""
        return all(one.occurred.half_width_s == 0 for one in self.sightings)

    @property
    def half_width_s(self) -> float:
        """Return half of the widest bounds, in seconds."""
        return max((one.occurred.half_width_s for one in self.sightings), default=0.0)

    @property
    def openings(self) -> int:
        """Return how often this source saw it open."""
        return sum(1 for one in self.sightings if one.to_state == "open")

    @property
    def inferred_openings(self) -> int:
        """Return how many of the openings no sample shows, only the counters."""
        return sum(1 for one in self.sightings if one.to_state == "open" and one.inferred)

    @property
    def spells(self) -> tuple[Spell, ...]:
        """Return the times in each state, the last one open-ended unless it is closed."""
        ends = [*(later.occurred for _, later in pairwise(self.sightings)), None]
        return tuple(
            Spell(one.to_state, one.occurred, end)
            for one, end in zip(self.sightings, ends, strict=True)
            if one.to_state != "closed"
        )


def witnesses(rows: Rows, environment: str, service: str, breaker: str, during: Span) -> tuple[Witness, ...]:
    """Return the sources that saw an episode, on the instance that most of them saw; on a tie that reopened most."""
    parameters = {
        "environment": environment,
        "service": service,
        "breaker": breaker,
        "start": during.start,
        "end": during.end,
    }
    grouped: dict[tuple[str, str], list[Sighting]] = {}
    for row in rows.rows(_SIGHTINGS, parameters):
        found = grouped.setdefault((row["source"], row["instance"]), [])
        if found or row["to_state"] != "closed":
            occurred = Edge(row["occurred_at"], row["occurred_earliest"], row["occurred_latest"])
            found.append(Sighting(row["to_state"], occurred, row["inferred"]))
    everyone = [Witness(source, instance, tuple(seen)) for (source, instance), seen in grouped.items() if seen]
    by_instance: dict[str, list[Witness]] = {}
    for one in everyone:
        by_instance.setdefault(one.instance, []).append(one)
    if not by_instance:
        return ()
    best = min(by_instance, key=lambda name: (-len(by_instance[name]), -_most_openings(by_instance[name]), name))
    unnamed = by_instance.get("", []) if best else []
    return tuple(sorted([*by_instance[best], *unnamed], key=lambda one: (one.exact, one.source)))


def _most_openings(found: list[Witness]) -> int:
    return max(one.openings for one in found)
