"""The service: every source collected at its own interval, what changed published, the dashboard beside it.

One process owns the store. A source that fails is recorded and tried again; a store that fails ends the service,
because nothing it did from then on would be kept.
"""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from breakwatch.clock import Clock, system_clock
from breakwatch.config import Config, LogsSource, PrometheusSource, Source
from breakwatch.errors import BreakwatchError
from breakwatch.model import Window
from service import collecting, journal, serve
from service.ingest import Ingest, Outcome

LEAST_INTERVAL_S = 5.0
LOGS_INTERVAL_S = 5.0
FILES_INTERVAL_S = 60.0
USUAL_SCRAPE_INTERVAL_S = 15.0
SETTLE_INTERVAL_S = 2.0
RESTART_PAUSE_S = 10.0


def interval_s(source: Source) -> float:
    """Return how often a source is collected: as often as it can have news, at least 5 s apart."""
    if isinstance(source, PrometheusSource):
        return max(LEAST_INTERVAL_S, source.scrape_interval_s or USUAL_SCRAPE_INTERVAL_S)
    return LOGS_INTERVAL_S if isinstance(source, LogsSource) else FILES_INTERVAL_S


@dataclass(slots=True)
class Service:
    """The jobs of a running service and what they share."""

    ingest: Ingest
    clock: Clock
    log: Any
    stop: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None
    _news: threading.Event = field(default_factory=threading.Event)

    def collect(self, source: Source) -> None:
        """Collect one source up to now."""
        outcome = self.ingest.collect(source, Window(None, self.clock()))
        self._news.set()
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        took_s = round((outcome.finished_us - outcome.started_us) / 1e6, 3)
        facts = {"source": outcome.source, "events": outcome.events, "rejected": outcome.rejected, "seconds": took_s}
        error = outcome.error
        if error is None:
            self.log.info("collected", **facts)
        elif isinstance(error, BreakwatchError):
            self.log.error("source failed", problem=error.problem, remedy=error.remedy, **facts)
        else:
            self.log.error("source failed", exc_info=error, **facts)

    def settle(self) -> None:
        """Recompute and publish when there is news."""
        if not self._news.is_set():
            return
        self._news.clear()
        done = self.ingest.settle()
        self.log.info("published", generation=done.generation, seconds=round(done.seconds, 3), bytes=done.bytes)

    def failed(self, event: JobExecutionEvent) -> None:
        """End the service because of what a job could not do."""
        self.failure = event.exception
        self.stop.set()

    def end(self, _signal: int = 0, _frame: object = None) -> None:
        """Ask for a clean stop."""
        self.ingest.stopping.set()
        self.stop.set()


def schedule(service: Service, config: Config) -> BackgroundScheduler:
    """Return the scheduler with one job for each source, the first run at once (it catches up), and one to publish."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_listener(service.failed, EVENT_JOB_ERROR)
    now = datetime.now(UTC)
    for source in config.sources:
        every_s = interval_s(source)
        jitter = {"jitter": max(1, int(every_s / 10))}
        job = {"args": [source], "id": source.name, "next_run_time": now}
        scheduler.add_job(service.collect, "interval", seconds=every_s, **jitter, **job)
    soon = now + timedelta(seconds=SETTLE_INTERVAL_S)
    scheduler.add_job(service.settle, "interval", seconds=SETTLE_INTERVAL_S, id="publish", next_run_time=soon)
    return scheduler


def run(config: Config, page: serve.Page | None, clock: Clock = system_clock) -> None:
    """Run until SIGTERM or Ctrl+C; StoreError and bugs of ours end it."""
    log = journal.start()
    store = collecting.open_store(config, clock)
    service = Service(Ingest(config, store, clock), clock, log)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, service.end)
    with ExitStack() as stack:
        stack.callback(store.close)
        store.publish(clock())
        scheduler = schedule(service, config)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=True)
        log.info("started", sources=len(config.sources), store=str(config.store.path))
        if page is None:
            service.stop.wait()
        else:
            keep_serving(page, config, service)
        service.ingest.stopping.set()
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
