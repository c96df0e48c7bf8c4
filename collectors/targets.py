"""Which scrape targets stand behind some samples, and a batch's worth of runs made of both.

What every target has, whatever its profile: ``up``, ``scrape_duration_seconds`` and ``process_start_time_seconds``.
They matter only for targets of which somebody wants something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from breakwatch.clock import Instant
from breakwatch.model import Rejected, Runs, Track
from collectors.claims import NAME, series_text
from collectors.encode import Encoded, Encoder, join_runs, scrape_target
from collectors.samples import Samples, by_series
from collectors.scrapes import CONTEXT_US, Numbers, ScrapeTarget, Stamps, unite

UP = "up"
DURATION = "scrape_duration_seconds"
PROCESS_START = "process_start_time_seconds"
OF_TARGETS = (UP, DURATION, PROCESS_START)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known about stamps beyond the samples themselves; the fields are those of ScrapeTarget."""

    known_until_us: Instant | None = None
    context_us: Instant | None = CONTEXT_US
    interval_s: float | None = None
    timeout_s: float | None = None


@dataclass(slots=True)
class _Parts:
    """The series of one target that tell about its scrapes."""

    labels: Mapping[str, str] = field(default_factory=dict)
    up: list[tuple[Stamps, Numbers]] = field(default_factory=list)
    duration: list[tuple[Stamps, Numbers]] = field(default_factory=list)
    others: list[Stamps] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Targets:
    """Scrape targets by name, with the labels that say whose they are.

    ``without_up`` are those whose scrapes are only known from what they carried.
    """

    by_name: Mapping[str, ScrapeTarget]
    labels: Mapping[str, Mapping[str, str]]
    without_up: frozenset[str]


def wanted_series(encoder: Encoder, labels: Sequence[Mapping[str, str]]) -> list[bool]:
    """Return for each series whether it makes its target matter: claimed, and not one every target has."""
    return [one[NAME] not in OF_TARGETS and bool(encoder.tracks_of(one)) for one in labels]


def targets_of(encoder: Encoder, samples: Samples, outlook: Outlook) -> Targets:
    """Return the targets of the wanted series among samples, their scrapes taken from ``up`` where it is there."""
    parts: dict[str, _Parts] = {}
    wanted = wanted_series(encoder, samples.labels)
    matter = {scrape_target(labels) for labels, one in zip(samples.labels, wanted, strict=True) if one}
    for labels, own, (stamps, values) in zip(samples.labels, wanted, by_series(samples), strict=True):
        name = scrape_target(labels)
        if name not in matter:
            continue
        part = parts.setdefault(name, _Parts())
        if labels[NAME] == UP:
            part.up.append((stamps, values))
            if not part.labels or series_text(labels) < series_text(part.labels):
                part.labels = labels
        elif labels[NAME] == DURATION:
            part.duration.append((stamps, values))
        elif own:
            part.others.append(stamps)
    return Targets(
        {name: _target(name, part, outlook) for name, part in parts.items()},
        {name: part.labels or _named(name) for name, part in parts.items()},
        frozenset(name for name, part in parts.items() if not part.up),
    )


def encode_all(encoder: Encoder, samples: Samples, targets: Targets, since_us: Instant, until_us: Instant) -> Encoded:
    """Return the tracks and runs of samples and of their targets' scrapes, in ``[since_us, until_us)``."""
    mine = np.array([scrape_target(labels) in targets.by_name for labels in samples.labels], np.bool_)
    plain = np.array([labels[NAME] not in (UP, DURATION) for labels in samples.labels], np.bool_)
    if not len(samples.labels):
        return Encoded([], Runs.empty(), [], 0)
    keep = (mine & plain)[samples.series] & (samples.stamps_us >= since_us) & (samples.stamps_us < until_us)
    kept = Samples(samples.labels, samples.series[keep], samples.stamps_us[keep], samples.values[keep])
    encoded = encoder.encode(kept, targets.by_name, since_us)
    tracks: list[Track] = []
    pieces: list[tuple[Runs, int]] = []
    for name, target in sorted(targets.by_name.items()):
        track, runs = encoder.scrapes(target, targets.labels[name], since_us, until_us)
        pieces.append((runs, len(tracks)))
        tracks.append(track)
    pieces.append((encoded.runs, len(tracks)))
    rejected: list[Rejected] = list(encoded.rejected)
    return Encoded([*tracks, *encoded.tracks], join_runs(pieces), rejected, encoded.skipped)


def _target(name: str, part: _Parts, outlook: Outlook) -> ScrapeTarget:
    up = dict(_latest_wins(part.up)) if part.up else {}
    stamps = unite([np.fromiter(up, np.int64, len(up))] if up else part.others)
    durations = dict(_latest_wins(part.duration))
    return ScrapeTarget(
        name=name,
        stamps_us=stamps,
        up=np.array([up.get(stamp, 1.0) for stamp in stamps.tolist()], np.float64),
        duration_s=np.array([durations.get(stamp, np.nan) for stamp in stamps.tolist()], np.float64),
        known_until_us=outlook.known_until_us,
        context_us=outlook.context_us,
        interval_s=outlook.interval_s,
        timeout_s=outlook.timeout_s,
    )


def _latest_wins(
    parts: Sequence[tuple[Stamps, Numbers]],
) -> Iterator[tuple[int, float]]:
    """Yield stamp and value; of twins at one stamp the larger comes last. Values that say nothing are left out."""
    both = sorted(
        (stamp, value)
        for stamps, values in parts
        for stamp, value in zip(stamps.tolist(), values.tolist(), strict=True)
        if value == value  # noqa: PLR0124 - a NaN is not equal to itself
    )
    yield from both


def _named(name: str) -> dict[str, str]:
    job, _, instance = name.partition("/")
    return {key: value for key, value in (("job", job), ("instance", instance)) if value}
