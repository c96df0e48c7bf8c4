"""Faults of log files at full size: rotation under load, inodes used again and again, endless lines, a slow store."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import threading
import time
import tracemalloc
from array import array
from typing import TYPE_CHECKING

import pytest

from breakwatch.model import Window
from collectors.logs import streams
from tests.collectors.logs.following import add, event, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from breakwatch.model import Batch
    from tests.collectors.logs.conftest import Follow

MIB = 1 << 20
LINES_PER_S = 2_000


class Writer(threading.Thread):
    """A program that writes two thousand lines a second and rotates its log by rename now and then.

    A line that is late is written at once: the pace is kept whatever else the machine does.
    """

    def __init__(self, log: Path, *, rotations: int, lines_each: int) -> None:
        super().__init__()
        self._log, self._rotations, self._lines_each = log, rotations, lines_each
        self.written = 0
        self.seconds = 0.0

    def run(self) -> None:
        """Write."""
        started = time.perf_counter()
        for rotation in range(self._rotations + 1):
            with self._log.open("ab", buffering=0) as file:
                for _ in range(self._lines_each):
                    file.write(event(self.written) + b"\n")
                    self.written += 1
                    time.sleep(max(0.0, started + self.written / LINES_PER_S - time.perf_counter()))
            if rotation < self._rotations:
                for number in range(rotation, 0, -1):
                    self._log.with_name(f"app.log.{number}").rename(self._log.with_name(f"app.log.{number + 1}"))
                self._log.rename(self._log.with_name("app.log.1"))
        self.seconds = time.perf_counter() - started


def test_ten_rotations_under_load(tmp_path: Path, follow: Follow) -> None:
    """More than a thousand lines a second through ten renames: none lost, none doubled."""
    log = tmp_path / "app.log"
    log.touch()
    follower = follow(tmp_path / "app.log*")
    writer = Writer(log, rotations=10, lines_each=300)
    writer.start()
    while writer.is_alive():
        follower.read()
        time.sleep(0.005)
    writer.join()
    assert writer.written / writer.seconds > 1_000
    follower.read()
    assert follower.read().numbers == list(range(writer.written))
    assert (follower.ledger.repeated, follower.ledger.rejected) == (0, {})


def test_an_inode_used_again_a_thousand_times(tmp_path: Path, follow: Follow) -> None:
    """A file deleted and made anew at once, mostly on the same inode, is another file every time."""
    log = tmp_path / "app.log"
    follower = follow(log)
    for number in range(1_000):
        log.unlink(missing_ok=True)
        log.write_bytes(event(number) + b"\n")
        if number % 50 == 0:
            follower.restart()
        follower.read()
    assert (follower.ledger.numbers, follower.ledger.repeated) == (list(range(1_000)), 0)


def grown(work: Callable[[], object]) -> int:
    """Return by how many bytes memory grew at most while something was done."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def endless(path: Path, size: int) -> None:
    """Write a line that does not end, between two that do."""
    path.write_bytes(event(0) + b"\n")
    block = b"x" * MIB
    with path.open("ab") as file:
        for _ in range(size // MIB):
            file.write(block)


@pytest.mark.parametrize("size", [64 * MIB, pytest.param(1 << 30, marks=pytest.mark.nightly)])
def test_a_line_that_does_not_end_costs_no_memory(tmp_path: Path, follow: Follow, size: int) -> None:
    """It is not there until it ends; then it is cut and told, and the next line is intact."""
    log = tmp_path / "app.log"
    endless(log, size)
    follower = follow(log)
    assert grown(follower.read) < 50 * MIB
    assert follower.ledger.numbers == [0]
    add(log, b"\n" + event(1) + b"\n")
    assert grown(follower.read) < 50 * MIB
    assert follower.ledger.numbers == [0, 1]
    assert any("longer than" in note for batch in follower.ledger.batches for note in batch.notes)


def test_a_slow_store_holds_nothing_up_but_itself(tmp_path: Path, follow: Follow) -> None:
    """While a batch waits to be stored nothing is read; memory is that of two batches, however much has piled up."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(25_000)))
    meanwhile = [lines(range(part, part + 5_000)) for part in range(25_000, 100_000, 5_000)]
    follower = follow(log)
    numbers = array("q")
    steps = follower.collector.collect(Window(None, follower.now_us), {})
    tracemalloc.start()
    try:
        numbers.extend(numbers_of(next(steps)))
        before_bytes, one_batch_bytes = tracemalloc.get_traced_memory()
        for part in meanwhile:
            add(log, part)
        assert tracemalloc.get_traced_memory()[0] - before_bytes < MIB
        started = time.perf_counter()
        for batch in steps:
            numbers.extend(numbers_of(batch))
        taken_s = time.perf_counter() - started
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert list(numbers) == list(range(100_000))
    assert peak_bytes < 2 * one_batch_bytes
    assert taken_s < 15  # 75 seconds of a thousand lines each, at least five times as fast as they came


def numbers_of(batch: Batch) -> Iterator[int]:
    """Return which events a batch tells of."""
    return (one.occurred_us % 1_000_000 for one in batch.sightings)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_copy_beside_its_source_is_read_once(
    tmp_path: Path, follow: Follow, pack: Callable[[bytes], bytes]
) -> None:
    """Whatever it is packed with, by what it holds and not by its name."""
    log = tmp_path / "app.log.1"
    log.write_bytes(lines(range(3)))
    follower = follow(tmp_path / "app.log*")
    follower.read()
    (tmp_path / "app.log.2").write_bytes(pack(lines(range(4))))
    log.unlink()
    ledger = follower.read()
    assert (ledger.numbers, ledger.repeated, ledger.rejected) == ([0, 1, 2, 3], 0, {})


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_that_ends_early_says_so(tmp_path: Path, follow: Follow, pack: Callable[[bytes], bytes]) -> None:
    """What it holds is in, and that it is damaged is kept and told."""
    (tmp_path / "app.log.gz").write_bytes(pack(lines(range(12_000)))[:-200])
    ledger = follow(tmp_path / "app.log*").read()
    assert len(ledger.numbers) < 12_000
    assert ["damaged or not complete yet" in one.reason for one in ledger.rejected.values()] == [True]


def test_a_bomb_is_not_unpacked_in_whole(tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacking stops at its limit, and what is left is told as not read."""
    monkeypatch.setattr(streams, "MAX_UNPACKED_BYTES", 4 * MIB)
    (tmp_path / "app.log.gz").write_bytes(gzip.compress(lines([0]) + b"x\n" * (8 * MIB) + lines([1])))
    ledger = follow(tmp_path / "app.log.gz").read()
    assert ledger.numbers == [0]
    assert [one.reason.split(":")[0] for one in ledger.rejected.values()] == [f"unpacks to more than {4 * MIB} bytes"]


def test_reading_again_and_again_opens_nothing_more(tmp_path: Path, follow: Follow) -> None:
    """A collector that lives as long as its service holds each file once, and close lets go of all."""
    for number in range(20):
        (tmp_path / f"{number}.log").write_bytes(lines([number]))
    follower = follow(tmp_path / "*.log")
    counts = set()
    for _ in range(20):
        follower.read()
        counts.add(sum(1 for _ in descriptors()))
    assert len(counts) == 1
    follower.close()
    assert sum(1 for _ in descriptors()) == counts.pop() - 20


def descriptors() -> Iterator[str]:
    """Yield what this process holds open."""
    yield from os.listdir("/proc/self/fd")  # noqa: PTH208 - Path.iterdir would hold one itself
