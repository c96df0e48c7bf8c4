"""The service as a process: it catches up, keeps up, follows its configuration, serves the dashboard, stops cleanly."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from breakwatch import config as configuration
from breakwatch.clock import system_clock
from service.ingest import Ingest
from service.journal import start as start_journal
from service.running import FILES_INTERVAL_S, LOGS_INTERVAL_S, Service
from store import Reader, Store
from tests.service.command import breakwatch, environment, write
from tests.service.servers import PATIENCE_S, answers, closed_port, until

LINE = '{{"ts":"{ts}","event":"breaker_transition","service":"shop","breaker":"pay","from":"{was}","to":"{now}"}}\n'
OPENED = LINE.format(ts="2026-11-20T09:00:00Z", was="closed", now="open")
CLOSED = LINE.format(ts="2026-11-20T09:00:20Z", was="open", now="closed")
LOGS = "sources: [{name: app, kind: logs, paths: [app.jsonl], profile: breakwatch-service}]\n"


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run the service in a folder; killed at the end if it did not stop by itself."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "run", *options],
            cwd=folder,
            env=environment(),
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def episodes(folder: Path) -> list[tuple[object, object]]:
    """Return what the published file says about episodes; nothing while there is no file."""
    if not (folder / "breakwatch.duckdb").exists():
        return []
    with Reader.open(folder / "breakwatch.duckdb") as reader:
        return [(row["status"], row["duration_s"]) for row in reader.rows("FROM breaker_episodes")]


def journal(folder: Path) -> list[dict[str, object]]:
    """Return what the service logged; a line that is no JSON fails."""
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def test_it_catches_up_keeps_up_and_stops_cleanly(tmp_path: Path) -> None:
    """What was there and what is written later are published; SIGTERM ends it with 0, its log is JSON lines."""
    (tmp_path / "app.jsonl").write_text(OPENED)
    write(tmp_path, LOGS)
    with running(tmp_path, "--no-dashboard") as service:
        until(lambda: [status for status, _ in episodes(tmp_path)] == ["ongoing"])
        with (tmp_path / "app.jsonl").open("a") as log:
            log.write(CLOSED)
        until(lambda: episodes(tmp_path) == [("resolved", 20.0)])
        service.send_signal(signal.SIGTERM)
        assert service.wait(PATIENCE_S) == 0
    said = [line["event"] for line in journal(tmp_path)]
    assert said[0] == "started"
    assert said[-1] == "stopped"
    assert breakwatch("collect", "--once", folder=tmp_path).code == 0


def test_it_catches_up_in_one_run_after_a_sleep(tmp_path: Path) -> None:
    """Asleep for more than two intervals, it collects once what it missed, and not once for each run it left out."""
    (tmp_path / "app.jsonl").write_text(OPENED)
    write(tmp_path, LOGS)
    with running(tmp_path, "--no-dashboard") as service:
        until(lambda: [status for status, _ in episodes(tmp_path)] == ["ongoing"])
        service.send_signal(signal.SIGSTOP)
        before = len(collections(tmp_path))
        time.sleep(12)  # its interval is 5 s
        with (tmp_path / "app.jsonl").open("a") as log:
            log.write(CLOSED)
        service.send_signal(signal.SIGCONT)
        until(lambda: episodes(tmp_path) == [("resolved", 20.0)])
        assert len(collections(tmp_path)) - before <= 2  # one may have been under way when it fell asleep
        service.send_signal(signal.SIGTERM)
        assert service.wait(PATIENCE_S) == 0


def collections(folder: Path) -> list[dict[str, object]]:
    """Return what the service logged of its runs."""
    return [line for line in journal(folder) if line["event"] == "collected"]


def test_it_follows_its_configuration(tmp_path: Path) -> None:
    """A changed file is taken over whole; a wrong one changes nothing, and the problem can be seen in the data."""
    (tmp_path / "app.jsonl").write_text(OPENED)
    write(tmp_path, "sources: []\n")
    with running(tmp_path, "--no-dashboard"):
        until((tmp_path / "breakwatch.duckdb").exists)
        write(tmp_path, LOGS)
        until(lambda: len(episodes(tmp_path)) == 1)
        write(tmp_path, LOGS + "sorces: []\n")
        until(lambda: any(line["event"] == "configuration kept as it was" for line in journal(tmp_path)))
        with (tmp_path / "app.jsonl").open("a") as log:
            log.write(CLOSED)
        until(lambda: episodes(tmp_path) == [("resolved", 20.0)])
        with Reader.open(tmp_path / "breakwatch.duckdb") as reader:
            (row,) = reader.rows("SELECT error FROM collection_runs WHERE source = 'breakwatch.yaml' AND error <> ''")
        assert "sorces: unknown key" in row["error"]


def test_a_source_that_is_down_does_not_stop_it(tmp_path: Path) -> None:
    """The other source keeps being collected, and the failure is told with its remedy."""
    (tmp_path / "app.jsonl").write_text(OPENED + CLOSED)
    dead = f"http://127.0.0.1:{closed_port()}"
    write(tmp_path, f"{LOGS[:-2]}, {{name: prom, kind: prometheus, url: '{dead}'}}]\n")
    with running(tmp_path, "--no-dashboard") as service:
        until(lambda: episodes(tmp_path) == [("resolved", 20.0)])
        until(lambda: any(line["event"] == "source failed" for line in journal(tmp_path)))
        assert service.poll() is None
    (failed, *_) = [line for line in journal(tmp_path) if line["event"] == "source failed"]
    assert str(failed["problem"]).startswith(f"{dead} cannot be reached")
    assert failed["remedy"]
    assert (failed["failures"], failed["needs_person"]) == (1, False)
    assert 10 < float(str(failed["again_in_s"])) < 20


def test_it_serves_the_dashboard_on_loopback_only(tmp_path: Path) -> None:
    """The page answers under its own names; a stranger's name for our address gets no connection; all ends together."""
    write(tmp_path, "sources: []\n")
    port = closed_port()
    with running(tmp_path, "--port", str(port)) as service:
        until(lambda: answers(port))
        assert listeners(port) == {"127.0.0.1"}
        assert handshake("127.0.0.1", port) == 101
        assert handshake("localhost", port) == 101
        assert handshake("rebound.example.org", port) == 403
        assert handshake("localhost", port, origin="https://evil.example.org") == 403
        service.send_signal(signal.SIGINT)
        assert service.wait(PATIENCE_S) == 0
    assert not answers(port)
    assert [line["event"] for line in journal(tmp_path)][-1] == "stopped"


def test_a_killed_service_leaves_no_dashboard_behind(tmp_path: Path) -> None:
    """The port is free again for the next start, even after kill -9."""
    write(tmp_path, "sources: []\n")
    port = closed_port()
    with running(tmp_path, "--port", str(port)) as service:
        until(lambda: answers(port))
        service.kill()
        service.wait()
        until(lambda: not answers(port))


def listeners(port: int) -> set[str]:
    """Return the addresses on which somebody listens on a port, by the kernel's own table."""
    found = set()
    for table, family in (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6)):
        for fields in (line.split() for line in Path(table).read_text().splitlines()[1:]):
            address, _, number = fields[1].partition(":")
            if fields[3] == "0A" and int(number, 16) == port:
                packed = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
                found.add(socket.inet_ntop(family, packed))
    return found


def handshake(host: str, port: int, origin: str = "") -> int:
    """Ask for the page's live connection under a host name, from a page of some origin; return the answer's status."""
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}:{port}",
        f"Origin: {origin or f'http://{host}:{port}'}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(connection.recv(200).split()[1])


def test_each_source_has_one_run_at_a_time_in_its_own_rhythm(tmp_path: Path) -> None:
    """Runs that were missed become one, none overlaps the one before, and sources do not all start together.

    So it is for those from the start, and those that a changed configuration brings.
    """
    write(tmp_path, LOGS)
    (tmp_path / "page.om").write_text("# EOF\n")
    (tmp_path / "app.jsonl").write_text("")
    path = tmp_path / "breakwatch.yaml"
    watched = configuration.load(path)
    with Store.open(watched.store.path) as store:
        service = Service(Ingest(watched, store, system_clock), system_clock, start_journal(), path)
        service.start()
        try:
            write(tmp_path, LOGS[:-2] + ", {name: file, kind: openmetrics, paths: [page.om]}]\n")
            service.reload()
            jobs = [service.scheduler.get_job(source.name) for source in service.ingest.config.sources]
        finally:
            service.shut_down()
    assert [job.id for job in jobs] == ["app", "file"]
    for job, every_s in zip(jobs, (LOGS_INTERVAL_S, FILES_INTERVAL_S), strict=True):
        assert (job.max_instances, job.coalesce, job.misfire_grace_time) == (1, True, None)
        assert job.trigger.interval.total_seconds() == every_s
        assert 0 < job.trigger.jitter <= every_s / 5
