"""Random lives of a log folder: in whatever order writing, rotation, packing, crashes and reads come, all once."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.collectors.logs.following import Follower, add, event


class LogFolder(RuleBasedStateMachine):
    """A logger, logrotate in both of its ways, and a follower that may die at any batch."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp())
        self._log = self._folder / "app.log"
        self._log.touch()
        self._follower = Follower(self._folder / "app.log*")
        self._written = 0
        self._rest = b""  # of a line that was begun
        self._rotated = 0

    @rule(count=st.integers(1, 30))
    def write(self, count: int) -> None:
        """Finish the line that was begun, and write some more."""
        lines = b"".join(event(self._written + number) + b"\n" for number in range(count))
        add(self._log, self._rest + lines)
        self._rest = b""
        self._written += count

    @rule(cut=st.integers(1, 80))
    def begin_a_line(self, cut: int) -> None:
        """Leave a line without its end."""
        if not self._rest:
            line = event(self._written) + b"\n"
            add(self._log, line[:cut])
            self._rest = line[cut:]
            self._written += 1

    @rule()
    def rename(self) -> None:
        """Rotate by rename; a logger finishes its line first."""
        self._finish()
        self._shift()
        self._log.rename(self._folder / "app.log.1")
        self._log.touch()

    @rule()
    def copytruncate(self) -> None:
        """Rotate by copy and truncation."""
        self._finish()
        self._shift()
        shutil.copy2(self._log, self._folder / "app.log.1")
        self._log.write_bytes(b"")

    @rule()
    def pack(self) -> None:
        """Pack the oldest plain copy, as logrotate does later."""
        plain = self._folder / f"app.log.{self._rotated}"
        if self._rotated and plain.exists():
            plain.with_name(plain.name + ".gz").write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()

    @rule()
    def restart(self) -> None:
        """Forget what is in memory."""
        self._follower.restart()

    @rule()
    def read(self) -> None:
        """Collect."""
        self._follower.read()

    @rule()
    def die_while_reading(self) -> None:
        """Lose the last batch, and what is in memory."""
        self._follower.read(batches=0)
        self._follower.restart()

    @invariant()
    def nothing_twice(self) -> None:
        """No line has two names, and none was cut."""
        seen = self._follower.ledger.numbers
        assert len(seen) == len(set(seen))
        assert self._follower.ledger.rejected == {}

    def teardown(self) -> None:
        """In the end everything was read."""
        self._finish()
        self._follower.read()
        self._follower.close()
        assert self._follower.ledger.numbers == list(range(self._written))
        shutil.rmtree(self._folder)

    def _finish(self) -> None:
        add(self._log, self._rest)
        self._rest = b""

    def _shift(self) -> None:
        for number in range(self._rotated, 0, -1):
            for old in self._folder.glob(f"app.log.{number}*"):
                if old.name.split(".")[2] == str(number):
                    old.rename(old.with_name(old.name.replace(f".{number}", f".{number + 1}", 1)))
        self._rotated += 1


TestLogFolder = LogFolder.TestCase
TestLogFolder.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_many_and_long_lives() -> None:
    """The same lives, two thousand of them and longer."""
    run_state_machine_as_test(LogFolder, settings=settings(max_examples=2000, stateful_step_count=50, deadline=None))
