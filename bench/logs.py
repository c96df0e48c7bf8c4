"""How fast logs are followed, against ``grep -c -F`` on the same file in the same run, and in how much memory.

    python -m bench.logs [--megabytes 200]

Rounds of both alternate, and the best of each counts: a busy machine slows both. Prints one line per case; exits 1 when
a bar is missed: in the first case half the speed of grep, under 100 MB in all, the worst line within 50 ms. The others
show what costs: a short literal is slower to search for, and a sighting takes some 40 us.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from breakwatch.clock import to_us
from breakwatch.config import Config, LogsSource
from breakwatch.model import Window
from collectors.logs.collector import LogCollector
from collectors.logs.regexes import compile_regex
from collectors.logs.streams import MAX_LINE_BYTES

NOW_US = to_us(datetime(2026, 11, 20, 12, tzinfo=UTC))
LITERAL = "breaker_transition"
CASES = ((1_000, "pybreaker"), (1_000, "breakwatch-service"), (100, "pybreaker"))
ROUNDS = 5
MIN_RATIO, MAX_MEGABYTES, MAX_WORST_MS = 0.5, 100.0, 50.0


def write_log(path: Path, megabytes: int, one_in: int) -> None:
    """Write a service's log, one line in so many a transition."""
    chance = random.Random(1)
    lines = []
    for number in range(20_000):
        stamp = f"2026-11-20T11:32:56.{number:06d}Z"
        line: dict[str, object]
        if number % one_in == 0:
            line = {"ts": stamp, "event": LITERAL, "breaker": "payments", "from_state": "closed", "to_state": "open"}
        else:
            line = {
                "ts": stamp,
                "level": "info",
                "msg": f"GET /api/orders/{chance.randrange(10**6)} done",
                "status": 200,
                "ms": chance.random() * 100,
                "trace": f"{chance.getrandbits(128):032x}",
            }
        lines.append(json.dumps(line))
    block = ("\n".join(lines) + "\n").encode()
    with path.open("wb") as file:
        for _ in range(megabytes * 1_000_000 // len(block) + 1):
            file.write(block)


def seconds_of_grep(path: Path) -> float:
    """Return how long grep takes to count the lines that hold the literal."""
    started = time.perf_counter()
    subprocess.run(
        ["grep", "-c", "-F", LITERAL, str(path)], check=True, stdout=subprocess.PIPE
    )  # to /dev/null it stops early
    return time.perf_counter() - started


def seconds_of_ours(path: Path, profile: str) -> tuple[float, int]:
    """Return how long a first pass takes, and how many sightings it yields."""
    collector = LogCollector(LogsSource(name="bench", paths=(path,), profile=profile), Config(), lambda: NOW_US)
    started = time.perf_counter()
    found = sum(len(batch.sightings) for batch in collector.collect(Window(None, NOW_US), {}))
    taken = time.perf_counter() - started
    collector.close()
    return taken, found


def worst_line_ms() -> float:
    """Return how long the longest line takes a pattern that holds a backtracking engine for ever."""
    regex = compile_regex(r"^(?P<to>(?:a+)+)$")
    line = "a" * (MAX_LINE_BYTES - 1) + "!"
    started = time.perf_counter()
    regex.search(line)
    return (time.perf_counter() - started) * 1_000


def main() -> int:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=200)
    megabytes = parser.parse_args().megabytes
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.log"
        for case, (one_in, profile) in enumerate(CASES):
            write_log(path, megabytes, one_in)
            size = path.stat().st_size / 1_000_000
            grep, ours, found = float("inf"), float("inf"), 0
            for _ in range(ROUNDS):
                grep = min(grep, seconds_of_grep(path))
                taken, found = seconds_of_ours(path, profile)
                ours = min(ours, taken)
            ratio = grep / ours
            speeds = f"{size / ours:6.0f} MB/s, grep {size / grep:6.0f} MB/s, ratio {ratio:.2f}"
            print(f"1 line in {one_in:5} ours, profile {profile:18}: {speeds}, {found} sightings")
            kept = kept and (case > 0 or ratio >= MIN_RATIO)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000
    worst = worst_line_ms()
    print(f"memory at most {memory:.0f} MB; the worst line of {MAX_LINE_BYTES} bytes: {worst:.2f} ms")
    return 0 if kept and memory < MAX_MEGABYTES and worst < MAX_WORST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
