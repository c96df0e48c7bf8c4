"""A fast reader of text exposition with timestamps: OpenMetrics, and Prometheus' own format.

Lines are grouped by the text before the value, which is parsed once for each distinct text; the numbers of a whole
block are then converted at once. A block in which anything does not fit that way is read again line by line, strictly.

**Seconds or milliseconds.** OpenMetrics writes seconds, Prometheus' format writes integer milliseconds, and a file need
not say which it is. A stamp of 1e11 or more is milliseconds (as seconds it would lie after the year 5138), a smaller
one seconds (as milliseconds it would lie before March 1973).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import SECOND_US
from collectors.claims import NAME

BLOCK_BYTES = 4 << 20
LONGEST_LINE_BYTES = 1 << 20
MILLISECONDS_FROM = 1e11
LAST_S = 253402300800.0
"""The first second after the year 9999."""
NOT_WANTED = -1
NO_TIME = "the sample has no time"

_LABEL = rb'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|(?=\}))'
_ONE_LABEL = re.compile(_LABEL)
_METRIC = re.compile(rb"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*")
_NUMBERS = re.compile(rb"\s*([^\s#]+)(?:\s+([^\s#]+))?\s*(?:#.*)?")
_ESCAPE = re.compile(r'\\(n|"|\\)')
_PLAIN = {"n": "\n", '"': '"', "\\": "\\"}
_SPACE, _NEWLINE = 32, 10


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no sample with a time."""

    line: int
    reason: str
    content: str


@dataclass(frozen=True, slots=True)
class Block:
    """The wanted samples of one block of lines, in order."""

    series: NDArray[np.int32]
    stamps_us: NDArray[np.int64]
    values: NDArray[np.float64]


class _UnreadableError(ValueError):
    """A line that is no sample; says why."""


@dataclass(slots=True)
class TextReader:
    """Reads files, keeping the series of metrics that ``wanted`` says yes to.

    Attributes:
        labels: the label sets of the series that were kept, with ``__name__``.
        lines: lines read so far. skipped: samples of unwanted metrics among them.
    """

    wanted: Callable[[str], bool]
    labels: list[Mapping[str, str]] = field(default_factory=list)
    lines: int = 0
    skipped: int = 0
    _series: dict[bytes, int] = field(default_factory=dict)
    _wanted: dict[str, bool] = field(default_factory=dict)

    def blocks(self, path: Path) -> Iterator[tuple[Block, list[BadLine]]]:
        """Yield a file's wanted samples and its bad lines, block by block; gzip is known by its first bytes.

        OSError, EOFError or zlib.error when the file cannot be read.
        """
        with unpacked(path) as file:
            tail, passing_over = b"", False
            while chunk := file.read(BLOCK_BYTES):
                text = tail + chunk
                if passing_over:
                    end = text.find(b"\n") + 1
                    passing_over, text = end == 0, text[end:] if end else b""
                cut = text.rfind(b"\n") + 1
                tail = text[cut:]
                if cut:
                    yield self._block(text[:cut])
                if len(tail) > LONGEST_LINE_BYTES:
                    yield self._too_long(tail)
                    tail, passing_over = b"", True
            if tail:
                yield self._block(tail)

    def _too_long(self, begun: bytes) -> tuple[Block, list[BadLine]]:
        """Return that a line goes on for longer than any should; the rest of it is passed over."""
        self.lines += 1
        reason = f"the line is longer than {LONGEST_LINE_BYTES} bytes"
        nothing = _block(np.empty(0, np.int32), np.empty((0, 2)))
        return nothing, [BadLine(self.lines, reason, begun[:1000].decode("utf-8", "replace"))]

    def _block(self, text: bytes) -> tuple[Block, list[BadLine]]:
        lines = text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        self.lines += len(lines)
        skipped = self.skipped
        try:
            return self._quickly(lines), []
        except ValueError:
            self.skipped = skipped
            return self._slowly(lines, self.lines - len(lines))

    def _quickly(self, lines: list[bytes]) -> Block:
        """Return the samples of lines that all are ``series value stamp``; ValueError where one is not."""
        numbers: list[int] = []
        rests: list[bytes] = []
        prefix, width, number, skipped = b"\n", 0, NOT_WANTED, 0
        for line in lines:
            if not line.startswith(prefix):
                if not line or line.startswith(b"#"):
                    continue
                width = line.rfind(b"} ") + 2
                if width == 1:
                    width = line.find(b" ") + 1
                prefix = line[:width]
                known = self._series.get(prefix)
                number = self._new_series(prefix) if known is None else known
            if number == NOT_WANTED:
                skipped += 1
            else:
                numbers.append(number)
                rests.append(line[width:])
        self.skipped += skipped
        return _block(np.array(numbers, np.int32), _two_columns(b"\n".join(rests), len(rests)))

    def _slowly(self, lines: list[bytes], before: int) -> tuple[Block, list[BadLine]]:
        numbers: list[int] = []
        table: list[tuple[float, float]] = []
        bad: list[BadLine] = []
        for place, line in enumerate(lines, start=before + 1):
            stripped = line.strip()
            if not stripped or stripped.startswith(b"#"):
                continue
            try:
                number, pair = self._line(stripped)
            except _UnreadableError as error:
                bad.append(BadLine(place, str(error), stripped[:1000].decode("utf-8", "replace")))
                continue
            if number == NOT_WANTED:
                self.skipped += 1
            else:
                numbers.append(number)
                table.append(pair)
        return _block(np.array(numbers, np.int32), np.array(table, np.float64).reshape(-1, 2)), bad

    def _line(self, line: bytes) -> tuple[int, tuple[float, float]]:
        """Return the series and (value, stamp) of one line; an exemplar is passed over."""
        width = _series_width(line)
        key = line[:width].rstrip() + b" "
        known = self._series.get(key)
        number = self._new_series(key) if known is None else known
        if number == NOT_WANTED:
            return number, (0.0, 0.0)
        match = _NUMBERS.fullmatch(line, width)
        if match is None:
            raise _UnreadableError("the value and the time cannot be told apart")
        if match[2] is None:
            raise _UnreadableError(NO_TIME)
        try:
            pair = float(match[1]), float(match[2])
        except ValueError:
            raise _UnreadableError("the value or the time is not a number") from None
        if b"_" in match[1] + match[2]:  # Python reads 1_000, the format does not
            raise _UnreadableError("the value or the time is not a number")
        if not abs(pair[1]) < float("inf"):
            raise _UnreadableError("the time is not a number")
        if not _in_calendar(np.array([pair[1]])):
            raise _UnreadableError("the time lies outside of the calendar")
        return number, pair

    def _new_series(self, key: bytes) -> int:
        """Return the number of a series seen for the first time, or NOT_WANTED."""
        width = _series_width(key)
        if key[width:].strip():
            raise _UnreadableError("there is text between the labels and the value")
        match = _METRIC.match(key)
        if match is None:
            raise _UnreadableError("the line does not begin with a metric's name")
        metric = match[1].decode()
        if metric not in self._wanted:
            self._wanted[metric] = self.wanted(metric)
        number = NOT_WANTED
        if self._wanted[metric]:
            self.labels.append({NAME: metric, **_labels(key[match.end() : width])})
            number = len(self.labels) - 1
        self._series[key] = number
        return number


def unpacked(path: Path) -> IO[bytes]:
    """Open a file to read what it holds, unpacked where its first bytes are gzip's."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


def _two_columns(text: bytes, count: int) -> NDArray[np.float64]:
    """Return text of ``count`` lines of two numbers as a table; ValueError for any other text."""
    raw = np.frombuffer(text, np.uint8)
    separators = raw[raw <= _SPACE]
    if (
        len(separators) != max(2 * count - 1, 0)
        or np.any(separators[::2] != _SPACE)
        or np.any(separators[1::2] != _NEWLINE)
    ):
        raise ValueError("not two numbers a line")
    table = np.fromstring(text, sep=" ") if count else np.empty(0)
    if len(table) != 2 * count:
        raise ValueError("not two numbers a line")
    return table.reshape(-1, 2)


def _block(series: NDArray[np.int32], table: NDArray[np.float64]) -> Block:
    stamps = table[:, 1]
    if not _in_calendar(stamps):
        raise ValueError("a time that is none")
    unit_us = np.where(np.abs(stamps) >= MILLISECONDS_FROM, SECOND_US / 1000, SECOND_US)
    return Block(series, np.rint(stamps * unit_us).astype(np.int64), table[:, 0])


def _in_calendar(stamps: NDArray[np.float64]) -> bool:
    """Return whether all stamps, whole milliseconds or seconds, are instants; a NaN is none."""
    seconds = np.where(np.abs(stamps) >= MILLISECONDS_FROM, stamps / 1000, stamps)
    return bool(np.all((seconds > -LAST_S / 4) & (seconds < LAST_S)))


def _series_width(line: bytes) -> int:
    """Return how long the metric's name and its labels are, at the start of a line."""
    match = _METRIC.match(line)
    if match is None:
        raise _UnreadableError("the line does not begin with a metric's name")
    if line[match.end() : match.end() + 1] != b"{":
        if match.end() == match.end(1) < len(line):
            raise _UnreadableError("the line does not begin with a metric's name")
        return match.end(1)
    place = match.end() + 1
    while label := _ONE_LABEL.match(line, place):
        place = label.end()
    while line[place : place + 1].isspace():
        place += 1
    if line[place : place + 1] != b"}":
        raise _UnreadableError("the labels cannot be read")
    return place + 1


def _labels(text: bytes) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, value in _ONE_LABEL.findall(text[1:]):
        key = name.decode()
        if key in labels:
            raise _UnreadableError(f"the label {key} stands there twice")
        try:
            labels[key] = _ESCAPE.sub(lambda match: _PLAIN[match[1]], value.decode())
        except UnicodeDecodeError:
            raise _UnreadableError(f"the label {key} is not UTF-8") from None
    return labels
