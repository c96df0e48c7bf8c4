"""Follows the log files of one source and yields what their lines say happened: each line once, and only whole lines.

Offsets are checkpoints, stored together with the rows they stand for, so a crash loses and doubles nothing. What no
reader can see: lines written between the copy and the truncation of copytruncate, and lines of a file that is renamed
out of the pattern, or deleted, while we are stopped. So name the first rotated file in ``paths`` too (``app.log*``),
and rotate by rename, or with ``delaycompress``.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from breakwatch.config_units import nearest
from breakwatch.errors import ConfigError, SourceError
from breakwatch.model import Batch, Runs, Track, TrackKind
from collectors import profiles
from collectors.identity import Resolver
from collectors.logs.following import Files, Held
from collectors.logs.framings import FRAMINGS, of_file
from collectors.logs.gathering import Place, Step
from collectors.logs.identity import Book, first_line_id, record_at, still_begins
from collectors.logs.patterns import FIELDS, of_source
from collectors.logs.prefilter import LineCounter, Prefilter
from collectors.logs.reading import LineReader
from collectors.logs.redaction import Redactor
from collectors.logs.streams import MAX_LINE_BYTES, NEAR_BYTES, PipeStream, chunks, encoding_of
from collectors.logs.unframing import Unframer, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from breakwatch.clock import Clock, Instant
    from breakwatch.config import Config, LogsSource
    from breakwatch.model import Window
    from collectors.logs.framings import Framing
    from collectors.logs.identity import Record
    from collectors.logs.patterns import LogPattern
    from collectors.logs.streams import Chunk, Encoding, Stream
    from collectors.logs.unframing import Lines

CAUGHT_UP: Final = "caught_up"
FIRST_EVENT: Final = "first_event"
_CUT: Final = f"a line longer than {MAX_LINE_BYTES} bytes was cut"
STANDARD_INPUT: Final = Path("-")
_EVERY_LINE: Final = Prefilter(frozenset())
DEFAULT_PROFILE: Final = "breakwatch-service"
"""The profile whose patterns a source without one is read with: our own words for everything."""


@dataclass
class _Content:
    """A file while it is read: where it was found, how it is written, and the name of its content."""

    path: str
    encoding: Encoding
    unframer: Unframer | None
    first_line: str = ""

    def place(self, lines: Lines, cut: frozenset[int] = frozenset()) -> Place:
        """Return where lines of it stand."""
        return Place(self.first_line, self.path, lines, cut)

    def record(self, head: bytes, last: Chunk, stream: Stream) -> Record:
        """Return how far the file has been read, whose last chunk was ``last``."""
        reached = self.unframer.done_until(last.next_start) if self.unframer else last.next_start
        return replace(record_at(reached, head, last, stream), path=self.path)


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
        standard_input: what the path ``-`` means.
    """

    def __init__(
        self, source: LogsSource, config: Config, clock: Clock, standard_input: BinaryIO | None = None
    ) -> None:
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
                f"the profile {self._profile} has no log pattern for format {source.format}",
                "set another format, or give the source a pattern of its own",
            )
        self._prefilter = Prefilter(self._reader.literals, self._reader.searches)
        self._counter = LineCounter()
        self._framed: dict[str, Prefilter] = {}
        self._redactor = Redactor(source.redact)
        self._files = Files(path for path in source.paths if path != STANDARD_INPUT)
        self._standard_input = standard_input

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
        if STANDARD_INPUT in self._source.paths:
            yield from self._read_input(current)
        elif not files:
            raise SourceError(
                f"source {self._source.name}: no file is found at {', '.join(map(str, self._source.paths))}",
                "check paths, and whether the program has written its first line",
            )
        for held in files:
            yield from self._read(current, held)
        if not current.backfill:
            current.book.miss(self._files.keys, now_us)
        refused = self._files.refused
        yield self._batch(current, caught_up=not refused)
        if not current.backfill:  # only now is stored what was read: until then a file that is gone has the only copy
            self._files.release(now_us)
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

    def _read_input(self, current: _Pass) -> Iterator[Batch]:
        """Read standard input to its end; what was read from it before is known again by what it says."""
        with closing(PipeStream(self._standard_input or sys.stdin.buffer)) as stream:
            yield from self._follow(current, Held("", "standard input"), stream)

    def _follow(self, current: _Pass, held: Held, stream: Stream) -> Iterator[Batch]:
        """Read one file from where it was left, handing over whenever a batch is full."""
        packed = held.version if stream.final else ""
        keeping = not current.backfill and held.key != ""
        head = stream.read(0, NEAR_BYTES)
        if not head or (keeping and current.book.is_read(held.key, packed)):
            return
        encoding = encoding_of(head)
        record = current.book.resume(held.key, stream) if keeping else None
        start = record.offset if record else 0
        framing = self._framing(head, encoding)
        content = _Content(held.path, encoding, Unframer(framing, self._reader.literals) if framing else None)
        content.first_line = first_line_id(head) if start else ""
        last: Chunk | None = None
        for chunk in chunks(stream, encoding, start):
            if not stream.final and not still_begins(stream, head, record, last):
                break  # truncated under our hands: the chunk may be the fresh file's, which the next pass begins with
            if not content.first_line:  # only now is it complete, and with it the name for good
                content.first_line = first_line_id(stream.read(0, NEAR_BYTES) if chunk.start else chunk.raw)
            self._chunk(current, content, chunk)
            last = chunk
            if current.step.full:
                if keeping:
                    current.book.note(held.key, content.record(head, last, stream))
                yield self._batch(current)
        else:
            self._give_up(current, content, final=stream.final)
        if last is not None:
            record = content.record(head, last, stream)
        if stream.damage:
            current.step.reject(f"{first_line_id(head)}:damaged", stream.damage, str(held.path), "")
        if record is not None and keeping:
            current.book.note(held.key, replace(record, packed=packed, path=held.path, gone_us=None))

    def _chunk(self, current: _Pass, content: _Content, chunk: Chunk) -> None:
        """Read the wanted lines of a chunk."""
        data, unframer = chunk.data, content.unframer
        current.step.lines += self._counter.count(data, chunk.end)
        current.step.bytes_read += chunk.end
        if chunk.cut:
            current.notes[_CUT] += 1
        found, starts = self._prefilter_of(unframer, data, chunk.end).lines(data, 0, chunk.end)
        if not found:
            return
        cut = frozenset({0}) if chunk.cut else _too_long(found)
        if cut:
            current.notes[_CUT] += 0 if chunk.cut else len(cut)
            found = [line[:MAX_LINE_BYTES] for line in found]
        if b"\r" in data:
            found = [line.removesuffix(b"\r") for line in found]
        offsets = content.encoding.offsets(data, starts, chunk.start)
        if unframer is None:
            self._take(current, content.place(plain(found, offsets), cut))
        else:
            self._take(current, content.place(unframer.lines(found, offsets)))

    def _give_up(self, current: _Pass, content: _Content, *, final: bool) -> None:
        """Read lines whose rest will not come."""
        if content.unframer is not None:
            self._take(current, content.place(content.unframer.give_up(current.now_us, final=final)))

    def _prefilter_of(self, unframer: Unframer | None, data: bytes, end: int) -> Prefilter:
        """Return what finds the wanted lines of a chunk: of a line that was split, each piece is wanted."""
        if unframer is None:
            return self._prefilter
        framing = unframer.framing
        if unframer.waiting or framing.may_be_split(data, lambda: data[:end].split(b"\n")):
            return _EVERY_LINE
        if framing.name not in self._framed:
            self._framed[framing.name] = Prefilter(framing.literals(self._reader.literals))
        return self._framed[framing.name]

    def _take(self, current: _Pass, place: Place) -> None:
        """Read lines and gather what they say."""
        lines = place.lines
        understood = self._reader.read(lines.inside, current.now_us, lines.frames or None)
        first_us = current.step.take(understood, place, current.wants if current.backfill else None)
        if first_us is not None and (current.first_event_us is None or first_us < current.first_event_us):
            current.first_event_us = first_us

    def _framing(self, head: bytes, encoding: Encoding) -> Framing | None:
        """Return what the lines of a file are framed in."""
        asked = self._source.framing
        if asked == "auto":
            # A pattern of the source's own was written for the lines as they stand.
            return None if self._source.pattern else of_file(encoding.utf8(head[: len(head) // 2 * 2]))
        return FRAMINGS.get(asked)

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
