"""The shapes that questions share: a span of time, an edge with its bounds, a number with its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time ``[start, end)`` as aware datetimes."""

    start: datetime
    end: datetime

    @property
    def length_s(self) -> float:
        """Return the length in seconds."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Edge:
    """When something changed: the midpoint and the bounds between which it must have happened."""

    at: datetime
    earliest: datetime
    latest: datetime

    @property
    def half_width_s(self) -> float:
        """Return half of the distance between the bounds, in seconds; 0 where the instant is exact."""
        return (self.latest - self.earliest).total_seconds() / 2


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number with its measurement bounds; ``high`` is infinite where what is measured has not ended."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def tolerance(self) -> float:
        """Return the distance to the nearer bound: rounding by less than it stays inside; 0 without bounds."""
        if self.value is None or self.low is None or self.high is None:
            return 0.0
        return max(0.0, min(self.value - self.low, self.high - self.value))


def load(name: str) -> str:
    """Return the text of one of the .sql files of this folder."""
    return (files(__package__) / f"{name}.sql").read_text(encoding="utf-8")


def edge(row: Mapping[str, Any], at: str, earliest: str, latest: str) -> Edge | None:
    """Return the edge that three columns of a row hold, or ``None`` where it has not happened."""
    if row[at] is None:
        return None
    return Edge(row[at], row[earliest] or row[at], row[latest] or row[at])


def bounded(row: Mapping[str, Any], value: str) -> Bounded:
    """Return the number of column ``<value>_s`` with its ``_low_s`` and ``_high_s``."""
    return Bounded(row[f"{value}_s"], row[f"{value}_low_s"], row[f"{value}_high_s"])
