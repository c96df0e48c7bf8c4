"""A log folder as loggers and logrotate treat it, and what a perfect reader of it can know.

A line is **owed** once a reader that was alive and undisturbed had it in reach: it stood, whole, in a file that the
pattern names, or in one that the reader still held open, while a collection ran to its end. What was destroyed before
that is nobody's fault: a truncation without a copy, the lines written between the copy and the truncation of
copytruncate, a file deleted while the reader was stopped. Of those the reader may know some, from a collection that was
cut short, and must know none twice.
"""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.collectors.logs.following import event

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(eq=False)
class Content:
    """What one file holds: the numbers of its whole lines."""

    lines: list[int] = field(default_factory=list)


class Folder:
    """The files ``app.log``, ``app.log.1`` and so on, packed or not, and one that was moved away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "app.log"
        self.written = 0
        self.rest = b""  # of a line that was begun
        self._begun: Content | None = None
        self._number = 0  # of that line
        self._files: dict[str, Content] = {}
        self._late: tuple[int, Content] | None = None  # a writer that still has a renamed file open
        self.create()

    @property
    def in_reach(self) -> list[Content]:
        """What stands in the files that the pattern names."""
        return list(self._files.values())

    @property
    def oldest(self) -> int:
        """The highest number a rotated file has."""
        return max((int(name.split(".")[2]) for name in self._files if name.count(".") > 1), default=0)

    def create(self) -> None:
        """Begin a log where there is none."""
        if "app.log" not in self._files:
            self.log.touch()
            self._files["app.log"] = Content()

    def write(self, count: int) -> None:
        """Finish the line that was begun, and write some more."""
        self.create()
        self.finish()
        numbers = range(self.written, self.written + count)
        self._append(self.log, b"".join(event(number) + b"\n" for number in numbers))
        self._files["app.log"].lines += numbers
        self.written += count

    def begin_a_line(self, cut: int) -> None:
        """Leave a line without its end."""
        self.create()
        if not self.rest:
            line = event(self.written) + b"\n"
            self._append(self.log, line[:cut])
            if line[cut:]:
                self.rest, self._begun, self._number = line[cut:], self._files["app.log"], self.written
            else:
                self._files["app.log"].lines.append(self.written)
            self.written += 1

    def finish(self) -> None:
        """Write the rest of the line that was begun."""
        if self._begun is not None:
            if self._late is not None and self._begun is self._late[1]:
                os.write(self._late[0], self.rest)
            else:
                self._append(self.log, self.rest)
            self._begun.lines.append(self._number)
        self.rest, self._begun = b"", None

    def rename(self, *, late: bool) -> None:
        """Rotate by rename; a late writer keeps the renamed file open, and a line that was begun is finished there."""
        self._let_go()
        if "app.log" not in self._files:
            return
        if late:
            self._late = (os.open(self.log, os.O_WRONLY | os.O_APPEND), self._files["app.log"])
        else:
            self.finish()
        self._shift()
        self._move("app.log", "app.log.1")

    def write_late(self, count: int) -> None:
        """Let a writer that has not noticed the rename write on."""
        if self._late is None:
            return
        descriptor, content = self._late
        if self._begun is content:
            self.finish()
        for number in range(self.written, self.written + count):
            os.write(descriptor, event(number) + b"\n")
            content.lines.append(number)
        self.written += count

    def copy(self) -> None:
        """Do the first half of copytruncate; what is written from now to the truncation is in no copy."""
        if "app.log" in self._files:
            self.finish()
            self._shift()
            shutil.copy2(self.log, self.path / "app.log.1")
            self._files["app.log.1"] = Content(list(self._files["app.log"].lines))

    def truncate(self) -> None:
        """Do the second half of copytruncate, or what a careless hand does."""
        if "app.log" in self._files:
            self.finish()
            os.truncate(self.log, 0)
            self._files["app.log"].lines.clear()

    def delete(self, *, recreate: bool) -> Content | None:
        """Delete the log, and begin it anew at once, mostly on the same inode; return what is gone."""
        if "app.log" not in self._files:
            return None
        self.finish()
        self._let_go()
        self.log.unlink()
        gone = self._files.pop("app.log")
        if recreate:
            self.create()
        return gone

    def pack(self) -> None:
        """Pack the oldest plain copy beside it; with ``unpack_source`` later removing what it was made of."""
        name = f"app.log.{self.oldest}"
        if self.oldest and name in self._files and not self._is_late(name):
            (self.path / f"{name}.gz").write_bytes(gzip.compress((self.path / name).read_bytes(), 1))
            self._files[f"{name}.gz"] = Content(list(self._files[name].lines))

    def pack_half(self) -> None:
        """Be caught while packing: the packed file is there, and ends early."""
        name = f"app.log.{self.oldest}"
        if self.oldest and name in self._files and not self._is_late(name):
            whole = gzip.compress((self.path / name).read_bytes(), 1)
            (self.path / f"{name}.gz").write_bytes(whole[: len(whole) // 2])
            self._files[f"{name}.gz"] = Content()  # nothing that the plain one does not owe

    def remove_packed_sources(self) -> None:
        """Remove the plain files that were packed."""
        for name in [name for name in self._files if f"{name}.gz" in self._files]:
            if self._files[f"{name}.gz"].lines == self._files[name].lines:
                (self.path / name).unlink()
                del self._files[name]

    def close(self) -> None:
        """Let go of everything."""
        self._let_go()

    def _is_late(self, name: str) -> bool:
        return self._late is not None and self._files[name] is self._late[1]

    def _let_go(self) -> None:
        if self._late is not None:
            self.write_late(0)
            os.close(self._late[0])
            self._late = None

    def _shift(self) -> None:
        for number in range(self.oldest, 0, -1):
            for ending in ("", ".gz"):
                if f"app.log.{number}{ending}" in self._files:
                    self._move(f"app.log.{number}{ending}", f"app.log.{number + 1}{ending}")

    def _move(self, old: str, new: str) -> None:
        (self.path / old).rename(self.path / new)
        self._files[new] = self._files.pop(old)

    @staticmethod
    def _append(path: Path, data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data)
