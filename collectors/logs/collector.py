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
from breakwatch.model import Batch, Rejected, Runs, Sighting, Track, TrackKind
from collectors import profiles
from collectors.identity import Resolver
from collectors.logs.following import Files
from collectors.logs.identity import Book, Record, first_line_id, position_of, record_at, still_begins
from collectors.logs.patterns import FIELDS, of_source
from collectors.logs.prefilter import Prefilter, count_lines
from collectors.logs.reading import LineReader
from collectors.logs.streams import MAX_LINE_BYTES, NEAR_BYTES, chunks, encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from breakwatch.clock import Clock, Instant
    from breakwatch.config import Config, LogsSource
    from breakwatch.model import Window
    from collectors.logs.following import Held
    from collectors.logs.patterns import LogPattern
    from collectors.logs.streams import Chunk, Encoding, Stream

BATCH_SIGHTINGS: Final = 20_000
BATCH_BYTES: Final = 64 << 20
BATCH_KEPT_CHARS: Final = 8 << 20
MAX_REJECTED_CHARS: Final = 2_000
CAUGHT_UP: Final = "caught_up"
FIRST_EVENT: Final = "first_event"
DEFAULT_PROFILE: Final = "breakwatch-service"
"""The profile whose patterns a source without one is read with: our own words for everything."""


@dataclass
class _Step:
    """What the next batch will hold."""

    sightings: list[Sighting] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    lines: int = 0
    told: int = 0
    bytes_read: int = 0
    kept_chars: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to hand over."""
        kept = len(self.sightings) + len(self.rejected)
        return kept >= BATCH_SIGHTINGS or self.bytes_read >= BATCH_BYTES or self.kept_chars >= BATCH_KEPT_CHARS

    def count(self, data: bytes, begin: int, end: int) -> None:
        """Take ``data[begin:end]`` as read."""
        self.lines += count_lines(data, begin, end)
        self.bytes_read += end - begin


@dataclass
class _Pass:
    """What is known while the files are read once through."""

    window: Window
    now_us: Instant
    book: Book
    first_event_us: Instant | None
    caught_up_us: Instant | None
    step: _Step = field(default_factory=_Step)
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
        self._files = Files(source.paths)

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        """Yield what the lines say that were added since the checkpoints.

        With a start, the files are read from their beginning, what happened inside the window is yielded, and the
        checkpoints stay. SourceError where no file is found, and at the end where one may not be read.
        """
        marks = {name: int(checkpoints[name]) for name in (FIRST_EVENT, CAUGHT_UP) if checkpoints.get(name)}
        now_us = self._clock()  # before the files are looked at: what is written later belongs to the next pass
        current = _Pass(window, now_us, Book.of(checkpoints), marks.get(FIRST_EVENT), marks.get(CAUGHT_UP))
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
            for reached in self._lines(current, held, chunk, encoding, first_line):
                record = replace(record_at(reached, head, chunk, stream), path=held.path)
                if current.step.full:
                    self._note(current, held, record)
                    yield self._batch(current)
        if stream.damage:
            self._reject(current.step, f"{first_line_id(head)}:damaged", stream.damage, str(held.path), "")
        if record is not None:
            self._note(current, held, replace(record, packed=packed, path=held.path, gone_us=None))

    def _note(self, current: _Pass, held: Held, record: Record) -> None:
        if not current.backfill:
            current.book.note(held.key, record)

    def _lines(self, current: _Pass, held: Held, chunk: Chunk, encoding: Encoding, first_line: str) -> Iterator[int]:
        """Read the wanted lines of a chunk; yield up to where the file is done when a batch is full, and at the end."""
        data, counted, known = chunk.data, 0, 0
        offset = chunk.start  # of data[known] in the file
        for begin, stop in self._prefilter.lines(data, 0, chunk.end):
            offset, known = offset + encoding.own_bytes(data, known, begin), begin
            line = data[begin : min(stop, begin + MAX_LINE_BYTES)]
            cut = chunk.cut or len(line) < stop - begin
            line = line.removesuffix(b"\r")
            where = f"{held.path}, byte {offset}"
            self._line(current, where, line, position_of(first_line, offset, line), cut=cut)
            if current.step.full and stop + 1 < chunk.end:
                current.step.count(data, counted, stop + 1)
                counted = stop + 1
                yield offset + encoding.own_bytes(data, begin, counted)
        current.step.count(data, counted, chunk.end)
        yield chunk.next_start

    def _line(self, current: _Pass, where: str, line: bytes, position: str, *, cut: bool) -> None:
        text = line.decode("utf-8", "replace").removeprefix("\ufeff")
        step = current.step
        if cut:
            current.notes[f"a line longer than {MAX_LINE_BYTES} bytes was cut"] += 1
        if not text.strip():
            return
        understood = self._reader.read(text, position, current.now_us)
        for sighting in understood.sightings:
            if current.first_event_us is None or sighting.occurred_us < current.first_event_us:
                current.first_event_us = sighting.occurred_us
            if current.wants(sighting.occurred_us):
                step.sightings.append(sighting)
                step.kept_chars += len(sighting.raw)
        step.told += bool(understood.sightings or understood.problem)
        if understood.problem:
            why = f"longer than {MAX_LINE_BYTES} bytes and cut: {understood.problem}" if cut else understood.problem
            self._reject(step, position, why, where, text)

    def _reject(self, step: _Step, position: str, reason: str, where: str, text: str) -> None:
        content = text[:MAX_REJECTED_CHARS]
        step.rejected.append(Rejected(self._source.name, position, f"{reason} ({where})", content))
        step.kept_chars += len(content)

    def _batch(self, current: _Pass, *, caught_up: bool = False) -> Batch:
        """Return what has been gathered, and begin anew; once caught up, with the span the log is known for."""
        step, current.step = current.step, _Step()
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
