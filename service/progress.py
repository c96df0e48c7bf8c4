"""How far a collection has come, for somebody who looks on; and how it went, in a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from service.ingest import Outcome
from service.ingest import Progress as Report


@contextmanager
def shown(sources: Sequence[str]) -> Iterator[Report | None]:
    """Show how far each source has come while the block runs; nothing where nobody looks on."""
    if not sys.stderr.isatty():
        yield None
        return
    # Here: loading it takes longer than many a collection, which nobody looks at where the clock starts it.
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[done]}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {name: bars.add_task(name, total=None, done="reading") for name in sources}

        def report(outcome: Outcome) -> None:
            read = f"{outcome.samples:,} samples" if outcome.samples else f"{outcome.lines:,} lines"
            bars.update(tasks[outcome.source], done=f"{read}, {outcome.events:,} new")

        yield report


def summary(outcome: Outcome) -> str:
    """Return one line about how the collection of a source went."""
    counted = {
        "sample{s} read": outcome.samples,
        "line{s} read": outcome.lines,
        "skipped as about something else": outcome.skipped,
        "rejected": outcome.rejected,
    }
    told = [f"{count:,} {what.format(s='' if count == 1 else 's')}" for what, count in counted.items() if count]
    parts = [f"{outcome.events:,} new", *told]
    return f"{outcome.source}: {outcome.status}, {', '.join(parts)}"
