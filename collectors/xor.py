"""Prometheus' float chunks (Gorilla XOR encoding), many at a time, in numpy.

A chunk says how many samples it holds (16 bits); then its first stamp (varint) and value (64 bits); then the first
distance between stamps (uvarint) and what changed in the value; then for every further sample by how much the distance
changed and what changed in the value (Pelkonen et al., "Gorilla", VLDB 2015; prometheus/tsdb/chunkenc/xor.go).

Samples of one chunk can only be read one after the other, but step ``i`` of all chunks can be read at once: that is
what happens here. Chunks in which nothing changes are all zero bits after their head and need no steps at all.

What comes out is what the encoder wants: not every sample, but where values change, and stamps once for all chunks
that share them, as the series of one scrape target do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

STALE = 0x7FF0000000000002
"""The bits of the NaN that says: the series ended here. Prometheus writes it in place of a value."""

LOCKSTEP = 8_192
"""Chunks decoded step by step at once: what they need stays in the processor's cache."""

AT_ONCE = 4 * LOCKSTEP
"""Chunks whose heads are read at once: in most of them nothing changes, and the others should be many."""

_HEAD_BYTES = 2
_MOST_VARINT_BYTES = 10
_PADDING = bytes(40)

_U = np.uint64
_MIXING = _U(0x9E3779B97F4A7C15)

# By the first four bits of a distance's change: how long its prefix is, how many bits follow, what they wrap at.
_PREFIX_BITS = np.array([1] * 8 + [2] * 4 + [3] * 2 + [4, 4], np.uint64)
_DOD_BITS = np.array([0] * 8 + [14] * 4 + [17] * 2 + [20, 64], np.uint64)
_DOD_HALF = np.array([0] * 8 + [1 << 13] * 4 + [1 << 16] * 2 + [1 << 19, 0], np.int64)
_WHOLE_DOD = _U(15)


class DamagedChunkError(ValueError):
    """A chunk ends before its samples do, or begins like none."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What chunks hold.

    Attributes:
        grids: stamps in milliseconds, ascending, as many chunks share them.
        grid: of each chunk, the index of its stamps in ``grids``; -1 for a chunk without samples.
        chunk, at, bits: at this sample (counted from 0) of this chunk the value's bits became these; ordered by chunk
            and sample; the first sample of each chunk is among them.
    """

    grids: Sequence[Whole]
    grid: NDArray[np.int32]
    chunk: NDArray[np.int32]
    at: NDArray[np.int32]
    bits: Words


def decode(chunks: Sequence[bytes]) -> Decoded:
    """Return what XOR chunks hold.

    Raises:
        DamagedChunkError: a chunk ends early. What follows a chunk's samples is ignored, as Prometheus does.
    """
    store = _Grids(len(chunks))
    parts = [_decode(chunks, begin, store) for begin in range(0, len(chunks), AT_ONCE)]
    if not parts:
        none = np.empty(0, np.int32)
        return Decoded([], none, none, none, np.empty(0, np.uint64))
    return Decoded(
        store.grids,
        store.of_chunk,
        np.concatenate([chunk for chunk, _, _ in parts]),
        np.concatenate([at for _, at, _ in parts]),
        np.concatenate([bits for _, _, bits in parts]),
    )


class _Grids:
    """The different stamps of many chunks, each kept once."""

    def __init__(self, chunks: int) -> None:
        self.grids: list[Whole] = []
        self.of_chunk = np.full(chunks, -1, np.int32)
        self._known: dict[tuple[int, int, int, int], int] = {}

    def add_even(self, chunks: Whole, first: Whole, distance: Whole, count: Whole) -> None:
        """Take in the stamps of chunks whose samples are equally far apart."""
        keys = np.stack([first, distance, count])
        mixed = (first.view(np.uint64) * _MIXING ^ distance.view(np.uint64)) * _MIXING ^ count.view(np.uint64)
        distinct, inverse = _distinct(keys, mixed)
        numbers = [self._even(*key) for key in keys[:, distinct].T.tolist()]
        self.of_chunk[chunks] = np.array(numbers, np.int32)[inverse]

    def _even(self, first: int, distance: int, count: int) -> int:
        key = (first, distance, count, -1)
        if key not in self._known:
            self._known[key] = len(self.grids)
            self.grids.append(first + distance * np.arange(count, dtype=np.int64))
        return self._known[key]

    def add(self, chunks: Whole, stamps: Whole, count: Whole, mixed: Words) -> None:
        """Take in stamps (one column for each chunk), told apart by their ends, their number and their checksum."""
        last = stamps[count - 1, np.arange(len(count))]
        keys = np.stack([stamps[0], last, count, mixed.view(np.int64)])
        distinct, inverse = _distinct(keys, mixed)
        numbers = []
        for key, place in zip(keys[:, distinct].T.tolist(), distinct.tolist(), strict=True):
            number = self._known.setdefault(tuple(key), len(self.grids))
            if number == len(self.grids):
                self.grids.append(stamps[: count[place], place].copy())
            numbers.append(number)
        self.of_chunk[chunks] = np.array(numbers, np.int32)[inverse]


def _distinct(keys: Whole, mixed: Words) -> tuple[Whole, Whole]:
    """Return where each different column of ``keys`` first stands, and of each column which of those it is.

    ``mixed``: a checksum of each column; where that of two different ones is the same, they are compared themselves.
    """
    _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(keys[:, first[inverse]], keys):
        _, first, inverse = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


@dataclass(slots=True)
class _Heads:
    """What stands at the head of chunks, and where (in bits) the rest begins and (in bytes) ends."""

    count: Whole
    first: Whole
    distance: Whole
    bits: Words
    rest: Whole
    ends: Whole


@dataclass(slots=True)
class _Lanes:
    """Where each of many chunks stands while they are decoded side by side; a value's change is ``size`` bits long."""

    place: Whole
    stamp: Whole
    distance: Whole
    values: Words
    lead: Words
    size: Words


def _decode(chunks: Sequence[bytes], begin: int, store: _Grids) -> tuple[NDArray[np.int32], NDArray[np.int32], Words]:
    """Return (chunk, sample, bits) of the changes in up to AT_ONCE chunks from ``begin`` on."""
    mine = chunks[begin : begin + AT_ONCE]
    lengths = np.array(list(map(len, mine)), np.int64)
    text = np.frombuffer(b"".join(mine) + _PADDING, np.uint8)
    ends = np.cumsum(lengths)
    heads = _heads(text, ends - lengths, ends)
    present = np.flatnonzero(heads.count)
    changing = _changing(text, heads)
    even = present[~changing[present]]
    store.add_even(begin + even, heads.first[even], heads.distance[even], heads.count[even])
    found = [(present, np.zeros(len(present), np.int64), heads.bits[present])]
    uneven = present[changing[present]]
    for low in range(0, len(uneven), LOCKSTEP):
        some = uneven[low : low + LOCKSTEP]
        found += _steps(text, heads, some, lambda chunks, *stamps: store.add(begin + chunks, *stamps))
    chunk = np.concatenate([one for one, _, _ in found])
    at = np.concatenate([one for _, one, _ in found])
    bits = np.concatenate([one for _, _, one in found])
    order = np.lexsort((at, chunk))
    return (begin + chunk[order]).astype(np.int32), at[order].astype(np.int32), bits[order]


def _heads(text: NDArray[np.uint8], begins: Whole, ends: Whole) -> _Heads:
    if np.any(ends - begins < _HEAD_BYTES):
        raise DamagedChunkError("a chunk without a head")
    count = text[begins].astype(np.int64) << 8 | text[begins + 1]
    first, after = _varints(text, begins + _HEAD_BYTES)
    zigzag = (first >> _U(1)).view(np.int64) ^ -(first & _U(1)).view(np.int64)
    bits = np.zeros(len(begins), np.uint64)
    for byte in range(8):
        bits = bits << _U(8) | text[np.minimum(after + byte, len(text) - 1)]
    several = count > 1
    distance, rest = _varints(text, np.minimum(after + 8, len(text) - len(_PADDING)))
    rest = np.where(several, rest, after + 8)
    if np.any((count > 0) & (rest > ends)):
        raise DamagedChunkError("a chunk ends in its first samples")
    return _Heads(count, zigzag, np.where(several, distance.view(np.int64), 0), bits, rest * 8, ends)


def _varints(text: NDArray[np.uint8], at: Whole) -> tuple[Words, Whole]:
    """Return the varint at each place, and the place after it."""
    number = np.zeros(len(at), np.uint64)
    after = at.copy()
    going = np.ones(len(at), np.bool_)
    for place in range(_MOST_VARINT_BYTES):
        byte = text[after]
        number |= np.where(going, (byte & 0x7F).astype(np.uint64) << _U(7 * place), _U(0))
        after += going
        going &= byte >= 0x80  # noqa: PLR2004 - the bit that says more follows
        if not going.any():
            break
    return number, after


def _changing(text: NDArray[np.uint8], heads: _Heads) -> Flags:
    """Return of each chunk whether anything but zeros follows its head; False where the head is all there is."""
    rest, ends = heads.rest >> 3, heads.ends
    bounds = np.stack([rest, np.maximum(ends, rest)], axis=1).reshape(-1)
    any_bit = np.bitwise_or.reduceat(text, bounds)[::2]
    # One bit for the second sample's value, two for each one after it: of as many zeros nothing can be missing.
    enough = ends * 8 - heads.rest >= 2 * heads.count - 3
    if np.any(~enough & (heads.count > 1)):
        raise DamagedChunkError("a chunk ends before its samples do")
    changing: Flags = (any_bit != 0) & (ends > rest) & (heads.count > 1)
    return changing


class _Bits:
    """Reads 64 bits from any place of a text of bytes."""

    def __init__(self, text: NDArray[np.uint8]) -> None:
        self._words = text[: len(text) // 8 * 8].view(">u8").astype(np.uint64)

    def at(self, place: Whole) -> Words:
        word, shift = place >> 6, (place & 63).view(np.uint64)
        high: Words = self._words[word] << shift
        high |= self._words[word + 1] >> _U(1) >> (_U(63) - shift)
        return high


def _steps(
    text: NDArray[np.uint8], heads: _Heads, mine: Whole, take: Callable[[Whole, Whole, Whole, Words], None]
) -> list[tuple[Whole, Whole, Words]]:
    """Decode some chunks in lockstep; return (chunk, sample, bits) of the changes after their first samples."""
    # The longest first: those that still have samples are always the first few.
    mine = mine[np.argsort(-heads.count[mine], kind="stable")]
    count = heads.count[mine]
    active = len(mine) - np.searchsorted(count[::-1], np.arange(int(count[0]) + 1), side="right")
    reader = _Bits(text)
    none = np.zeros(len(mine), np.uint64)
    lanes = _Lanes(heads.rest[mine], heads.first[mine], heads.distance[mine], heads.bits[mine], none, none.copy())
    stamps = np.empty((int(count[0]), len(mine)), np.int64)
    stamps[0] = lanes.stamp
    mixed = lanes.stamp.view(np.uint64).copy()
    found: list[tuple[Whole, Whole, Words]] = []
    limit = heads.ends[mine] * 8
    for step in range(1, int(count[0])):
        going = int(active[step])
        place, distance = lanes.place[:going], lanes.distance[:going]
        window = reader.at(place)
        if step > 1:
            window = _distances(reader, window, place, distance)
        stamp = lanes.stamp[:going]
        stamp += distance
        stamps[step, :going] = stamp
        mixed[:going] = (mixed[:going] ^ stamp.view(np.uint64)) * _MIXING
        place += 1
        changed = np.flatnonzero(window >> _U(63))
        if len(changed):
            _values(reader, window[changed], changed, lanes)
            found.append((mine[changed], np.full(len(changed), step, np.int64), lanes.values[changed]))
        if np.any(place > limit[:going]):
            raise DamagedChunkError("a chunk ends before its samples do")
    take(mine, stamps, count, mixed)
    return found


def _distances(reader: _Bits, window: Words, place: Whole, distance: Whole) -> Words:
    """Read by how much the distances of stamps changed, in place; return the bits that follow."""
    changed = np.flatnonzero(window >> _U(63))
    if not len(changed):
        place += 1
        return window << _U(1)
    everywhere = 2 * len(changed) > len(window)
    seen = window if everywhere else window[changed]
    kind = seen >> _U(60)
    prefix, wide = _PREFIX_BITS[kind], _DOD_BITS[kind]
    number = (seen << prefix >> (_U(64) - wide)).view(np.int64)
    half = _DOD_HALF[kind]
    number -= np.where(number > half, half + half, 0)
    used = (prefix + wide).view(np.int64)
    # A distance that changed by hours takes 64 bits, more than the window holds.
    whole = np.flatnonzero(kind == _WHOLE_DOD)
    if len(whole):
        where = whole if everywhere else changed[whole]
        number[whole] = reader.at(place[where] + 4).view(np.int64)
    if everywhere:
        distance += number
        place += used
        window = seen << used.view(np.uint64)
    else:
        distance[changed] += number
        place += 1
        place[changed] += used - 1
        window = window << _U(1)
        window[changed] = seen << used.view(np.uint64)
    if len(whole):
        window[where] = reader.at(place[where])
    return window


def _values(reader: _Bits, window: Words, changed: Whole, lanes: _Lanes) -> None:
    """Read what changed in some values, in place; each lane stands after the bit that says that it changed."""
    place, lead, size = lanes.place, lanes.lead, lanes.size
    anew = np.flatnonzero((window >> _U(62)) & _U(1))
    which = changed[anew]
    lead[which] = (window[anew] >> _U(57)) & _U(31)
    wide = (window[anew] >> _U(51)) & _U(63)
    size[which] = np.where(wide == 0, _U(64), wide)
    place[changed] += 1
    place[which] += 11
    wide, low = size[changed], lead[changed]
    bits = reader.at(place[changed]) >> (_U(64) - wide)
    lanes.values[changed] ^= bits << (_U(64) - low - wide)
    place[changed] += wide.view(np.int64)
