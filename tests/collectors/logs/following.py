"""Helpers: a log folder, a clock that is set by hand, and a ledger that keeps what a store would keep."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from breakwatch.clock import Instant, to_us
from breakwatch.config import Config, LogsSource
from breakwatch.model import Batch, Rejected, Sighting, Window
from collectors.logs.collector import LogCollector

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOON_US = to_us(datetime(2026, 11, 20, 12, tzinfo=UTC))


def at(text: str) -> Instant:
    """Return an ISO time as an instant."""
    return to_us(datetime.fromisoformat(text))


def event(number: int, *, to: str = "open", breaker: str = "payments") -> bytes:
    """Return the line of one transition, told apart by its time, without a line end."""
    stamp = f"2026-11-20T11:00:00.{number:06d}Z"
    return f'{{"ts":"{stamp}","event":"breaker_transition","breaker":"{breaker}","to":"{to}"}}'.encode()


def lines(numbers: Iterable[int]) -> bytes:
    """Return whole lines."""
    return b"".join(event(number) + b"\n" for number in numbers)


def add(path: Path, data: bytes) -> None:
    """Append as a logger does."""
    with path.open("ab") as file:
        file.write(data)


@dataclass
class Ledger:
    """What a store keeps of the batches: rows once, and the newest checkpoints; a crash loses the batch whole."""

    sightings: dict[int, Sighting] = field(default_factory=dict)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    checkpoints: dict[str, str] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    repeated: int = 0

    def append(self, batch: Batch) -> None:
        """Keep one batch."""
        self.batches.append(batch)
        for sighting in batch.sightings:
            self.repeated += sighting.sighting_id in self.sightings
            self.sightings[sighting.sighting_id] = sighting
        self.rejected.update({one.position: one for one in batch.rejected})
        self.checkpoints.update(batch.checkpoints)
        self.checkpoints = {key: text for key, text in self.checkpoints.items() if text}

    def close(self) -> None:
        """Let go of what keeps it; here nothing."""

    @property
    def lines(self) -> int:
        """How many lines were read in all."""
        return sum(batch.lines for batch in self.batches)

    @property
    def numbers(self) -> list[int]:
        """Which events were seen, by the microsecond ``event`` gave them, in order."""
        return sorted(one.occurred_us % 1_000_000 for one in self.sightings.values())


class Follower:
    """A log source over one folder, whose collector can be restarted and whose clock is set by hand."""

    def __init__(self, *paths: Path, services: tuple[Any, ...] = (), **settings: Any) -> None:
        self.now_us = NOON_US
        self.ledger = Ledger()
        self._config = Config(services=services)
        self.source = LogsSource(name="app", paths=paths, **settings)
        self.collector = self._started()

    def read(self, window: Window | None = None, *, batches: int | None = None) -> Ledger:
        """Collect once and keep what comes; ``batches`` stops after so many, as a crash would."""
        steps = self.collector.collect(window or Window(None, self.now_us), dict(self.ledger.checkpoints))
        for batch in itertools.islice(steps, batches):
            self.ledger.append(batch)
        return self.ledger

    def restart(self) -> None:
        """Forget all that is only in memory: open files, and nothing else."""
        self.close()
        self.collector = self._started()

    def close(self) -> None:
        """Close the open files."""
        self.collector.close()

    def _started(self) -> LogCollector:
        return LogCollector(self.source, self._config, lambda: self.now_us)
