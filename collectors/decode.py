"""What samples say: the value of each, read through its claim.

Numbers are looked up in codes, the series of a one-hot group are put together to one state. What says nothing is
dropped as unseen, what cannot be understood is refused, once for each series and reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import from_us
from breakwatch.model import Rejected, Track
from collectors.claims import UNKNOWN_WORD, UNSAID, Claim, Codes, Counted, series_text
from collectors.samples import Samples
from collectors.scrapes import Numbers, Stamps

T = TypeVar("T")

Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
Series = NDArray[np.int32]

LARGEST = 2.0**63
"""Above this a value is a wrapped unsigned number, not a quantity."""

ALONE = -2
"""In place of the code of a one-hot group's member: a series that is in no group."""


@dataclass(frozen=True, slots=True)
class Points:
    """Decoded samples; ``valued`` is false where the series was there and its value says nothing."""

    track: Series
    stamps_us: Stamps
    values: Numbers
    valued: Flags

    def part(self, chosen: slice | Flags) -> Points:
        """Return some of the points."""
        return Points(self.track[chosen], self.stamps_us[chosen], self.values[chosen], self.valued[chosen])

    @classmethod
    def together(cls, parts: Sequence[Points]) -> Points:
        """Return the points of all parts, one part after the other."""
        return cls(
            np.concatenate([part.track for part in parts]),
            np.concatenate([part.stamps_us for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.valued for part in parts]),
        )

    @classmethod
    def of(cls, parts: Sequence[Points], rank: Series) -> Points:
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

    def split(self, of_series: Series) -> Iterator[tuple[T, Index]]:
        """Yield each rule with the indices of its samples."""
        if self._numbers:
            numbers = self._of_series[of_series]
            for rule, number in self._numbers.items():
                yield rule, np.flatnonzero(numbers == number)


@dataclass(slots=True)
class _Columns:
    """The samples of one layer, with whether their values say something yet."""

    series: Series
    stamps_us: Stamps
    values: Numbers
    valued: Flags

    def sorted_by(self, *keys: Index | Series | Numbers) -> _Columns:
        """Return the samples in the order of keys, the last key first."""
        return self.part(np.lexsort(keys))

    def part(self, chosen: Index | Flags) -> _Columns:
        """Return some of the samples."""
        return _Columns(self.series[chosen], self.stamps_us[chosen], self.values[chosen], self.valued[chosen])


@dataclass(slots=True)
class Plan:
    """Which series goes into which track and how its values are read, layer by layer of claims.

    ``counted`` are the series that only together with others say something: series, track, and as which number.
    """

    source: str
    tracks: list[Track] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    layers: int = 0
    _number: dict[Track, int] = field(default_factory=dict)
    _claims: list[dict[int, tuple[int, Claim]]] = field(default_factory=list)
    counted: list[tuple[int, int, Counted]] = field(default_factory=list)
    _labels: dict[int, Mapping[str, str]] = field(default_factory=dict)
    _refused: set[tuple[int, str]] = field(default_factory=set)

    def copied(self) -> Plan:
        """Return the same plan to read other samples by."""
        return replace(self, rejected=list(self.rejected), _refused=set(self._refused))

    def add(self, layer: int, series: int, track: Track, claim: Claim, labels: Mapping[str, str]) -> None:
        """Take in the ``layer``-th claim on a series."""
        if layer == self.layers:
            self.layers += 1
            self._claims.append({})
        self._labels[series] = labels
        if claim.problem:
            self.refuse(series, claim.problem, series_text(labels))
            return
        number = self._number.setdefault(track, len(self.tracks))
        if number == len(self.tracks):
            self.tracks.append(track)
        if claim.counted is not None:
            self.counted.append((series, number, claim.counted))
        else:
            self._claims[layer][series] = (number, claim)

    def unclaimed(self, count: int) -> Flags:
        """Return for each of ``count`` series whether nobody wanted it."""
        mask = np.ones(count, np.bool_)
        mask[list(self._labels)] = False
        return mask

    def refuse(self, series: int, reason: str, content: str) -> None:
        """Note once per series and reason what could not be understood."""
        if (series, reason) not in self._refused:
            self._refused.add((series, reason))
            # The position tells what is known already from what is new: an unknown code is said once, not every cycle.
            position = f"{series_text(self._labels[series])}: {reason}"
            self.rejected.append(Rejected(self.source, position, reason, content))

    def decode(self, layer: int, samples: Samples) -> Points:
        """Return what the samples say by the ``layer``-th claim on their series."""
        count = len(samples.labels)
        track, member = np.full(count, -1, np.int32), np.full(count, ALONE, np.int32)
        codes, sentinels = _Grouped[Codes](count), _Grouped[tuple[float, ...]](count)
        for series, (number, claim) in self._claims[layer].items():
            track[series] = number
            if claim.member is not None:
                member[series] = claim.member
            if claim.codes is not None:
                codes.add(series, claim.codes)
            if claim.sentinels:
                sentinels.add(series, claim.sentinels)
        claimed = track[samples.series] >= 0
        values = samples.values[claimed]
        says_something = np.abs(np.nan_to_num(values, nan=np.inf, posinf=np.inf, neginf=np.inf)) <= LARGEST
        columns = _Columns(samples.series[claimed], samples.stamps_us[claimed], values, says_something)
        for unknown, mine in sentinels.split(columns.series):
            columns.valued[mine] &= ~np.isin(values[mine], unknown)
        for known, mine in codes.split(columns.series):
            self._look_up(known, mine[columns.valued[mine]], columns)
        alone = member[columns.series] == ALONE
        single = columns.part(alone)
        plain = Points(track[single.series], single.stamps_us, single.values, single.valued)
        if alone.all():
            return plain
        return Points.together([plain, self._one_hot(columns.part(~alone & columns.valued), track, member)])

    def _look_up(self, codes: Codes, mine: Index, columns: _Columns) -> None:
        """Replace the numbers at ``mine`` by state codes; unknown ones are refused and no longer say anything."""
        numbers = columns.values[mine]
        decoded = columns.values.copy()
        known = np.zeros(len(mine), np.bool_)
        for number, code in codes:
            hit = numbers == number
            decoded[mine[hit]] = code
            known |= hit
        for number in np.unique(numbers[~known]):
            hits = mine[numbers == number]
            first = hits[np.lexsort((columns.series[hits], columns.stamps_us[hits]))[0]]
            moment = from_us(int(columns.stamps_us[first])).isoformat()
            reason = f"no state has the code {number:g}"
            self.refuse(int(columns.series[first]), reason, f"{number:g} at {moment}")
        columns.values = decoded
        columns.valued[mine[~known]] = False

    def _one_hot(self, columns: _Columns, track: Series, member: Series) -> Points:
        """Return the state of each group at each stamp: that of the one series that is 1; none or two is no state."""
        columns = columns.sorted_by(columns.values, columns.series, columns.stamps_us, track[columns.series])
        series, stamps = columns.series, columns.stamps_us
        read_twice = (series[1:] == series[:-1]) & (stamps[1:] == stamps[:-1])
        columns = columns.part(np.append(~read_twice, True)[: len(series)])
        group, stamps, is_one = track[columns.series], columns.stamps_us, columns.values == 1
        if not len(group):
            return Points(group, stamps, columns.values, columns.valued)
        begin = np.flatnonzero(np.append(True, (group[1:] != group[:-1]) | (stamps[1:] != stamps[:-1])))
        lawful = np.minimum.reduceat(is_one | (columns.values == 0), begin)
        ones = np.add.reduceat(is_one.astype(np.int64), begin)
        code = np.add.reduceat(np.where(is_one, member[columns.series], 0), begin)
        known = lawful & (ones == 1) & (code != UNKNOWN_WORD) & (code != UNSAID)
        heads = columns.part(begin)
        for mask, reason in (
            (lawful & (ones == 0), "no state of the group is 1"),
            (lawful & (ones > 1), "more than one state of the group is 1"),
            (~lawful, "a value of the group is neither 0 nor 1"),
            (lawful & (ones == 1) & (code == UNKNOWN_WORD), "the present state is a word the profile does not know"),
        ):
            self._refuse_groups(heads.part(mask), track, reason)
        return Points(group[begin][known], heads.stamps_us[known], code[known].astype(np.float64), heads.valued[known])

    def _refuse_groups(self, columns: _Columns, track: Series, reason: str) -> None:
        """Refuse stamps of one-hot groups, once for each group; the samples are sorted by group and stamp."""
        groups, first, counts = np.unique(track[columns.series], return_index=True, return_counts=True)
        for _, begin, count in zip(groups, first, counts, strict=True):
            stamps = columns.stamps_us[begin : begin + count]
            span = f"{from_us(int(stamps[0])).isoformat()} to {from_us(int(stamps[-1])).isoformat()}"
            self.refuse(int(columns.series[begin]), reason, f"{count} samples, {span}")
