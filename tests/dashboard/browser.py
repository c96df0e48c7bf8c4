"""A real server on a free loopback port, for a real browser that never leaves this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.error import URLError

from dashboard.settings import streamlit_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE_S = 30.0


@contextmanager
def server(published: Path, log: Path) -> Iterator[str]:
    """Serve the pages on ``published``, yield their address, and stop the server that was started."""
    port = _free_port()
    options = {**streamlit_options(), "server.address": "127.0.0.1", "server.port": str(port)}
    command = [sys.executable, "-m", "streamlit", "run", str(files("dashboard") / "app.py")]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            env={**os.environ, "BREAKWATCH_PUBLISHED": str(published)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 (loopback)
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not come up: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
