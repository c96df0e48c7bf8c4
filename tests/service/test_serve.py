"""How the dashboard is started: the shipped settings, and who may reach it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from breakwatch.errors import UsageError
from service.serve import DashboardError, Page, check_address, command, wait_until_up
from tests.service.command import environment, write
from tests.service.servers import PATIENCE_S, answering, answers, closed_port, until


def test_the_shipped_settings_are_on_the_command_line() -> None:
    """Flags outrank every config file of the user's, so the safe settings hold wherever it is started."""
    flags = command(Path("app.py"), Page("127.0.0.1", 9000, ("status.example.org",)))
    for flag in (
        "--server.address=127.0.0.1",
        "--server.port=9000",
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--server.enableXsrfProtection=true",
        "--browser.gatherUsageStats=false",
        "--client.showErrorDetails=none",
        "--client.toolbarMode=minimal",
        "--server.allowedHosts=127.0.0.1",
        "--server.allowedHosts=localhost",
        "--server.allowedHosts=status.example.org",
    ):
        assert flag in flags
    assert len(flags) == len(set(flags))


def test_listening_everywhere_does_not_allow_every_name() -> None:
    """An open address is no host name; behind it only named hosts are answered."""
    flags = command(Path("app.py"), Page("0.0.0.0"))
    allowed = {flag.split("=")[1] for flag in flags if flag.startswith("--server.allowedHosts=")}
    assert allowed == {"localhost", "127.0.0.1", "[::1]"}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_word(address: str) -> None:
    """What only this machine can reach is allowed."""
    check_address(address, public=False)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "status.example.org", ""])
def test_what_others_can_reach_needs_a_word(address: str) -> None:
    """Anything else is refused unless it was asked for; names count as public, for who knows where they lead."""
    with pytest.raises(UsageError):
        check_address(address, public=False)
    check_address(address, public=True)


def test_a_dashboard_that_ends_at_once_is_told() -> None:
    """A taken port, say: the message names the way out."""
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
        with pytest.raises(DashboardError) as caught:
            wait_until_up(process, Page(port=closed_port()))
    assert "exit 3" in caught.value.problem
    assert "--port" in caught.value.remedy


def test_waiting_ends_with_the_first_answer() -> None:
    """It waits for an answer, not for a time."""
    with (
        answering(200, "ok") as url,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as idle,
    ):
        wait_until_up(idle, Page(port=int(url.rsplit(":", 1)[1])))
        idle.kill()


def test_stopping_the_dashboard_is_no_error(tmp_path: Path) -> None:
    """Ctrl+C ends the command with 0 and the server with it."""
    write(tmp_path, "")
    port = closed_port()
    line = [sys.executable, "-m", "service", "dashboard", "--port", str(port)]
    # Where the tests run in the background SIGINT is ignored, and a child would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(line, cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL)
    signal.signal(signal.SIGINT, before)
    try:
        until(lambda: answers(port))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
    assert not answers(port)
