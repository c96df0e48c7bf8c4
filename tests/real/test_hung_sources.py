"""Servers that accept and never answer: they hold up nobody but themselves, and are seen to hang."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from itertools import pairwise
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
    hung = tuple(
        PrometheusSource(name=f"hung-{number}", url=url, labels={"cluster": str(number)}, timeout_s=hangs_s)
        for number in range(HUNG)
    )
    well = tuple(LogsSource(name=name, paths=(folder / f"{name}.jsonl",)) for name in ("one", "two"))
    return Config(store=StoreConfig(path=folder / "b.duckdb"), sources=(*hung, *well))


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
    for name in ("one", "two"):
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


def test_a_running_service_is_not_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While 24 servers hang, two logs are collected at their own pace and published; the hanging ones are seen as such.

    Their pace is every 0.5 s here; between two runs there is no more than that, its jitter, and 1 s. On a busy machine
    one in ten may be later for other reasons, but none by what a server that hangs takes.
    """
    monkeypatch.setattr(running, "LOGS_INTERVAL_S", EVERY_S)
    monkeypatch.setattr(running, "SETTLE_INTERVAL_S", EVERY_S)
    for name in ("one", "two"):
        (tmp_path / f"{name}.jsonl").write_text(opened(name, 0))
    lags: list[float] = []
    with hanging() as url:
        watched = config(tmp_path, url)
        with Store.open(watched.store.path) as store:
            store.publish(system_clock())
            warm_up(watched)
            service = running.Service(Ingest(watched, store, system_clock), system_clock, journal.start())
            service.start()
            try:
                for number in range(1, 6):
                    written = time.monotonic()
                    for name in ("one", "two"):
                        with (tmp_path / f"{name}.jsonl").open("a") as log:
                            log.write(opened(name, number))
                    while len(published(tmp_path, "FROM breaker_transitions")) < 2 * (number + 1):
                        assert time.monotonic() - written < 20, "nothing is published"
                        time.sleep(0.05)
                    lags.append(time.monotonic() - written)
                deadline = time.monotonic() + 3 * HANGS_S
                failed = "SELECT source FROM collection_runs WHERE status = 'failed'"
                while len(published(tmp_path, failed)) < HUNG and time.monotonic() < deadline:
                    time.sleep(0.2)
            finally:
                service.shut_down()
            assert service.failure is None
            rows = store.rows(
                "SELECT source, epoch(started_at) AS began, status, error, failures, next_attempt_at "
                "FROM collection_runs ORDER BY source, began"
            )
    well = [[row["began"] for row in rows if row["source"] == name] for name in ("one", "two")]
    gaps = [later - earlier for starts in well for earlier, later in pairwise(starts)]
    gaps.sort()
    assert gaps[len(gaps) * 9 // 10] <= 1.1 * EVERY_S + MOST_DELAY_S
    assert gaps[-1] < HANGS_S / 2
    assert min(lags) <= 2.2 * EVERY_S + MOST_DELAY_S
    hung = [row for row in rows if row["source"].startswith("hung-")]
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
