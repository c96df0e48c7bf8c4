"""Servers that accept and never answer: they hold up nobody but themselves, and are seen to hang."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import pytest

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


def config(folder: Path, url: str, hangs_s: float = HANGS_S, hung: int = HUNG) -> Config:
    """Return many servers that hang, and two logs."""
    servers = tuple(
        PrometheusSource(name=f"hung-{number}", url=url, labels={"cluster": str(number)}, timeout_s=hangs_s)
        for number in range(hung)
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


@dataclass(frozen=True)
class Pace:
    """How a service kept up with two logs: seconds up to each of their runs, and from a line written to it published.

    The first run is counted from the start of the service.
    """

    gaps_s: list[float]
    lags_s: list[float]
    rows: list[dict[str, Any]]


def paced(folder: Path, url: str, hung: int) -> Pace:
    """Let a service follow two logs in which something happens all the time, and some servers that hang."""
    folder.mkdir()
    for name in WELL:
        (folder / f"{name}.jsonl").write_text(opened(name, 0))
    watched = config(folder, url, hung=hung)
    with Store.open(watched.store.path) as store:
        store.publish(system_clock())
        warm_up(watched)
        service = running.Service(Ingest(watched, store, system_clock), system_clock, journal.start())
        began_us = system_clock()
        service.start()
        try:
            lags_s = [lag_s(folder, number) for number in range(1, ROUNDS + 1)]
            deadline = time.monotonic() + 3 * HANGS_S
            failed = "SELECT source FROM collection_runs WHERE status = 'failed'"
            while len(published(folder, failed)) < hung and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            service.shut_down()
        assert service.failure is None
        rows = store.rows(
            "SELECT source, epoch(started_at) AS began, status, error, failures, next_attempt_at "
            "FROM collection_runs ORDER BY source, began"
        )
    starts = [[began_us / SECOND_US, *(row["began"] for row in rows if row["source"] == name)] for name in WELL]
    return Pace([later - earlier for one in starts for earlier, later in pairwise(one)], lags_s, rows)


def lag_s(folder: Path, number: int) -> float:
    """Write a line to each log; return how long it took until both were published."""
    written = time.monotonic()
    for name in WELL:
        with (folder / f"{name}.jsonl").open("a") as log:
            log.write(opened(name, number))
    while len(published(folder, "FROM breaker_transitions")) < len(WELL) * (number + 1):
        assert time.monotonic() - written < 20, "nothing is published"
        time.sleep(0.05)
    return time.monotonic() - written


def usual_and_late(seconds: list[float]) -> tuple[float, float]:
    """Return the median and the ninth decile."""
    deciles = quantiles(seconds, n=10, method="inclusive")
    return deciles[4], deciles[8]


def test_a_running_service_is_not_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside 24 servers that hang, two logs are read and published at most 1 s later than without them.

    Usually, and in nine cases of ten: what a busy machine costs is in both runs. No pause is near what a hanging server
    takes, and those that hang are seen to.
    """
    monkeypatch.setattr(running, "LOGS_INTERVAL_S", EVERY_S)
    monkeypatch.setattr(running, "SETTLE_INTERVAL_S", EVERY_S)
    with hanging() as url:
        alone = paced(tmp_path / "alone", url, 0)
        beside = paced(tmp_path / "beside", url, HUNG)
    for undisturbed, disturbed in ((alone.gaps_s, beside.gaps_s), (alone.lags_s, beside.lags_s)):
        assert len(disturbed) >= ROUNDS
        for without, together in zip(usual_and_late(undisturbed), usual_and_late(disturbed), strict=True):
            assert together - without < MOST_DELAY_S, (sorted(undisturbed), sorted(disturbed))
    assert max(*beside.gaps_s, *beside.lags_s) < HANGS_S / 2
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
