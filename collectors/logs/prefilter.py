"""Which lines of a block are worth parsing: those that hold one of a few plain texts.

Searching a block costs a hundredth of parsing its lines, and in most logs one line in a thousand is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from collectors.logs.regexes import compile_any, compile_for_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from collectors.logs.regexes import BytesRegex

FEW_LITERALS: Final = 4
"""Up to so many, one search each is faster than one search for all."""
_BOM: Final = b"\xef\xbb\xbf"
_EIGHT: Final = np.arange(8)
MANY: Final = 500
"""So many places are compared byte by byte for all at once; fewer one after the other."""
SAMPLE_BYTES: Final = 1 << 16
"""So much of a block says which bytes are rare."""
RARE: Final = 1 / 1000
"""A byte that is rarer is looked for alone; where it turns out to be more common, a sample is taken anew."""


class Prefilter:
    """Finds the lines of a block that hold one of the literals; with none, every line.

    Not to be used by two threads at once.

    Args:
        literals: plain texts; those that hold another one are left out, since that one finds their lines too.
        patterns: where there are no literals, RE2 patterns of which wanted lines match one.
    """

    def __init__(self, literals: frozenset[bytes], patterns: Sequence[str] = ()) -> None:
        alone = sorted(one for one in literals if not any(two in one for two in literals - {one}))
        self._literals = tuple(alone)
        self._any = compile_any(self._literals) if len(alone) > FEW_LITERALS else None
        self._blocks = None if alone else compile_for_blocks(patterns)
        self._searches = () if self._any is not None else tuple(_Search(one) for one in alone)

    def lines(self, data: bytes, begin: int, end: int) -> tuple[list[bytes], Sequence[int]]:
        """Return the wanted lines of ``data[begin:end]`` without their line ends, and where each begins."""
        if not self._literals:
            # CR LF, a mark and bytes that are no UTF-8 look different to a pattern in a block and in a line.
            if self._blocks is None or b"\r" in data or data.startswith(_BOM) or not _is_utf8(data[begin:end]):
                return _every_line(data, begin, end)
            return _of_hits(data, _first_hits(data, self._blocks, begin, end), begin, end)
        return _of_hits(data, self._hits(data, begin, end), begin, end)

    def _hits(self, data: bytes, begin: int, end: int) -> Iterable[int]:
        """Return, in order, where a literal stands; at least the first of each line."""
        if self._any is not None:
            return _first_hits(data, self._any, begin, end)
        found = [search.hits(data, begin, end) for search in self._searches]
        return found[0] if len(found) == 1 else sorted(chain.from_iterable(found))


class _Search:
    """A search for one text, a block at a time: where its rarest byte stands, or its two rarest, it may stand."""

    def __init__(self, text: bytes) -> None:
        self._bytes, self._text = text, np.frombuffer(text, np.uint8)
        self._order: list[int] = []  # the places in the text, that of the rarest byte first
        self._alone = False
        self._one = self._two = np.empty(0, np.bool_)

    def hits(self, data: bytes, begin: int, end: int) -> list[int]:
        """Return where the text stands in ``data[begin:end]``, in order."""
        text = self._text
        places = end - begin - len(text) + 1
        if places <= 0:
            return []
        block = np.frombuffer(data, np.uint8, end - begin, begin)
        if not self._order:
            self._look(block[:SAMPLE_BYTES])
        may = self._may(block, places)
        eights = np.flatnonzero(may.view(np.uint64) != 0)  # most places are out: looked through eight at a time
        if self._alone and len(eights) > 2 * RARE * max(places, SAMPLE_BYTES):
            self._look(block[-SAMPLE_BYTES:])
        found = (eights[:, None] * 8 + _EIGHT).ravel()
        found = found[found < places]
        found = found[may[found]]
        if len(found) > MANY:
            for place in self._order:
                found = found[block[found + place] == text[place]]
        whole, starts_with = self._bytes, data.startswith
        return [place for place in (found + begin).tolist() if starts_with(whole, place)]

    def _look(self, sample: NDArray[np.uint8]) -> None:
        """Find out which bytes of the text are rare in what is searched."""
        seen = np.bincount(sample, minlength=256)
        self._order = sorted(range(len(self._text)), key=lambda place: int(seen[self._text[place]]))
        self._alone = bool(seen[self._text[self._order[0]]] <= RARE * len(sample))

    def _may(self, block: NDArray[np.uint8], places: int) -> NDArray[np.bool_]:
        """Return where the rarest bytes stand; a few more places than there are, which hold anything."""
        if len(self._one) < places:  # kept, because fresh memory costs more than the search
            self._one, self._two = (np.zeros((places + 7) // 8 * 8, np.bool_) for _ in range(2))
        first, second = (*self._order, *self._order)[:2]
        one, two = self._one[:places], self._two[:places]
        np.equal(block[first : first + places], self._text[first], out=one)
        if second != first and not self._alone:
            np.equal(block[second : second + places], self._text[second], out=two)
            np.logical_and(one, two, out=one)
        return self._one[: (places + 7) // 8 * 8]


class LineCounter:
    """Counts lines. Not to be used by two threads at once."""

    def __init__(self) -> None:
        self._ends = np.empty(0, np.bool_)  # kept, because fresh memory costs more than the count

    def count(self, data: bytes, end: int) -> int:
        """Return how many lines stand in ``data[:end]``, a last one without its end included."""
        if end <= 0:
            return 0
        if len(self._ends) < end:
            self._ends = np.empty(end, np.bool_)
        ends = np.equal(np.frombuffer(data, np.uint8, end), ord("\n"), out=self._ends[:end])
        return int(np.count_nonzero(ends)) + (data[end - 1] != ord("\n"))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _every_line(data: bytes, begin: int, end: int) -> tuple[list[bytes], Sequence[int]]:
    lines = data[begin:end].split(b"\n")
    if not lines[-1]:
        lines.pop()  # behind a last line that has its end
    return lines, _Starts(lines, begin)


class _Starts(Sequence[int]):
    """Where each of some lines begins; worked out when it is first asked for, which for most blocks is never."""

    def __init__(self, lines: list[bytes], begin: int) -> None:
        self._lines, self._begin = lines, begin
        self._lengths: list[int] = []

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        if not self._lengths:
            self._lengths = list(accumulate(map(len, self._lines), initial=self._begin))
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        return self._lengths[index] + index  # each line end takes a byte

    def __iter__(self) -> Iterator[int]:
        return (self[index] for index in range(len(self)))

    def moved(self, by: int) -> _Starts:
        """Return the same, so many bytes further."""
        return _Starts(self._lines, self._begin + by)


def moved(places: Sequence[int], by: int) -> Sequence[int]:
    """Return places so many bytes further."""
    return places.moved(by) if isinstance(places, _Starts) else [place + by for place in places]


def _of_hits(data: bytes, hits: Iterable[int], begin: int, end: int) -> tuple[list[bytes], list[int]]:
    """Return the lines that hold a hit, and where each begins."""
    lines, starts = [], []
    find, rfind = data.find, data.rfind
    for hit in hits:
        if hit < begin:
            continue  # a second one in the same line
        start = rfind(b"\n", begin, hit) + 1 or begin
        stop = find(b"\n", hit, end)
        begin = end if stop < 0 else stop + 1
        lines.append(data[start : end if stop < 0 else stop])
        starts.append(start)
    return lines, starts


def _first_hits(data: bytes, regex: BytesRegex, begin: int, end: int) -> Iterator[int]:
    """Yield where a match begins, the first of each line."""
    position = begin
    while (match := regex.search(data, position)) is not None and match.start() < end:
        yield match.start()
        stop = data.find(b"\n", match.start(), end)
        if stop < 0:
            return
        position = stop + 1
