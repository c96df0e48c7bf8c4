"""Breaker episodes of a span, and how well they healed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.questions.common import Bounded, Edge, Span, bounded, edge, load
from analysis.statistics import TOO_FEW, UNENDED, Figure, Length, spread

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
    promql_openings: float | None
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
    """How episodes ended, and how long they lasted; those that go on count as at least as long as so far.

    ``mean`` is of those that ended; ``mean_low_s`` to ``mean_high_s`` is its 95 % bootstrap interval, ``None`` where
    fewer than two have ended.
    """

    episodes: int
    ongoing: int
    healed_by: tuple[tuple[str, int], ...]
    median: Bounded
    p90: Bounded
    worst: Bounded
    mean: Bounded
    mean_low_s: float | None
    mean_high_s: float | None
    instances_hit: int

    @property
    def resolved(self) -> int:
        """Return the number of episodes that have ended."""
        return self.episodes - self.ongoing

    @property
    def healed_by_itself(self) -> int:
        """Return the number of episodes that healed by themselves."""
        return dict(self.healed_by).get("self", 0)

    @property
    def too_few(self) -> bool:
        """Return whether some have ended, but too few to compare them with anything."""
        return 0 < self.resolved < TOO_FEW


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
    told = spread([_length(episode) for episode in found])
    return Healing(
        episodes=len(found),
        ongoing=len(found) - len(ended),
        healed_by=tuple(sorted(causes.items(), key=lambda pair: (-pair[1], pair[0]))),
        median=_bounded(told.median),
        p90=_bounded(told.p90),
        worst=_bounded(told.worst),
        mean=_bounded(told.mean),
        mean_low_s=told.ci_low,
        mean_high_s=told.ci_high,
        instances_hit=sum(episode.instances_hit for episode in found),
    )


def _length(episode: Episode) -> Length:
    low, high = episode.duration.low or 0.0, episode.duration.high
    if episode.ongoing:
        return Length(None, low, UNENDED)
    return Length(episode.duration.value, low, UNENDED if high is None else high)


def _bounded(figure: Figure) -> Bounded:
    """Return a figure; a value that is no more than the lower bound of what has not ended says nothing of its own."""
    endless = figure.value is not None and figure.high == UNENDED and figure.value == figure.low
    return Bounded(None if endless else figure.value, figure.low, figure.high)


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
        promql_openings=row["promql_openings"],
        instances_hit=row["instances_hit"],
        instances_seen=row["instances_seen"],
        calls_rejected=row["calls_rejected"],
        healed_by=row["healed_by"],
        ongoing=ongoing,
    )


def _so_far(opened: Edge, as_of: datetime) -> Bounded:
    elapsed_s = max(0.0, (as_of - opened.latest).total_seconds())
    return Bounded((as_of - opened.at).total_seconds(), elapsed_s, math.inf)
