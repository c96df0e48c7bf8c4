"""Random lives of a log folder: in whatever order it is written, rotated, truncated, packed, and collections die."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from breakwatch.clock import MINUTE_US
from breakwatch.model import Window
from collectors.logs import gathering, streams
from store import Store
from tests.collectors.logs.folder import Content, Folder
from tests.collectors.logs.following import Follower, Ledger

if TYPE_CHECKING:
    from breakwatch.model import Batch

FEW = st.integers(1, 12)
BEFORE = st.sampled_from(["", "w", "r", "wr", "wrw", "dw"])
"""What happens just before a rotation: writes, reads, deaths. Left to chance alone, the telling orders are rare."""


class LogFolder(RuleBasedStateMachine):
    """Loggers, logrotate in both of its ways, careless hands, and a collector that may die or fail at any batch."""

    ledger: ClassVar[type[Ledger]] = Ledger

    def __init__(self) -> None:
        super().__init__()
        self._path = Path(tempfile.mkdtemp())
        self._small = [patch.object(gathering, "BATCH_SIGHTINGS", 5), patch.object(streams, "BLOCK_BYTES", 2048)]
        for one in self._small:
            one.start()
        self._folder = Folder(self._path)
        self._follower = Follower(self._path / "app.log*")
        self._follower.ledger = self.ledger()
        self._owed: set[int] = set()
        self._held: list[Content] = []  # by the collector, which is alive, though no name leads there any more
        self._opened: list[Content] = []
        self._backup: tuple[Ledger, set[int]] | None = None

    @rule(count=FEW)
    def write(self, count: int) -> None:
        """Write lines, and first finish the one that was begun."""
        self._folder.write(count)

    @rule(cut=st.integers(1, 80))
    def begin_a_line(self, cut: int) -> None:
        """Leave a line without its end."""
        self._folder.begin_a_line(cut)

    @rule(before=BEFORE, late=st.booleans())
    def rename(self, before: str, *, late: bool) -> None:
        """Rotate by rename."""
        self._do(before)
        self._folder.rename(late=late)

    @rule(count=FEW)
    def write_late(self, count: int) -> None:
        """Write into the renamed file."""
        self._folder.write_late(count)

    @rule(before=BEFORE, between=st.integers(0, 3), read=st.booleans())
    def copytruncate(self, before: str, between: int, *, read: bool) -> None:
        """Rotate by copy and truncation, with what happens in between."""
        self._do(before)
        self._folder.copy()
        if between:
            self._folder.write(between)
        if read:
            self.read()
        self._folder.truncate()

    @rule(before=BEFORE)
    def truncate(self, before: str) -> None:
        """Empty the log by hand."""
        self._do(before)
        self._folder.truncate()

    @rule(before=BEFORE, recreate=st.booleans())
    def delete(self, before: str, *, recreate: bool) -> None:
        """Delete the log."""
        self._do(before)
        gone = self._folder.delete(recreate=recreate)
        if gone is not None and gone in self._opened:
            self._held.append(gone)

    @rule(remove=st.booleans())
    def pack(self, *, remove: bool) -> None:
        """Pack the oldest file."""
        self._folder.pack()
        if remove:
            self._folder.remove_packed_sources()

    @rule()
    def pack_half(self) -> None:
        """Be in the middle of packing."""
        self._folder.pack_half()

    @rule()
    def restart(self) -> None:
        """Forget what is in memory."""
        self._follower.restart()
        self._held, self._opened = [], []

    @rule(minutes=st.sampled_from([0, 1, 5, 60 * 24 * 8]))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self._follower.now_us += minutes * MINUTE_US

    @rule()
    def read(self) -> None:
        """Collect to the end: now everything in reach is owed."""
        reach = [*self._folder.in_reach, *self._held]
        if self._folder.in_reach or self._held:
            self._collect(None, lose=False)
            self._owed |= {number for content in reach for number in content.lines}
            self._opened = [content for content in self._folder.in_reach if content.lines]
            self._held = []  # read out, and let go of after a silent minute
        self.check()

    @rule(batches=st.integers(0, 3), lose=st.booleans())
    def die(self, batches: int, *, lose: bool) -> None:
        """Be killed after some batches were stored, perhaps with one in hand."""
        if self._folder.in_reach:
            self._collect(batches, lose=lose)
        self.restart()

    @rule(batches=st.integers(0, 3))
    def fail_to_store(self, batches: int) -> None:
        """Lose a batch to a store that is full; the collector lives on."""
        if self._folder.in_reach:
            self._collect(batches, lose=True)

    @rule()
    def look_back(self) -> None:
        """Ask for a span of the past; the catch-up must not notice."""
        if self._folder.in_reach:
            now_us = self._follower.now_us
            for batch in self._follower.collector.collect(Window(0, now_us), dict(self._follower.ledger.checkpoints)):
                self._follower.ledger.append(batch)

    @rule()
    def back_up_or_restore(self) -> None:
        """Keep a copy of the store; the next time, put it back: rows and offsets go back together."""
        if self._backup is None:
            self._backup = (deepcopy(self._follower.ledger), set(self._owed))
        else:
            self._follower.ledger, self._owed = self._backup
            self._backup = None
            self.restart()

    @invariant()
    def nothing_twice(self) -> None:
        """No line has two names, none was cut, and none was made up."""
        ledger = self._follower.ledger
        seen = ledger.numbers
        assert len(seen) == len(set(seen))
        assert not seen or seen[-1] < self._folder.written
        assert all("gzip file is damaged" in one.reason for one in ledger.rejected.values())

    def _do(self, before: str) -> None:
        for what in before:
            if what == "w":
                self._folder.write(3)
            elif what == "r":
                self.read()
            else:
                self.die(1, lose=True)

    def check(self) -> None:
        """Everything owed is there."""
        assert self._owed <= set(self._follower.ledger.numbers)

    def teardown(self) -> None:
        """In the end everything that can be known is."""
        try:
            self._folder.finish()
            self._folder.close()
            self.read()
            self.nothing_twice()
        finally:
            self._follower.close()
            self._follower.ledger.close()
            for one in self._small:
                one.stop()
            shutil.rmtree(self._path)

    def _collect(self, batches: int | None, *, lose: bool) -> None:
        """Collect and store so many batches, all for None; then perhaps get one more and lose it."""
        ledger = self._follower.ledger
        steps = self._follower.collector.collect(Window(None, self._follower.now_us), dict(ledger.checkpoints))
        for batch in itertools.islice(steps, batches):
            ledger.append(batch)
        if lose:
            next(steps, None)


class StoredLedger(Ledger):
    """A ledger whose checkpoints and rows are a real store's."""

    def __init__(self) -> None:
        super().__init__()
        self._path = Path(tempfile.mkdtemp())
        self._store = Store.open(self._path / "b.duckdb")

    def append(self, batch: Batch) -> None:
        """Store a batch, and compare what the store keeps."""
        super().append(batch)
        self._store.append(batch)
        self.checkpoints = self._store.checkpoints(batch.source)
        count = self._store.rows("SELECT count(*) AS n FROM raw.sightings")[0]["n"]
        assert count == len(self.sightings)

    def close(self) -> None:
        """Close and remove the store."""
        self._store.close()
        shutil.rmtree(self._path)

    def __deepcopy__(self, _memo: object) -> StoredLedger:
        return self  # a store is not copied here


class StoredLogFolder(LogFolder):
    """The same lives into a real store."""

    ledger = StoredLedger

    @rule()
    def back_up_or_restore(self) -> None:
        """Copying a store is the store's own test."""


_LIVES = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], print_blob=True
)

TestLogFolder = LogFolder.TestCase
TestLogFolder.settings = settings(_LIVES, max_examples=300, stateful_step_count=20)


def test_lives_into_a_real_store() -> None:
    """A few lives whose batches a real store keeps."""
    run_state_machine_as_test(StoredLogFolder, settings=settings(_LIVES, max_examples=5, stateful_step_count=12))


def test_a_deleted_file_is_held_until_its_lines_are_stored() -> None:
    """Lines of a file that is gone are read again while the store could not take them, however late."""
    life = LogFolder()
    life.copytruncate(before="", between=0, read=False)
    life.delete(before="wrw", recreate=False)
    life.fail_to_store(batches=0)
    life.wait(minutes=5)
    life.fail_to_store(batches=0)
    life.read()
    life.nothing_twice()
    life.teardown()


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_many_and_long_lives() -> None:
    """The same lives, five thousand of them and longer."""
    run_state_machine_as_test(LogFolder, settings=settings(_LIVES, max_examples=5_000, stateful_step_count=40))


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_many_lives_into_a_real_store() -> None:
    """A hundred lives whose batches a real store keeps."""
    run_state_machine_as_test(StoredLogFolder, settings=settings(_LIVES, max_examples=100, stateful_step_count=20))
