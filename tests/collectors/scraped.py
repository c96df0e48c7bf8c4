"""Scrapes written down as a test thinks of them, read through the ordinary collector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from breakwatch.model import STATE_WORDS, Batch, TrackKind
from tests.collectors.goldens import read

T0 = 1_795_174_430
Scrape = dict[str, float]
Page = Callable[..., Batch]


def collected(path: Path, *scrapes: Scrape, wanted: Sequence[str] = ()) -> Batch:
    """Read scrapes, 15 s apart: series → value of each."""
    lines = []
    for number, scrape in enumerate(scrapes):
        stamp = T0 + 15 * number
        for series, value in ({"up{}": 1.0} | scrape).items():
            name, _, labels = series.partition("{")
            inner = ",".join(part for part in (labels.removesuffix("}"), 'job="j",instance="i"') if part)
            lines.append(f"{name}{{{inner}}} {value!r} {stamp}")
    path.write_text("\n".join(lines) + "\n")
    return read(path, *wanted)


def states(batch: Batch, kind: TrackKind = TrackKind.BREAKER_STATE) -> list[str]:
    """Return the states of the one track of a kind, one for each run."""
    (number,) = [number for number, track in enumerate(batch.tracks) if track.kind is kind]
    return [STATE_WORDS[int(value)] for value in batch.runs.value[batch.runs.track == number]]


def counts(batch: Batch, kind: TrackKind, *keys: str) -> dict[tuple[str, ...], float]:
    """Return the last value of each track of a kind by some of its details."""
    found: dict[tuple[str, ...], float] = {}
    for number, track in enumerate(batch.tracks):
        if track.kind is kind:
            detail = dict(track.detail)
            key = tuple(detail.get(name) or str(getattr(track.subject, name, "")) for name in keys)
            found[key] = found.get(key, 0.0) + float(batch.runs.value[batch.runs.track == number][-1])
    return found
