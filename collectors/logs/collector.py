"""Follows the log files of one source and yields what their lines say happened: each line once, and only whole lines.

Offsets are checkpoints, stored together with the rows they stand for, so a crash loses and doubles nothing. What no
reader can see: lines written between the copy and the truncation of copytruncate, and lines of a file that is renamed
out of the pattern, or deleted, while we are stopped. So name the first rotated file in ``paths`` too (``app.log*``),
and rotate by rename, or with ``delaycompress``.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from breakwatch.config_units import nearest
from breakwatch.errors import ConfigError, SourceError
from breakwatch.model import Batch, Runs, Track, TrackKind
from collectors import profiles
from collectors.identity import Resolver
from collectors.logs.following import Files
from collectors.logs.gathering import Place, Step
from collectors.logs.identity import Book, Record, first_line_id, record_at, still_begins
from collectors.logs.patterns import FIELDS, of_source
from collectors.logs.prefilter import Prefilter
from collectors.logs.reading import LineReader
from collectors.logs.redaction import Redactor
from collectors.logs.streams import MAX_LINE_BYTES, NEAR_BYTES, chunks, encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from breakwatch.clock import Clock, Instant
    from breakwatch.config import Config, LogsSource
    from breakwatch.model import Window
    from collectors.logs.following import Held
    from collectors.logs.patterns import LogPattern
    from collectors.logs.streams import Chunk, Encoding, Stream

CAUGHT_UP: Final = "caught_up"
FIRST_EVENT: Final = "first_event"
DEFAULT_PROFILE: Final = "breakwatch-service"
"""The profile whose patterns a source without one is read with: our own words for everything."""


@dataclass
class _Pass:
    """What is known while the files are read once through."""

    window: Window
    now_us: Instant
    book: Book
    first_event_us: Instant | None
    caught_up_us: Instant | None
    step: Step
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def backfill(self) -> bool:
        """Whether a span is asked for: files are read from their start, and how far they were read stays as it is."""
        return self.window.start_us is not None

    def wants(self, occurred_us: Instant) -> bool:
        """Return whether a sighting of that time was asked for."""
        return self.window.start_us is None or self.window.start_us <= occurred_us < self.window.end_us


class LogCollector:
    """Follows the files of a source.

    Args:
        source: the source as configured.
        config: for the services that lines are matched to.
        clock: the present; a stamp far ahead of it is refused, and a pass that read everything is caught up to it.
    """

    def __init__(self, source: LogsSource, config: Config, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._profile = source.profile or ("" if source.pattern else DEFAULT_PROFILE)
        self._resolver = Resolver(config.services, source.labels)
        self._reader = LineReader(
            source.name,
            source.format,
            self._patterns(),
            fields=_known(source),
            timezone=source.timezone,
            resolver=self._resolver,
            profile=self._profile,
        )
        if not self._reader.patterns:
            raise ConfigError(
                f"source {source.name}: the profile {self._profile} has no log pattern for format {source.format}",
                "set another format, or give the source a pattern of its own",
            )
        self._prefilter = Prefilter(self._reader.literals)
        self._redactor = Redactor(source.redact)
        self._files = Files(source.paths)

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        """Yield what the lines say that were added since the checkpoints.

        With a start, the files are read from their beginning, what happened inside the window is yielded, and the
        checkpoints stay. SourceError where no file is found, and at the end where one may not be read.
        """
        marks = {name: int(checkpoints[name]) for name in (FIRST_EVENT, CAUGHT_UP) if checkpoints.get(name)}
        now_us = self._clock()  # before the files are looked at: what is written later belongs to the next pass
        book = Book.of(checkpoints)
        current = _Pass(window, now_us, book, marks.get(FIRST_EVENT), marks.get(CAUGHT_UP), self._step())
        files = self._files.find(now_us)
        if not files:
            raise SourceError(
                f"source {self._source.name}: no file is found at {', '.join(map(str, self._source.paths))}",
                "check paths, and whether the program has written its first line",
            )
        for held in files:
            yield from self._read(current, held)
        if not current.backfill:
            current.book.miss(self._files.keys, now_us)
            self._files.release(now_us)
        refused = self._files.refused
        yield self._batch(current, caught_up=not refused)
        if refused:
            raise SourceError(
                f"source {self._source.name}: {refused[0]}"
                + (f" (and {len(refused) - 1} more)" if refused[1:] else ""),
                "let the account that runs breakwatch read it",
            )

    def close(self) -> None:
        """Close the files that are held open."""
        self._files.close()

    def _patterns(self) -> tuple[LogPattern, ...]:
        if self._source.pattern:
            return (of_source(self._source.pattern),)
        (profile,) = profiles.load([self._profile])
        return profile.logs

    def _read(self, current: _Pass, held: Held) -> Iterator[Batch]:
        stream = self._files.open(held)
        if stream is None:
            return
        with closing(stream):
            try:
                yield from self._follow(current, held, stream)
            except OSError as error:
                raise SourceError(
                    f"source {self._source.name}: {held.path} cannot be read: {error.strerror or error}",
                    "check the disk, or the network file system, that holds it",
                ) from error

    def _follow(self, current: _Pass, held: Held, stream: Stream) -> Iterator[Batch]:
        """Read one file from where it was left, handing over whenever a batch is full."""
        packed = held.version if stream.final else ""
        head = stream.read(0, NEAR_BYTES)
        if not head or (not current.backfill and current.book.is_read(held.key, packed)):
            return
        encoding = encoding_of(head)
        record = None if current.backfill else current.book.resume(held.key, stream)
        start = record.offset if record else 0
        first_line = first_line_id(head) if start else ""
        for chunk in chunks(stream, encoding, start):
            if not stream.final and not still_begins(stream, head, record):
                break  # truncated under our hands: the chunk may be the fresh file's, which the next pass begins with
            # Only now is the first line complete, and with it the name for good.
            first_line = first_line or first_line_id(stream.read(0, NEAR_BYTES) if chunk.start else chunk.raw)
            self._chunk(current, held, chunk, encoding, first_line)
            record = replace(record_at(chunk.next_start, head, chunk, stream), path=held.path)
            if current.step.full:
                self._note(current, held, record)
                yield self._batch(current)
        if stream.damage:
            current.step.reject(f"{first_line_id(head)}:damaged", stream.damage, str(held.path), "")
        if record is not None:
            self._note(current, held, replace(record, packed=packed, path=held.path, gone_us=None))

    def _note(self, current: _Pass, held: Held, record: Record) -> None:
        if not current.backfill:
            current.book.note(held.key, record)

    def _chunk(self, current: _Pass, held: Held, chunk: Chunk, encoding: Encoding, first_line: str) -> None:
        """Read the wanted lines of a chunk."""
        data, step = chunk.data, current.step
        step.count(data, chunk.end)
        lines, starts = self._prefilter.lines(data, 0, chunk.end)
        if not lines:
            return
        cut = frozenset({0}) if chunk.cut else _too_long(lines)
        if cut:
            current.notes[f"a line longer than {MAX_LINE_BYTES} bytes was cut"] += len(cut)
            lines = [line[:MAX_LINE_BYTES] for line in lines]
        if b"\r" in data:
            lines = [line.removesuffix(b"\r") for line in lines]
        understood = self._reader.read(lines, current.now_us)
        place = Place(first_line, held.path, lines, encoding.offsets(data, starts, chunk.start), cut)
        first_us = step.take(understood, place, current.wants if current.backfill else None)
        if first_us is not None and (current.first_event_us is None or first_us < current.first_event_us):
            current.first_event_us = first_us

    def _step(self) -> Step:
        return Step(self._source.name, self._redactor)

    def _batch(self, current: _Pass, *, caught_up: bool = False) -> Batch:
        """Return what has been gathered, and begin anew; once caught up, with the span the log is known for."""
        step, current.step = current.step, self._step()
        checkpoints = {} if current.backfill else current.book.checkpoints()
        if not current.backfill and current.first_event_us is not None:
            checkpoints[FIRST_EVENT] = str(current.first_event_us)
        presence = self._presence(current) if caught_up else None
        if presence is not None and not current.backfill:
            checkpoints[CAUGHT_UP] = str(presence[1])
        notes = [f"{self._source.name}: {what} ({count} times)" for what, count in current.notes.items()]
        current.notes.clear()
        return Batch(
            source=self._source.name,
            tracks=() if presence is None else (self._track(),),
            runs=Runs.empty() if presence is None else _run(*presence),
            sightings=step.sightings,
            rejected=step.rejected,
            checkpoints=checkpoints,
            lines=step.lines,
            skipped=step.lines - step.told,
            seen_until_us=None if presence is None else presence[1],
            notes=notes,
        )

    def _presence(self, current: _Pass) -> tuple[Instant, Instant] | None:
        """Return from when to when the log is known to be read without a gap."""
        last_us = min(current.window.end_us, current.now_us)
        if current.window.start_us is not None:
            if current.first_event_us is None:
                return None
            first_us = max(current.window.start_us, current.first_event_us)
        else:
            known = (current.caught_up_us, current.first_event_us, last_us)
            first_us = next(mark_us for mark_us in known if mark_us is not None)
        return (first_us, last_us) if first_us <= last_us else None

    def _track(self) -> Track:
        return Track(
            source=self._source.name,
            kind=TrackKind.SCRAPE,
            subject=self._resolver.subject({}),
            scrape_target=f"log:{self._source.name}",
            profile=self._profile,
        )


def _too_long(lines: list[bytes]) -> frozenset[int]:
    if max(map(len, lines)) <= MAX_LINE_BYTES:
        return frozenset()
    return frozenset(index for index, line in enumerate(lines) if len(line) > MAX_LINE_BYTES)


def _run(first_us: Instant, last_us: Instant) -> Runs:
    return Runs(
        track=np.zeros(1, np.int32),
        first_us=np.array([first_us], np.int64),
        last_us=np.array([last_us], np.int64),
        value=np.ones(1, np.float64),
        read_s=np.zeros(1, np.float64),
        assumed=np.zeros(1, np.bool_),
    )


def _known(source: LogsSource) -> Mapping[str, str]:
    """Return the source's own field names; ConfigError for a field we do not have."""
    for name in source.fields:
        if name not in FIELDS:
            raise ConfigError(
                f"source {source.name}: fields: {name!r} is no field of ours", nearest(name, sorted(FIELDS))
            )
    return source.fields
