"""Hours of scrapes made up in seconds, as blocks that a real Prometheus serves (promtool writes them)."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

from breakwatch.clock import MINUTE_US, SECOND_US, Instant
from tests.analysis.worlds import random_truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.analysis.worlds import Truth

START_US = 1_789_992_000 * SECOND_US
STEP_US = 15 * SECOND_US
INSTANCES = ("a:1", "b:1")
STATES = ("closed", "open", "half_open")
MISSED = range(700, 712)
"""Scrapes of the first instance that found nobody: a gap that is the target's own."""


def write_blocks(folder: Path, hours: int) -> None:
    """Fill ``folder``/tsdb with what two instances of a shop exported, one of them restarted every two hours."""
    steps = hours * 60 * MINUTE_US // STEP_US
    series: dict[str, list[str]] = {}
    for number, instance in enumerate(INSTANCES):
        truth = random_truth(random.Random(instance), 400, 4 * SECOND_US, 3 * MINUTE_US)
        for step in range(steps):
            stamp_us = START_US + step * STEP_US + number * 1_733_000
            for name, value in _scrape(instance, truth, step):
                series.setdefault(name, []).append(f"{name} {value:.15g} {stamp_us / SECOND_US:.3f}\n")
    text = "".join(line for lines in series.values() for line in lines)
    (folder / "made.om").write_text(text + "# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", str(folder / "made.om")]
    subprocess.run([*command, str(folder / "tsdb")], check=True, capture_output=True)
    (folder / "made.om").unlink()


def end_us(hours: int) -> Instant:
    """Return the instant after the last sample of so many hours."""
    return START_US + hours * 60 * MINUTE_US


def _scrape(instance: str, truth: Truth, step: int) -> Iterator[tuple[str, float]]:
    own = f'job="shop",instance="{instance}"'
    alive = instance != INSTANCES[0] or step not in MISSED
    yield f"up{{{own}}}", float(alive)
    yield f"scrape_duration_seconds{{{own}}}", 0.004 + 0.001 * (step % 3)
    if not alive:
        return
    at_us = step * STEP_US
    born = step - step % 480 if instance == INSTANCES[1] else 0
    yield f"process_start_time_seconds{{{own}}}", (START_US + born * STEP_US) / SECOND_US
    state = truth.state_at(at_us)
    for word in STATES:
        yield f'breakwatch_breaker_state{{breaker="bank",state="{word}",{own}}}', float(word == state)
    moves = truth.counted_at(at_us) - truth.counted_at(born * STEP_US - 1)
    for (before, after), count in sorted(moves.items()):
        ends = f'from_state="{before}",to_state="{after}"'
        yield f'breakwatch_breaker_transitions_total{{breaker="bank",{ends},{own}}}', float(count)
    for rank, outcome in enumerate(("success", "failure", "timeout")):
        calls = (step - born) * (9 - 4 * rank) + (step % 7 if step > born else 0)
        yield f'http_requests_total{{outcome="{outcome}",target="bank",operation="pay",{own}}}', max(0.0, calls)
    yield f'queue_depth{{queue="orders",kind="main",{own}}}', float(step * step % 11)
