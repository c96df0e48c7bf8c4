"""Real servers for tests: started on free loopback ports, stopped by their own process id."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tarfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_SCRAPES = "global: {scrape_interval: 1s}\n"


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def prometheus_server(folder: Path, config: str = NO_SCRAPES, *, port: int | None = None) -> Iterator[str]:
    """Run a real Prometheus on ``folder/tsdb`` and yield its URL once it answers.

    Old data is kept: without the long retention Prometheus would delete it at once.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise AssertionError("prometheus is not installed: run scripts/setup-servers.sh")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(config)
    url = f"http://127.0.0.1:{port or free_port()}"
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with (folder / "prometheus.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_until_ready(process, url, folder / "prometheus.log")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"prometheus ended at once:\n{log.read_text()[-2000:]}")
        try:
            if requests.get(f"{url}/-/ready", timeout=1).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"prometheus did not become ready:\n{log.read_text()[-2000:]}")


def unpack_capture(folder: Path, archive: Path) -> Path:
    """Unpack the recorded data directory so that a Prometheus in ``folder`` starts on it."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "tsdb"
