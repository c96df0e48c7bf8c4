"""The dashboard as a child process, with the settings it is shipped with."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from breakwatch.config import PUBLISHED_VARIABLE, child_environment, has_desktop
from breakwatch.errors import BreakwatchError, UsageError
from dashboard.settings import streamlit_options
from service import console

STOP_S = 10.0
START_S = 30.0


class DashboardError(BreakwatchError):
    """The dashboard's process did not come up or went away."""


def check_address(address: str, *, public: bool) -> None:
    """Refuse an address that others can reach unless that was asked for; UsageError."""
    try:
        loopback = address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not public:
        raise UsageError(
            f"the dashboard has no login and {address} can be reached by others",
            "put a proxy with a login in front of 127.0.0.1, or add --public if your network is the login",
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Where the dashboard is served; ``hosts`` are further names browsers may reach it by (behind a proxy)."""

    address: str = "127.0.0.1"
    port: int = 8501
    hosts: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address to open."""
        return f"http://{f'[{self.address}]' if ':' in self.address else self.address}:{self.port}"


def command(app: Path, page: Page) -> list[str]:
    """Return the command line that serves the dashboard."""
    everywhere = {"0.0.0.0", "::"}  # noqa: S104 - named here to keep it out of the allowed names
    allowed = ["localhost", "127.0.0.1", "[::1]", *({page.address} - everywhere), *page.hosts]
    options = {
        **streamlit_options(),
        "server.address": page.address,
        "server.port": str(page.port),
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    flags += [f"--server.allowedHosts={host}" for host in dict.fromkeys(allowed)]
    # -P: a folder named like one of our packages in the working directory must not come before ours.
    return [sys.executable, "-P", "-m", "service.child", str(os.getpid()), "streamlit", "run", str(app), *flags]


@contextmanager
def dashboard(published: Path, page: Page, *, quiet: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the dashboard while the block runs; the process is stopped at its end.

    Args:
        published: the file it shows; it need not exist yet.
        page: where it is served.
        quiet: what it writes on stderr goes into a pipe, for the caller to read.
    """
    environment = child_environment({PUBLISHED_VARIABLE: str(published.resolve())})
    with as_file(files("dashboard") / "app.py") as app:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command(app, page),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if quiet else None,
        )
        try:
            yield process
        finally:
            stop(process)


def until_stopped(published: Path, page: Page, *, browser: bool = False) -> int:
    """Serve the dashboard in the foreground; return its exit code, 0 when it was asked to stop."""
    with dashboard(published, page) as process:
        try:
            wait_until_up(process, page)
            console.say(f"Dashboard: {page.url}   (stop with Ctrl+C)")
            if browser and has_desktop():
                webbrowser.open(page.url)
            return process.wait()
        except KeyboardInterrupt:
            return 0


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child: asked first, then made to."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_up(process: subprocess.Popen[bytes], page: Page) -> None:
    """Wait for the first answer; DashboardError when there is none."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DashboardError(
                f"the dashboard stopped at once (exit {process.returncode})",
                f"see its message above; if port {page.port} is taken, choose another with --port",
            )
        try:
            with urllib.request.urlopen(f"{page.url}/_stcore/health", timeout=1):  # noqa: S310 - our own http address
                return
        except OSError:
            time.sleep(0.1)
    raise DashboardError(f"the dashboard did not answer on {page.url} in {START_S:.0f} s", "run it again with --debug")
