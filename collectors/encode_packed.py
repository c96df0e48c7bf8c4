"""Packed samples become runs without being taken apart.

What is done for each sample in ``encode`` is done here for each stretch in which nothing changes. The result is the
same, which a property test holds.

A stretch belongs to a family of series: those that take part in a common track, as the members of a one-hot group do.
In it every series of the family has the same value, or none, at each stamp of their target, and no two neighbouring
stamps have a gap between them. So what its first stamp says, it says at all; the encoder is given that stamp alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import Instant
from breakwatch.model import COUNTERS, Rejected, Runs
from collectors.claims import series_text
from collectors.decode import Points
from collectors.encode import Encoded, Encoder, Read, join_runs
from collectors.packed import Packed
from collectors.roster import Roster
from collectors.samples import Samples
from collectors.scrapes import ScrapeTarget, Stamps

Whole = NDArray[np.int64]
Index = NDArray[np.int32]
Flags = NDArray[np.bool_]

_PLACES = np.int64(1) << 40
"""More places than any axis has; tells families apart in one number."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """All stamps of all targets one after the other, so that a place says both which target and when.

    Attributes:
        base: of each target, where its stamps begin.
        on: of each place, whether the next place is the next stamp of the same target, with no gap in between.
    """

    stamps: Stamps
    base: Whole
    on: Flags

    def places(self, target: int, stamps_us: Stamps) -> Whole:
        """Return where stamps of a target stand; they are all there."""
        low, high = self.base[target], self.base[target + 1]
        places: Whole = low + np.searchsorted(self.stamps[low:high], stamps_us)
        return places


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Spans of places in which a series has one value; ordered by series and place."""

    series: Index
    first: Whole
    last: Whole
    bits: NDArray[np.uint64]

    def part(self, chosen: Flags | Whole) -> _Stretches:
        return _Stretches(self.series[chosen], self.first[chosen], self.last[chosen], self.bits[chosen])


@dataclass(frozen=True, slots=True)
class Span:
    """From when on (where the samples are complete) and, by target, until when runs are made."""

    since_us: Instant
    until_us: Mapping[str, Instant]

    def of(self, stamps: Stamps, target: str) -> slice:
        """Return which of a target's stamps lie inside."""
        if len(stamps) and stamps[0] >= self.since_us and stamps[-1] < self.until_us[target]:
            return slice(0, len(stamps))
        low, high = np.searchsorted(stamps, [self.since_us, self.until_us[target]])
        return slice(int(low), int(max(low, high)))


def encode_packed(
    encoder: Encoder, packed: Packed, chosen: Flags, targets: Mapping[str, ScrapeTarget], span: Span
) -> Encoded:
    """Return the tracks and runs of packed samples in a span, as ``Encoder.encode`` would.

    ``chosen`` says which series are meant; the scrape target of each of them is among ``targets``.
    """
    names = sorted(targets)
    number = {name: place for place, name in enumerate(names)}
    roster = encoder.roster(packed.labels)
    of_series = np.array([number.get(name, -1) for name in roster.targets], np.int32)
    of_series[~chosen] = -1
    axis, grids = _axis(packed, of_series, [targets[name] for name in names], span)
    stretches = _stretches(packed, of_series, axis, grids)
    cut, bounds = _cut(stretches, roster.family)
    read = encoder.read(Samples(packed.labels, cut.series, axis.stamps[cut.first], cut.bits.view(np.float64)))
    pieces: list[tuple[Runs, int]] = []
    counter = np.array([track.kind in COUNTERS for track in read.tracks], np.bool_)
    for name, mine in _by_target(read):
        points = read.points.part(mine)
        own = roster.family_of_track[points.track] * _PLACES
        places = axis.places(number[name], points.stamps_us)
        last_us = axis.stamps[bounds[np.searchsorted(bounds, own + places) + 1] - own - 1]
        pieces.append((_target_runs(points, last_us, targets[name], counter, span.since_us), 0))
    unclaimed = ~roster.claimed[stretches.series]
    skipped = int((stretches.last - stretches.first + 1)[unclaimed].sum())
    rejected = _told_in_full(encoder, roster, stretches, axis, read.rejected)
    return Encoded(read.tracks, join_runs(pieces), rejected, skipped)


def _by_target(read: Read) -> Iterator[tuple[str, slice]]:
    """Yield each target with its points; tracks stand in the order of their targets."""
    names = [track.scrape_target for track in read.tracks]
    begin = 0
    for name, several in groupby(names):
        end = begin + len(list(several))
        low, high = np.searchsorted(read.points.track, [begin, end])
        if high > low:
            yield name, slice(int(low), int(high))
        begin = end


@dataclass(frozen=True, slots=True)
class _Grids:
    """The grids of each target as places on the axis.

    Attributes:
        where: the places, grid after grid.
        pair: target and grid in one number, ascending; see ``_pairs``.
        limits: of each pair: where it begins in ``where``, and from where to where its grid's stamps are there.
    """

    where: Whole
    pair: Whole
    limits: Whole


def _pairs(packed: Packed, of_series: Index) -> Whole:
    """Return of each piece its target and its grid in one number; negative where it is of no target."""
    return of_series[packed.series].astype(np.int64) * len(packed.grids) + packed.grid


def _axis(packed: Packed, of_series: Index, targets: Sequence[ScrapeTarget], span: Span) -> tuple[_Axis, _Grids]:
    pairs = _pairs(packed, of_series)
    pair = np.unique(pairs[pairs >= 0])
    of_target = np.searchsorted(pair, np.arange(len(targets) + 1) * len(packed.grids))
    none = np.empty(0, np.int64)
    stamps: list[Stamps] = [none]
    on: list[Flags] = [np.empty(0, np.bool_)]
    where: list[Whole] = [none]
    limits: list[tuple[int, int, int]] = []
    base, filled = [0], 0
    for place, target in enumerate(targets):
        numbers = pair[of_target[place] : of_target[place + 1]] - place * len(packed.grids)
        pieces = [none]
        for grid in map(packed.grids.__getitem__, numbers.tolist()):
            cut = span.of(grid, target.name)
            pieces.append(grid[cut])
            limits.append((filled, cut.start, cut.stop))
            filled += len(pieces[-1])
        scraped = target.stamps_us[span.of(target.stamps_us, target.name)]
        own, at = _united(scraped, np.concatenate(pieces))
        stamps.append(own)
        on.append(np.append(target.joined(own[:-1], own[1:]), False)[: len(own)])
        where.append(base[-1] + at)
        base.append(base[-1] + len(own))
    axis = _Axis(np.concatenate(stamps), np.array(base), np.concatenate(on))
    return axis, _Grids(np.concatenate(where), pair, np.array(limits, np.int64).reshape(-1, 3))


def _united(scraped: Stamps, carried: Stamps) -> tuple[Stamps, Whole]:
    """Return all stamps of a target, ascending, and where those of its grids stand: mostly they are its scrapes'."""
    at = np.searchsorted(scraped, carried)
    inside = at < len(scraped)
    known = inside.copy()
    known[inside] = scraped[at[inside]] == carried[inside]
    if known.all():
        return scraped, at
    own = np.unique(np.concatenate([scraped, carried[~known]]))
    return own, np.searchsorted(own, carried)


def _stretches(packed: Packed, of_series: Index, axis: _Axis, grids: _Grids) -> _Stretches:
    """Return the stretches of each series: cut where it changes, is missing, or there is a gap."""
    pairs = _pairs(packed, of_series)
    limits = np.zeros((len(pairs), 3), np.int64)
    limits[pairs >= 0] = grids.limits[np.searchsorted(grids.pair, pairs[pairs >= 0])]
    offset, low, high = limits.T
    piece = packed.piece
    begin = np.maximum(packed.at, low[piece])
    end = np.minimum(packed.at + packed.spans(), high[piece])
    there = end > begin
    piece, begin, end = piece[there], begin[there], end[there]
    shift = offset[piece] - low[piece]
    first, last = begin + shift, end + shift - 1
    where = grids.where
    # Between the samples at these places and the next something is missing, or there is a gap.
    breaks = np.flatnonzero((np.diff(where) != 1) | ~axis.on[where[:-1]])
    breaks_before, breaks_until = np.searchsorted(breaks, first), np.searchsorted(breaks, last)
    more = breaks_until - breaks_before
    total = np.repeat(np.arange(len(first)), more + 1)
    rank = np.arange(len(total)) - np.repeat(np.cumsum(more + 1) - more - 1, more + 1)
    cut = np.append(breaks, 0)
    from_cut = cut[np.minimum(breaks_before[total] + rank - 1, len(breaks))] + 1
    to_cut = cut[np.minimum(breaks_before[total] + rank, len(breaks))]
    split = _Stretches(
        packed.series[piece[total]],
        where[np.where(rank == 0, first[total], from_cut)],
        where[np.where(rank == more[total], last[total], to_cut)],
        packed.bits[np.flatnonzero(there)[total]],
    )
    return _merged(split, axis)


def _merged(split: _Stretches, axis: _Axis) -> _Stretches:
    """Return the stretches with those united that only the end of a piece divides."""
    if not len(split.series):
        return split
    goes_on = (
        (split.series[1:] == split.series[:-1])
        & (split.bits[1:] == split.bits[:-1])
        & (split.first[1:] == split.last[:-1] + 1)
        & axis.on[split.last[:-1]]
    )
    begin = np.flatnonzero(np.append(True, ~goes_on))
    end = np.append(begin[1:], len(split.series)) - 1
    return _Stretches(split.series[begin], split.first[begin], split.last[end], split.bits[begin])


def _cut(stretches: _Stretches, families: Whole) -> tuple[_Stretches, Whole]:
    """Cut each series' stretches where any of its family begins or ends; also return those places, with families."""
    own = families[stretches.series] * _PLACES
    bounds = np.unique(np.concatenate([own + stretches.first, own + stretches.last + 1]))
    low = np.searchsorted(bounds, own + stretches.first)
    high = np.searchsorted(bounds, own + stretches.last + 1)
    total = np.repeat(np.arange(len(low)), high - low)
    rank = np.arange(len(total)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    at = low[total] + rank
    cut = _Stretches(
        stretches.series[total],
        bounds[at] - own[total],
        bounds[np.minimum(at + 1, len(bounds) - 1)] - own[total] - 1,
        stretches.bits[total],
    )
    return cut, bounds


def _target_runs(points: Points, last_us: Stamps, target: ScrapeTarget, counter: Flags, since_us: Instant) -> Runs:
    """Return the runs of one target's stretches; each point is a stretch's first sample."""
    first_of_track = np.append(True, points.track[1:] != points.track[:-1])
    seen, before_us = target.births(points.stamps_us)
    there_before = ~first_of_track & (np.append(np.int64(-1), last_us[:-1]) >= before_us)
    born = seen & (before_us >= since_us) & ~there_before & counter[points.track]
    keep = points.valued
    # A value that says nothing still shows that the series was there: births are judged before it is dropped.
    track, values = points.track[keep], points.values[keep]
    first_us, end_us = points.stamps_us[keep], last_us[keep]
    broken = np.maximum.accumulate(np.where(born, np.arange(len(born)), -1))[keep]
    starts = np.ones(len(track), np.bool_)
    if len(track) > 1:
        starts[1:] = (
            (track[1:] != track[:-1])
            | (values[1:] != values[:-1])
            | (broken[1:] != broken[:-1])
            | ~target.joined(end_us[:-1], first_us[1:])
        )
    begin = np.flatnonzero(starts)
    end = np.append(begin[1:], len(track)) - 1 if len(begin) else begin
    marked = np.flatnonzero(born & keep)
    first = np.concatenate([first_us[begin], before_us[marked]])
    read_s, assumed = target.read_s(first)
    order = np.lexsort((first, np.concatenate([track[begin], points.track[marked]])))
    return Runs(
        np.concatenate([track[begin], points.track[marked]]).astype(np.int32)[order],
        first[order],
        np.concatenate([end_us[end], before_us[marked]])[order],
        np.concatenate([values[begin], np.full(len(marked), np.nan)])[order],
        read_s[order],
        assumed[order],
    )


def _told_in_full(
    encoder: Encoder, roster: Roster, stretches: _Stretches, axis: _Axis, rejected: Sequence[Rejected]
) -> Sequence[Rejected]:
    """Return what was refused, where samples are counted with all of them: their families are read one by one."""
    said = {one.position: one for one in rejected}
    refused = {position.rpartition(": ")[0] for position in said}
    grouped = [
        family
        for own, claims, family in zip(roster.labels, roster.claims, roster.family.tolist(), strict=True)
        if refused and any(claim.member is not None for _, claim in claims) and series_text(own) in refused
    ]
    if not grouped:
        return rejected
    mine = stretches.part(np.isin(roster.family[stretches.series], grouped))
    lengths = mine.last - mine.first + 1
    total = np.repeat(np.arange(len(lengths)), lengths)
    places = mine.first[total] + np.arange(len(total)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    whole = Samples(roster.labels, mine.series[total], axis.stamps[places], mine.bits.view(np.float64)[total])
    told = {one.position: one for one in encoder.read(whole).rejected}
    return [told.get(position, one) for position, one in said.items()]
