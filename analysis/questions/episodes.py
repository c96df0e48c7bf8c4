"""Breaker episodes of a span, and how well they healed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.questions.common import Bounded, Edge, Span, bounded, edge, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from store import Rows

_EPISODES = load("episodes")


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that a breaker was open, over all instances; ``closed`` is ``None`` while it goes on."""

    episode_id: str
    service: str
    breaker: str
    opened: Edge
    closed: Edge | None
    duration: Bounded
    openings: int
    instances_hit: int
    instances_seen: int | None
    calls_rejected: float | None
    healed_by: str | None
    ongoing: bool

    @property
    def name(self) -> str:
        """Return how people call it."""
        return f"{self.service} → {self.breaker}"


@dataclass(frozen=True, slots=True)
class EpisodeFilter:
    """Which episodes are wanted; ``None`` leaves a filter out. ``least_s`` is the shortest duration in seconds."""

    service: str | None = None
    breaker: str | None = None
    status: str | None = None
    episode_id: str | None = None
    least_s: float | None = None
    words: str | None = None


EVERYTHING = EpisodeFilter()


@dataclass(frozen=True, slots=True)
class Healing:
    """How episodes ended. Ongoing ones count as longer than any that ended, and in the bounds as long as so far."""

    episodes: int
    ongoing: int
    healed_by: tuple[tuple[str, int], ...]
    median: Bounded
    p90: Bounded
    worst: Bounded
    instances_hit: int

    @property
    def resolved(self) -> int:
        """Return the number of episodes that have ended."""
        return self.episodes - self.ongoing

    @property
    def healed_by_itself(self) -> int:
        """Return the number of episodes that healed by themselves."""
        return dict(self.healed_by).get("self", 0)


def episodes(
    rows: Rows, environment: str, span: Span, as_of: datetime, only: EpisodeFilter = EVERYTHING
) -> tuple[Episode, ...]:
    """Return the episodes that touch the span, newest first."""
    found = rows.rows(
        _EPISODES,
        {"environment": environment, "start": span.start, "end": span.end, "as_of": as_of, **asdict(only)},
    )
    return tuple(_episode(row, as_of) for row in found)


def healing(found: Sequence[Episode]) -> Healing:
    """Return how well the given episodes healed."""
    ended = [episode for episode in found if not episode.ongoing]
    causes: dict[str, int] = {}
    for episode in ended:
        causes[episode.healed_by or "unknown"] = causes.get(episode.healed_by or "unknown", 0) + 1
    return Healing(
        episodes=len(found),
        ongoing=len(found) - len(ended),
        healed_by=tuple(sorted(causes.items(), key=lambda pair: (-pair[1], pair[0]))),
        median=_over(found, 0.5),
        p90=_over(found, 0.9),
        worst=_over(found, 1.0),
        instances_hit=sum(episode.instances_hit for episode in found),
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return a quantile by linear interpolation; ``None`` of nothing, infinite where it reaches into the unended."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = math.floor(place), math.ceil(place)
    if below == above or math.isinf(ordered[above]):
        return ordered[above]
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _over(found: Sequence[Episode], share: float) -> Bounded:
    """Return a quantile of the durations; its value is ``None`` where only what has not ended could tell it."""
    low = quantile([e.duration.low for e in found if e.duration.low is not None], share)
    high = quantile([e.duration.high for e in found if e.duration.high is not None], share)
    ended = [e.duration.value for e in found if not e.ongoing and e.duration.value is not None]
    value = quantile([*ended, *(math.inf for e in found if e.ongoing)], share)
    if value is not None and math.isinf(value):
        value = quantile(ended, share)
    return Bounded(value if value is not None and low is not None and value >= low else None, low, high)


def _episode(row: Mapping[str, Any], as_of: datetime) -> Episode:
    opened = edge(row, "opened_at", "opened_earliest", "opened_latest")
    if opened is None:
        raise ValueError(f"an episode without an opening: {row['episode_id']}")
    ongoing = row["status"] == "ongoing"
    return Episode(
        episode_id=str(row["episode_id"]),
        service=row["service"],
        breaker=row["breaker"],
        opened=opened,
        closed=edge(row, "closed_at", "closed_earliest", "closed_latest"),
        duration=_so_far(opened, as_of) if ongoing else bounded(row, "duration"),
        openings=row["openings"],
        instances_hit=row["instances_hit"],
        instances_seen=row["instances_seen"],
        calls_rejected=row["calls_rejected"],
        healed_by=row["healed_by"],
        ongoing=ongoing,
    )


def _so_far(opened: Edge, as_of: datetime) -> Bounded:
    elapsed_s = max(0.0, (as_of - opened.latest).total_seconds())
    return Bounded((as_of - opened.at).total_seconds(), elapsed_s, math.inf)
