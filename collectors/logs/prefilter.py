"""Which lines of a block are worth parsing: those that hold one of a few plain texts.

Searching a block costs a hundredth of parsing its lines, and in most logs one line in a thousand is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from collectors.logs.regexes import compile_any

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW_LITERALS: Final = 3
"""Up to so many, one search each is faster than one search for all."""


class Prefilter:
    """Finds the lines of a block that hold one of the literals; with none, every line.

    Args:
        literals: plain texts; those that hold another one are left out, since that one finds their lines too.
    """

    def __init__(self, literals: frozenset[bytes]) -> None:
        self._literals = tuple(sorted(one for one in literals if not any(two in one for two in literals - {one})))
        self._any = compile_any(self._literals) if len(self._literals) > FEW_LITERALS else None

    def lines(self, data: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where the wanted lines of ``data[begin:end]`` start and stop, line ends not included."""
        if not self._literals:
            yield from _every_line(data, begin, end)
            return
        line_start = begin
        for hit in self._hits(data, begin, end):
            if hit < line_start:
                continue
            start = max(line_start, data.rfind(b"\n", line_start, hit) + 1)
            stop = data.find(b"\n", hit, end)
            stop = end if stop < 0 else stop
            yield start, stop
            line_start = stop + 1

    def _hits(self, data: bytes, begin: int, end: int) -> Iterator[int]:
        """Yield, in order, where a literal stands; at least the first of each line."""
        if self._any is None:
            yield from _merged(data, self._literals, begin, end)
            return
        position = begin
        while (match := self._any.search(data, position)) is not None and match.start() < end:
            yield match.start()
            stop = data.find(b"\n", match.start(), end)
            if stop < 0:
                return
            position = stop + 1


def count_lines(data: bytes, begin: int, end: int) -> int:
    """Return how many lines stand in ``data[begin:end]``, a last one without its end included."""
    if begin >= end:
        return 0
    ends = int(np.count_nonzero(np.frombuffer(data, np.uint8, end - begin, begin) == ord("\n")))
    return ends + (data[end - 1] != ord("\n"))


def _every_line(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
    while begin < end:
        stop = data.find(b"\n", begin, end)
        stop = end if stop < 0 else stop
        yield begin, stop
        begin = stop + 1


def _merged(data: bytes, literals: tuple[bytes, ...], begin: int, end: int) -> Iterator[int]:
    """Yield the hits of each literal in order of place; each literal searches the block once in all."""
    upcoming = {literal: data.find(literal, begin, end) for literal in literals}
    while upcoming := {literal: hit for literal, hit in upcoming.items() if hit >= 0}:
        first = min(upcoming.values())
        yield first
        stop = data.find(b"\n", first, end)
        if stop < 0:
            return
        for literal, hit in upcoming.items():
            if hit <= stop:
                upcoming[literal] = data.find(literal, stop + 1, end)
