"""What samples say: the value of each, read through its claim.

Numbers are looked up in codes, the series of a one-hot group are put together to one state. What says nothing is dropped
as unseen, what cannot be understood is refused, once for each series and reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import from_us
from breakwatch.model import Rejected, Track
from collectors.claims import Claim, Codes, series_text
from collectors.samples import Samples
from collectors.scrapes import Numbers, Stamps

T = TypeVar("T")

Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
Series = NDArray[np.int32]

LARGEST = 2.0**63
"""Above this a value is a wrapped unsigned number, not a quantity."""


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
class Plan:
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

    def unclaimed(self, count: int) -> Flags:
        mask = np.ones(count, np.bool_)
        mask[list(self._texts)] = False
        return mask

    def refuse(self, series: int, reason: str, content: str) -> None:
        """Note once per series and reason what could not be understood."""
        if (self._texts[series], reason) not in self._refused:
            self._refused.add((self._texts[series], reason))
            self.rejected.append(Rejected(self.source, self._texts[series], reason, content))

    def decode(self, layer: int, samples: Samples) -> Points:
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
        plain = Points(track[of_series[alone]], stamps[alone], values[alone], valued[alone])
        if not one_hot.any():
            return plain
        hot = one_hot & valued
        states = self._one_hot(of_series[hot], track, member, stamps[hot], values[hot])
        return Points.together([plain, states])

    def _decoded(
        self,
        codes: Codes,
        mine: Index,
        of_series: Series,
        stamps: Stamps,
        values: Numbers,
        valued: Flags,
    ) -> Numbers:
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
        of_series: Series,
        track: Series,
        member: Series,
        stamps: Stamps,
        values: Numbers,
    ) -> Points:
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
        return Points(
            group[begin][known],
            stamps[begin][known],
            code[known].astype(np.float64),
            np.ones(int(known.sum()), np.bool_),
        )

    def _refuse_groups(
        self,
        of_series: Series,
        group: Series,
        stamps: Stamps,
        ones: Index,
        single: Flags,
        known: Flags,
    ) -> None:
        for number in np.unique(group[~known]):
            for mask, reason in (
                (~single & (ones == 0), "no state of the group is 1"),
                (~single & (ones != 0), "more than one state of the group is 1, or a value is neither 0 nor 1"),
                (single & ~known, "the present state is a word the profile does not know"),
            ):
                mine = np.flatnonzero(mask & ~known & (group == number))
                if len(mine):
                    span = (
                        f"{from_us(int(stamps[mine[0]])).isoformat()} to {from_us(int(stamps[mine[-1]])).isoformat()}"
                    )
                    self.refuse(int(of_series[mine[0]]), reason, f"{len(mine)} samples, {span}")
