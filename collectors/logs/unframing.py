"""Lines out of their framing, and whole again where a container runtime split them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

from breakwatch.clock import SECOND_US
from collectors.logs.streams import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breakwatch.clock import Instant
    from collectors.logs.framings import Frame, Framing

REST_WAIT_US: Final = 60 * SECOND_US
"""The rest of a split line is written at once; what has no rest after so long was cut off when its program died."""


_Record = tuple[bytes, int, bytes, "Frame | None", bytes]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to be read, as parallel lists.

    Attributes:
        own: the first record of each as it stands in the file.
        offsets: where that begins.
        inside: what the program wrote.
        frames: what was said about it; None for a line without framing.
        kept: what is shown of it as evidence.
    """

    own: Sequence[bytes]
    offsets: Sequence[int]
    inside: Sequence[bytes]
    frames: Sequence[Frame | None]
    kept: Sequence[bytes]

    @classmethod
    def of(cls, records: list[_Record]) -> Lines:
        """Return the lines that some records make."""
        own, offsets, inside, frames, kept = zip(*records, strict=True) if records else ((), (), (), (), ())
        return cls(own, offsets, inside, frames, kept)


@dataclass(slots=True)
class _Begun:
    """The first pieces of a line."""

    line: bytes
    offset: int
    frame: Frame
    pieces: list[bytes]
    size: int

    def add(self, piece: bytes) -> None:
        """Take in a further piece; beyond the longest line it is cut."""
        self.pieces.append(piece[: max(0, MAX_LINE_BYTES - self.size)])
        self.size += len(piece)


class Unframer:
    """Takes the framing off the lines of one file, in their order.

    Args:
        framing: what it is.
        literals: texts of which what stands inside must hold one; with none, everything is wanted.
    """

    def __init__(self, framing: Framing, literals: frozenset[bytes]) -> None:
        self.framing = framing
        self._literals = tuple(literals)
        self._begun: dict[str, _Begun] = {}

    @property
    def waiting(self) -> bool:
        """Whether the rest of a line is waited for: then every line has to be looked at."""
        return bool(self._begun)

    def lines(self, lines: Iterable[bytes], offsets: Iterable[int]) -> Lines:
        """Return what stands inside; a line of which a piece is missing comes with its last piece."""
        found: list[_Record] = []
        for line, offset in zip(lines, offsets, strict=True):
            opened = self.framing.open(line.removeprefix(b"\xef\xbb\xbf"))
            if opened is None:
                found.append((line, offset, line, None, line))
                continue
            inside, frame = opened
            begun = self._begun.get(frame.stream) if self._begun else None
            if begun is not None:
                begun.add(inside)
                if not frame.piece:
                    self._finish(found, frame.stream)
            elif frame.piece:
                self._begun[frame.stream] = _Begun(line, offset, frame, [inside], len(inside))
            else:
                found.append((line, offset, inside, frame, line))
        return Lines.of([record for record in found if self._wanted(record[2])])

    def give_up(self, now_us: Instant, *, final: bool) -> Lines:
        """Return the lines whose rest will not come any more, as far as they go."""
        found: list[_Record] = []
        for stream, begun in list(self._begun.items()):
            began_us = begun.frame.occurred_us(UTC, now_us)
            if final or began_us is None or began_us < now_us - REST_WAIT_US:
                self._finish(found, stream)
        return Lines.of([record for record in found if self._wanted(record[2])])

    def done_until(self, reached: int) -> int:
        """Return up to where a file is done: before the first line whose rest is waited for."""
        return min((begun.offset for begun in self._begun.values()), default=reached)

    def _wanted(self, inside: bytes) -> bool:
        return not self._literals or any(literal in inside for literal in self._literals)

    def _finish(self, found: list[_Record], stream: str) -> None:
        begun = self._begun.pop(stream)
        inside = b"".join(begun.pieces)
        found.append((begun.line, begun.offset, inside, replace(begun.frame, piece=False), inside))


def plain(lines: Sequence[bytes], offsets: Sequence[int]) -> Lines:
    """Return lines that have no framing."""
    return Lines(lines, offsets, lines, [], lines)
