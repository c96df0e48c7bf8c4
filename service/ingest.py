"""The one place where the flow is assembled: collect, append, refresh, record, publish.

Each source fails by itself: what went wrong with one is recorded and reported after the others have been collected.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

import analysis
from breakwatch.clock import DAY_US, SECOND_US, Clock, Instant
from breakwatch.config import Config, Source
from breakwatch.errors import BreakwatchError, RejectedInput, StoreError
from breakwatch.model import Batch, Window
from collectors.identity import declared
from service.backoff import Again, needs_person
from service.lending import Lending
from store import CollectionRun, Expired, Publication, Store

Progress = Callable[["Outcome"], None]
"""Told after each batch how far a source has come."""

Plan = Callable[[Source, "Outcome"], Again | None]
"""Says after a run when the source is asked again; None where that is not known, or as usual."""

QUIET_S = 0.5
"""A round that got nothing for so long is waiting for sources that hang; what the others brought need not wait."""

LOOK_EVERY_S = 0.1

TOOK_LONG = "it took longer than its interval: if there is more to read, the next run goes on from there"

_RETENTION = "/retention"
"""Under this name it is remembered among the checkpoints of sources when retention was last acted on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the collection of one source went.

    Attributes:
        events: runs and sightings that were new to the store.
        rejected: pieces of input that were kept aside for the first time.
        skipped: samples or lines that are about something else.
        notes: what a person may want to know though it is no problem.
        error: what stopped it, or None when it was read to the end of the window.
        again: when it is asked again, where that is another time than usual.
        got_on: whether it brought observations, known ones too, or stands somewhere else than before.
    """

    source: str
    window: Window
    started_us: Instant
    finished_us: Instant
    events: int = 0
    samples: int = 0
    lines: int = 0
    rejected: int = 0
    skipped: int = 0
    duplicates: int = 0
    notes: tuple[str, ...] = ()
    error: Exception | None = None
    again: Again | None = None
    got_on: bool = False

    @property
    def status(self) -> str:
        """``ok`` all is in; ``partial`` some is: it failed midway, or input was rejected; ``failed`` nothing is in."""
        if self.error is None:
            return "partial" if self.rejected else "ok"
        return "partial" if self.got_on else "failed"

    @property
    def why(self) -> str:
        """What kept it from being ``ok``, in a line; empty where it is."""
        if isinstance(self.error, BreakwatchError):
            return str(self.error)
        if self.error is not None:
            return f"{type(self.error).__name__}: {self.error}"
        return f"{self._pieces} of input rejected" if self.rejected else ""

    @property
    def _pieces(self) -> str:
        return f"{self.rejected:,} {'piece' if self.rejected == 1 else 'pieces'}"

    def problems(self) -> Iterator[Exception]:
        """Yield what a person has to be told about it."""
        if self.error is not None:
            yield self.error
        if self.rejected:
            yield RejectedInput(
                f"{self.source}: {self._pieces} of input rejected; the good rows are in",
                'breakwatch sql "SELECT position, reason, content FROM rejected_inputs ORDER BY seen_at DESC LIMIT 20"',
            )


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one round did."""

    outcomes: tuple[Outcome, ...]
    publication: Publication

    def problems(self) -> tuple[Exception, ...]:
        """Return everything that went wrong, failures before rejected input."""
        found = [problem for outcome in self.outcomes for problem in outcome.problems()]
        return tuple(sorted(found, key=lambda problem: isinstance(problem, RejectedInput)))


@dataclass(slots=True)
class Ingest:
    """Brings what sources have into one store; may be called from several threads, the store takes them in turn.

    Args:
        recorded: the data are a recording, shown as of their end.
        stopping: set it, and a collection under way ends after the batch in hand; the next one goes on from there.
        plan: asked after each run when the source is asked again, for the record.
    """

    config: Config
    store: Store
    clock: Clock
    recorded: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    plan: Plan | None = None
    _lending: Lending = field(init=False)
    _notes: dict[str, list[str]] = field(default_factory=dict)
    _appended_s: float = field(default_factory=time.monotonic)
    _unsettled: bool = False

    def __post_init__(self) -> None:
        self._lending = Lending(self.clock)

    def collect(
        self, source: Source, window: Window, progress: Progress | None = None, *, most_s: float = float("inf")
    ) -> Outcome:
        """Collect one source and append what it yields, batch by batch, until its end or until we are stopping.

        After ``most_s`` it ends with the batch in hand, too: a long catch-up must not keep the newest from being read.
        What the source does wrong comes back in the outcome; StoreError when the store cannot keep what it gave.
        """
        began_s = time.monotonic()
        started_us = self.clock()
        outcome = Outcome(source.name, window, started_us, started_us, notes=tuple(self._notes.pop(source.name, ())))
        try:
            with self._lending.lent(source, self.config) as collector:
                for batch in collector.collect(window, self.store.checkpoints(source.name)):
                    outcome = self._append(outcome, batch)
                    if progress is not None:
                        progress(outcome)
                    if self.stopping.is_set():
                        break
                    if time.monotonic() - began_s >= most_s:
                        outcome = replace(outcome, notes=(*outcome.notes, TOOK_LONG))
                        break
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one source's failure is its own; it is recorded, then raised below
            outcome = replace(outcome, error=error)
        outcome = replace(outcome, finished_us=self.clock())
        if self.plan is not None:
            outcome = replace(outcome, again=self.plan(source, outcome))
        self.store.record_run(_record(source, outcome))
        return outcome

    def note(self, source: Source, text: str) -> None:
        """Have the next run of a source say something that a person may want to know."""
        self._notes.setdefault(source.name, []).append(text)

    def close(self, keep: Sequence[Source] = ()) -> None:
        """Let the collectors go that are kept alive between runs, all but those of the sources to keep."""
        self._lending.close(tuple(keep))

    def _append(self, outcome: Outcome, batch: Batch) -> Outcome:
        appended = self.store.append(batch)
        self._appended_s, self._unsettled = time.monotonic(), True
        return replace(
            outcome,
            events=outcome.events + appended.runs + appended.sightings,
            samples=outcome.samples + batch.samples,
            lines=outcome.lines + batch.lines,
            rejected=outcome.rejected + appended.rejected,
            skipped=outcome.skipped + batch.skipped,
            duplicates=outcome.duplicates + appended.duplicates,
            notes=(*outcome.notes, *batch.notes),
            got_on=outcome.got_on or _brings(batch),
        )

    def retain(self) -> Expired | None:
        """Once a day let go what is not to be kept longer (``store.retention``); None where that is not due.

        A recording does not grow old.
        """
        now_us = self.clock()
        done = self.store.checkpoints(_RETENTION).get("done_us")
        if self.recorded or (done is not None and now_us - int(done) < DAY_US):
            return None
        kept = self.config.store.retention
        expired = self.store.expire(
            now_us - round(kept.raw_log_text_s * SECOND_US), now_us - round(kept.samples_s * SECOND_US)
        )
        self.store.append(Batch(_RETENTION, checkpoints={"done_us": str(now_us)}))
        return expired

    def settle(self) -> Publication:
        """Recompute what became stale and publish it."""
        self._unsettled = False
        with self.store.cycle():
            analysis.refresh(self.store, self.config)
            return self.store.publish(self.clock(), recorded=self.recorded)

    def once(
        self,
        sources: Sequence[Source],
        window: Window,
        progress: Progress | None = None,
        *,
        quiet_s: float | None = None,
    ) -> Ingested:
        """Collect every source in a thread of its own, settle once, and let the collectors go.

        With ``quiet_s``, settle earlier, too, whenever nothing came for so long: sources that hang hold up no others.
        """
        pool = ThreadPoolExecutor(max_workers=max(1, len(sources)), thread_name_prefix="collect")
        try:
            with pool:
                running = [pool.submit(self.collect, source, window, progress) for source in sources]
                pending = set(running)
                while pending:
                    _, pending = wait(pending, LOOK_EVERY_S, FIRST_COMPLETED)
                    quiet = quiet_s is not None and time.monotonic() - self._appended_s >= quiet_s
                    if pending and quiet and self._unsettled:
                        self.settle()
            outcomes = tuple(one.result() for one in running)
        finally:
            self.close()
        self.retain()
        return Ingested(outcomes, self.settle())


def _brings(batch: Batch) -> bool:
    return bool(len(batch.runs) or batch.sightings or batch.records or batch.checkpoints)


def _record(source: Source, outcome: Outcome) -> CollectionRun:
    environment, labels = declared(source.labels)
    return CollectionRun(
        source=outcome.source,
        started_us=outcome.started_us,
        finished_us=outcome.finished_us,
        window_start_us=outcome.window.start_us,
        window_end_us=outcome.window.end_us,
        events=outcome.events,
        rejected=outcome.rejected,
        status=outcome.status,
        error=outcome.why,
        environment=environment,
        labels=labels,
        failures=outcome.again.failures if outcome.again else int(outcome.error is not None),
        next_attempt_us=outcome.finished_us + round(outcome.again.in_s * SECOND_US) if outcome.again else None,
        needs_person=needs_person(outcome.error),
        notes="; ".join(outcome.notes),
    )
