"""``breakwatch import``: files that other tools have written, into the store; a command for each format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from breakwatch.clock import Clock, Instant, system_clock
from breakwatch.config import Config
from breakwatch.errors import RejectedInput, UsageError
from breakwatch.model import Batch, pairs
from collectors.imports import Asked, Format, batch_of
from service import collecting, console
from service.ingest import Ingest
from store import CollectionRun

if TYPE_CHECKING:
    from store import Store


@dataclass(frozen=True, slots=True)
class Said:
    """The options of the command line, as they were written."""

    service: str = ""
    environment: str = ""
    suite: str = ""
    revision: str = ""
    run_environment: str = ""
    measured_at: str = ""
    timezone: str = ""
    covers: str = ""
    labels: Sequence[str] = ()

    def asked(self, now_us: Instant) -> Asked:
        """Return what they mean; UsageError for a time, zone or label that is none."""
        if self.timezone:
            try:
                ZoneInfo(self.timezone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise UsageError(f"{self.timezone!r} is no time zone", "write one like Europe/Paris or UTC") from error
        return Asked(
            now_us,
            environment=self.environment,
            service=self.service,
            suite=self.suite,
            revision=self.revision,
            run_environment=self.run_environment,
            labels=pairs(collecting.labels_of(self.labels)),
            at_us=collecting.moment(self.measured_at, now_us) if self.measured_at else None,
            timezone=self.timezone,
            covers=_span(self.covers, now_us) if self.covers else None,
        )


def _span(text: str, now_us: Instant) -> tuple[Instant, Instant]:
    start, dots, end = text.partition("..")
    if not dots or not start:
        raise UsageError(f"{text!r} is not a span", "write 2026-01-01..2026-07-01, or 2026-01-01.. for until now")
    start_us, end_us = collecting.moment(start, now_us), collecting.moment(end, now_us) if end else now_us
    if not start_us < end_us <= now_us:
        raise UsageError(f"{text!r} is not a span of the past", "its start lies before its end, its end not after now")
    return start_us, end_us


def bring_in(config: Config, form: Format, files: Sequence[Path], said: Said, clock: Clock = system_clock) -> int:
    """Import files of one format, say how it went, and return the exit code.

    Raises:
        UsageError: a file cannot be read or has another shape; then none of them is imported.
        StoreError: the store is locked, damaged or full.
    """
    asked = said.asked(clock())
    batches = [(path, batch_of(form, path, asked)) for path in files]
    with collecting.open_store(config, clock) as store:
        rejected = sum(_kept(store, path, batch, clock) for path, batch in batches)
        Ingest(config, store, clock).settle()
    if not rejected:
        return 0
    return console.tell(_problem(rejected, [batch for _, batch in batches]))


def _problem(rejected: int, batches: Sequence[Batch]) -> RejectedInput:
    """Return what to tell of rejected input: where nothing came in, why; the first reason is most likely everyone's."""
    counted = f"{rejected:,} {'piece' if rejected == 1 else 'pieces'} of input rejected"
    if any(batch.records for batch in batches):
        return RejectedInput(f"{counted}; the good rows are in", console.LOOK_AT_REJECTED)
    first = next(one.reason for batch in batches for one in batch.rejected)
    problem, remedy = first.rsplit("; ", 1) if "; " in first else (first, console.LOOK_AT_REJECTED)
    more = f" (and {rejected - 1:,} more)" if rejected > 1 else ""
    return RejectedInput(f"nothing is in: {problem}{more}", remedy)


def _kept(store: Store, path: Path, batch: Batch, clock: Clock) -> int:
    """Store one file's batch, print a line about it, and return how many pieces of it cannot be read."""
    started_us = clock()
    done = store.append(batch)
    rejected = len(batch.rejected)
    run = CollectionRun(
        batch.source, started_us, clock(), events=done.records, rejected=done.rejected,
        status="partial" if rejected else "ok", error=f"{path}: {rejected:,} rejected" if rejected else "",
    )  # fmt: skip
    store.record_run(run)
    known = len(batch.records) - done.records
    rows = f"{done.records:,} {'record' if done.records == 1 else 'records'} imported"
    parts = [rows, f"{known:,} known already" if known else "", f"{rejected:,} rejected" if rejected else ""]
    print(f"{path}: {', '.join(part for part in parts if part)}", flush=True)  # noqa: T201 - the answer of the command
    for note in batch.notes:
        console.say(note)
    return rejected
