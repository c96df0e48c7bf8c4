"""The service: every source collected at its own interval, what changed published, the dashboard beside it.

One process owns the store. A source that fails is recorded and tried again; a store that fails ends the service,
because nothing it did from then on would be kept.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from breakwatch import config as configuration
from breakwatch import startup
from breakwatch.clock import DAY_US, Clock, Instant, system_clock
from breakwatch.config import ActuatorSource, Config, LogsSource, PrometheusSource, Source
from breakwatch.errors import BreakwatchError, ConfigError, SourceError
from breakwatch.model import Window
from collectors.discover import discover
from service import collecting, inbox, journal, judging, serve
from service.backoff import Again, Backoff
from service.ingest import Ingest, Outcome
from store import CollectionRun

LEAST_INTERVAL_S = 5.0
LOGS_INTERVAL_S = 5.0
FILES_INTERVAL_S = 60.0
USUAL_SCRAPE_INTERVAL_S = 15.0
SETTLE_INTERVAL_S = 2.0
JUDGE_INTERVAL_S = 60.0
RELOAD_INTERVAL_S = 2.0
RETENTION_INTERVAL_S = 3600.0
"""How often to look whether a day has passed."""

RESTART_PAUSE_S = 10.0
MOST_THREADS = 10_000
"""Never reached: a thread is started when a job finds none idle, so that sources added later have theirs, too."""

CLOCK_TOLERANCE_S = 2.0
TUNE_AGAIN_US = DAY_US


def interval_s(source: Source) -> float:
    """Return how often a source is collected: as often as it can have news, at least 5 s apart."""
    if isinstance(source, PrometheusSource):
        return max(LEAST_INTERVAL_S, source.scrape_interval_s or USUAL_SCRAPE_INTERVAL_S)
    if isinstance(source, ActuatorSource):
        return max(LEAST_INTERVAL_S, source.interval_s)
    return LOGS_INTERVAL_S if isinstance(source, LogsSource) else FILES_INTERVAL_S


def _trigger(every_s: float) -> IntervalTrigger:
    return IntervalTrigger(seconds=every_s, jitter=every_s / 10, timezone=UTC)


@dataclass(slots=True)
class Service:
    """The jobs of a running service and what they share.

    Attributes:
        path: the configuration's file; it is watched, and None is not.
        failure: what ended the service, where it was not asked to end.
    """

    ingest: Ingest
    clock: Clock
    log: Any
    path: Path | None = None
    scheduler: BackgroundScheduler = field(default_factory=lambda: BackgroundScheduler(timezone=UTC))
    stop: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None
    _news: threading.Event = field(default_factory=threading.Event)
    _seen: tuple[tuple[str, int, int], ...] = ()
    _tuned: dict[str, Instant] = field(default_factory=dict)
    _every_s: dict[str, float] = field(default_factory=dict)
    _backoff: Backoff = field(default_factory=Backoff)
    _schedule: threading.Lock = field(default_factory=threading.Lock)
    _ending: bool = False

    def start(self) -> None:
        """Start one job for each source, the first run at once (it catches up), one to publish and one to watch."""
        self.scheduler.configure(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            # A source that hangs holds its own thread, never that of another or of publishing.
            executors={"default": ThreadPoolExecutor(max_workers=MOST_THREADS)},
        )
        self.ingest.plan = self._again
        self.scheduler.add_listener(self.failed, EVENT_JOB_ERROR)
        for source in self.ingest.config.sources:
            self._add(source)
        self.scheduler.add_job(self.settle, "interval", seconds=SETTLE_INTERVAL_S, id="/publish")
        self.scheduler.add_job(
            self.retain, "interval", seconds=RETENTION_INTERVAL_S, id="/retention", next_run_time=datetime.now(UTC)
        )
        self.scheduler.add_job(self.judge, "interval", seconds=JUDGE_INTERVAL_S, id="/judge")
        if self.path is not None:
            self.scheduler.add_job(self.reload, "interval", seconds=RELOAD_INTERVAL_S, id="/reload")
        self.scheduler.start()

    def _add(self, source: Source) -> None:
        self._every_s[source.name] = interval_s(source)
        self.scheduler.add_job(
            self.collect,
            _trigger(self._every_s[source.name]),
            args=[source],
            id=source.name,
            next_run_time=datetime.now(UTC),
            replace_existing=True,
        )

    def collect(self, source: Source) -> None:
        """Collect one source up to now; where it fails, put its next run off."""
        # Servers are read newest first: a long catch-up is done a piece at a time, between looks at the present.
        most_s = self._every_s[source.name] if isinstance(source, PrometheusSource) else float("inf")
        outcome = self.ingest.collect(source, Window(None, self.clock()), most_s=most_s)
        self._news.set()
        self._tell(outcome)
        if outcome.again is not None:
            self._put_off(source, outcome.again.in_s)
        elif outcome.error is None:
            self._tune(source)

    def _again(self, source: Source, outcome: Outcome) -> Again | None:
        return self._backoff.after(source, outcome.error, self._every_s[source.name], brought=outcome.got_on)

    def _put_off(self, source: Source, wait_s: float) -> None:
        """Let the next run of a source be so much later; at its usual interval again from then on."""
        if source not in self.ingest.config.sources:
            return  # configured otherwise while it ran: whatever takes its place has a schedule of its own
        at = datetime.now(UTC) + timedelta(seconds=wait_s)
        self._reschedule(lambda: self.scheduler.modify_job(source.name, next_run_time=at))

    def _tell(self, outcome: Outcome) -> None:
        took_s = round((outcome.finished_us - outcome.started_us) / 1e6, 3)
        facts = {"source": outcome.source, "events": outcome.events, "rejected": outcome.rejected, "seconds": took_s}
        if outcome.notes:
            facts["notes"] = outcome.notes
        if outcome.again is not None:
            facts |= {"again_in_s": round(outcome.again.in_s, 1), "failures": outcome.again.failures}
            facts |= {"needs_person": outcome.again.needs_person}
        error = outcome.error
        if error is None:
            self.log.info("collected", **facts)
        elif isinstance(error, BreakwatchError):
            self.log.error("source failed", problem=error.problem, remedy=error.remedy, **facts)
        else:
            self.log.error("source failed", exc_info=error, **facts)

    def _tune(self, source: Source) -> None:
        """Once a day look at a server that answers: how often it scrapes, and what time it thinks it is."""
        now_us = self.clock()
        looked_us = self._tuned.get(source.name)
        if not isinstance(source, PrometheusSource) or (looked_us and now_us - looked_us < TUNE_AGAIN_US):
            return
        self._tuned[source.name] = now_us
        try:
            found = discover(source, self.ingest.config, self.clock)
        except SourceError as error:
            self._tuned.pop(source.name, None)
            self.log.warning("scrape interval not known", source=source.name, problem=error.problem)
            return
        skew_s = found.clock_difference_s
        if skew_s is not None and abs(skew_s) > CLOCK_TOLERANCE_S:
            self.ingest.note(source, f"its clock is {skew_s:+.0f} s from ours")
            self.log.warning("clock differs", source=source.name, seconds=skew_s)
        if found.scrape_interval_s is not None and source.scrape_interval_s is None:
            self._collect_every(source, max(LEAST_INTERVAL_S, found.scrape_interval_s))

    def _collect_every(self, source: Source, every_s: float) -> None:
        """Collect as often as the server scrapes, where the configuration does not say how often."""
        if every_s == self._every_s[source.name] or source not in self.ingest.config.sources:
            return
        self._every_s[source.name] = every_s
        self._reschedule(lambda: self.scheduler.reschedule_job(source.name, trigger=_trigger(every_s)))
        self.log.info("interval", source=source.name, seconds=every_s)

    def retain(self) -> None:
        """Once a day let go what is not to be kept longer."""
        expired = self.ingest.retain()
        if expired is not None:
            self._news.set()
            self.log.info("retention", texts_emptied=expired.texts, rejected_emptied=expired.contents)

    def settle(self) -> None:
        """Take in what waits in the inbox; recompute and publish when there is news."""
        if inbox.take_in(self.ingest.config, self.ingest.store):
            self._news.set()
        if not self._news.is_set():
            return
        self._news.clear()
        done = self.ingest.settle()
        self.log.info("published", generation=done.generation, seconds=round(done.seconds, 3), bytes=done.bytes)

    def judge(self) -> None:
        """Judge every objective as of now and keep the verdicts; they are published with what comes next."""
        if not self.ingest.config.objectives:
            return
        told = judging.keep_current(self.ingest.store, self.ingest.config, self.clock())
        self._news.set()
        self.log.info("judged", verdicts=dict(Counter(one.verdict for one in told)))

    def reload(self) -> None:
        """Take over a configuration that changed: all of it, or none where anything in it is wrong."""
        path = self.path
        if path is None or (seen := configuration.fingerprint(path)) == self._seen:
            return
        first, self._seen = not self._seen, seen
        now_us = self.clock()
        try:
            fresh = configuration.load(path)
        except ConfigError as error:
            told = {"problem": error.problem, "remedy": error.remedy}
            self.log.error("configuration kept as it was", **told)  # noqa: TRY400 - a trace would tell no more
            self.ingest.store.record_run(
                CollectionRun(str(path), now_us, now_us, status="failed", error=f"kept as it was: {error.problem}")
            )
            self._news.set()
            return
        if first and fresh == self.ingest.config:
            return  # it did not change between our start and the first look
        self._take_over(fresh)
        self.ingest.store.record_run(CollectionRun(str(path), now_us, now_us))
        self._news.set()

    def _take_over(self, fresh: Config) -> None:
        before = {source.name: source for source in self.ingest.config.sources}
        after = {source.name: source for source in fresh.sources}
        if fresh.store != self.ingest.config.store:
            self.log.warning("store settings take effect at the next start")
        self.ingest.config = fresh
        for name in before.keys() - after.keys():
            self._reschedule(partial(self.scheduler.remove_job, name))
            self._forget(name)
        for name, source in after.items():
            if before.get(name) != source:
                self._forget(name)
                self._reschedule(partial(self._add, source))
        self.ingest.close(keep=fresh.sources)
        self.log.info("configuration reloaded", sources=len(after))

    def _forget(self, name: str) -> None:
        self._tuned.pop(name, None)
        self._backoff.forget(name)

    def failed(self, event: JobExecutionEvent) -> None:
        """End the service because of what a job could not do."""
        self.failure = event.exception
        self.stop.set()

    def _reschedule(self, change: Callable[[], object]) -> None:
        """Change the schedule from inside a job, unless the service is ending.

        A scheduler that shuts down waits for its jobs and holds the very lock that a change of the schedule asks for.
        """
        with self._schedule, suppress(JobLookupError):  # the job was removed just now
            if not self._ending:
                change()

    def shut_down(self) -> None:
        """Let the jobs under way end after the batch in hand, and start no other."""
        self.ingest.stopping.set()
        with self._schedule:
            self._ending = True
        self.scheduler.shutdown(wait=True)
        self.ingest.close()

    def end(self, _signal: int = 0, _frame: object = None) -> None:
        """Ask for a clean stop."""
        self.ingest.stopping.set()
        self.stop.set()


def run(config: Config, path: Path | None, page: serve.Page | None, clock: Clock = system_clock) -> None:
    """Run until SIGTERM or Ctrl+C; StoreError and bugs of ours end it.

    Args:
        config: what was loaded.
        path: the file it was loaded from, to follow its changes; None to keep it as it is.
        page: where the dashboard is served; None for collecting only.
        clock: where the present comes from.
    """
    log = journal.start()
    store = collecting.open_store(config, clock)
    service = Service(Ingest(config, store, clock), clock, log, path)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, service.end)
    with ExitStack() as stack:
        stack.callback(store.close)
        store.publish(clock())
        startup.stay()
        service.start()
        stack.callback(service.shut_down)
        log.info("started", sources=len(config.sources), store=str(config.store.path))
        if page is None:
            service.stop.wait()
        else:
            keep_serving(page, config, service)
    log.info("stopped")
    if service.failure is not None:
        raise service.failure


def keep_serving(page: serve.Page, config: Config, service: Service) -> None:
    """Serve the dashboard until the service stops; one that dies is started again after a pause."""
    while not service.stop.is_set():
        with serve.dashboard(config.store.path, page, quiet=True) as process:
            journal.follow(process, service.log)
            service.log.info("dashboard started", url=page.url, pid=process.pid)
            while process.poll() is None and not service.stop.wait(0.5):
                pass
            if service.stop.is_set():
                return
            service.log.error("dashboard ended", exit_code=process.returncode, again_in_s=RESTART_PAUSE_S)
        service.stop.wait(RESTART_PAUSE_S)
