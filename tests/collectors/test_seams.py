"""Histories that come in several files."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from breakwatch.clock import SECOND_US, fixed_clock
from breakwatch.config import Config, OpenMetricsSource
from breakwatch.model import Batch, TrackKind, Window
from collectors.openmetrics import OpenMetricsCollector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START_S = 1_795_000_000
NOW = fixed_clock((START_S + 10_000) * SECOND_US)


def _file(path: Path, stamps_s: Sequence[int]) -> Path:
    """Write a file in which one target with a breaker was scraped at these seconds."""
    labels = 'job="app",instance="a",application="shop"'
    lines = ["# TYPE up gauge"]
    lines += [f"up{{{labels}}} 1 {START_S + at_s}" for at_s in stamps_s]
    lines += ["# TYPE resilience4j_circuitbreaker_state gauge"]
    for state, value in (("closed", 1), ("open", 0), ("half_open", 0)):
        own = f'{labels},name="pay",state="{state}"'
        lines += [f"resilience4j_circuitbreaker_state{{{own}}} {value} {START_S + at_s}" for at_s in stamps_s]
    path.write_text("\n".join([*lines, "# EOF", ""]))
    return path


def _collect(paths: Sequence[Path], checkpoints: dict[str, str]) -> list[Batch]:
    source = OpenMetricsSource(name="files", paths=tuple(paths), profiles=("resilience4j",))
    batches = list(OpenMetricsCollector(source, Config(), NOW).collect(Window(None, NOW()), checkpoints))
    for batch in batches:
        checkpoints.update(batch.checkpoints)
    return batches


def _seen(batches: Sequence[Batch]) -> list[tuple[int, int]]:
    """Return the united spans in which the target was seen, in seconds after the start."""
    spans = sorted(
        (int(first) // SECOND_US - START_S, int(last) // SECOND_US - START_S)
        for batch in batches
        for track, first, last in zip(batch.runs.track, batch.runs.first_us, batch.runs.last_us, strict=True)
        if batch.tracks[track].kind == TrackKind.SCRAPE
    )
    united: list[tuple[int, int]] = []
    for start, end in spans:
        if united and start <= united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], end)
        else:
            united.append((start, end))
    return united


def test_files_that_follow_each_other_leave_no_gap_in_any_order(tmp_path: Path) -> None:
    """Three files a scrape apart are one span, read together or one by one in any order."""
    files = [_file(tmp_path / f"{n}.om", range(n * 600, n * 600 + 600, 60)) for n in range(3)]
    assert _seen(_collect(files, {})) == [(0, 1740)]
    for order in permutations(files):
        checkpoints: dict[str, str] = {}
        batches = [batch for path in order for batch in _collect([path], checkpoints)]
        assert _seen(batches) == [(0, 1740)]


def test_a_real_gap_between_files_stays_one(tmp_path: Path) -> None:
    """A file that begins three intervals after the last one ended leaves the time between unseen."""
    files = [_file(tmp_path / "1.om", range(0, 600, 60)), _file(tmp_path / "2.om", range(720, 1200, 60))]
    assert _seen(_collect(files, {})) == [(0, 540), (720, 1140)]


def test_a_change_of_interval_at_the_seam_is_no_gap(tmp_path: Path) -> None:
    """From a scrape a minute to one every 15 s, the last long distance is still an ordinary one."""
    files = [_file(tmp_path / "1.om", range(0, 600, 60)), _file(tmp_path / "2.om", range(600, 900, 15))]
    assert _seen(_collect(files, {})) == [(0, 885)]
