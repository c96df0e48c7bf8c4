"""Files of text exposition with timestamps, as a source and as an import.

A file is read whole, in bounded memory for its text and 20 bytes for each wanted sample. Its checkpoint is what it
looked like when it was read; a file that looks the same is not read again, and reading one twice changes nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from breakwatch.clock import MINUTE_US, Clock, from_us
from breakwatch.config import Config, OpenMetricsSource
from breakwatch.errors import SourceError, UsageError
from breakwatch.model import Batch, Rejected, Runs, Track, TrackKind, Window
from collectors import profiles
from collectors.claims import Claims, series_text
from collectors.encode import Encoder, join_runs, scrape_target
from collectors.identity import Resolver
from collectors.openmetrics_text import NO_TIME, BadLine, Block, TextReader
from collectors.samples import Samples, no_samples
from collectors.seams import FileMark, closed_seams, ends_of, seam_runs
from collectors.targets import OF_TARGETS, Outlook, Targets, encode_all, targets_of

MOST_SAMPLES = 40_000_000
MOST_BAD_LINES = 1_000
FUTURE_US = 5 * MINUTE_US
_EVER = np.iinfo(np.int64)


class Exposition(OpenMetricsSource):
    """The files of one import: read whenever they are named, for what is said of them may differ from the last time.

    Attributes:
        contents: path → digest of what the file holds, by which it is the same one under any name.
        shown: path → how people are told of it, where that is not its path.
    """

    contents: Mapping[Path, str]
    shown: Mapping[Path, str] = {}


@dataclass(slots=True)
class Seen:
    """What a look at a file found: whether a line is a sample with a time, and what the lines before it were."""

    sample: bool = False
    lines: int = 0
    refused: int = 0
    timeless: bool = False


def holds_samples(path: Path, name: str) -> Seen:
    """Look for the first sample with a time in a file; UsageError, naming it, where it cannot be read."""
    reader, seen = TextReader(lambda _metric: True), Seen()
    try:
        for block, bad in reader.blocks(path):
            seen.sample = len(block.series) > 0
            seen.refused += len(bad)
            seen.timeless = seen.timeless or any(_lacks_only_time(one) for one in bad)
            if seen.sample:
                break
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{name}: cannot be read: {error}", "check the file; fetch it again if it is cut") from error
    seen.lines = reader.lines
    return seen


def _lacks_only_time(line: BadLine) -> bool:
    try:
        float(line.content.rsplit(maxsplit=1)[-1])
    except ValueError:
        return False
    return line.reason == NO_TIME


class OpenMetricsCollector:
    """Reads the files of one source; each file is one batch."""

    def __init__(self, source: OpenMetricsSource, config: Config, clock: Clock) -> None:
        self._source = source
        self._config = config
        self._clock = clock
        self._claims = Claims(profiles.load(source.profiles))

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        """Yield one batch for each file that is new or changed; see ``collectors.Collector``.

        A window with a start restricts nothing here: a file is an import, and all it says is taken. SourceError when a
        file cannot be read, or holds more wanted samples than fit into memory.
        """
        del window
        marks = {path: FileMark.parse(text) for path, text in checkpoints.items() if text}
        for path in _files(self._source.paths):
            looks, key, refused = _fingerprint(path), str(path), _Refused(self._source.name, str(path))
            if isinstance(self._source, Exposition):
                key = self._source.contents[path]
                refused = _Refused(self._source.name, key, self._source.shown.get(path, str(path)))
            elif key in marks and marks[key].looks == looks:
                continue
            others = [mark for other, mark in marks.items() if other != key]
            marks[key], batch = self._read(path, key, looks, others, refused)
            yield batch

    def close(self) -> None:
        """Files are closed as soon as they are read."""

    def _read(
        self, path: Path, key: str, looks: str, others: Sequence[FileMark], refused: _Refused
    ) -> tuple[FileMark, Batch]:
        reader = TextReader(lambda metric: metric in OF_TARGETS or self._claims.wanted(metric))
        blocks: list[Block] = []
        wanted = 0
        try:
            for block, bad in reader.blocks(path):
                blocks.append(block)
                refused.lines(bad)
                wanted += len(block.series)
                if wanted > MOST_SAMPLES:
                    raise SourceError(
                        f"{refused.shown}: more than {MOST_SAMPLES:,} samples of wanted metrics",
                        "split the file by time",
                    )
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(
                f"{refused.shown}: cannot be read: {error}", "check the file; fetch it again if it is cut"
            ) from error
        samples = _one(reader, blocks)
        del blocks
        samples = self._not_from_the_future(samples, refused)
        encoder = Encoder(self._source.name, "", self._claims, Resolver(self._config.services, self._source.labels))
        # The file is all there is: nothing is missing after its last stamp, and neighbours count however far they are.
        targets = targets_of(encoder, samples, Outlook(context_us=None))
        encoded = encode_all(encoder, samples, targets, since_us=_EVER.min, until_us=_EVER.max)
        mark = FileMark(looks, {name: ends for name, t in targets.by_name.items() if (ends := ends_of(t))})
        unwanted = encoded.skipped + _of_nobody(samples, targets)  # by their labels; the reader left out those by name
        return mark, Batch(
            source=self._source.name,
            tracks=encoded.tracks,
            runs=join_runs([(encoded.runs, 0), (_seams(encoded.tracks, mark, others), 0)]),
            rejected=[*refused.kept(), *encoded.rejected],
            checkpoints={key: mark.text()},
            samples=len(samples.series) - unwanted,
            lines=reader.lines,
            skipped=reader.skipped + unwanted,
            seen_until_us=int(samples.stamps_us.max()) if len(samples.stamps_us) else None,
        )

    def _not_from_the_future(self, samples: Samples, refused: _Refused) -> Samples:
        limit_us = self._clock() + FUTURE_US
        late = samples.stamps_us > limit_us
        if not late.any():
            return samples
        for series in np.unique(samples.series[late]):
            mine = samples.stamps_us[late & (samples.series == series)]
            refused.future(samples.labels[series], len(mine), from_us(min(int(mine.min()), 2**57)).isoformat())
        kept = ~late
        return Samples(samples.labels, samples.series[kept], samples.stamps_us[kept], samples.values[kept])


class _Refused:
    """What of a file was refused: the first lines each, the rest as a number.

    Args:
        source: its name.
        file: by which positions are known again.
        shown: how people are told of the file, where positions do not say it; then each reason begins with it.
    """

    def __init__(self, source: str, file: str, shown: str = "") -> None:
        self.shown = shown or file
        self._source = source
        self._file = file
        self._names = bool(shown)
        self._kept: list[Rejected] = []
        self._more = 0

    def lines(self, bad: Sequence[BadLine]) -> None:
        for one in bad:
            self._add(f":{one.line}", one.reason, one.content)

    def future(self, labels: Mapping[str, str], count: int, first: str) -> None:
        self._add(f": {series_text(labels)}", "more than 5 min in the future", f"{count} samples from {first}")

    def kept(self) -> list[Rejected]:
        if not self._more:
            return self._kept
        return [*self._kept, self._one(": the rest", "further lines that could not be read", str(self._more))]

    def _one(self, place: str, reason: str, content: str) -> Rejected:
        told = f"{self.shown}{place}: {reason}" if self._names else reason
        return Rejected(self._source, f"{self._file}{place}", told, content)

    def _add(self, place: str, reason: str, content: str) -> None:
        if len(self._kept) < MOST_BAD_LINES:
            self._kept.append(self._one(place, reason, content))
        else:
            self._more += 1


def _of_nobody(samples: Samples, targets: Targets) -> int:
    """Return how many samples were carried by scrapes that hold nothing we want."""
    other = [scrape_target(labels) not in targets.by_name for labels in samples.labels]
    return int(np.array(other, np.bool_)[samples.series].sum())


def _seams(tracks: Sequence[Track], mark: FileMark, others: Sequence[FileMark]) -> Runs:
    """Return the runs that join this file's scrapes to those of the files before and after it."""
    return seam_runs(
        (index, start_us, end_us)
        for index, track in enumerate(tracks)
        if track.kind == TrackKind.SCRAPE and track.scrape_target in mark.ends
        for start_us, end_us in closed_seams(
            mark.ends[track.scrape_target],
            [other.ends[track.scrape_target] for other in others if track.scrape_target in other.ends],
        )
    )


def _files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths and patterns name, in order; SourceError for one that names none."""
    found: list[Path] = []
    for path in paths:
        matches = [path] if path.exists() else sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))
        if not matches:
            raise SourceError(f"{path}: no such file", "check the source's paths")
        found += matches
    return list(dict.fromkeys(found))


def _fingerprint(path: Path) -> str:
    try:
        state = path.stat()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error}", "check the path and its permissions") from error
    return f"{state.st_size}:{state.st_mtime_ns}"


def _one(reader: TextReader, blocks: Sequence[Block]) -> Samples:
    if not blocks:
        return replace(no_samples(), labels=reader.labels)
    return Samples(
        reader.labels,
        np.concatenate([block.series for block in blocks]),
        np.concatenate([block.stamps_us for block in blocks]),
        np.concatenate([block.values for block in blocks]),
    )
