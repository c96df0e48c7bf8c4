"""A short look at what sources hold: collected, newest first and within a time, into a store that is thrown away."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from analysis.questions.starters import Starters, starters
from breakwatch.clock import Clock
from breakwatch.config import Config
from breakwatch.model import Window
from service import progress
from service.ingest import Ingest, Outcome
from store import Store

LOOK_S = 30.0
"""How long the look may take; what has been read by then is what was seen."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look saw; ``whole`` where it came to the end of what the source holds."""

    starters: Starters
    whole: bool


def look(config: Config, clock: Clock, within_s: float = LOOK_S) -> Look:
    """Return what the sources of a configuration hold, as far as it can be read in time.

    Raises:
        SourceError: a source cannot be read.
    """
    until = time.monotonic() + within_s
    folder = tempfile.TemporaryDirectory(prefix="breakwatch-init-")
    with folder as path, Store.open(Path(path) / "look.duckdb", clock=clock) as store:
        ingest = Ingest(config, store, clock)
        with progress.shown([source.name for source in config.sources]) as told:

            def report(outcome: Outcome) -> None:
                if told is not None:
                    told(outcome)
                if time.monotonic() > until:
                    ingest.stopping.set()

            for source in config.sources:
                done = ingest.collect(source, Window(None, clock()), report)
                if done.error is not None:
                    raise done.error
        ingest.settle()
        return Look(starters(store), whole=not ingest.stopping.is_set())
