"""The Prometheus that is measured: a day of one-hot breaker states, written once and kept in a temporary folder.

334 breakers × 6 states = 2,004 series, scraped every 15 s for a day: 11,543,040 samples and some 5,800 transitions,
beside ``up`` and ``scrape_duration_seconds`` of the 40 targets that export them.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

METRIC = "resilience4j_circuitbreaker_state"
STATES = ("closed", "open", "half_open", "forced_open", "disabled", "metrics_only")
BREAKERS, TARGETS, APPLICATIONS = 334, 40, 7
INTERVAL_MS, SCRAPES = 15_000, 5_760
T0_MS = 1_795_046_400_000  # 2026-11-19T00:00:00Z
DAY_MS = INTERVAL_MS * SCRAPES
MEAN_TRANSITIONS = 17.4


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition as the samples show it: the scrape that first saw the new state."""

    breaker: str
    from_state: str
    to_state: str
    seen_ms: int


def stamps_of(target: int, jitter_ms: int) -> list[int]:
    """Return when a target was scraped: on the beat of its own offset, give or take the jitter."""
    chance = random.Random(f"target {target}")
    offset_ms = chance.randrange(INTERVAL_MS - 2 * jitter_ms) + jitter_ms
    beat = range(T0_MS + offset_ms, T0_MS + offset_ms + DAY_MS, INTERVAL_MS)
    return [stamp + (chance.randint(-jitter_ms, jitter_ms) if jitter_ms else 0) for stamp in beat]


def story_of(breaker: int) -> list[tuple[int, str]]:
    """Return a breaker's states as (number of the scrape, state): opened, tried, closed, some six times a day."""
    chance = random.Random(f"breaker {breaker}")
    story, at = [(0, "closed")], 0
    while True:
        at += 4 + int(chance.expovariate(1 / (SCRAPES / (MEAN_TRANSITIONS / 3) - 9)))
        for state, length in (("open", chance.randint(1, 8)), ("half_open", chance.randint(1, 2)), ("closed", 0)):
            if at >= SCRAPES:
                return story
            story.append((at, state))
            at += length


def truth(jitter_ms: int) -> list[Edge]:
    """Return every transition that is in the data, in no order."""
    stamps = [stamps_of(target, jitter_ms) for target in range(TARGETS)]
    edges = []
    for breaker in range(BREAKERS):
        story = story_of(breaker)
        edges += [
            Edge(f"breaker-{breaker}", before, state, stamps[breaker % TARGETS][at])
            for (_, before), (at, state) in pairwise(story)
        ]
    return edges


def tsdb(jitter_ms: int) -> Path:
    """Return the folder with the blocks of the day, made at the first call (some 100 s)."""
    folder = Path(tempfile.gettempdir()) / "breakwatch-bench" / f"day-jitter-{jitter_ms}ms"
    if (folder / "done").exists():
        return folder / "tsdb"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = folder / "day.om"
    _write(text, jitter_ms)
    blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", str(text), str(folder / "tsdb")]
    subprocess.run(blocks, check=True)
    text.unlink()
    (folder / "done").touch()
    return folder / "tsdb"


def _write(path: Path, jitter_ms: int) -> None:
    stamps = [[f"{at // 1000}.{at % 1000:03d}\n" for at in stamps_of(one, jitter_ms)] for one in range(TARGETS)]
    with path.open("w") as file:
        file.write(f"# TYPE {METRIC} gauge\n")
        for breaker in range(BREAKERS):
            target = breaker % TARGETS
            story = story_of(breaker)
            present = [""] * SCRAPES
            for (begin, state), (end, _) in zip(story, [*story[1:], (SCRAPES, "")], strict=True):
                present[begin:end] = [state] * (end - begin)
            for state in STATES:
                series = f'{METRIC}{{{_who(target)},name="breaker-{breaker}",state="{state}"}} '
                one, zero = f"{series}1 ", f"{series}0 "
                file.writelines(
                    (one if now == state else zero) + at for now, at in zip(present, stamps[target], strict=True)
                )
        for metric, value in (("up", "1"), ("scrape_duration_seconds", "0.012")):
            file.write(f"# TYPE {metric} gauge\n")
            for target in range(TARGETS):
                file.writelines(f"{metric}{{{_who(target)}}} {value} {at}" for at in stamps[target])
        file.write("# EOF\n")


def _who(target: int) -> str:
    return f'application="app-{target % APPLICATIONS}",instance="10.0.0.{target}:8080",job="shop"'
