"""What stands behind a proxy and before it: little HTTP servers that fail on command, and a client that notes all."""

from __future__ import annotations

import http.client
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.real.processes import free_port, now_us

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

HEALTH = "/health"
TARGET_HEADER = "X-Target"
LONGEST_HANG_S = 20.0


@dataclass
class Backend:
    """A server that answers with its own name, until it is told to fail.

    ``switched`` notes each change as (what, before_us, after_us): the instants right before and right after.
    """

    name: str
    port: int = field(default_factory=free_port)
    status: int = 200
    slow_s: float = 0.0
    switched: list[tuple[str, int, int]] = field(default_factory=list)
    calls: list[tuple[int, int]] = field(default_factory=list)
    _released: threading.Event = field(default_factory=threading.Event)
    _server: _Server | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    @property
    def stopped(self) -> bool:
        """Whether it does not listen."""
        return self._server is None

    def start(self) -> None:
        """Listen."""
        before_us = now_us()
        self._server = _Server(("127.0.0.1", self.port), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.switched.append(("start", before_us, now_us()))

    def stop(self) -> None:
        """Listen no more: connections are refused from now on."""
        if self._server is None:
            return
        before_us = now_us()
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        self.switched.append(("stop", before_us, now_us()))

    def answer(self, status: int) -> None:
        """Answer everything with a status from now on."""
        before_us = now_us()
        self.status = status
        self.switched.append((str(status), before_us, now_us()))

    def hang(self) -> None:
        """Accept and say nothing from now on."""
        self._released.clear()
        self.answer(0)

    def recover(self) -> None:
        """Answer well again, and let go of those that wait."""
        self.answer(200)
        self._released.set()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request as told."""
        if self.status == 0:
            self._released.wait(LONGEST_HANG_S)
        if request.path != HEALTH:
            time.sleep(self.slow_s)
            self.calls.append((now_us(), self.status))
        request.send_response(self.status or 503)
        request.send_header(TARGET_HEADER, self.name)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let callers hang up without a word: proxies do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            backend.serve(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@dataclass(frozen=True)
class Call:
    """One call as the client saw it; ``target`` is empty where nobody behind the proxy answered, ``status`` 0 none."""

    started_us: int
    ended_us: int
    status: int
    target: str
    headers: Mapping[str, str]


@dataclass
class Caller:
    """Calls an address again and again, each time on a new connection, and notes what it got."""

    port: int
    every_s: float = 0.04
    calls: list[Call] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def call(self, path: str = "/work") -> Call:
        """Call once."""
        started_us = now_us()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            answer.read()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            call = Call(started_us, now_us(), answer.status, headers.get(TARGET_HEADER.lower(), ""), headers)
        except (http.client.HTTPException, OSError):
            call = Call(started_us, now_us(), 0, "", {})
        finally:
            line.close()
        self.calls.append(call)
        return call

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join(20)
        self._thread = None

    def _go_on(self) -> None:
        while not self._ended.wait(self.every_s):
            self.call()
