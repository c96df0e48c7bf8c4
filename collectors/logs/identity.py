"""Which file is which, over rotation, truncation, copies and restarts; and how far each has been read.

A file is known by device, inode and the hash of its beginning: the inode alone may be another file's by now, the
beginning alone may be shared by many. The bytes just before the offset are hashed too, so that a file that was written
anew from the same beginning, or a copy, is continued only where it really says the same up to there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from breakwatch.clock import DAY_US
from collectors.logs.streams import NEAR_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from breakwatch.clock import Instant
    from collectors.logs.streams import Chunk, Stream

KEY_PREFIX: Final = "file:"
FORGET_AFTER_US: Final = 7 * DAY_US
"""A file that is gone is remembered so long, because it may come back under another name, or packed."""


@dataclass(frozen=True, slots=True)
class Record:
    """How far one file has been read.

    Attributes:
        offset: everything before it has been read; in bytes of the unpacked file.
        head, head_bytes: hash of the first bytes, and of how many (at most NEAR_BYTES, fewer while it was short).
        tail, tail_bytes: likewise of the bytes just before ``offset``.
        packed: size and time of a gzip file that was read to its end, so that it need not be unpacked to know it again.
        path: where it was last seen, for people.
        gone_us: when it was first missed.
    """

    offset: int
    head: str
    head_bytes: int
    tail: str
    tail_bytes: int
    packed: str = ""
    path: str = ""
    gone_us: Instant | None = None

    def continues_in(self, stream: Stream) -> bool:
        """Return whether a file holds what this record read, so that it can be continued at the offset."""
        if digest(stream.read(0, self.head_bytes)) != self.head:
            return False
        before = stream.read(self.offset - self.tail_bytes, self.tail_bytes)
        return len(before) == self.tail_bytes and digest(before) == self.tail


def record_at(offset: int, head: bytes, chunk: Chunk, stream: Stream) -> Record:
    """Return the record of a file that has been read up to ``offset``, for the most part in or behind ``chunk``.

    Made of the bytes that were read, not of those the file holds by now: it may have been truncated in between.
    """
    behind = offset - chunk.start
    before = chunk.raw[max(0, behind - NEAR_BYTES) : behind] if 0 <= behind <= len(chunk.raw) else b""
    tail = before or stream.read(max(0, offset - NEAR_BYTES), min(NEAR_BYTES, offset))
    return Record(offset, digest(head), len(head), digest(tail), len(tail))


def still_begins(stream: Stream, head: bytes, record: Record | None, last: Chunk | None) -> bool:
    """Return whether, after a read, the file still is the one that the read was meant for.

    That is the one in which ``last`` was read just before, else the one that ``record`` is of.
    """
    if last is None:
        return record.continues_in(stream) if record is not None else stream.read(0, len(head)) == head
    behind = last.next_start - last.start
    tail = last.raw[max(0, behind - NEAR_BYTES) : behind] if behind <= len(last.raw) else b""
    return stream.read(0, len(head)) == head and stream.read(last.next_start - len(tail), len(tail)) == tail


def first_line_id(head: bytes) -> str:
    """Return what names a file's content for good: the hash of its first line, at most NEAR_BYTES of it.

    Stable from the moment that line is complete, whatever is appended and however the file is called, copied or packed.
    """
    return digest(head[:NEAR_BYTES].partition(b"\n")[0])


def digest(data: bytes) -> str:
    """Return a short hash."""
    return blake2b(data, digest_size=8).hexdigest()


@dataclass
class Book:
    """The records of a source: those that were stored, and the changes of this pass."""

    stored: Mapping[str, Record]
    changes: dict[str, Record | None] = field(default_factory=dict)

    @classmethod
    def of(cls, checkpoints: Mapping[str, str]) -> Book:
        """Return the book that the checkpoints hold."""
        read = {key: _record(text) for key, text in checkpoints.items() if key.startswith(KEY_PREFIX) and text}
        return cls({key: record for key, record in read.items() if record is not None})

    def resume(self, key: str, stream: Stream) -> Record | None:
        """Return how far a file has been read: by its own record, else by that of an equal content; None for not."""
        own = self.stored.get(key)
        if own is not None and own.continues_in(stream):
            return own
        # While copytruncate is at work the old record is the copy's, though the inode is the fresh file's by now.
        others = [record for other, record in self.stored.items() if other != key]
        others += [record for other, record in self.changes.items() if other != key and record is not None]
        heads = {count: digest(stream.read(0, count)) for count in {record.head_bytes for record in others}}
        alike = [record for record in others if heads[record.head_bytes] == record.head]
        alike.sort(key=lambda record: -record.offset)
        return next((record for record in alike if record.continues_in(stream)), None)

    def is_read(self, key: str, packed: str) -> bool:
        """Return whether a gzip file was read to its end as it is."""
        known = self.changes.get(key) or self.stored.get(key)
        return known is not None and bool(packed) and known.packed == packed

    def note(self, key: str, record: Record) -> None:
        """Keep how far a file has been read now."""
        if key in self.changes or self.stored.get(key) != record:
            self.changes[key] = record

    def miss(self, seen: set[str], now_us: Instant) -> None:
        """Mark the files that are gone, and forget those that have been gone for long."""
        for key, record in self.stored.items():
            if key in seen:
                continue
            if record.gone_us is None:
                self.changes[key] = replace(record, gone_us=now_us)
            elif record.gone_us < now_us - FORGET_AFTER_US:
                self.changes[key] = None

    def checkpoints(self) -> dict[str, str]:
        """Return the changes as checkpoints; an empty text forgets."""
        return {key: "" if record is None else _text(record) for key, record in self.changes.items()}


def _record(text: str) -> Record | None:
    """Return the record a checkpoint holds; None for one that another version wrote: reading anew doubles nothing."""
    try:
        return Record(**orjson.loads(text))
    except (ValueError, TypeError):
        return None


def _text(record: Record) -> str:
    plain: dict[str, Any] = {name: getattr(record, name) for name in Record.__slots__}
    return orjson.dumps(plain).decode()
