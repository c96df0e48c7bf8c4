"""Servers that accept and never answer: they hold up nobody but themselves, and are seen to hang."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED, JobExecutionEvent

import collectors
from breakwatch.clock import SECOND_US, from_us, system_clock
from breakwatch.config import Config, LogsSource, PrometheusSource, StoreConfig
from breakwatch.model import Window
from service import journal, running
from service.ingest import QUIET_S, Ingest
from store import Reader, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HUNG = 24
HANGS_S = 6.0
EVERY_S = 0.5
MOST_DELAY_S = 1.0
ROUNDS = 12
LOOK_EVERY_S = 0.05
WELL = ("one", "two")


@contextmanager
def hanging() -> Iterator[str]:
    """Listen, accept, and never say a word; yield the address."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=HUNG) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    accepted.append(listener.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()
            for connection in accepted:
                connection.close()


def config(folder: Path, url: str, hangs_s: float = HANGS_S) -> Config:
    """Return many servers that hang, and two logs."""
    servers = tuple(
        PrometheusSource(name=f"hung-{number}", url=url, labels={"cluster": str(number)}, timeout_s=hangs_s)
        for number in range(HUNG)
    )
    well = tuple(LogsSource(name=name, paths=(folder / f"{name}.jsonl",)) for name in WELL)
    return Config(store=StoreConfig(path=folder / "b.duckdb"), sources=(*servers, *well))


def warm_up(watched: Config) -> None:
    """Load what a fresh process has to load: that is nobody's hanging."""
    for source in watched.sources:
        collectors.make(source, watched, system_clock).close()


def opened(name: str, number: int) -> str:
    """Return a line that tells of a breaker that opens or closes."""
    ends = ("closed", "open") if number % 2 == 0 else ("open", "closed")
    told = {"event": "breaker_transition", "service": "shop", "breaker": name, "from": ends[0], "to": ends[1]}
    return json.dumps({"ts": from_us(system_clock()).isoformat(), **told}) + "\n"


def published(folder: Path, sql: str) -> list[dict[str, Any]]:
    """Return what the published file answers; nothing while there is none."""
    if not (folder / "b.duckdb").exists():
        return []
    with Reader.open(folder / "b.duckdb") as reader:
        return reader.rows(sql)


def test_one_round_does_not_wait_for_those_that_hang(tmp_path: Path) -> None:
    """24 servers hang for 6 s each, all at once: two logs are collected within 1 s and published long before."""
    for name in WELL:
        (tmp_path / f"{name}.jsonl").write_text(opened(name, 0))
    with hanging() as url:
        watched = config(tmp_path, url)
        with Store.open(watched.store.path) as store:
            warm_up(watched)
            began = time.monotonic()
            flow = Ingest(watched, store, system_clock)
            seen: list[float] = []

            def look() -> None:
                while not seen and time.monotonic() - began < HANGS_S:
                    if len(published(tmp_path, "FROM breaker_transitions")) == 2:
                        seen.append(time.monotonic() - began)
                    time.sleep(0.1)

            looking = threading.Thread(target=look)
            looking.start()
            done = flow.once(watched.sources, Window(None, system_clock()), quiet_s=QUIET_S)
            took_s = time.monotonic() - began
            looking.join()
    took = {outcome.source: (outcome.finished_us - outcome.started_us) / SECOND_US for outcome in done.outcomes}
    assert max(took["one"], took["two"]) < MOST_DELAY_S
    assert seen, "published only when those that hang were given up"
    assert took_s < HANGS_S + 4, "they hung one after the other"
    assert [outcome.status for outcome in done.outcomes] == ["failed"] * HUNG + ["ok", "ok"]


@contextmanager
def stalls(folder: Path) -> Iterator[list[Span]]:
    """Watch from another process for how long the machine lets a process stand that wants to go on or to write.

    The list is filled at the end. What another process has to bear as well, no source of ours is the cause of.
    """
    found: list[Span] = []
    with (folder / "stalls").open("w+") as told:
        with subprocess.Popen([sys.executable, "-c", WATCH, str(folder / "written")], stdout=told) as watching:
            try:
                yield found
            finally:
                watching.terminate()
        told.seek(0)
        found += [Span(*map(float, line.split())) for line in told]


class Span(NamedTuple):
    """From when until when, by the clock that all processes share (``time.monotonic``)."""

    began_s: float
    ended_s: float

    def without(self, others: list[Span]) -> float:
        """Return the seconds of it that lie in none of the others, which follow each other."""
        both = (min(self.ended_s, other.ended_s) - max(self.began_s, other.began_s) for other in others)
        return self.ended_s - self.began_s - sum(max(0.0, one) for one in both)


WATCH = """
import os, sys, time
PAUSE_S, USUAL_S = 0.02, 0.01
with open(sys.argv[1], "wb") as file:
    while True:
        began, spent = time.monotonic(), time.process_time()
        time.sleep(PAUSE_S)
        sum(range(20_000))
        file.write(b".")
        file.flush()
        os.fsync(file.fileno())
        ended = time.monotonic()
        stalled = ended - began - PAUSE_S - (time.process_time() - spent)
        if stalled > USUAL_S:
            print(ended - stalled, ended, flush=True)
"""


@dataclass(frozen=True)
class Pace:
    """How a service kept up with two logs, in which something happens all the time.

    Attributes:
        runs: from the end of a log's run to the end of its next; the first from the start of the service.
        lines: from a line written to each log until both are published.
        rows: what is recorded of all runs.
    """

    runs: list[Span]
    lines: list[Span]
    rows: list[dict[str, Any]]


def paced(folder: Path, url: str) -> Pace:
    """Let a service follow two logs in which something happens all the time, and some servers that hang."""
    for name in WELL:
        (folder / f"{name}.jsonl").write_text(opened(name, 0))
    watched = config(folder, url)
    ended: dict[str, list[float]] = {name: [] for name in WELL}

    def note(event: JobExecutionEvent) -> None:
        if event.job_id in ended:
            ended[event.job_id].append(time.monotonic())

    with Store.open(watched.store.path) as store:
        store.publish(system_clock())
        warm_up(watched)
        service = running.Service(Ingest(watched, store, system_clock), system_clock, journal.start())
        service.scheduler.add_listener(note, EVENT_JOB_EXECUTED)
        began_s = time.monotonic()
        service.start()
        try:
            lines = [line(folder, number) for number in range(1, ROUNDS + 1)]
            deadline = time.monotonic() + 3 * HANGS_S
            failed = "SELECT source FROM collection_runs WHERE status = 'failed'"
            while len(published(folder, failed)) < HUNG and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            service.shut_down()
        assert service.failure is None
        rows = store.rows("SELECT source, status, error, failures, next_attempt_at FROM collection_runs")
    return Pace([Span(*two) for one in ended.values() for two in pairwise([began_s, *one])], lines, rows)


def line(folder: Path, number: int) -> Span:
    """Write a line to each log; return from when until when it took to publish both."""
    written = time.monotonic()
    for name in WELL:
        with (folder / f"{name}.jsonl").open("a") as log:
            log.write(opened(name, number))
    while len(published(folder, "FROM breaker_transitions")) < len(WELL) * (number + 1):
        assert time.monotonic() - written < 20, "nothing is published"
        time.sleep(LOOK_EVERY_S)
    return Span(written, time.monotonic())


def test_a_running_service_is_not_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside 24 servers that hang, no run of two logs ends, and no line is published, 1 s later than it has to.

    Not one, from the first to the last: only how long the machine lets another process stand meanwhile is set aside. A
    run has its interval and a tenth of it to wait for; a line has to wait for a run, and then for what publishes.
    """
    monkeypatch.setattr(running, "LOGS_INTERVAL_S", EVERY_S)
    monkeypatch.setattr(running, "SETTLE_INTERVAL_S", EVERY_S)
    with hanging() as url, stalls(tmp_path) as stalled:
        beside = paced(tmp_path, url)
    between_runs_s, until_published_s = 1.1 * EVERY_S, 1.1 * EVERY_S + EVERY_S + LOOK_EVERY_S
    assert len(beside.runs) >= 2 * ROUNDS
    held_s = [run.without(stalled) - between_runs_s for run in beside.runs]
    assert max(held_s) < MOST_DELAY_S, sorted(held_s)
    late_s = [one.without(stalled) - until_published_s for one in beside.lines]
    assert max(late_s) < MOST_DELAY_S, sorted(late_s)
    hung = [row for row in beside.rows if row["source"].startswith("hung-")]
    assert {row["source"] for row in hung} == {f"hung-{number}" for number in range(HUNG)}
    assert all(row["status"] == "failed" and "did not answer within" in row["error"] for row in hung)
    assert all(row["failures"] >= 1 and row["next_attempt_at"] is not None for row in hung)


def test_a_service_that_ends_waits_for_nobody_for_ever(tmp_path: Path) -> None:
    """Ended in the middle of runs that are about to fail, it ends as soon as they have: what they put off is left."""
    with hanging() as url:
        watched = config(tmp_path, url, hangs_s=1.0)
        with Store.open(watched.store.path) as store:
            service = running.Service(Ingest(watched, store, system_clock), system_clock, journal.start())
            service.start()
            time.sleep(0.3)
            ending = threading.Thread(target=service.shut_down, daemon=True)
            ending.start()
            ending.join(15)
            assert not ending.is_alive()
