"""What the machine does to a collector: crashes, truncation under its hands, files it may not or cannot read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from breakwatch.errors import SourceError
from collectors.logs.following import Files
from collectors.logs.streams import BLOCK_BYTES
from tests.collectors.logs.following import add, event, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from collectors.logs.following import Held
    from collectors.logs.streams import Stream
    from tests.collectors.logs.conftest import Follow


class _Meanwhile:
    """A stream to whose file something happens just before or just after its first block is read."""

    def __init__(self, stream: Stream, happen: Callable[[], object], *, after: bool) -> None:
        self._stream, self._happen, self._after = stream, happen, after
        self.final, self.damage = stream.final, stream.damage
        self._happened = False

    def read(self, offset: int, count: int) -> bytes:
        """Let it happen, once."""
        due = count >= BLOCK_BYTES and not self._happened
        self._happened = self._happened or due
        if due and not self._after:
            self._happen()
        data = self._stream.read(offset, count)
        if due and self._after:
            self._happen()
        return data

    def close(self) -> None:
        """Close."""
        self._stream.close()


def meanwhile(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], object], *, after: bool = False) -> None:
    """Let something happen to a file while it is read."""
    really = Files.open

    def opened(files: Files, held: Held) -> Stream | None:
        stream = really(files, held)
        return _Meanwhile(stream, happen, after=after) if stream is not None else None

    monkeypatch.setattr(Files, "open", opened)


def test_a_crash_between_batches_repeats_nothing_that_was_stored(tmp_path: Path, follow: Follow) -> None:
    """Rows and offsets are stored together: after a crash at any batch the rest follows, each line once."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(45_000)))
    follower = follow(log)
    follower.read(batches=1)
    assert 20_000 <= len(follower.ledger.sightings) < 45_000
    follower.restart()
    ledger = follower.read()
    assert (ledger.numbers, ledger.repeated, ledger.lines) == (list(range(45_000)), 0, 45_000)


def test_a_file_that_may_not_be_read_is_an_error_after_the_others(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The readable files are in, nothing is claimed to be complete, and the error names the file."""
    (tmp_path / "a.log").write_bytes(lines([0]))
    secret = tmp_path / "b.log"
    secret.write_bytes(lines([1]))
    really = os.open

    def refuse(path: str, flags: int) -> int:
        if path == str(secret):
            raise PermissionError(13, "Permission denied")
        return really(path, flags)

    monkeypatch.setattr("collectors.logs.following.os.open", refuse)  # root may read everything
    follower = follow(tmp_path / "*.log")
    with pytest.raises(SourceError, match=r"b\.log: Permission denied"):
        follower.read()
    assert follower.ledger.numbers == [0]
    assert not any(len(batch.runs) for batch in follower.ledger.batches)


def test_a_file_truncated_while_it_is_read_is_read_anew(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A truncation between the look at a file and the read of it leaves no offset that skips the fresh lines."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(40)))
    follower = follow(log)
    follower.read()
    meanwhile(monkeypatch, lambda: log.write_bytes(lines([40])))
    follower.read()
    monkeypatch.undo()
    add(log, lines(range(50, 120)))
    assert follower.read().numbers == [*range(41), *range(50, 120)]


def test_a_file_begun_anew_behind_our_back_is_read_anew(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The offset is kept with the bytes that were read, not with those that have taken their place."""
    banner = b"started\n" * 200
    log = tmp_path / "app.log"
    log.write_bytes(banner + lines(range(3)))
    follower = follow(log)
    meanwhile(monkeypatch, lambda: log.write_bytes(banner + lines(range(10, 20))), after=True)
    follower.read(batches=1)
    monkeypatch.undo()
    assert follower.read().numbers == [0, 1, 2, *range(10, 20)]


def test_a_first_line_completed_while_it_is_read_gets_its_name_for_good(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file must not be named after half of its first line, or a copy of it would be another file."""
    log = tmp_path / "app.log"
    log.write_bytes(event(0)[:5])
    follower = follow(log)
    meanwhile(monkeypatch, lambda: add(log, event(0)[5:] + b"\n"))
    assert follower.read().numbers == [0]
    monkeypatch.undo()
    follower.ledger.checkpoints.clear()
    assert follower.read().numbers == [0]


def test_checkpoints_of_another_version_do_no_harm(tmp_path: Path, follow: Follow) -> None:
    """What cannot be understood is read anew, which doubles nothing."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(3)))
    follower = follow(log)
    follower.read()
    for key in [key for key in follower.ledger.checkpoints if key.startswith("file:")]:
        follower.ledger.checkpoints[key] = '{"offset": 12, "colour": "red"}'
    ledger = follower.read()
    assert (ledger.numbers, ledger.repeated) == ([0, 1, 2], 3)


def test_a_file_system_that_fails_is_a_source_error(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that cannot be read is told with its path, not as a traceback."""
    log = tmp_path / "app.log"
    log.write_bytes(lines([0]))
    follower = follow(log)

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("collectors.logs.streams.PlainStream.read", fail)
    with pytest.raises(SourceError, match=r"app\.log cannot be read: Input/output error"):
        follower.read()
