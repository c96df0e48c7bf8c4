"""The store's union of runs, in plain Python: what batches come to, whatever their order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from breakwatch.model import Batch, Runs, Track


@dataclass(frozen=True, order=True)
class Run:
    """One run of a track, with a NaN written as None."""

    first_us: int
    last_us: int
    value: float | None
    read_s: float


def runs_of(track: int, runs: Runs) -> list[Run]:
    """Return the runs of one track of a batch."""
    return [
        Run(
            int(runs.first_us[at]),
            int(runs.last_us[at]),
            None if math.isnan(runs.value[at]) else float(runs.value[at]),
            round(float(runs.read_s[at]), 9),
        )
        for at in range(len(runs))
        if runs.track[at] == track
    ]


def united(batches: Iterable[Batch]) -> dict[Track, list[Run]]:
    """Return every track with its runs, touching runs of equal value united; different values may not overlap."""
    found: dict[Track, set[Run]] = {}
    for batch in batches:
        for number, track in enumerate(batch.tracks):
            found.setdefault(track, set()).update(runs_of(number, batch.runs))
    return {track: _merged(sorted(runs, key=lambda run: (run.first_us, run.last_us))) for track, runs in found.items()}


def _merged(runs: Sequence[Run]) -> list[Run]:
    merged: list[Run] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last is None or run.first_us > last.last_us:
            merged.append(run)
            continue
        assert run.value == last.value, f"two values at once: {last} and {run}"
        assert run.first_us > last.first_us or run.read_s == last.read_s, f"two read times: {last} and {run}"
        merged[-1] = Run(last.first_us, max(last.last_us, run.last_us), last.value, last.read_s)
    return merged
