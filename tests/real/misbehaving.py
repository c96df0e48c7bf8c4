"""A relay before a real server that answers as badly as servers and the proxies before them do."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from types import TracebackType

HTML = b"<!doctype html><title>Sign in</title><h1>Please sign in</h1>"
WRONG = b'{"status":"success","data":{"resultType":"scalar","result":[1789992000,"NaN"]}}'
SAMPLES = ("/api/v1/query", "/api/v1/read")
"""Where samples come from; the other paths tell names and label sets."""

GARBAGE = {
    "503": (503, b"Service Unavailable", {"Retry-After": "7"}),
    "429": (429, b'{"status":"error","error":"too many outstanding requests"}', {}),
    "401": (401, b'{"status":"error","error":"token expired"}', {}),
    "html": (200, HTML, {"Content-Type": "text/html"}),
    "broken json": (200, b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__na', {}),
    "wrong content": (200, WRONG, {"Content-Type": "application/json"}),
}
MODES = frozenset({*GARBAGE, "hang", "drip", "cut off", "samples cut off", "samples html", "refused"})
"""``cut off``: the true answer ends in the middle; ``drip``: a byte at a time; ``refused``: nobody listens."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    target_port = 0
    mode = ""
    asked = 0

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.open: set[socket.socket] = set()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection, then let a thread of its own answer."""
        self.open.add(cast("socket.socket", request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection."""
        self.open.discard(cast("socket.socket", request))
        super().shutdown_request(request)

    def cut(self) -> None:
        """Cut every connection that is kept alive."""
        for connection in list(self.open):
            with suppress(OSError):  # the other side was first
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as the mode says; well, without one."""
        server = cast("_Server", self.server)
        server.asked += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        mode = server.mode
        if mode.startswith("samples "):
            mode = mode.removeprefix("samples ") if self.path.startswith(SAMPLES) else ""
        if mode in GARBAGE:
            status, text, headers = GARBAGE[mode]
            self._answer(status, text, headers)
        elif mode == "hang":
            self._wait(server)
        elif mode == "drip":
            self._drip(server)
        else:
            self._pass_on(server, body, cut=mode == "cut off")

    do_POST = do_GET  # noqa: N815 - the name the server looks for

    def _answer(self, status: int, text: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _wait(self, server: _Server) -> None:
        deadline = time.monotonic() + 60
        while server.mode == "hang" and time.monotonic() < deadline:
            time.sleep(0.05)
        self.close_connection = True

    def _drip(self, server: _Server) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while server.mode == "drip":
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.05)
        self.close_connection = True

    def _pass_on(self, server: _Server, body: bytes, *, cut: bool) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", server.target_port, timeout=30)
        passed = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        upstream.request(self.command, self.path, body or None, passed)
        answer = upstream.getresponse()
        text = answer.read()
        upstream.close()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text[: len(text) // 2] if cut else text)
        self.close_connection = cut

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Answer, and take it that the other side may be gone."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True


class Misbehaving:
    """Listens on a port of its own and passes on to ``target_port``, or does what ``mode`` says."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address to ask."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def asked(self) -> int:
        """How many requests came since it was last up."""
        return self._server.asked if self._server else 0

    def behave(self, mode: str = "") -> None:
        """Misbehave so from now on; well, without a mode."""
        self.down()
        if mode != "refused":
            self._up(mode)

    def _up(self, mode: str) -> None:
        self._server = _Server(self._port)
        self._port = self._server.server_port
        self._server.target_port, self._server.mode = self._target_port, mode
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def down(self) -> None:
        """Stop listening; the requests that hang are let go."""
        if self._server is not None and self._thread is not None:
            self._server.mode = ""
            self._server.cut()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        self.behave()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
