"""Which scrape targets stand behind some samples, and a batch's worth of runs made of both.

What every target has, whatever its profile: ``up``, ``scrape_duration_seconds`` and ``process_start_time_seconds``.
They matter only for targets of which somebody wants something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import Instant
from breakwatch.model import Runs, Track
from collectors.claims import NAME, series_text
from collectors.encode import Encoded, Encoder, join_runs
from collectors.encode_packed import Span, encode_packed
from collectors.packed import Packed
from collectors.samples import Samples, by_series
from collectors.scrapes import CONTEXT_US, Numbers, ScrapeTarget, Stamps

UP = "up"
DURATION = "scrape_duration_seconds"
PROCESS_START = "process_start_time_seconds"
OF_TARGETS = (UP, DURATION, PROCESS_START)
MOST_MATCHED_JOBS = 100


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
    claimed = encoder.roster(labels).claimed.tolist()
    return [own and one[NAME] not in OF_TARGETS for one, own in zip(labels, claimed, strict=True)]


def targets_of(encoder: Encoder, samples: Samples | Packed, outlook: Outlook) -> Targets:
    """Return the targets of the wanted series among samples, their scrapes taken from ``up`` where it is there."""
    wanted = wanted_series(encoder, samples.labels)
    names = encoder.roster(samples.labels).targets
    matter = {name for name, one in zip(names, wanted, strict=True) if one}
    told = np.array(
        [name in matter and labels[NAME] in (UP, DURATION) for name, labels in zip(names, samples.labels, strict=True)],
        np.bool_,
    )
    chosen = np.flatnonzero(told)
    own = by_series(samples.expanded(told) if isinstance(samples, Packed) else _of(samples, told), chosen)
    parts: dict[str, _Parts] = {name: _Parts() for name in names if name in matter}
    for series, (stamps, values) in zip(chosen.tolist(), own, strict=True):
        labels, part = samples.labels[series], parts[names[series]]
        if labels[NAME] == UP:
            part.up.append((stamps, values))
            if not part.labels or series_text(labels) < series_text(part.labels):
                part.labels = labels
        else:
            part.duration.append((stamps, values))
    without_up = frozenset(name for name, part in parts.items() if not part.up)
    others: dict[str, list[int]] = {name: [] for name in without_up}
    for series, (name, one) in enumerate(zip(names, wanted, strict=True)):
        if one and name in without_up:
            others[name].append(series)
    return Targets(
        {name: _target(name, part, _stamps(samples, others.get(name, [])), outlook) for name, part in parts.items()},
        {name: part.labels or _named(name) for name, part in parts.items()},
        without_up,
    )


def _of(samples: Samples, chosen: NDArray[np.bool_]) -> Samples:
    kept = chosen[samples.series]
    return Samples(samples.labels, samples.series[kept], samples.stamps_us[kept], samples.values[kept])


def _stamps(samples: Samples | Packed, series: Sequence[int]) -> Stamps:
    """Return the stamps of some series, ascending, each once."""
    if not series:
        return np.empty(0, np.int64)
    if isinstance(samples, Packed):
        return samples.stamps(series)
    return np.unique(samples.stamps_us[np.isin(samples.series, series)])


def encode_all(
    encoder: Encoder,
    samples: Samples | Packed,
    targets: Targets,
    since_us: Instant,
    until_us: Instant,
    *,
    over_us: Mapping[str, Instant] | None = None,
) -> Encoded:
    """Return the tracks and runs of samples and of their targets' scrapes, in ``[since_us, until_us)``.

    ``over_us``: until when the scrapes of a target are known to be over, where that is earlier (packed samples only).
    """
    if not len(samples.labels):
        return Encoded([], Runs.empty(), [], 0)
    names = encoder.roster(samples.labels).targets
    mine = np.array(
        [
            name in targets.by_name and labels[NAME] not in (UP, DURATION)  # what a target carried, not what scraped it
            for name, labels in zip(names, samples.labels, strict=True)
        ],
        np.bool_,
    )
    if isinstance(samples, Packed):
        over = over_us or {}
        span = Span(since_us, {name: min(until_us, over.get(name, until_us)) for name in targets.by_name})
        encoded = encode_packed(encoder, samples, mine, targets.by_name, span)
    else:
        keep = mine[samples.series] & (samples.stamps_us >= since_us) & (samples.stamps_us < until_us)
        kept = Samples(samples.labels, samples.series[keep], samples.stamps_us[keep], samples.values[keep])
        encoded = encoder.encode(kept, targets.by_name, since_us)
    return _with_scrapes(encoder, encoded, targets, since_us, until_us)


def scrapes_of(encoder: Encoder, targets: Targets, since_us: Instant, until_us: Instant) -> tuple[list[Track], Runs]:
    """Return the scrapes of targets in ``[since_us, until_us)``: tracks in the order of their names, and their runs."""
    tracks: list[Track] = []
    pieces: list[tuple[Runs, int]] = []
    for name, target in sorted(targets.by_name.items()):
        track, runs = encoder.scrapes(target, targets.labels[name], since_us, until_us)
        pieces.append((runs, len(tracks)))
        tracks.append(track)
    return tracks, join_runs(pieces)


def over_us(targets: Targets) -> dict[str, Instant]:
    """Return until when each target's scrapes are known to be over; later ones come whole with the next window."""
    return {
        name: int(target.stamps_us[-1]) + 1
        for name, target in targets.by_name.items()
        if name not in targets.without_up and len(target.stamps_us)
    }


def jobs_of(series: Sequence[Mapping[str, str]]) -> Mapping[str, Sequence[str]] | None:
    """Return the jobs of series as a matcher; None where there are too many to name."""
    jobs = sorted({one.get("job", "") for one in series})
    return {"job": jobs} if len(jobs) <= MOST_MATCHED_JOBS else None


def _with_scrapes(
    encoder: Encoder, encoded: Encoded, targets: Targets, since_us: Instant, until_us: Instant
) -> Encoded:
    """Return what was carried together with the scrapes that carried it."""
    tracks, runs = scrapes_of(encoder, targets, since_us, until_us)
    together = join_runs([(runs, 0), (encoded.runs, len(tracks))])
    return Encoded([*tracks, *encoded.tracks], together, encoded.rejected, encoded.skipped)


def _target(name: str, part: _Parts, others: Stamps, outlook: Outlook) -> ScrapeTarget:
    stamps, up = _latest_wins(part.up)
    if not len(stamps):
        stamps, up = others, np.ones(len(others))
    at, lasted = _latest_wins(part.duration)
    duration_s = lasted
    if not np.array_equal(stamps, at):
        duration_s = np.full(len(stamps), np.nan)
        _, ours, theirs = np.intersect1d(stamps, at, assume_unique=True, return_indices=True)
        duration_s[ours] = lasted[theirs]
    return ScrapeTarget(
        name=name,
        stamps_us=stamps,
        up=up,
        duration_s=duration_s,
        known_until_us=outlook.known_until_us,
        context_us=outlook.context_us,
        interval_s=outlook.interval_s,
        timeout_s=outlook.timeout_s,
    )


def _latest_wins(parts: Sequence[tuple[Stamps, Numbers]]) -> tuple[Stamps, Numbers]:
    """Return stamps, each once, and values; of twins at one stamp the larger. Values that say nothing are left out."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.float64)
    stamps = np.concatenate([one for one, _ in parts])
    values = np.concatenate([one for _, one in parts])
    told = ~np.isnan(values)
    stamps, values = stamps[told], values[told]
    if np.all(stamps[1:] > stamps[:-1]):
        return stamps, values
    order = np.lexsort((values, stamps))
    stamps, values = stamps[order], values[order]
    last = np.append(stamps[1:] != stamps[:-1], True)[: len(stamps)]
    return stamps[last], values[last]


def _named(name: str) -> dict[str, str]:
    job, _, instance = name.partition("/")
    return {key: value for key, value in (("job", job), ("instance", instance)) if value}
