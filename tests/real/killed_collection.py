"""The whole flow as a process that may die at any point of it: collect, append, refresh, publish, round by round.

Run as a program it takes one JSON array of arguments per line: the world's folder, a trace file, and maybe a point and
a number, or "after" and seconds; it answers how that process ended. Every point that is reached is written to the
trace file. With a point and a number the process kills itself there, at that hit. Started again, it knows nothing but
what the store and the world hold.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from breakwatch.clock import Instant
from breakwatch.model import Window
from collectors.logs import gathering, streams
from service.ingest import Ingest
from store import Store
from tests.real.growing_world import ROUNDS, World, clock_of, warm_up
from tests.store.killed_owner import Trace

INSIDE_ROWS = 20
LOG_BATCH_SIGHTINGS = 25
LOG_BLOCK_BYTES = 2048
REFRESH_POINTS = ("refresh.write", "refresh.between", "refresh.before_commit")
"""Points of ``analysis.refresh``, which the store itself does not name: in its two transactions, and between them."""

_CLEARS_MARKS = "DELETE FROM raw.stale_subjects"


class ThreadedTrace(Trace):
    """Takes note of one point at a time: sources are collected in threads, and the point of a death is the last."""

    def __init__(self, file: Path, point: str | None, nth: int) -> None:
        super().__init__(file, point, nth)
        self._turn = threading.Lock()

    def __call__(self, point: str) -> None:
        """Take note of the point; where it is the one to die at, no other comes after it."""
        with self._turn:
            super().__call__(point)


class TracedStore(Store):
    """A store that also traces what is written between appending and publishing: the refresh's own transactions."""

    _together = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Note that transactions follow that belong together."""
        with super().turn():
            self._together = True
            try:
                yield
            finally:
                self._together = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take note of the end of the first of transactions that belong together."""
        outermost = not self._depth
        with super().transaction():
            yield
        if outermost and self._together:
            self._together = False
            self._trace("refresh.between")

    def replace(
        self, table: str, scope: Mapping[str, Any] | Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
    ) -> int:
        """Replace, and take note of it."""
        changed = super().replace(table, scope, rows)
        self._trace("refresh.write")
        return changed

    def execute(self, sql: str, params: Mapping[str, Any] = {}) -> None:
        """Execute, and take note of the last statement of a refresh: the one that clears the marks."""
        super().execute(sql, params)
        self._trace("refresh.before_commit" if sql.strip() == _CLEARS_MARKS else "refresh.write")


class Present:
    """A clock that is set by hand."""

    now_us: Instant = 0

    def __call__(self) -> Instant:
        """Return the instant it was set to."""
        return self.now_us


def main(
    folder: str, trace_file: str, point: str | None = None, nth: str = "0", *, told: Callable[[], None] | None = None
) -> None:
    """Collect from the round at which the world stands to the last one; ``told`` is called after each."""
    world, present = World(Path(folder)), Present()
    config = world.config()
    trace = ThreadedTrace(Path(trace_file), point, int(nth))
    present.now_us = clock_of(min(world.round, ROUNDS - 1))
    with (
        patch.object(gathering, "BATCH_SIGHTINGS", LOG_BATCH_SIGHTINGS),
        patch.object(streams, "BLOCK_BYTES", LOG_BLOCK_BYTES),
        TracedStore.open(config.store.path, clock=present, inside_rows=INSIDE_ROWS, trace=trace) as store,
    ):
        flow = Ingest(config, store, present)
        while world.round < ROUNDS:
            present.now_us = clock_of(world.round)
            world.grow()
            for outcome in flow.once(config.sources, Window(None, present())).outcomes:
                if outcome.error is not None:
                    raise outcome.error
            if told is not None:
                told()
            world.move_on()


def serve() -> None:
    """Carry out each line of arguments in a forked process and say how it ended.

    Forking costs a hundredth of starting an interpreter; nothing here has opened a database or started a thread.
    """
    warm_up()
    for line in sys.stdin:
        arguments = json.loads(line)
        outside = arguments[2:3] == ["after"]
        owner = os.fork()
        if owner == 0:
            main(*(arguments[:2] if outside else arguments))
            os._exit(0)
        if outside:
            time.sleep(float(arguments[3]))
            os.kill(owner, signal.SIGKILL)  # not waited for yet, so the number is still its own
        _, status = os.waitpid(owner, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
