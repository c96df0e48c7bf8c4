"""Samples become runs: states are read, one-hot groups are put together, equal neighbours are joined. Pure numpy.

The result is a function of the set of samples: their order, repetition and division into windows do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import from_us
from breakwatch.model import COUNTERS, Rejected, Runs, Subject, Track, TrackKind
from collectors.claims import NAME, Claim, Claims, Codes, series_text
from collectors.identity import Resolver, without_replica
from collectors.scrapes import ScrapeTarget, Stamps

T = TypeVar("T")

LARGEST = 2.0**63
"""Above this a value is a wrapped unsigned number, not a quantity."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Raw samples of many series, as parallel columns.

    Attributes:
        labels: the label set of each series, with ``__name__``; the same set may stand there twice.
        series: index into ``labels`` of each sample.
    """

    labels: Sequence[Mapping[str, str]]
    series: NDArray[np.int32]
    stamps_us: Stamps
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What samples became."""

    tracks: Sequence[Track]
    runs: Runs
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

    def encode(self, samples: Samples, targets: Mapping[str, ScrapeTarget]) -> Encoded:
        """Return the tracks and runs of samples; every series' scrape target is among ``targets``."""
        samples = _distinct(samples)
        plan = _Plan(self.source)
        for index, labels in enumerate(samples.labels):
            for layer, (track, claim) in enumerate(self.tracks_of(labels)):
                plan.add(layer, index, track, claim, labels)
        skipped = int(plan.unclaimed(len(samples.labels))[samples.series].sum())
        parts = [plan.decode(layer, samples) for layer in range(plan.layers)]
        tracks = plan.tracks
        # Tracks of one target stand together, so that each target's stamps are looked up once.
        order = sorted(range(len(tracks)), key=lambda index: (tracks[index].scrape_target, tracks[index].track_id))
        rank = np.empty(len(tracks), np.int32)
        rank[order] = np.arange(len(tracks), dtype=np.int32)
        points = _Points.of([part for part in parts if len(part.track)], rank)
        runs = _runs([tracks[index] for index in order], points, targets)
        return Encoded([tracks[index] for index in order], runs, plan.rejected, skipped)

    def tracks_of(self, labels: Mapping[str, str]) -> list[tuple[Track, Claim]]:
        """Return the tracks a series takes part in, with what each claims; empty when nobody wants it."""
        key = tuple(sorted(labels.items()))
        if key not in self._known:
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

    def scrapes(self, target: ScrapeTarget, labels: Mapping[str, str], since_us: int) -> tuple[Track, Runs]:
        """Return the SCRAPE track of a target and its runs from ``since_us`` on; ``labels`` are those of its ``up``."""
        named = {name: value for name, value in labels.items() if name != NAME}
        whole: Subject = self.resolver.subject(named)
        track = Track(self.source, TrackKind.SCRAPE, whole, target.name, group=self.group)
        chosen = target.stamps_us >= since_us
        stamps = target.stamps_us[chosen]
        points = _Points(np.zeros(len(stamps), np.int32), stamps, target.up[chosen], np.ones(len(stamps), np.bool_))
        return track, _runs([track], points, {target.name: target})


def _distinct(samples: Samples) -> Samples:
    """Return the samples with every label set named once; twins of an HA pair are one series."""
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    distinct: list[Mapping[str, str]] = []
    renumbered = np.empty(len(samples.labels), np.int32)
    for index, labels in enumerate(samples.labels):
        own = without_replica(labels)
        number = numbers.setdefault(tuple(sorted(own.items())), len(distinct))
        if number == len(distinct):
            distinct.append(own)
        renumbered[index] = number
    if len(distinct) == len(samples.labels):
        return Samples(distinct, samples.series, samples.stamps_us, samples.values)
    return Samples(distinct, renumbered[samples.series], samples.stamps_us, samples.values)


def scrape_target(labels: Mapping[str, str]) -> str:
    """Return the name of the scrape that carried a series."""
    return f"{labels.get('job', '')}/{labels.get('instance', '')}"


@dataclass(frozen=True, slots=True)
class _Points:
    """Decoded samples; ``valued`` is false where the series was there and its value says nothing."""

    track: NDArray[np.int32]
    stamps_us: Stamps
    values: NDArray[np.float64]
    valued: NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Sequence[_Points], rank: NDArray[np.int32]) -> _Points:
        """Return the parts as one, by track and stamp, each stamp of a track once."""
        if not parts:
            empty = np.empty(0, np.int32)
            return cls(empty, empty.astype(np.int64), empty.astype(np.float64), empty.astype(np.bool_))
        track = rank[np.concatenate([part.track for part in parts])]
        stamps = np.concatenate([part.stamps_us for part in parts])
        values = np.concatenate([part.values for part in parts])
        valued = np.concatenate([part.valued for part in parts])
        same = track[1:] == track[:-1]
        if not np.all((track[1:] > track[:-1]) | (same & (stamps[1:] > stamps[:-1]))):
            # Of two values at one stamp the larger stays, a value before none: any rule will do that knows no order.
            order = np.lexsort((values, valued, stamps, track))
            track, stamps, values, valued = track[order], stamps[order], values[order], valued[order]
            last = np.append((track[1:] != track[:-1]) | (stamps[1:] != stamps[:-1]), True)
            track, stamps, values, valued = track[last], stamps[last], values[last], valued[last]
        return cls(track, stamps, values, valued)


class _Grouped(Generic[T]):
    """Series that share a rule, so that a rule is applied once to all of their samples."""

    def __init__(self, count: int) -> None:
        self._of_series = np.full(count, -1, np.int32)
        self._numbers: dict[T, int] = {}

    def add(self, series: int, rule: T) -> None:
        self._of_series[series] = self._numbers.setdefault(rule, len(self._numbers))

    def split(self, of_series: NDArray[np.int32]) -> Iterator[tuple[T, NDArray[np.int64]]]:
        """Yield each rule with the indices of its samples."""
        if self._numbers:
            numbers = self._of_series[of_series]
            for rule, number in self._numbers.items():
                yield rule, np.flatnonzero(numbers == number)


@dataclass(slots=True)
class _Plan:
    """Which series goes into which track and how its values are read, layer by layer of claims."""

    source: str
    tracks: list[Track] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    layers: int = 0
    _number: dict[Track, int] = field(default_factory=dict)
    _claims: list[dict[int, tuple[int, Claim]]] = field(default_factory=list)
    _texts: dict[int, str] = field(default_factory=dict)
    _refused: set[tuple[str, str]] = field(default_factory=set)

    def add(self, layer: int, series: int, track: Track, claim: Claim, labels: Mapping[str, str]) -> None:
        if layer == self.layers:
            self.layers += 1
            self._claims.append({})
        self._texts[series] = series_text(labels)
        if claim.problem:
            self.refuse(series, claim.problem, self._texts[series])
            return
        number = self._number.setdefault(track, len(self.tracks))
        if number == len(self.tracks):
            self.tracks.append(track)
        self._claims[layer][series] = (number, claim)

    def unclaimed(self, count: int) -> NDArray[np.bool_]:
        mask = np.ones(count, np.bool_)
        mask[list(self._texts)] = False
        return mask

    def refuse(self, series: int, reason: str, content: str) -> None:
        """Note once per series and reason what could not be understood."""
        if (self._texts[series], reason) not in self._refused:
            self._refused.add((self._texts[series], reason))
            self.rejected.append(Rejected(self.source, self._texts[series], reason, content))

    def decode(self, layer: int, samples: Samples) -> _Points:
        claims = self._claims[layer]
        count = len(samples.labels)
        track = np.full(count, -1, np.int32)
        member = np.full(count, -2, np.int32)
        codes = _Grouped[Codes](count)
        sentinels = _Grouped[tuple[float, ...]](count)
        for series, (number, claim) in claims.items():
            track[series] = number
            if claim.member is not None:
                member[series] = claim.member
            if claim.codes is not None:
                codes.add(series, claim.codes)
            if claim.sentinels:
                sentinels.add(series, claim.sentinels)
        chosen = track[samples.series] >= 0
        of_series = samples.series[chosen]
        stamps, values = samples.stamps_us[chosen], samples.values[chosen]
        valued = ~np.isnan(values) & (np.abs(np.nan_to_num(values, nan=0.0)) <= LARGEST)
        for unknown, mine in sentinels.split(of_series):
            valued[mine] &= ~np.isin(values[mine], unknown)
        for known_codes, mine in codes.split(of_series):
            values = self._decoded(known_codes, mine[valued[mine]], of_series, stamps, values, valued)
        one_hot = member[of_series] != -2
        alone = ~one_hot
        plain = _Points(track[of_series[alone]], stamps[alone], values[alone], valued[alone])
        if not one_hot.any():
            return plain
        hot = one_hot & valued
        states = self._one_hot(of_series[hot], track, member, stamps[hot], values[hot])
        both = (plain, states)
        return _Points(
            np.concatenate([part.track for part in both]),
            np.concatenate([part.stamps_us for part in both]),
            np.concatenate([part.values for part in both]),
            np.concatenate([part.valued for part in both]),
        )

    def _decoded(
        self,
        codes: Codes,
        mine: NDArray[np.int64],
        of_series: NDArray[np.int32],
        stamps: Stamps,
        values: NDArray[np.float64],
        valued: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Return values with the numbers at ``mine`` replaced by state codes; unknown ones are refused and unvalued."""
        numbers, decoded = values[mine], values.copy()
        known = np.zeros(len(mine), np.bool_)
        for number, code in codes:
            hit = numbers == number
            decoded[mine[hit]] = code
            known |= hit
        for number in np.unique(numbers[~known]):
            hits = mine[numbers == number]
            first = hits[np.lexsort((of_series[hits], stamps[hits]))[0]]
            moment = from_us(int(stamps[first])).isoformat()
            self.refuse(int(of_series[first]), f"no state has the code {number:g}", f"{number:g} at {moment}")
        valued[mine[~known]] = False
        return decoded

    def _one_hot(
        self,
        of_series: NDArray[np.int32],
        track: NDArray[np.int32],
        member: NDArray[np.int32],
        stamps: Stamps,
        values: NDArray[np.float64],
    ) -> _Points:
        """Return the state of each group at each stamp: that of the one series that is 1; none or two is no state."""
        group = track[of_series]
        order = np.lexsort((values, of_series, stamps, group))
        of_series, group, stamps, values = of_series[order], group[order], stamps[order], values[order]
        again = (of_series[1:] == of_series[:-1]) & (stamps[1:] == stamps[:-1]) & (group[1:] == group[:-1])
        single = np.append(~again, True)  # one series read twice is one series
        of_series, group, stamps, values = of_series[single], group[single], stamps[single], values[single]
        begin = np.flatnonzero(np.append(True, (group[1:] != group[:-1]) | (stamps[1:] != stamps[:-1])))
        if not len(group):
            begin = np.empty(0, np.int64)
        is_one = values == 1
        lawful = np.minimum.reduceat(is_one | (values == 0), begin) if len(begin) else np.empty(0, np.bool_)
        ones = np.add.reduceat(is_one.astype(np.int64), begin) if len(begin) else np.empty(0, np.int64)
        code = np.add.reduceat(np.where(is_one, member[of_series], 0), begin) if len(begin) else np.empty(0, np.int64)
        known = lawful & (ones == 1) & (code >= 0)
        self._refuse_groups(of_series[begin], group[begin], stamps[begin], ones, lawful & (ones == 1), known)
        return _Points(
            group[begin][known], stamps[begin][known], code[known].astype(np.float64), np.ones(int(known.sum()), np.bool_)
        )

    def _refuse_groups(
        self,
        of_series: NDArray[np.int32],
        group: NDArray[np.int32],
        stamps: Stamps,
        ones: NDArray[np.int64],
        single: NDArray[np.bool_],
        known: NDArray[np.bool_],
    ) -> None:
        for number in np.unique(group[~known]):
            for mask, reason in (
                (~single & (ones == 0), "no state of the group is 1"),
                (~single & (ones != 0), "more than one state of the group is 1, or a value is neither 0 nor 1"),
                (single & ~known, "the present state is a word the profile does not know"),
            ):
                mine = np.flatnonzero(mask & ~known & (group == number))
                if len(mine):
                    span = f"{from_us(int(stamps[mine[0]])).isoformat()} to {from_us(int(stamps[mine[-1]])).isoformat()}"
                    self.refuse(int(of_series[mine[0]]), reason, f"{len(mine)} samples, {span}")


def _runs(tracks: Sequence[Track], points: _Points, targets: Mapping[str, ScrapeTarget]) -> Runs:
    """Return the runs of points; ``tracks`` stand in the order of their targets, points by track and stamp."""
    pieces: list[Runs] = []
    names = np.array([track.scrape_target for track in tracks], dtype=object)
    counter = np.array([track.kind in COUNTERS for track in tracks], np.bool_)
    begin = 0
    while begin < len(tracks):
        end = begin + int(np.searchsorted(names[begin:], names[begin], side="right"))
        low, high = np.searchsorted(points.track, [begin, end])
        mine = _Points(*(column[low:high] for column in (points.track, points.stamps_us, points.values, points.valued)))
        if high > low:
            pieces.append(_target_runs(mine, targets[names[begin]], counter))
        begin = end
    return join_runs([(runs, 0) for runs in pieces])


def _target_runs(points: _Points, target: ScrapeTarget, counter: NDArray[np.bool_]) -> Runs:
    first_of_track = np.append(True, points.track[1:] != points.track[:-1])
    seen, before_us = target.births(points.stamps_us)
    there_before = ~first_of_track & (np.append(np.int64(-1), points.stamps_us[:-1]) >= before_us)
    born = seen & ~there_before & counter[points.track]
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
