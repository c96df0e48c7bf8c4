"""Collecting by command: one catch-up, or a range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from breakwatch.clock import SECOND_US, Clock, Instant, system_clock, to_us
from breakwatch.config import Config, Source
from breakwatch.config_units import parse_duration_s
from breakwatch.errors import ConfigError, UsageError
from breakwatch.model import Window
from service import console, progress
from service.ingest import QUIET_S, Ingest, Ingested
from store import Store

NOTHING_TO_COLLECT = ConfigError(
    "the configuration names no sources", "add one under sources:, or run breakwatch init --prometheus URL"
)


def open_store(config: Config, clock: Clock = system_clock) -> Store:
    """Open the configured store as its owner; StoreError when another process owns it."""
    settings = config.store
    return Store.open(settings.path, clock=clock, public_base=settings.public_base, grace_s=settings.grace_s)


def moment(text: str, now_us: Instant) -> Instant:
    """Return a written time as an instant: ISO (without a zone: UTC), or ``30d`` for that long ago; UsageError."""
    try:
        return now_us - round(parse_duration_s(text) * SECOND_US)
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(re.sub(r"\s+", "T", text.strip()))
    except ValueError as error:
        raise UsageError(f"{text!r} is not a time", "write 2026-11-20T09:00:00Z, 2026-11-20, or 30d") from error
    return to_us(read if read.tzinfo else read.replace(tzinfo=UTC))


def window(since: str | None, until: str | None, now_us: Instant) -> Window:
    """Return the window two written times span; without ``since`` it starts at the watermark."""
    start = moment(since, now_us) if since else None
    end = min(moment(until, now_us), now_us) if until else now_us
    if start is not None and start >= end:
        remedy = "swap --since and --until" if until else "give an earlier --since"
        raise UsageError(f"the window is empty: {since} is not before {until or 'now'}", remedy)
    return Window(start, end)


def asked_window(since: str | None, until: str | None, now_us: Instant, *, once: bool) -> Window:
    """Return the window of ``collect``; UsageError when it was not said whether to catch up or to fill a range."""
    if once == bool(since):
        raise UsageError("say what to collect", "add --once to catch up, or --since 30d to fill a range")
    if until and not since:
        raise UsageError("--until needs --since", "add --since")
    return window(since, until, now_us)


def publish(config: Config, clock: Clock = system_clock) -> str:
    """Write the published file anew and return a line about it."""
    store = open_store(config, clock)
    try:
        done = store.publish(clock())
    finally:
        store.close()
    return f"{config.store.path}: generation {done.generation}, {done.bytes:,} bytes in {done.seconds:.2f} s"


def collect(config: Config, sources: Sequence[Source], span: Window, clock: Clock = system_clock) -> int:
    """Collect sources over a window, say how it went, and return the exit code."""
    store = open_store(config, clock)
    try:
        with progress.shown([source.name for source in sources]) as told:
            done = Ingest(config, store, clock).once(sources, span, told, quiet_s=QUIET_S)
    finally:
        store.close()
    return report(done)


def report(done: Ingested) -> int:
    """Print how a round went, a line for each source; tell each problem; return the exit code of the first."""
    if not done.outcomes:
        return console.tell(NOTHING_TO_COLLECT)
    for outcome in done.outcomes:
        print(progress.summary(outcome), flush=True)  # noqa: T201 - the answer of the command
        for note in outcome.notes:
            console.say(note)
    codes = [console.tell(problem) for problem in done.problems()]
    return codes[0] if codes else 0


def labels_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return ``name=value`` texts as labels; UsageError for another shape."""
    split = [pair.partition("=") for pair in pairs]
    for name, equals, _ in split:
        if not equals or not name:
            raise UsageError(f"{name!r} is not a label", "write --label environment=prod")
    return {name: value for name, _, value in split}
