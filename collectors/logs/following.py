"""Finding the files of a source and keeping hold of them: what is renamed away is still read to its end."""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from breakwatch.clock import SECOND_US
from collectors.logs.identity import KEY_PREFIX
from collectors.logs.streams import PackedStream, PlainStream, packed_with

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breakwatch.clock import Instant
    from collectors.logs.streams import Stream

ROTATE_WAIT_US: Final = 60 * SECOND_US
"""A file that is no longer found is kept open until nothing was written to it for so long."""
MAX_OPEN: Final = 256
"""Files kept open between two passes; the most recently written ones."""


@dataclass
class Held:
    """A file of the source.

    Attributes:
        key: device and inode, as the checkpoints name it; certain while the file is open.
        path: where it was last found.
        descriptor: of the open file; None before it is first read, and where too many are open.
        size, written_ns: as last seen.
        found: whether it was found in this pass.
        grown_us: when it was last seen to have changed in size.
    """

    key: str
    path: str
    descriptor: int | None = None
    size: int = -1
    written_ns: int = 0
    found: bool = True
    grown_us: Instant = 0

    def look(self, seen: os.stat_result, now_us: Instant) -> None:
        """Take in what the file system says."""
        if seen.st_size != self.size:
            self.size, self.grown_us = seen.st_size, now_us
        self.written_ns = seen.st_mtime_ns

    @property
    def version(self) -> str:
        """What changes when a packed file changes."""
        return f"{self.size}:{self.written_ns}"


class Files:
    """The files that a source's paths name, each once however many names it has."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._patterns = [str(path) for path in paths]
        self._held: dict[str, Held] = {}
        self.refused: list[str] = []

    def find(self, now_us: Instant) -> list[Held]:
        """Return the files to read, the ones written longest ago first; those that are gone but still open, too."""
        self.refused = []
        for held in self._held.values():
            held.found = False
            if held.descriptor is not None:
                held.look(os.fstat(held.descriptor), now_us)
        for pattern in self._patterns:
            for path in _named(pattern):
                self._meet(path, now_us)
        self._held = {key: held for key, held in self._held.items() if held.found or held.descriptor is not None}
        return sorted(self._held.values(), key=lambda held: (held.written_ns, held.path))

    def open(self, held: Held) -> Stream | None:
        """Return a file's content; None where it is another file by now, or may not be read (see ``refused``)."""
        if held.descriptor is None:
            try:
                descriptor = os.open(held.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            except OSError as error:
                self.refused.append(f"{held.path}: {error.strerror}")
                return None
            if _key(os.fstat(descriptor)) != held.key:  # rotated since it was found: the next pass finds both
                os.close(descriptor)
                return None
            held.descriptor = descriptor
            self._close_surplus()
        return PackedStream(held.descriptor) if packed_with(held.descriptor) else PlainStream(held.descriptor)

    def release(self, now_us: Instant) -> None:
        """Close what is gone and silent."""
        for held in self._held.values():
            if not held.found and held.grown_us < now_us - ROTATE_WAIT_US:
                _close(held)

    def close(self) -> None:
        """Close everything."""
        for held in self._held.values():
            _close(held)

    @property
    def keys(self) -> set[str]:
        """The files there are."""
        return set(self._held)

    def _meet(self, path: str, now_us: Instant) -> None:
        try:
            seen = Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.refused.append(f"{path}: {error.strerror}")
            return
        if not stat.S_ISREG(seen.st_mode):
            return
        held = self._held.setdefault(_key(seen), Held(_key(seen), path, found=False))
        held.look(seen, now_us)
        if not held.found:
            held.found, held.path = True, path

    def _close_surplus(self) -> None:
        opened = [held for held in self._held.values() if held.descriptor is not None]
        opened.sort(key=lambda held: (held.grown_us, held.written_ns), reverse=True)
        for held in opened[MAX_OPEN:]:
            _close(held)


def _named(pattern: str) -> list[str]:
    # Path.glob has no form for an absolute pattern.
    return sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207


def _close(held: Held) -> None:
    if held.descriptor is not None:
        os.close(held.descriptor)
        held.descriptor = None


def _key(seen: os.stat_result) -> str:
    return f"{KEY_PREFIX}{seen.st_dev}:{seen.st_ino}"
