"""When something changed, as far as the evidence goes, and how long it lasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwatch.clock import MILLISECOND_US, SECOND_US

if TYPE_CHECKING:
    from breakwatch.clock import Instant

STAMP_SLACK_US = 2 * MILLISECOND_US
"""A scrape's stamp is its start, aligned by Prometheus: the true moment may lie this far on either side."""

CLOCK_TOLERANCE_US = 250 * MILLISECOND_US
"""Sightings of one change that miss each other by less than this are the same change on two clocks."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The change happened at or after ``earliest_us`` and at or before ``latest_us``; equal when exact."""

    earliest_us: Instant
    latest_us: Instant

    @property
    def middle_us(self) -> Instant:
        """The midpoint, shown as *the* time."""
        return (self.earliest_us + self.latest_us) // 2

    @property
    def exact(self) -> bool:
        """True when the moment is known, not only bounded."""
        return self.earliest_us == self.latest_us

    def gap_us(self, other: Bounds) -> int:
        """Return by how much the two miss each other; zero or less when they overlap."""
        return max(self.earliest_us, other.earliest_us) - min(self.latest_us, other.latest_us)

    def meet(self, other: Bounds) -> Bounds:
        """Return what both allow; where they miss each other, the span between them."""
        low, high = max(self.earliest_us, other.earliest_us), min(self.latest_us, other.latest_us)
        return Bounds(min(low, high), max(low, high))


def between_samples(before_us: Instant, after_us: Instant, read_s: float) -> Bounds:
    """Return the bounds of a change between a sample stamped ``before_us`` and the next one.

    Args:
        before_us: stamp of the last sample of the old value.
        after_us: stamp of the first sample of the new value.
        read_s: how long after its stamp the new value may have been read (that scrape's duration), seconds.
    """
    return Bounds(before_us - STAMP_SLACK_US, after_us + STAMP_SLACK_US + round(read_s * SECOND_US))


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in seconds: the value is the midpoint of what the edges allow."""

    value_s: float
    low_s: float
    high_s: float


def duration(start: Bounds, end: Bounds) -> Duration:
    """Return how long it was from ``start`` to ``end``, where the end is known to follow the start."""
    end_earliest_us = max(end.earliest_us, start.earliest_us)
    start_latest_us = min(start.latest_us, end.latest_us)
    low_us = max(0, end_earliest_us - start_latest_us)
    high_us = end.latest_us - start.earliest_us
    return Duration((low_us + high_us) / 2 / SECOND_US, low_us / SECOND_US, high_us / SECOND_US)
