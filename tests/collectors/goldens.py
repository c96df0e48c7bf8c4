"""What each shipped profile makes of its exposition, written down; ``python -m tests.collectors.goldens`` does it anew.

A golden is read by people: one line for each track, with what it says, then the series that nobody wanted. A change of
a profile shows there as a change of lines.
"""

from __future__ import annotations

from pathlib import Path

from breakwatch.clock import fixed_clock
from breakwatch.config import Config, OpenMetricsSource
from breakwatch.model import STATE_WORDS, STATES, Batch, Track, TrackKind, Window
from collectors import profiles
from collectors.claims import Claims, series_text
from collectors.openmetrics import OpenMetricsCollector
from collectors.openmetrics_text import TextReader

GOLDEN = Path(__file__).parents[1] / "golden" / "profiles"
NOW = fixed_clock(1_795_174_500_000_000)
NAMES = tuple(name for name, profile in profiles.shipped().items() if profile.readings)
_FIELDS = ("service", "operation", "breaker", "component", "target")


def exposition(name: str) -> Path:
    """Return the exposition of a profile."""
    return GOLDEN / f"{name}.om"


def read(path: Path, *wanted: str) -> Batch:
    """Return what one file comes to with some profiles, or all."""
    source = OpenMetricsSource(name="file", paths=(path,), profiles=wanted)
    (batch,) = OpenMetricsCollector(source, Config(), NOW).collect(Window(None, NOW()), {})
    return batch


def rendered(name: str) -> str:
    """Return the golden of a profile."""
    batch = read(exposition(name), name)
    reader = TextReader(lambda _metric: True)
    for _block, _bad in reader.blocks(exposition(name)):
        pass
    claims = Claims(profiles.load([name]))
    others = sorted(series_text(labels) for labels in reader.labels if not claims.of(labels))
    tracks = sorted(_track(batch, number, track) for number, track in enumerate(batch.tracks))
    refused = sorted(f"refused: {one.reason}: {one.position}" for one in batch.rejected)
    return "\n".join([*tracks, *refused, *(f"not ours: {series}" for series in others)]) + "\n"


def _track(batch: Batch, number: int, track: Track) -> str:
    values = batch.runs.value[batch.runs.track == number].tolist()
    if track.kind in STATES:
        said = " ".join(STATE_WORDS[int(value)] for value in values)
    else:
        said = " ".join(f"{value:.15g}" for value in values)
    who = [f"{name}={text}" for name in _FIELDS if (text := getattr(track.subject, name))]
    detail = [f"{name}={text}" for name, text in track.detail if name != "series"]
    series = "" if track.kind is TrackKind.SCRAPE else f" of {dict(track.detail)['series']}"
    return f"{track.kind}: {said or 'nothing said'} ({', '.join([*who, *detail])}){series}"


if __name__ == "__main__":
    for each in NAMES:
        if exposition(each).exists():
            (GOLDEN / f"{each}.claims").write_text(rendered(each), encoding="utf-8")
