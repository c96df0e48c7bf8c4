"""The ordinary collectors read the sample as it is meant to be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file
from pathlib import Path

import collectors
import sample_data
from breakwatch.clock import fixed_clock
from breakwatch.config import Config, load
from breakwatch.model import Batch, SightingKind, TrackKind, Window
from sample_data.generator.build import Sample


@contextmanager
def _config() -> Iterator[tuple[Config, Path]]:
    with as_file(sample_data.DATA) as folder:
        yield load(Path(folder) / "breakwatch.yaml"), Path(folder)


def _collect(config: Config, name: str, **changed: object) -> list[Batch]:
    clock = fixed_clock(sample_data.AS_OF_US)
    source = next(one for one in config.sources if one.name == name).model_copy(update=changed)
    return list(collectors.make(source, config, clock).collect(Window(None, clock()), {}))


def test_logs_give_every_happening_and_reject_the_torn_lines(sample: Sample) -> None:
    """Of the demo's logs five lines are rejected, most are skipped, and every logged happening is found."""
    with _config() as (config, _):
        batches = _collect(config, "demo-logs")
    assert sum(len(batch.rejected) for batch in batches) == 5
    assert sum(batch.skipped for batch in batches) > 0.8 * sum(batch.lines for batch in batches)
    kinds = [sighting.kind for batch in batches for sighting in batch.sightings]
    truth = [str(entry["what"]) for _, _, entry in sample.truth.entries]
    for kind, what in (
        (SightingKind.LEVEL_CHANGE, "level_change"),
        (SightingKind.FAILOVER, "failover"),
        (SightingKind.HEALTH_CHANGE, "health_change"),
    ):
        assert kinds.count(kind) == truth.count(what) > 0
    changes = sum(truth.count(what) for what in ("deploy", "config", "restart", "maintenance"))
    assert kinds.count(SightingKind.CHANGE) == changes > 0
    assert kinds.count(SightingKind.RETRY_ATTEMPT) > 1000


def test_metrics_of_a_day_are_read_whole() -> None:
    """Of a day's scrapes no line is rejected or skipped, and every kind of track is there."""
    with _config() as (config, folder):
        batches = _collect(config, "demo-metrics", paths=(folder / "metrics" / "2026-11-16.om.gz",))
    assert sum(batch.skipped + len(batch.rejected) for batch in batches) == 0
    tracks = {track.kind for batch in batches for track in batch.tracks}
    assert tracks >= {
        TrackKind.BREAKER_STATE, TrackKind.LEVEL_STATE, TrackKind.TRANSITIONS, TrackKind.REQUESTS, TrackKind.RETRIES,
        TrackKind.LATENCY, TrackKind.QUEUE, TrackKind.SESSIONS, TrackKind.PROCESS_START, TrackKind.SCRAPE,
    }  # fmt: skip


def test_capture_is_read_whole() -> None:
    """The capture's breaker log gives nine transitions, and its samples none that is rejected."""
    with _config() as (config, _):
        log = _collect(config, "capture-breaker-log")
        samples = [*_collect(config, "capture-breaker-metrics"), *_collect(config, "capture-proxy-metrics")]
    assert sum(len(batch.sightings) for batch in log) == 9
    assert sum(len(batch.rejected) for batch in [*log, *samples]) == 0
    assert sum(batch.samples for batch in samples) > 2000
