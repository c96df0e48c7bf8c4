"""Secrets are used, and never told: not on the terminal, not in the log, not in the store."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.service.command import ROOT, breakwatch, environment, write
from tests.service.servers import PATIENCE_S, until

TOKEN, PASSWORD, KEY = "planted-token-1", "planted-password-2", "planted-key-3"
BASIC = b64encode(f"reader:{PASSWORD}".encode()).decode()


@contextmanager
def parrot() -> Iterator[tuple[str, list[str]]]:
    """Serve refusals that repeat what was sent, in body and redirect; yield the address and what was sent."""
    sent: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = f"{self.headers.get('Authorization')} {self.headers.get('X-Api-Key')}"
            sent.append(told)
            moved = self.path.startswith("/moved")
            body = json.dumps({"status": "error", "errorType": "x", "error": f"who is {told}?"}).encode()
            self.send_response(302 if moved else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", f"http://user:{PASSWORD}@127.0.0.1/login?token={TOKEN}")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def planted(folder: Path, url: str) -> None:
    """Configure sources with a secret of every kind."""
    (folder / "token").write_text(TOKEN + "\n")
    (folder / "torn").write_text(f"{TOKEN}\nsecond line")
    (folder / "password").write_text(PASSWORD)
    write(
        folder,
        f"""
sources:
  - {{name: bearer, kind: prometheus, url: "{url}", labels: {{n: "1"}}, bearer_token_file: token}}
  - {{name: basic, kind: prometheus, url: "{url}", labels: {{n: "2"}},
     basic_auth: {{username: reader, password_file: password}}}}
  - {{name: header, kind: prometheus, url: "{url}", labels: {{n: "3"}}, headers: {{X-Api-Key: "{KEY}"}}}}
  - {{name: moved, kind: prometheus, url: "{url}/moved", labels: {{n: "4"}}, bearer_token_file: token}}
  - {{name: torn, kind: prometheus, url: "{url}", labels: {{n: "5"}}, bearer_token_file: torn}}
""",
    )


def told(folder: Path) -> list[str]:
    """Return the secrets that some file of the store, or the log, holds."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "breakwatch.yaml"]
    kept = [file.read_bytes() for file in files if file.name not in {"token", "torn", "password"}]
    return [word for word in (TOKEN, PASSWORD, KEY, BASIC) if any(word.encode() in data for data in kept)]


def test_secrets_reach_the_server_and_nobody_else(tmp_path: Path) -> None:
    """Each is sent; even where the server repeats it, neither output, trace, store nor the service's log hold it."""
    with parrot() as (url, sent):
        planted(tmp_path, url)
        for line in (
            ["collect", "--once", "--debug"],
            ["doctor", "--debug"],
            ["validate"],
            ["sql", "FROM collection_runs"],
        ):
            done = breakwatch(*line, folder=tmp_path)
            (tmp_path / f"output of {line[0]}").write_text(done.out + done.err)
        with (tmp_path / "log").open("w") as log:
            service = subprocess.Popen(
                [sys.executable, "-m", "service", "run", "--no-dashboard"],
                cwd=tmp_path,
                env=environment(),
                stderr=log,
            )
            try:
                until(lambda: (tmp_path / "log").read_text().count("source failed") >= 5)
            finally:
                service.send_signal(signal.SIGTERM)
                service.wait(PATIENCE_S)
    assert all(any(word in line for line in sent) for word in (TOKEN, BASIC, KEY))
    assert "who is" in (tmp_path / "output of collect").read_text(), "the server's words are told, without the secret"
    assert (tmp_path / "output of sql").read_text().count("failed") == 5
    assert told(tmp_path) == []


def test_a_trace_in_the_log_shows_no_values(tmp_path: Path) -> None:
    """A bug of ours is logged with where it happened, without what the variables held."""
    program = """
from service import journal

def fail(password):
    raise ZeroDivisionError("oops")

log = journal.start()
try:
    fail("planted" + "-password-2")
except ZeroDivisionError as error:
    log.error("source failed", exc_info=error)
"""
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    (entry,) = [json.loads(text) for text in done.stderr.splitlines()]
    (error,) = entry["exception"]
    assert (error["exc_type"], [frame["name"] for frame in error["frames"]]) == (
        "ZeroDivisionError",
        ["<module>", "fail"],
    )
    assert PASSWORD not in done.stderr


@pytest.mark.parametrize("scheme", ["http", "ftp"])
def test_a_password_in_a_url_is_refused_without_being_shown(tmp_path: Path, scheme: str) -> None:
    """In the configuration as on the command line."""
    url = f"{scheme}://reader:{PASSWORD}@127.0.0.1:9090"
    done = breakwatch("init", "--prometheus", url, folder=tmp_path)
    assert (done.code, PASSWORD in done.err) == (2, False)
    assert "must not hold a password" in done.err
    write(tmp_path, f"sources: [{{name: p, kind: prometheus, url: '{url}'}}]\n")
    done = breakwatch("validate", folder=tmp_path)
    assert (done.code, PASSWORD in done.err) == (2, False)
    assert "must not hold a password" in done.err
