"""A try on the ends of log files: how much of them a source would understand, and what kind of source would most."""

from __future__ import annotations

import glob
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from breakwatch.clock import Clock
from breakwatch.config import Config, LogsSource
from breakwatch.errors import ConfigError
from breakwatch.model import Window
from collectors import profiles
from collectors.logs.collector import LogCollector

MOST_FILES = 3
MOST_BYTES = 512 << 10
"""Of each file, from its end: the newest lines are what will be read next."""

FORMATS = ("json", "logfmt", "regex")
PACKED = frozenset({".gz", ".bz2", ".xz", ".zip", ".zst"})


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the last lines of some files.

    Attributes:
        lines: looked at.
        understood: things that lines said; one line may say several.
        rejected: lines of the format or kind that could not be read, ``reasons`` why, the most frequent first.
        nameless: those of the understood that name no service, neither themselves nor by labels or services declared.
    """

    lines: int
    understood: int
    rejected: int
    reasons: Sequence[str] = ()
    nameless: int = 0


@dataclass(frozen=True, slots=True)
class Guess:
    """How some files are best read."""

    format: str
    profile: str
    trial: Trial


def tried(source: LogsSource, config: Config, clock: Clock) -> Trial | None:
    """Return what a source would make of its newest lines; None where there are none to look at.

    Raises:
        ConfigError: the source's profile has nothing for its format.
    """
    with _ends(source.paths) as folder:
        return None if folder is None else _tried(source, folder, config, clock)


def guessed(paths: Sequence[Path], config: Config, clock: Clock) -> Guess | None:
    """Return the format and profile by which most is understood; None where nothing is, or there are no lines."""
    with _ends(paths) as folder:
        if folder is None:
            return None
        found = [
            Guess(form, name, trial)
            for name, profile in profiles.shipped().items()
            if profile.logs
            for form in FORMATS
            if (trial := _suits(form, name, folder, config, clock)) is not None
        ]
    best = max(found, key=lambda one: (one.trial.understood, -one.trial.rejected), default=None)
    return best if best is not None and best.trial.understood else None


def _suits(form: str, profile: str, folder: Path, config: Config, clock: Clock) -> Trial | None:
    try:
        source = LogsSource.model_validate({"name": "trial", "paths": [folder], "format": form, "profile": profile})
        return _tried(source, folder, config, clock)
    except ConfigError:
        return None  # the profile has nothing for this format


def _tried(source: LogsSource, folder: Path, config: Config, clock: Clock) -> Trial:
    collector = LogCollector(source.model_copy(update={"paths": (folder / "*",)}), config, clock)
    lines = understood = rejected = nameless = 0
    reasons: Counter[str] = Counter()
    try:
        for batch in collector.collect(Window(None, clock()), {}):
            lines += batch.lines
            understood += len(batch.sightings)
            nameless += sum(not one.subject.service for one in batch.sightings)
            rejected += len(batch.rejected)
            reasons.update(one.reason.partition(": ")[0].partition(" (")[0] for one in batch.rejected)
    finally:
        collector.close()
    return Trial(lines, understood, rejected, tuple(reason for reason, _ in reasons.most_common(3)), nameless)


@contextmanager
def _ends(paths: Sequence[Path]) -> Iterator[Path | None]:
    """Give a folder with the ends of the newest files, for the length of a block; None where nothing is in them."""
    with tempfile.TemporaryDirectory(prefix="breakwatch-trial-") as name:
        folder, copied = Path(name), 0
        for number, file in enumerate(_newest(paths)):
            copied += (folder / f"{number}.log").write_bytes(_end(file))
        yield folder if copied else None


def _newest(paths: Sequence[Path]) -> Iterator[Path]:
    found = {Path(name) for path in paths for name in glob.glob(str(path), recursive=True)}  # noqa: PTH207 - may be absolute
    plain = [file for file in found if file.is_file() and file.suffix not in PACKED]
    yield from sorted(plain, key=lambda file: file.stat().st_mtime, reverse=True)[:MOST_FILES]


def _end(file: Path) -> bytes:
    """Return the last whole lines of a file."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(0, size - MOST_BYTES))
        end = opened.read(MOST_BYTES)
    return end if size <= MOST_BYTES else end.partition(b"\n")[2]
