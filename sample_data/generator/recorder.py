"""What one process counts and shows, and what a scraper reads of it: every change is kept with its exact time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from breakwatch.clock import MILLISECOND_US, SECOND_US, Instant
from sample_data.generator.timeline import COARSE_STEP_US, END_US, FINE_FROM_US, FINE_STEP_US, START_US

if TYPE_CHECKING:
    import random

    from numpy.typing import NDArray

Labels: TypeAlias = tuple[tuple[str, str], ...]
Key: TypeAlias = tuple[str, Labels]
"""A sample name and its labels without those of the scrape target."""


def key(name: str, /, **labels: str) -> Key:
    """Return the key of a series."""
    return name, tuple(labels.items())


@dataclass(slots=True)
class Changes:
    """When a series changed and to what (a gauge) or by how much (a counter)."""

    counter: bool
    at_us: list[Instant] = field(default_factory=list)
    value: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Life:
    """One process from its start to its end, with all that it counted."""

    start_us: Instant
    end_us: Instant = END_US + SECOND_US
    series: dict[Key, Changes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scraped:
    """One series as scraped: stamps in microseconds and values, of equal length."""

    key: Key
    stamps_us: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(slots=True)
class Recorder:
    """The metrics of one instance, over all its processes.

    A counter's series exists from `register` or from its first increment on, and ends with its process; that is how
    prometheus_client and Micrometer behave.
    """

    service: str
    instance: str
    lives: list[Life] = field(default_factory=list)

    def boot(self, now_us: Instant) -> None:
        """Begin a process: everything counts from 0 again."""
        self.lives.append(Life(now_us))

    def halt(self, now_us: Instant) -> None:
        """End the process."""
        self.lives[-1].end_us = now_us

    def register(self, now_us: Instant, *keys: Key) -> None:
        """Show counters that are still 0."""
        for one in keys:
            self.count(now_us, one, 0)

    def count(self, now_us: Instant, counter: Key, by: float = 1) -> None:
        """Raise a counter."""
        changes = self.lives[-1].series.setdefault(counter, Changes(counter=True))
        changes.at_us.append(now_us)
        changes.value.append(by)

    def show(self, now_us: Instant, gauge: Key, value: float) -> None:
        """Set a gauge; the same value again is no change."""
        changes = self.lives[-1].series.setdefault(gauge, Changes(counter=False))
        if not changes.value or changes.value[-1] != value:
            changes.at_us.append(now_us)
            changes.value.append(value)

    def total(self, counter: Key) -> float:
        """Return what a counter counted over all processes."""
        return sum(sum(life.series[counter].value) for life in self.lives if counter in life.series)

    def all_series(self) -> list[Key]:
        """Return every series that ever was, in order."""
        return sorted({one for life in self.lives for one in life.series})


@dataclass(frozen=True, slots=True)
class Scrapes:
    """When an instance was scraped, how long each scrape took, and whether anything answered.

    The values are read when six tenths of the scrape have passed: a stamp is the start of a scrape.
    """

    stamps_us: NDArray[np.int64]
    duration_ms: NDArray[np.int64]
    answered: NDArray[np.bool_]

    @property
    def read_us(self) -> NDArray[np.int64]:
        """When the values were read."""
        return np.asarray(self.stamps_us + self.duration_ms * (MILLISECOND_US * 6 // 10), np.int64)


def scrapes_of(recorder: Recorder, offset_ms: int, gaps: list[tuple[Instant, Instant]], rng: random.Random) -> Scrapes:
    """Return the scrapes of an instance: on a fixed offset, none in a gap, unanswered while no process ran."""
    offset_us = offset_ms * MILLISECOND_US
    first_us = max(START_US, recorder.lives[0].start_us)
    coarse = np.arange(_up(first_us, COARSE_STEP_US) + offset_us, FINE_FROM_US, COARSE_STEP_US)
    fine = np.arange(_up(FINE_FROM_US, FINE_STEP_US) + offset_us % FINE_STEP_US, END_US, FINE_STEP_US)
    stamps = np.concatenate([coarse, fine]).astype(np.int64)
    for start_us, end_us in gaps:
        stamps = stamps[(stamps < start_us) | (stamps >= end_us)]
    duration = np.array(rng.choices((4, 5, 7, 23), (90, 7, 2.5, 0.5), k=len(stamps)), np.int64)
    scrapes = Scrapes(stamps, duration, np.zeros(len(stamps), np.bool_))
    for life in recorder.lives:
        scrapes.answered[(scrapes.read_us >= life.start_us) & (scrapes.read_us < life.end_us)] = True
    return scrapes


def scrape(recorder: Recorder, scrapes: Scrapes, one: Key) -> Scraped:
    """Return one series of an instance as scraped."""
    read_us = scrapes.read_us
    stamps: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float64]] = []
    for life in recorder.lives:
        changes = life.series.get(one)
        if changes is None:
            continue
        at_us = np.array(changes.at_us, np.int64)
        shown = np.array(changes.value, np.float64)
        if changes.counter:
            shown = np.cumsum(shown)
        seen = (read_us >= max(life.start_us, int(at_us[0]))) & (read_us < life.end_us)
        index = np.searchsorted(at_us, read_us[seen], side="right") - 1
        stamps.append(scrapes.stamps_us[seen])
        values.append(shown[index])
    if not stamps:
        return Scraped(one, np.empty(0, np.int64), np.empty(0, np.float64))
    return Scraped(one, np.concatenate(stamps), np.concatenate(values))


def _up(instant_us: Instant, step_us: int) -> Instant:
    return -(-instant_us // step_us) * step_us
