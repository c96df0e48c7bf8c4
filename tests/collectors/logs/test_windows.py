"""Windows and presence: what was asked for is yielded, and what is claimed to be known is known."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from breakwatch.clock import MINUTE_US, SECOND_US
from breakwatch.model import Window
from tests.collectors.logs.following import NOON_US, at, event

if TYPE_CHECKING:
    from pathlib import Path

    from breakwatch.model import Batch
    from tests.collectors.logs.conftest import Follow

FIRST_US = at("2026-11-20T11:00:00Z")


def spans(batches: list[Batch]) -> list[tuple[int, int]]:
    """Return from when to when the log was said to be known."""
    return [
        (int(first), int(last))
        for batch in batches
        for first, last in zip(batch.runs.first_us, batch.runs.last_us, strict=True)
    ]


def log_of(path: Path, numbers: range) -> Path:
    """Write a log of whole lines."""
    path.write_bytes(b"".join(event(number) + b"\n" for number in numbers))
    return path


def test_presence_grows_without_a_gap(tmp_path: Path, follow: Follow) -> None:
    """Each pass continues where the one before was caught up, over a restart and without new lines too."""
    follower = follow(log_of(tmp_path / "app.log", range(1)))
    follower.read()
    follower.now_us += MINUTE_US
    follower.restart()
    follower.read()
    follower.now_us += 100 * MINUTE_US
    follower.read()
    assert spans(follower.ledger.batches) == [
        (FIRST_US, NOON_US),
        (NOON_US, NOON_US + MINUTE_US),
        (NOON_US + MINUTE_US, NOON_US + 101 * MINUTE_US),
    ]
    assert all(np.all(batch.runs.value == 1) for batch in follower.ledger.batches)


def test_presence_of_a_silent_log_begins_when_it_is_first_read(tmp_path: Path, follow: Follow) -> None:
    """Before its first event nothing says how far back a log reaches."""
    log = tmp_path / "app.log"
    log.write_bytes(b"started\n")
    assert spans(follow(log).read().batches) == [(NOON_US, NOON_US)]


def test_presence_remembers_the_first_event_over_a_crash(tmp_path: Path, follow: Follow) -> None:
    """A first pass that is killed midway does not shorten what the log is known for."""
    follower = follow(log_of(tmp_path / "app.log", range(25_000)))
    follower.read(batches=1)
    follower.restart()
    follower.read()
    assert spans(follower.ledger.batches) == [(FIRST_US, NOON_US)]


def test_recorded_data_is_known_up_to_the_end_asked_for(tmp_path: Path, follow: Follow) -> None:
    """A window that ends before now bounds the claim."""
    follower = follow(log_of(tmp_path / "app.log", range(1)))
    end_us = FIRST_US + 10 * SECOND_US
    follower.read(Window(None, end_us))
    assert spans(follower.ledger.batches) == [(FIRST_US, end_us)]


def test_nothing_is_known_of_the_time_to_come(tmp_path: Path, follow: Follow) -> None:
    """A window that ends after now claims no more than now."""
    follower = follow(log_of(tmp_path / "app.log", range(1)))
    follower.read(Window(None, NOON_US + MINUTE_US))
    assert spans(follower.ledger.batches) == [(FIRST_US, NOON_US)]


def test_a_backfill_yields_its_window_and_moves_nothing(tmp_path: Path, follow: Follow) -> None:
    """The half-open span that was asked for, from files read long ago, and the checkpoints stay as they are."""
    follower = follow(log_of(tmp_path / "app.log", range(10)))
    follower.read()
    before = dict(follower.ledger.checkpoints)
    follower.ledger.sightings.clear()
    follower.read(Window(FIRST_US + 3, FIRST_US + 6))
    assert (follower.ledger.numbers, follower.ledger.checkpoints) == ([3, 4, 5], before)
    assert spans(follower.ledger.batches)[-1] == (FIRST_US + 3, FIRST_US + 6)


def test_a_first_backfill_takes_nothing_from_the_catch_up(tmp_path: Path, follow: Follow) -> None:
    """What lies outside an early backfill still comes with the next catch-up, and nothing comes twice."""
    follower = follow(log_of(tmp_path / "app.log", range(10)))
    follower.read(Window(FIRST_US + 8, NOON_US))
    assert follower.ledger.numbers == [8, 9]
    follower.read()
    assert follower.ledger.numbers == list(range(10))


def test_backfills_in_any_order_unite_to_the_same(tmp_path: Path, follow: Follow) -> None:
    """Windows may overlap, repeat and come in any order."""
    log = log_of(tmp_path / "app.log", range(10))
    windows = [Window(FIRST_US, FIRST_US + 4), Window(FIRST_US + 2, FIRST_US + 8), Window(FIRST_US + 8, NOON_US)]
    results = []
    for order in itertools.permutations(windows):
        follower = follow(log)
        for window in (*order, order[0]):
            follower.read(window)
        results.append(dict(sorted(follower.ledger.sightings.items())))
    assert all(result == results[0] for result in results)
    assert len(results[0]) == 10


def test_stamps_from_the_future_are_kept_apart(tmp_path: Path, follow: Follow) -> None:
    """More than five minutes ahead of our clock is a wrong clock; less is taken as it is."""
    follower = follow(log_of(tmp_path / "app.log", range(1)))
    follower.now_us = FIRST_US - 5 * MINUTE_US
    assert follower.read().numbers == [0]
    other = follow(tmp_path / "app.log")
    other.now_us = FIRST_US - 5 * MINUTE_US - 1
    ledger = other.read()
    assert (ledger.numbers, [one.reason.split(" (")[0] for one in ledger.rejected.values()]) == (
        [],
        ["the time 2026-11-20T11:00:00.000000Z is more than 5 minutes in the future"],
    )


def test_what_is_gone_for_long_is_forgotten(tmp_path: Path, follow: Follow) -> None:
    """Checkpoints of deleted files do not pile up; those of the last week stay, because a file may come back packed."""
    follower = follow(tmp_path / "*.log")
    log_of(tmp_path / "a.log", range(1))
    log_of(tmp_path / "b.log", range(1, 2))
    follower.read()
    (tmp_path / "a.log").unlink()
    counts = []
    for days in (0, 6, 2):
        follower.restart()
        follower.now_us += days * 86_400 * SECOND_US
        follower.read()
        counts.append(sum(key.startswith("file:") for key in follower.ledger.checkpoints))
    assert counts == [2, 2, 1]
