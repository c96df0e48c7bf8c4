"""Collectors kept alive between cycles: handles of rotated files, sessions, and what is known of a server's series."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import collectors
from breakwatch.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breakwatch.clock import Clock
    from breakwatch.config import Config, ServiceConfig, Source
    from collectors import Collector


@dataclass(frozen=True, slots=True)
class _Kept:
    """A collector and what it was made for."""

    source: Source
    services: tuple[ServiceConfig, ...]
    collector: Collector


@dataclass(slots=True)
class Lending:
    """One collector for each source, lent to one run at a time; may be used by several threads."""

    clock: Clock
    _idle: dict[str, _Kept] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def lent(self, source: Source, config: Config) -> Iterator[Collector]:
        """Lend the collector of a source for one run; made anew where the configuration changed.

        A collector is kept when the run ends well or the source failed in its own way. After anything else nobody knows
        what it remembers, so it is closed: the stored checkpoints are where the next one begins.
        """
        with self._turn:
            kept = self._idle.pop(source.name, None)
        if kept is not None and (kept.source, kept.services) != (source, config.services):
            kept.collector.close()
            kept = None
        if kept is None:
            kept = _Kept(source, config.services, collectors.make(source, config, self.clock))
        try:
            yield kept.collector
        except SourceError:
            self._take_back(kept)
            raise
        except BaseException:
            kept.collector.close()
            raise
        self._take_back(kept)

    def _take_back(self, kept: _Kept) -> None:
        with self._turn:
            other = self._idle.get(kept.source.name)
            self._idle[kept.source.name] = kept
        if other is not None:
            other.collector.close()

    def close(self, keep: tuple[Source, ...] = ()) -> None:
        """Close the idle collectors of all sources but those to keep."""
        with self._turn:
            gone = [name for name, kept in self._idle.items() if kept.source not in keep]
            closing = [self._idle.pop(name) for name in gone]
        for kept in closing:
            kept.collector.close()
