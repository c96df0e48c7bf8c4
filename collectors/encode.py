"""Samples become runs: states are read, one-hot groups are put together, equal neighbours are joined. Pure numpy.

The result is a function of the set of samples: their order, repetition and division into windows do not matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import Instant
from breakwatch.model import COUNTERS, Rejected, Runs, Track, TrackKind
from collectors.claims import NAME, Claim, Claims
from collectors.decode import Points
from collectors.identity import Resolver
from collectors.levels import read_levels
from collectors.roster import Roster
from collectors.samples import Samples, distinct
from collectors.scrapes import ScrapeTarget

MOST_KNOWN = 200_000
MOST_ROSTERS = 4
"""A cycle needs two: of what is looked for, and of what came."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What samples became."""

    tracks: Sequence[Track]
    runs: Runs
    rejected: Sequence[Rejected]
    skipped: int


@dataclass(frozen=True, slots=True)
class Read:
    """What samples say, before they are joined to runs: points by track and stamp, tracks by their target."""

    tracks: Sequence[Track]
    points: Points
    rejected: Sequence[Rejected]
    skipped: int


@dataclass(slots=True)
class Encoder:
    """Turns samples of one source into tracks and runs."""

    source: str
    group: str
    claims: Claims
    resolver: Resolver
    _known: dict[tuple[tuple[str, str], ...], list[tuple[Track, Claim]]] = field(default_factory=dict)
    _scrape_tracks: dict[str, tuple[Mapping[str, str], Track]] = field(default_factory=dict)
    _rosters: deque[Roster] = field(default_factory=lambda: deque(maxlen=MOST_ROSTERS))

    def encode(self, samples: Samples, targets: Mapping[str, ScrapeTarget], since_us: Instant) -> Encoded:
        """Return the tracks and runs of samples; every series' scrape target is among ``targets``.

        The samples must be complete from ``since_us`` on: a series that is not there before is not thereby absent.
        """
        read = self.read(distinct(samples))
        return Encoded(read.tracks, _runs(read.tracks, read.points, targets, since_us), read.rejected, read.skipped)

    def read(self, samples: Samples) -> Read:
        """Return what samples say one by one; every label set stands among them once, without replicas' labels."""
        roster = self.roster(samples.labels)
        plan = roster.plan.copied()
        skipped = int((~roster.claimed)[samples.series].sum())
        parts = [plan.decode(layer, samples) for layer in range(plan.layers)]
        if plan.counted:
            parts.append(read_levels(plan.counted, samples))
        points = Points.of([part for part in parts if len(part.track)], roster.rank)
        return Read(roster.tracks, points, plan.rejected, skipped)

    def roster(self, labels: Sequence[Mapping[str, str]]) -> Roster:
        """Return what is known of some series; remembered, for the same ones come in every cycle."""
        for roster in self._rosters:
            if roster.labels == labels:
                return roster
        claims = [self.tracks_of(one) for one in labels]
        self._rosters.append(Roster.of(self.source, labels, claims, [scrape_target(one) for one in labels]))
        return self._rosters[-1]

    def tracks_of(self, labels: Mapping[str, str]) -> list[tuple[Track, Claim]]:
        """Return the tracks a series takes part in, with what each claims; empty when nobody wants it."""
        key = tuple(sorted(labels.items()))
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()  # series come and go for years
            self._known[key] = [
                (
                    Track(
                        source=self.source,
                        kind=claim.kind,
                        subject=self.resolver.subject(labels, claim.fields),
                        scrape_target=scrape_target(labels),
                        profile=claim.profile,
                        group=self.group,
                        detail=claim.detail,
                    ),
                    claim,
                )
                for claim in self.claims.of(labels)
            ]
        return self._known[key]

    def scrapes(
        self, target: ScrapeTarget, labels: Mapping[str, str], since_us: Instant, until_us: Instant
    ) -> tuple[Track, Runs]:
        """Return a target's SCRAPE track and its runs in ``[since_us, until_us)``; ``labels`` are its ``up``'s."""
        track = self._scrape_track(target.name, labels)
        low, high = np.searchsorted(target.stamps_us, [since_us, until_us])
        stamps, up = target.stamps_us[low:high], target.up[low:high]
        if len(stamps) and up.min() == up.max() and target.joined(stamps[:-1], stamps[1:]).all():
            read_s, assumed = target.read_s(stamps[:1])
            return track, Runs(np.zeros(1, np.int32), stamps[:1], stamps[-1:], up[:1], read_s, assumed)
        points = Points(np.zeros(len(stamps), np.int32), stamps, up, np.ones(len(stamps), np.bool_))
        return track, _runs([track], points, {target.name: target}, since_us)

    def _scrape_track(self, target: str, labels: Mapping[str, str]) -> Track:
        known = self._scrape_tracks.get(target)
        if known is None or known[0] != labels:
            if len(self._scrape_tracks) >= MOST_KNOWN:
                self._scrape_tracks.clear()
            named = {name: value for name, value in labels.items() if name != NAME}
            whole = self.resolver.subject(named)
            known = dict(labels), Track(self.source, TrackKind.SCRAPE, whole, target, group=self.group)
            self._scrape_tracks[target] = known
        return known[1]


def scrape_target(labels: Mapping[str, str]) -> str:
    """Return the name of the scrape that carried a series."""
    return f"{labels.get('job', '')}/{labels.get('instance', '')}"


def _runs(tracks: Sequence[Track], points: Points, targets: Mapping[str, ScrapeTarget], since_us: Instant) -> Runs:
    """Return the runs of points; ``tracks`` stand in the order of their targets, points by track and stamp."""
    pieces: list[Runs] = []
    names = np.array([track.scrape_target for track in tracks], dtype=object)
    counter = np.array([track.kind in COUNTERS for track in tracks], np.bool_)
    begin = 0
    while begin < len(tracks):
        end = begin + int(np.searchsorted(names[begin:], names[begin], side="right"))
        low, high = np.searchsorted(points.track, [begin, end])
        if high > low:
            pieces.append(_target_runs(points.part(slice(low, high)), targets[names[begin]], counter, since_us))
        begin = end
    return join_runs([(runs, 0) for runs in pieces])


def _target_runs(points: Points, target: ScrapeTarget, counter: NDArray[np.bool_], since_us: Instant) -> Runs:
    first_of_track = np.append(True, points.track[1:] != points.track[:-1])
    seen, before_us = target.births(points.stamps_us)
    there_before = ~first_of_track & (np.append(np.int64(-1), points.stamps_us[:-1]) >= before_us)
    born = seen & (before_us >= since_us) & ~there_before & counter[points.track]
    keep = points.valued
    # A value that says nothing still shows that the series was there: births are judged before it is dropped.
    track, stamps, values = points.track[keep], points.stamps_us[keep], points.values[keep]
    broken = np.maximum.accumulate(np.where(born, np.arange(len(born)), -1))[keep]
    starts = np.ones(len(track), np.bool_)
    if len(track) > 1:
        starts[1:] = (
            (track[1:] != track[:-1])
            | (values[1:] != values[:-1])
            | (broken[1:] != broken[:-1])
            | ~target.joined(stamps[:-1], stamps[1:])
        )
    begin = np.flatnonzero(starts)
    end = np.append(begin[1:], len(track)) - 1 if len(begin) else begin
    marked = np.flatnonzero(born & keep)
    first = np.concatenate([stamps[begin], before_us[marked]])
    read_s, assumed = target.read_s(first)
    runs = Runs(
        np.concatenate([track[begin], points.track[marked]]).astype(np.int32),
        first,
        np.concatenate([stamps[end], before_us[marked]]),
        np.concatenate([values[begin], np.full(len(marked), np.nan)]),
        read_s,
        assumed,
    )
    order = np.lexsort((runs.first_us, runs.track))
    return _take(runs, order)


def join_runs(pieces: Sequence[tuple[Runs, int]]) -> Runs:
    """Return several runs as one; each piece's track numbers are moved up by its offset."""
    if not pieces:
        return Runs.empty()
    return Runs(
        np.concatenate([runs.track + np.int32(offset) for runs, offset in pieces]),
        np.concatenate([runs.first_us for runs, _ in pieces]),
        np.concatenate([runs.last_us for runs, _ in pieces]),
        np.concatenate([runs.value for runs, _ in pieces]),
        np.concatenate([runs.read_s for runs, _ in pieces]),
        np.concatenate([runs.assumed for runs, _ in pieces]),
    )


def _take(runs: Runs, order: NDArray[np.int64]) -> Runs:
    return Runs(
        runs.track[order], runs.first_us[order], runs.last_us[order], runs.value[order], runs.read_s[order],
        runs.assumed[order],
    )  # fmt: skip
