"""The bytes of a log file, unpacked, in blocks that end where a line ends.

Offsets count the bytes of the unpacked file, so a packed copy of a file has the offsets of the file itself.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

from collectors.logs.prefilter import moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

BLOCK_BYTES: Final = 1 << 20
"""One read: small enough to stay in the processor's cache while it is searched and counted."""
MAX_LINE_BYTES: Final = 100 << 10
MAX_UNPACKED_BYTES: Final = 1 << 30
NEAR_BYTES: Final = 1 << 10
_GZIP_MAGIC: Final = b"\x1f\x8b"
_XZ_MAGIC: Final = b"\xfd7zXZ\x00"
_BZIP2_MAGIC: Final = frozenset(b"BZh%d" % level for level in range(1, 10))


class Stream(Protocol):
    """Bytes that can be read from an offset on."""

    final: bool
    """Nothing will be added: what stands behind the last line end is a whole line."""

    damage: str
    """Why the bytes end early; empty where they do not."""

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes; fewer only at the end."""
        ...

    def close(self) -> None:
        """Let go of what was opened for reading; the descriptor stays with its owner."""
        ...


class PlainStream:
    """A file as it lies on the disk."""

    final = False
    damage = ""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes; fewer only at the end."""
        return os.pread(self._descriptor, count, offset)

    def close(self) -> None:
        """Nothing was opened."""


class _ForwardStream(ABC):
    """Bytes that come one after the other and are never held in whole."""

    final = True

    def __init__(self) -> None:
        self.damage = ""
        self._start, self._held, self._ended = 0, b"", False
        self._head = b""

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes; fewer at the end, or where it is damaged (then ``damage`` says so)."""
        if offset + count <= len(self._head):
            return self._head[offset : offset + count]
        if offset < self._start:
            self._rewind()
        while self._start + len(self._held) < offset + count and not self._ended:
            more = self._more(min(BLOCK_BYTES, offset + count - self._start - len(self._held)))
            self._held += more
            self._ended = not more
            self._forget(offset - NEAR_BYTES)
        begin = max(0, offset - self._start)
        return self._held[begin : begin + count]

    @abstractmethod
    def _more(self, count: int) -> bytes:
        """Return the next bytes, none at the end."""

    def _rewind(self) -> None:
        """Go back to the start."""
        raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE))

    def _forget(self, until: int) -> None:
        if until > self._start:
            gone = min(until - self._start, len(self._held))
            self._start, self._held = self._start + gone, self._held[gone:]


class PipeStream(_ForwardStream):
    """What is piped in, to its end."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self._head = self.read(0, NEAR_BYTES)

    def close(self) -> None:
        """Nothing was opened."""

    def _more(self, count: int) -> bytes:
        return self._source.read(count)


class PackedStream(_ForwardStream):
    """A file packed with gzip (of any number of members), bzip2 or xz, unpacked on the way forward.

    Reading backwards further than the last block and a kilobyte unpacks from the start again.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._kind = packed_with(descriptor) or "gzip"
        self._file = os.fdopen(os.dup(descriptor), "rb")
        self._rewind()
        self._head = self.read(0, NEAR_BYTES)

    def close(self) -> None:
        """Close the second descriptor of the file."""
        self._unpacked.close()
        self._file.close()

    def _rewind(self) -> None:
        self._file.seek(0)
        self._unpacked = _OPENERS[self._kind](self._file)
        self._start, self._held, self._ended = 0, b"", False

    def _more(self, count: int) -> bytes:
        try:
            more = self._unpacked.read(count)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            self.damage, more = f"the {self._kind} file is damaged or not complete yet: {error}", b""
        except OSError as error:
            if error.errno is not None:
                raise  # of the disk; bzip2 has no error of its own
            self.damage, more = f"the {self._kind} file is damaged or not complete yet: {error}", b""
        if self._start + len(self._held) + len(more) > MAX_UNPACKED_BYTES:
            self.damage, more = f"unpacks to more than {MAX_UNPACKED_BYTES} bytes: the rest is not read", b""
        return more


def packed_with(descriptor: int) -> str:
    """Return how a file is packed by how it begins, whatever its name says; empty where it is not."""
    head = os.pread(descriptor, 10, 0)
    if head[:4] in _BZIP2_MAGIC and head[4:] == b"1AY&SY":
        return "bzip2"
    return "gzip" if head.startswith(_GZIP_MAGIC) else "xz" if head.startswith(_XZ_MAGIC) else ""


_OPENERS: Final[Mapping[str, Callable[[BinaryIO], BinaryIO]]] = {
    "gzip": lambda file: cast("BinaryIO", gzip.GzipFile(fileobj=file)),
    "bzip2": lambda file: cast("BinaryIO", bz2.BZ2File(file)),
    "xz": lambda file: cast("BinaryIO", lzma.LZMAFile(file)),  # noqa: SIM115 - closed with the stream
}


class Encoding(Protocol):
    """How lines end in a file and how its bytes become UTF-8."""

    def last_end(self, data: bytes) -> int:
        """Return the offset behind the last line end; 0 where there is none."""
        ...

    def first_end(self, data: bytes) -> int:
        """Return the offset behind the first line end; 0 where there is none."""
        ...

    def utf8(self, data: bytes) -> bytes:
        """Return the same text in UTF-8, line for line."""
        ...

    def offsets(self, utf8: bytes, places: Sequence[int], start: int) -> Sequence[int]:
        """Return where rising places of ``utf8`` stand in the file, of which ``utf8[0]`` stands at ``start``."""
        ...


class Utf8:
    """Anything in which a line ends with one byte 0x0A: UTF-8, ASCII, the old 8-bit code pages."""

    def last_end(self, data: bytes) -> int:
        """Return the offset behind the last line end; 0 where there is none."""
        return data.rfind(b"\n") + 1

    def first_end(self, data: bytes) -> int:
        """Return the offset behind the first line end; 0 where there is none."""
        return data.find(b"\n") + 1

    def utf8(self, data: bytes) -> bytes:
        """Return the data as it is; bytes that are not UTF-8 become U+FFFD where a line is decoded."""
        return data

    def offsets(self, utf8: bytes, places: Sequence[int], start: int) -> Sequence[int]:  # noqa: ARG002 - protocol
        """Return the places, moved."""
        return moved(places, start) if start else places


class Utf16:
    """UTF-16 of one byte order; offsets of reads are even."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._line_end = "\n".encode(codec)

    def last_end(self, data: bytes) -> int:
        """Return the offset behind the last line end; 0 where there is none."""
        end = len(data)
        while (found := data.rfind(self._line_end, 0, end)) % 2 and found > 0:
            end = found + 1
        return found + 2 if found >= 0 and found % 2 == 0 else 0

    def first_end(self, data: bytes) -> int:
        """Return the offset behind the first line end; 0 where there is none."""
        found = data.find(self._line_end)
        while found % 2 and found > 0:
            found = data.find(self._line_end, found + 1)
        return found + 2 if found >= 0 else 0

    def utf8(self, data: bytes) -> bytes:
        """Return the same text in UTF-8; what is no UTF-16 becomes U+FFFD."""
        return data.decode(self._codec, "replace").encode()

    def offsets(self, utf8: bytes, places: Sequence[int], start: int) -> Sequence[int]:
        """Return where rising places of ``utf8`` stand in the file."""
        offsets, known = [], 0
        for place in places:
            start += len(utf8[known:place].decode().encode(self._codec))
            known = place
            offsets.append(start)
        return offsets


def encoding_of(head: bytes) -> Encoding:
    """Return the encoding a file's byte order mark says; without one, UTF-8."""
    if head.startswith(b"\xff\xfe"):
        return Utf16("utf-16-le")
    if head.startswith(b"\xfe\xff"):
        return Utf16("utf-16-be")
    return Utf8()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of a file.

    Attributes:
        start: offset of the first byte in the file.
        raw: the bytes of the file from there on.
        data: the same in UTF-8; lines end at ``end`` at the latest.
        end: how much of ``data`` counts.
        next_start: where the next line of the file begins.
        cut: the chunk is one line that was too long, cut to MAX_LINE_BYTES.
    """

    start: int
    raw: bytes
    data: bytes
    end: int
    next_start: int
    cut: bool = False


def chunks(stream: Stream, encoding: Encoding, offset: int) -> Iterator[Chunk]:
    """Yield the whole lines from an offset on; a last line without its end only where the stream is final."""
    while block := stream.read(offset, BLOCK_BYTES):
        if block.startswith(b"\0") and isinstance(encoding, Utf8):
            # After copytruncate a writer that does not append leaves a hole of zeros before its next line.
            holes = len(block) - len(block.lstrip(b"\0"))
            offset += holes
            continue
        end = encoding.last_end(block)
        if end:
            text = encoding.utf8(block if isinstance(encoding, Utf8) else block[:end])
            yield Chunk(offset, block, text, end if isinstance(encoding, Utf8) else len(text), offset + end)
            offset += end
            continue
        next_start, complete = _line_end(stream, encoding, offset, len(block))
        if not complete and not (stream.final and not stream.damage):
            return
        text = encoding.utf8(block[: min(next_start - offset, MAX_LINE_BYTES)])
        yield Chunk(offset, block, text, len(text), next_start, cut=next_start - offset > MAX_LINE_BYTES)
        offset = next_start


def _line_end(stream: Stream, encoding: Encoding, start: int, known: int) -> tuple[int, bool]:
    """Return where the line that begins at ``start`` ends, and whether an end stands there or the stream is over."""
    position = start + known
    while block := stream.read(position, BLOCK_BYTES):
        end = encoding.first_end(block)
        if end:
            return position + end, True
        position += len(block)
    return position, False
