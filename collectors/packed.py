"""Raw samples of many series, packed: stamps once for all series that share them, values only where they change.

The series of one scrape target share its stamps, and what we look at seldom changes: a day of 2,004 series scraped
every 15 s is 11.5 million samples, and a few thousand changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import MILLISECOND_US, Instant
from collectors.identity import REPLICA_LABELS, without_replica
from collectors.samples import Samples, distinct, no_samples
from collectors.scrapes import Stamps
from collectors.xor import STALE, Decoded

Index = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Packed:
    """Samples of many series.

    Attributes:
        labels: the label set of each series, with ``__name__``, each once.
        grids: stamps, ascending, each once.
        series, grid: of each piece, whose samples it holds and at which stamps; ordered by series and time. The pieces
            of one series do not overlap.
        piece, at, bits: from this sample (counted from 0) of this piece on the value has these bits; ordered; the first
            sample of each piece is among them.
    """

    labels: Sequence[Mapping[str, str]]
    grids: Sequence[Stamps]
    series: Index
    grid: Index
    piece: Index
    at: Index
    bits: NDArray[np.uint64]

    def lengths(self) -> NDArray[np.int64]:
        """Return how many samples each piece holds."""
        sizes = np.fromiter((len(grid) for grid in self.grids), np.int64, len(self.grids))
        return sizes[self.grid] if len(sizes) else np.empty(0, np.int64)

    def spans(self) -> NDArray[np.int64]:
        """Return for how many samples each change holds."""
        lengths = self.lengths()
        following = np.append(self.at[1:], 0)
        last = np.append(self.piece[1:] != self.piece[:-1], True)[: len(self.piece)]
        end: NDArray[np.int64] = np.where(last, lengths[self.piece], following[: len(self.piece)])
        return end - self.at

    def expanded(self, chosen: Flags) -> Samples:
        """Return the samples of some series one by one; ``labels`` stay as they are."""
        pieces = np.flatnonzero(chosen[self.series])
        if not len(pieces):
            return replace(no_samples(), labels=self.labels)
        changes = chosen[self.series[self.piece]]
        values = np.repeat(self.bits[changes].view(np.float64), self.spans()[changes])
        stamps = np.concatenate([self.grids[number] for number in self.grid[pieces].tolist()])
        return Samples(self.labels, np.repeat(self.series[pieces], self.lengths()[pieces]), stamps, values)

    def stamps(self, chosen: Iterable[int]) -> Stamps:
        """Return the stamps at which any of some series has a sample, ascending, each once."""
        mine = np.zeros(len(self.labels), np.bool_)
        mine[list(chosen)] = True
        numbers = np.unique(self.grid[mine[self.series]]).tolist()
        return np.unique(np.concatenate([self.grids[one] for one in numbers])) if numbers else np.empty(0, np.int64)


def pack(samples: Samples) -> Packed:
    """Return samples packed, in whatever order they come; of two values at one stamp of a series the larger stays."""
    samples = distinct(samples)
    series, stamps, values = samples.series, samples.stamps_us, samples.values
    same = series[1:] == series[:-1]
    if not np.all((series[1:] > series[:-1]) | (same & (stamps[1:] > stamps[:-1]))):
        # A value comes after none, so that it is the one that stays.
        order = np.lexsort((values, ~np.isnan(values), stamps, series))
        series, stamps, values = series[order], stamps[order], values[order]
        last = np.append((series[1:] != series[:-1]) | (stamps[1:] != stamps[:-1]), True)[: len(series)]
        series, stamps, values = series[last], stamps[last], values[last]
    begins = np.searchsorted(series, np.arange(len(samples.labels) + 1))
    known: dict[bytes, int] = {}
    grids: list[Stamps] = []
    of_series: list[tuple[int, int]] = []
    for number, (low, high) in enumerate(pairwise(begins.tolist())):
        if high > low:
            grid = known.setdefault(stamps[low:high].tobytes(), len(grids))
            if grid == len(grids):
                grids.append(stamps[low:high])
            of_series.append((number, grid))
    bits = values.view(np.uint64)
    changed = np.append(True, (series[1:] != series[:-1]) | (bits[1:] != bits[:-1]))[: len(series)]
    places = np.flatnonzero(changed)
    pieces = np.array(of_series, np.int32).reshape(-1, 2)
    at = places - begins[series[places]]
    piece = np.searchsorted(pieces[:, 0], series[places])
    return Packed(
        samples.labels, grids, pieces[:, 0], pieces[:, 1], piece.astype(np.int32), at.astype(np.int32), bits[places]
    )


def of_chunks(
    labels: Sequence[Mapping[str, str]], series: Index, decoded: Decoded, start_us: Instant, end_us: Instant
) -> Packed:
    """Return what chunks hold in ``[start_us, end_us)``; ``series`` says of each chunk whose it is, in their order.

    A stale marker is no sample: it is left out, as a range query does.
    """
    if not decoded.grids:
        return without_samples(labels)
    grids, low = _between(decoded.grids, start_us, end_us)
    kept = [len(grid) for grid in grids]
    chunks = np.flatnonzero((decoded.grid >= 0) & (np.array(kept)[decoded.grid] > 0))
    number = np.full(len(decoded.grid), -1, np.int32)
    number[chunks] = np.arange(len(chunks), dtype=np.int32)
    at = decoded.at - np.array(low)[decoded.grid[decoded.chunk]]
    following = np.append(at[1:], 0)
    following[np.append(decoded.chunk[1:] != decoded.chunk[:-1], True)] = np.iinfo(np.int32).max
    # Of the changes before the first sample that counts only the last still holds there.
    inside = (number[decoded.chunk] >= 0) & (at < np.array(kept)[decoded.grid[decoded.chunk]]) & (following > 0)
    packed = Packed(
        labels,
        grids,
        series[chunks].astype(np.int32),
        decoded.grid[chunks],
        number[decoded.chunk[inside]],
        np.maximum(at[inside], 0).astype(np.int32),
        decoded.bits[inside],
    )
    return _lawful(packed)


def _between(
    grids_ms: Sequence[NDArray[np.int64]], start_us: Instant, end_us: Instant
) -> tuple[list[Stamps], list[int]]:
    """Return of each of some stamps those in ``[start_us, end_us)``, and where they begin."""
    sizes = np.cumsum([0, *map(len, grids_ms)])
    together = np.concatenate(grids_ms) * MILLISECOND_US
    found, low = [], []
    for begin, end in pairwise(sizes.tolist()):
        stamps = together[begin:end]
        cut = 0
        if end > begin and not (stamps[0] >= start_us and stamps[-1] < end_us):
            cut, until = np.searchsorted(stamps, [start_us, end_us]).tolist()
            stamps = stamps[cut:until]
        found.append(stamps)
        low.append(cut)
    return found, low


def without_samples(labels: Sequence[Mapping[str, str]]) -> Packed:
    """Return series that are known to be there, and nothing of what they say."""
    none = np.empty(0, np.int32)
    return Packed(labels, [], none, none, none, none, np.empty(0, np.uint64))


def side_by_side(parts: Sequence[Packed]) -> Packed:
    """Return several as one; no series is in two of them."""
    together = parts[0]
    for part in parts[1:]:
        together = Packed(
            [*together.labels, *part.labels],
            [*together.grids, *part.grids],
            np.concatenate([together.series, part.series + np.int32(len(together.labels))]),
            np.concatenate([together.grid, part.grid + np.int32(len(together.grids))]),
            np.concatenate([together.piece, part.piece + np.int32(len(together.series))]),
            np.concatenate([together.at, part.at]),
            np.concatenate([together.bits, part.bits]),
        )
    return together


def in_order(packed: Packed, labels: Sequence[Mapping[str, str]]) -> Packed:
    """Return the same with its series in the order in which they stand among ``labels``, the others last."""
    asked = {frozenset(one.items()): place for place, one in enumerate(labels)}
    sorted_by = [(asked.get(frozenset(one.items()), len(asked)), number) for number, one in enumerate(packed.labels)]
    moved = [number for _, number in sorted(sorted_by)]
    named = [packed.labels[number] for number in moved]
    place = np.empty(len(moved), np.int32)
    place[moved] = np.arange(len(moved), dtype=np.int32)
    order = np.argsort(place[packed.series], kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    changes = np.argsort(rank[packed.piece], kind="stable")
    return Packed(
        named,
        packed.grids,
        place[packed.series][order],
        packed.grid[order],
        rank[packed.piece][changes],
        packed.at[changes],
        packed.bits[changes],
    )


def _lawful(packed: Packed) -> Packed:
    """Return the same without stale markers, overlaps and twins: series that have any are packed anew."""
    strange = np.zeros(len(packed.labels), np.bool_)
    stale = packed.bits == np.uint64(STALE)
    strange[packed.series[packed.piece[stale]]] = True
    first = np.array([grid[0] if len(grid) else 0 for grid in packed.grids], np.int64)[packed.grid]
    last = np.array([grid[-1] if len(grid) else 0 for grid in packed.grids], np.int64)[packed.grid]
    backwards = (packed.series[1:] == packed.series[:-1]) & (first[1:] <= last[:-1])
    strange[packed.series[1:][backwards]] = True
    strange[packed.series[1:][packed.series[1:] < packed.series[:-1]]] = True
    strange |= _twins(packed.labels)
    if not strange.any():
        return packed
    samples = packed.expanded(strange)
    told = samples.values.view(np.uint64) != np.uint64(STALE)
    anew = pack(_only(Samples(packed.labels, samples.series[told], samples.stamps_us[told], samples.values[told])))
    return side_by_side([without(packed, strange), anew])


def _twins(labels: Sequence[Mapping[str, str]]) -> Flags:
    """Return which series are not the only one of their labels, replicas' names aside."""
    if not any(REPLICA_LABELS & one.keys() for one in labels) and len(
        {frozenset(one.items()) for one in labels}
    ) == len(labels):
        return np.zeros(len(labels), np.bool_)
    numbers: dict[frozenset[tuple[str, str]], list[int]] = {}
    renamed = np.zeros(len(labels), np.bool_)
    for number, one in enumerate(labels):
        own = without_replica(one)
        renamed[number] = len(own) < len(one)
        numbers.setdefault(frozenset(own.items()), []).append(number)
    for several in numbers.values():
        if len(several) > 1:
            renamed[several] = True
    return renamed


def _only(samples: Samples) -> Samples:
    """Return the samples with the labels of series that have any."""
    there = np.unique(samples.series)
    number = np.zeros(len(samples.labels), np.int32)
    number[there] = np.arange(len(there), dtype=np.int32)
    labels = [samples.labels[one] for one in there.tolist()]
    return Samples(labels, number[samples.series], samples.stamps_us, samples.values)


def without(packed: Packed, left_out: Flags) -> Packed:
    """Return the same without some series."""
    kept = ~left_out[packed.series]
    series_number = np.cumsum(~left_out) - 1
    piece_number = np.cumsum(kept) - 1
    mine = kept[packed.piece]
    return Packed(
        [one for one, out in zip(packed.labels, left_out.tolist(), strict=True) if not out],
        packed.grids,
        series_number[packed.series[kept]].astype(np.int32),
        packed.grid[kept],
        piece_number[packed.piece[mine]].astype(np.int32),
        packed.at[mine],
        packed.bits[mine],
    )
