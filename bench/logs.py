"""How fast logs are followed, against ``grep -c -F`` on the same file in the same run, and in how much memory.

    python -m bench.logs [--megabytes 1000] [--record]

A log of JSON lines of some 260 bytes, as services write them. Rounds of grep and of the collector alternate, and the
best of each counts, in seconds of the processor: both work on one core, and a busy machine stretches the clock on the
wall. Exits 1 when a bar is missed: with one line in a hundred ours at least half the speed of grep; with no text to
search for at least 200 MB/s; under 100 MB in all; the worst line within 50 ms. Each pass is what users get, up to the
batches that the store would take; the last case hands them to a store too. ``--record`` writes the section "Logs" of
bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakwatch.clock import to_us
from breakwatch.config import Config, LogsSource
from breakwatch.model import Window
from collectors.logs.collector import LogCollector
from collectors.logs.regexes import compile_regex
from collectors.logs.streams import MAX_LINE_BYTES

if TYPE_CHECKING:
    from store import Store

NOW_US = to_us(datetime(2026, 11, 20, 12, tzinfo=UTC))
LITERAL = "breaker_transition"
UNSEARCHABLE = """
name: own
title: events that are told by a number, so that no text can be searched for
origin: bench
verified: "no"
logs:
  - format: json
    event: breaker_transition
    match: {code: [7]}
    fields: {from: from_state, to: to_state}
"""
PATTERN = r'"breaker": "(?P<breaker>\w+)", "from_state": "(?P<from>\w+)", "to_state": "(?P<to>\w+)"'
ROUNDS = 5
MIN_RATIO, MIN_MB_S, MAX_MEGABYTES, MAX_WORST_MS = 0.5, 200.0, 100.0, 50.0
RESULTS = Path(__file__).with_name("RESULTS.md")
HEADING = "## Logs"


@dataclass(frozen=True)
class Case:
    """One way to read the log, and what it must reach: a share of grep's speed, or MB/s, or nothing."""

    title: str
    one_in: int
    settings: dict[str, Any]
    ratio: float = 0.0
    mb_s: float = 0.0
    stored: bool = False


def write_log(path: Path, megabytes: int, one_in: int) -> None:
    """Write a service's log, one line in so many a transition."""
    chance = random.Random(1)
    lines = []
    for number in range(20_000):
        stamp = f"2026-11-20T11:32:56.{number:06d}Z"
        line: dict[str, object]
        if number % one_in == 0:
            line = {"ts": stamp, "event": LITERAL, "breaker": "payments", "from_state": "closed", "to_state": "open"}
            line |= {"code": 7, "trace": f"{chance.getrandbits(128):032x}", "host": f"shop-{chance.randrange(40):02}"}
        else:
            line = {
                "ts": stamp,
                "level": "info",
                "msg": f"GET /api/orders/{chance.randrange(10**6)} done",
                "status": 200,
                "ms": chance.random() * 100,
                "trace": f"{chance.getrandbits(128):032x}",
                "host": f"shop-{chance.randrange(40):02}.eu-west.example.com",
                "agent": "Mozilla/5.0 (X11; Linux x86_64)",
            }
        lines.append(json.dumps(line))
    block = ("\n".join(lines) + "\n").encode()
    with path.open("wb") as file:
        for _ in range(megabytes * 1_000_000 // len(block) + 1):
            file.write(block)


@dataclass(frozen=True)
class Taken:
    """What a pass took, in seconds of the processor and of the clock on the wall, and what it found."""

    processor_s: float
    wall_s: float
    found: int = 0


def grep(path: Path) -> Taken:
    """Return how long grep takes to count the lines that hold the literal."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        ["grep", "-c", "-F", LITERAL, str(path)], check=True, stdout=subprocess.PIPE
    )  # to /dev/null it stops early
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall_s)


def ours(path: Path, settings: dict[str, Any], store: Store | None = None) -> Taken:
    """Return how long a first pass takes, and how many sightings it yields."""
    collector = LogCollector(LogsSource(name="bench", paths=(path,), **settings), Config(), lambda: NOW_US)
    started, wall, found = time.process_time(), time.perf_counter(), 0
    for batch in collector.collect(Window(None, NOW_US), {}):
        found += len(batch.sightings)
        if store is not None:
            store.append(batch)
    taken = Taken(time.process_time() - started, time.perf_counter() - wall, found)
    collector.close()
    return taken


def worst_line_ms() -> float:
    """Return how long the longest line takes a pattern that holds a backtracking engine for ever."""
    regex = compile_regex(r"^(?P<to>(?:a+)+)$")
    line = "a" * (MAX_LINE_BYTES - 1) + "!"
    started = time.perf_counter()
    regex.search(line)
    return (time.perf_counter() - started) * 1_000


def run(case: Case, path: Path, folder: Path) -> tuple[str, bool]:
    """Return a case's row of the table, and whether it reached what it must."""
    greps, passes = [], []
    for _ in range(1 if case.stored else ROUNDS):
        greps.append(grep(path))
        passes.append(stored(path, case.settings, folder) if case.stored else ours(path, case.settings))
    size = path.stat().st_size / 1_000_000
    theirs_s, ours_s = min(one.processor_s for one in greps), min(one.processor_s for one in passes)
    on_the_wall = min(one.wall_s for one in greps) / min(one.wall_s for one in passes)
    ratio, mb_s, memory = theirs_s / ours_s, size / ours_s, peak_megabytes()
    row = (
        f"| {case.title} | 1 in {case.one_in:,} | {passes[0].found:,} | {mb_s:,.0f} | {size / theirs_s:,.0f} | "
        f"{ratio:.2f} | {on_the_wall:.2f} | {memory:.0f} |"
    )
    light = case.stored or memory < MAX_MEGABYTES
    return row, ratio >= case.ratio and mb_s >= case.mb_s and light


def stored(path: Path, settings: dict[str, Any], folder: Path) -> Taken:
    """Return how long a first pass takes whose batches a store keeps."""
    from store import Store  # here: it would count as the collector's memory

    with Store.open(folder / "bench.duckdb") as store:
        return ours(path, settings, store)


def peak_megabytes() -> float:
    """Return the most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000


def cases(folder: Path) -> tuple[Case, ...]:
    """Return the cases; the one that stores comes last, because it needs more memory."""
    own = folder / "own.yaml"
    own.write_text(UNSEARCHABLE, encoding="utf-8")
    return (
        Case("a profile with a literal", 1_000, {"profile": "pybreaker"}, ratio=MIN_RATIO),
        Case('our own words (`"event"`)', 1_000, {}, ratio=MIN_RATIO),
        Case("a profile with a literal", 100, {"profile": "pybreaker"}, ratio=MIN_RATIO),
        Case('our own words (`"event"`)', 100, {}, ratio=MIN_RATIO),
        Case("no literal: every line parsed", 100, {"profile": str(own)}, mb_s=MIN_MB_S),
        Case("no literal: a pattern over text", 100, {"format": "regex", "pattern": PATTERN}, mb_s=MIN_MB_S),
        Case("a profile with a literal, and stored", 100, {"profile": "pybreaker"}, stored=True),
    )


def table(megabytes: int) -> tuple[list[str], bool]:
    """Return the lines of the section, and whether all bars were kept."""
    rows, kept, written = [], True, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "app.log"
        for case in cases(folder):
            if case.one_in != written:
                write_log(path, megabytes, case.one_in)
                written = case.one_in
            row, good = run(case, path, folder)
            print(row + ("" if good else "  MISSED"), flush=True)
            rows.append(row)
            kept = kept and good
    worst = worst_line_ms()
    versions = ", ".join(f"{package} {version(package)}" for package in ("numpy", "orjson", "google-re2", "duckdb"))
    tool = subprocess.run(["grep", "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    about = (
        f"`python -m bench.logs --megabytes {megabytes} --record`. One file of {megabytes:,} MB of JSON lines, warm in "
        f"the page cache, one process; the best of {ROUNDS} rounds of each, by the time of the processor (and the "
        f"ratio by the clock on the wall, which a busy machine blurs). Without the store, but for the last row. "
        f"Python {platform.python_version()}, {versions}; {tool}."
    )
    section = [
        HEADING,
        "",
        about,
        "",
        "| read with | lines of ours | sightings | MB/s | grep -c -F, MB/s | ratio | on the wall | memory in all, MB |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"The worst line of {MAX_LINE_BYTES:,} bytes against a hostile pattern: {worst:.2f} ms.",
        "",
    ]
    return section, kept and worst < MAX_WORST_MS


def record(section: list[str]) -> None:
    """Put the section into the results, in the place of the one before."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Results\n\n"
    before, found, behind = text.partition(f"{HEADING}\n")
    after = behind[behind.index("\n## ") + 1 :] if found and "\n## " in behind else ""
    RESULTS.write_text(
        f"{before.rstrip()}\n\n" + "\n".join(section) + ("\n" + after if after else ""), encoding="utf-8"
    )


def main() -> int:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1_000)
    parser.add_argument("--record", action="store_true", help="write bench/RESULTS.md")
    asked = parser.parse_args()
    section, kept = table(asked.megabytes)
    if asked.record:
        record(section)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
