"""An owner that carries out a fixed sequence of steps and may die at any point of it.

Run as a program it takes one JSON array of arguments per line: path, trace file, and maybe a point and a number, or
"after" and seconds.

Every point of the store's work is written to the trace file as it is reached. With a point and a number the process
kills itself there, at that hit. Started again, it goes on where the store says it stood, repeating the last step as a
collector would that never heard of its success.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from breakwatch.clock import DAY_US, HOUR_US
from breakwatch.model import Batch
from store import Store
from tests.store.samples import COUNTER, SCRAPE, STATE, batch_of, rejected, sighting

STEPS = 30
DAYS_A_STEP = 8
ROWS_A_STEP = 3 * DAYS_A_STEP
START_US = 1_793_491_200_000_000  # 2026-11-01
INSIDE_ROWS = 20


class Trace:
    """Writes points to a file, and dies at one of them where told."""

    def __init__(self, file: Path, point: str | None, nth: int) -> None:
        self._handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._point = point
        self._left = nth

    def __call__(self, point: str) -> None:
        """Take note of the point; die there if it is the one."""
        os.write(self._handle, f"{point}\n".encode())
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def batch(step: int) -> Batch:
    """Return what the collector yields in a step: samples that go on from the last step, lines, a checkpoint."""
    stamps = [START_US + (step * 4 + place) * HOUR_US for place in range(5)]
    history = {
        STATE: [(stamp, float(stamp // (7 * HOUR_US) % 3)) for stamp in stamps],
        COUNTER: [(stamp, float(stamp // HOUR_US)) for stamp in stamps],
        SCRAPE: [(stamp, 1.0) for stamp in stamps],
    }
    return batch_of(
        history,
        sightings=[sighting(f"file:{step}", stamps[1]), sighting(f"file:{step}b", stamps[2])],
        rejected=[rejected(f"file:{step}c")],
        checkpoints={"next": str(step + 1)},
        seen_until_us=stamps[-1],
    )


def refresh(store: Store, step: int) -> None:
    """Compute the figures of a step as analysis would: sparse and dense rows, marks cleared, in one transaction."""
    start_us = START_US + step * DAYS_A_STEP * DAY_US
    name = f"checkout {step}"
    counts = [
        {"bucket_start": start_us + place * DAY_US // 3, "bucket_s": 60.0, "outcome": "success", "count": step}
        for place in range(ROWS_A_STEP)
    ]
    late = [{"bucket_start": START_US + step % 5 * DAY_US, "bucket_s": 60.0, "outcome": "failure", "count": step}]
    with store.transaction():
        store.replace("request_counts", {"service": name}, counts)
        store.replace("request_counts", {"service": "late"}, late)
        store.replace("targets", {"service": f"s{step % 4}"}, [{"target": f"t{step}"}])
        store.execute("DELETE FROM raw.stale_subjects")
        store.execute("DELETE FROM raw.stale_counters")


def main(path: str, trace_file: str, point: str | None = None, nth: str = "0") -> None:
    """Go on from where the store stands to the last step."""
    with Store.open(path, inside_rows=INSIDE_ROWS, trace=Trace(Path(trace_file), point, int(nth))) as store:
        done = int(store.checkpoints("prom").get("next", "0"))
        for step in range(max(0, done - 1), STEPS):
            store.append(batch(step))
            refresh(store, step)
            store.publish(START_US + step)


def serve() -> None:
    """Carry out each line of arguments in a forked process and say how it ended.

    Forking costs a hundredth of starting an interpreter; nothing here has opened a database or started a thread. With
    ``"after"`` in place of a point the process is killed from outside after so many seconds.
    """
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
