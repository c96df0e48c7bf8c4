"""Batches made from plain samples, as a collector would make them."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from breakwatch.model import Batch, Rejected, Runs, Sighting, SightingKind, Subject, Track, TrackKind

Sample = tuple[int, float]
"""Stamp in microseconds and value."""

STATE = Track(
    "prom", TrackKind.BREAKER_STATE, Subject("prod", "checkout", breaker="pay", instance="a"), scrape_target="app:a"
)
COUNTER = Track(
    "prom", TrackKind.REQUESTS, Subject("prod", "checkout"), scrape_target="app:a", detail=(("outcome", "success"),)
)
QUEUE = Track("prom", TrackKind.QUEUE, Subject("prod", "checkout"), scrape_target="app:a", detail=(("queue", "mail"),))
START = Track("prom", TrackKind.PROCESS_START, Subject("prod", "checkout"), scrape_target="app:a")
SCRAPE = Track("prom", TrackKind.SCRAPE, Subject("prod", "checkout"), scrape_target="app:a")


def runs_of(samples: Iterable[Sample]) -> list[tuple[int, int, float]]:
    """Return consecutive samples of equal value (nan equals nan) as runs."""
    runs: list[tuple[int, int, float]] = []
    for stamp, value in samples:
        if runs and (runs[-1][2] == value or (np.isnan(runs[-1][2]) and np.isnan(value))):
            runs[-1] = (runs[-1][0], stamp, value)
        else:
            runs.append((stamp, stamp, value))
    return runs


def batch_of(history: Mapping[Track, Sequence[Sample]], **others: object) -> Batch:
    """Return one batch with these samples of these tracks; ``read_s`` follows from the stamp, as a scrape's would."""
    tracks = list(history)
    rows = [(place, *run) for place, track in enumerate(tracks) for run in runs_of(history[track])]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    first_us = np.array(columns[1], np.int64)
    runs = Runs(
        np.array(columns[0], np.int32),
        first_us,
        np.array(columns[2], np.int64),
        np.array(columns[3], np.float64),
        (first_us % 7) / 10.0,
        first_us % 2 == 0,
    )
    return Batch(tracks[0].source if tracks else "prom", tracks, runs, **others)  # type: ignore[arg-type]


def sighting(position: str, occurred_us: int = 0, **others: object) -> Sighting:
    """Return a breaker's transition as a log line told it."""
    values: dict[str, object] = {
        "source": "logs",
        "kind": SightingKind.BREAKER_TRANSITION,
        "subject": Subject("prod", "checkout", breaker="pay"),
        "to_state": "open",
    }
    return Sighting(position=position, occurred_us=occurred_us, **(values | others))  # type: ignore[arg-type]


def rejected(position: str) -> Rejected:
    """Return a line that nobody understood."""
    return Rejected("logs", position, "no time in it", "?!")
