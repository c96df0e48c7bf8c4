"""Helpers: batches of counter and gauge samples, as a collector would yield them, and a store to put them into."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.facts import news, refresh_facts
from breakwatch.clock import SECOND_US
from breakwatch.config import Config
from breakwatch.model import Batch, Runs, Sighting, SightingKind, Subject, Track, TrackKind, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from store import Store

START_US = 1_790_000_040 * SECOND_US  # a whole minute

Samples = list[tuple[int, float]]


def at(seconds: float) -> int:
    """Return the instant so many seconds after the start of the story."""
    return START_US + round(seconds * SECOND_US)


def encoded(samples: Iterable[tuple[int, float]], gap_us: int) -> list[tuple[int, int, float]]:
    """Return samples as runs: neighbours of equal value not further apart than ``gap_us``."""
    runs: list[tuple[int, int, float]] = []
    for stamp_us, value in sorted(samples):
        if runs and stamp_us - runs[-1][1] <= gap_us and _equal(value, runs[-1][2]):
            runs[-1] = (runs[-1][0], stamp_us, value)
        else:
            runs.append((stamp_us, stamp_us, value))
    return runs


def _equal(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@dataclass
class Evidence:
    """Tracks with their samples, to be made batches of."""

    source: str = "prom"
    gap_us: int = 1 << 62
    samples: dict[Track, Samples] = field(default_factory=dict)

    def add(self, track: Track, samples: Iterable[tuple[int, float]]) -> Track:
        """Add samples ``(stamp_us, value)`` of a track."""
        self.samples.setdefault(track, []).extend(samples)
        return track

    def batch(self, start_us: int | None = None, end_us: int | None = None) -> Batch:
        """Return what was sampled from ``start_us`` to ``end_us``, both inclusive, as one batch."""
        tracks = list(self.samples)
        rows: list[tuple[int, int, int, float]] = []
        for index, track in enumerate(tracks):
            inside = [
                (stamp_us, value)
                for stamp_us, value in self.samples[track]
                if (start_us is None or stamp_us >= start_us) and (end_us is None or stamp_us <= end_us)
            ]
            rows.extend((index, *run) for run in encoded(inside, self.gap_us))
        used = sorted({row[0] for row in rows})
        place = {index: number for number, index in enumerate(used)}
        runs = Runs(
            np.array([place[row[0]] for row in rows], np.int32),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.int64),
            np.array([row[3] for row in rows], np.float64),
            np.full(len(rows), 0.01),
            np.zeros(len(rows), np.bool_),
        )
        return Batch(self.source, tracks=[tracks[index] for index in used], runs=runs, samples=len(rows))


def track(kind: TrackKind, *, source: str = "prom", instance: str = "a", group: str = "", **detail: str) -> Track:
    """Return a track of the service ``shop``; ``target``, ``breaker`` and ``service`` go to the subject."""
    subject = Subject(
        environment="prod",
        service=detail.pop("service", "shop"),
        operation=detail.pop("operation", ""),
        breaker=detail.pop("breaker", ""),
        target=detail.pop("target", ""),
        instance=instance,
    )
    return Track(source, kind, subject, f"shop/{instance}", "test", group, pairs(detail))


def requests(outcome: str = "success", **more: str) -> Track:
    """Return a counter of requests."""
    return track(TrackKind.REQUESTS, outcome=outcome, **more)


def sighting(kind: SightingKind, at_us: int, *, source: str = "logs", subject: Subject, **detail: str) -> Sighting:
    """Return one log event; its place in the source is its content."""
    return Sighting(source, kind, at_us, subject, f"{kind}{at_us}{sorted(detail.items())}", detail=pairs(detail))


def refreshed(store: Store, *batches: Batch, config: Config | None = None) -> None:
    """Append batches, refreshing the facts after each, as separate collections would."""
    for batch in batches:
        store.append(batch)
        refresh(store, config)


def refresh(store: Store, config: Config | None = None) -> None:
    """Refresh the facts alone; the marks of subjects are cleared as the whole refresh does."""
    with store.transaction():
        refresh_facts(store, config or Config(), news(store))
        store.execute("delete from raw.stale_subjects")


def table(store: Store, name: str) -> list[tuple[Any, ...]]:
    """Return all rows of a view, in an order of their own."""
    rows = store.rows(f"from {name}")
    return sorted((tuple(_plain(value) for value in row.values()) for row in rows), key=repr)


def _plain(value: object) -> object:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


def total(store: Store, where: Mapping[str, str] | None = None) -> int:
    """Return the sum of all request counts with these column values."""
    rows = store.rows("from request_counts")
    return sum(row["count"] for row in rows if all(row[key] == value for key, value in (where or {}).items()))


def absent(*stamps: int) -> Samples:
    """Return marks that the scrape target was seen without the series."""
    return [(stamp, math.nan) for stamp in stamps]
