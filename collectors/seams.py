"""Files that follow each other: where one begins soon after another ends, the time in between counts as seen.

A file's checkpoint remembers where the scrapes of each target begin and end in it, so that whichever of two neighbours
is read later closes the seam, in any order and in any number of collections.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field

import numpy as np

from breakwatch.clock import Instant
from breakwatch.model import Runs
from collectors.scrapes import GAP_FACTOR, NEIGHBOURS, ScrapeTarget


@dataclass(frozen=True, slots=True)
class Ends:
    """Where one target's scrapes begin and end in a file, and how far apart they are there (0 where there is one)."""

    first_us: Instant
    last_us: Instant
    first_distance_us: int
    last_distance_us: int
    first_up: bool
    last_up: bool


@dataclass(frozen=True, slots=True)
class FileMark:
    """What is remembered of a file: what it looked like when it was read, and the ends of its targets' scrapes."""

    looks: str
    ends: Mapping[str, Ends] = field(default_factory=dict)

    def text(self) -> str:
        """Return the mark as a checkpoint."""
        return json.dumps({"looks": self.looks, "ends": {name: astuple(ends) for name, ends in self.ends.items()}})

    @classmethod
    def parse(cls, text: str) -> FileMark:
        """Return the mark that a checkpoint holds."""
        held = json.loads(text)
        return cls(held["looks"], {name: Ends(*ends) for name, ends in held["ends"].items()})


def ends_of(target: ScrapeTarget) -> Ends | None:
    """Return the ends of a target's scrapes; None where there are none."""
    stamps, up = target.stamps_us, target.up
    if not len(stamps):
        return None
    apart = np.diff(stamps)
    first, last = (int(np.median(near)) if len(near) else 0 for near in (apart[:NEIGHBOURS], apart[-NEIGHBOURS:]))
    return Ends(int(stamps[0]), int(stamps[-1]), first, last, bool(up[0] == 1), bool(up[-1] == 1))


def closed_seams(own: Ends, others: Iterable[Ends]) -> list[tuple[Instant, Instant]]:
    """Return the spans between this file's scrapes of a target and those of its neighbours that are no gaps.

    The rule is that of gaps within a file: at most ``GAP_FACTOR`` times the local distance, the larger of both sides'.
    """
    before = max((one for one in others if one.last_us < own.first_us), key=lambda one: one.last_us, default=None)
    after = min((one for one in others if one.first_us > own.last_us), key=lambda one: one.first_us, default=None)
    seams = ((before, own), (own, after))
    return [(one.last_us, other.first_us) for one, other in seams if one and other and _joined(one, other)]


def _joined(earlier: Ends, later: Ends) -> bool:
    local_us = max(earlier.last_distance_us, later.first_distance_us)
    return earlier.last_up and later.first_up and later.first_us - earlier.last_us <= GAP_FACTOR * local_us


def seam_runs(spans: Iterable[tuple[int, Instant, Instant]]) -> Runs:
    """Return runs of "seen" over (track, start, end) spans; what was read there is told by the runs they join."""
    rows = list(spans)
    return Runs(
        np.array([track for track, _, _ in rows], np.int32),
        np.array([start_us for _, start_us, _ in rows], np.int64),
        np.array([end_us for _, _, end_us in rows], np.int64),
        np.ones(len(rows), np.float64),
        np.zeros(len(rows), np.float64),
        np.ones(len(rows), np.bool_),
    )
