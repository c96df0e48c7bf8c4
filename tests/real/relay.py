"""A relay between a client and a server on loopback, to cut the line while both go on living."""

from __future__ import annotations

import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from types import TracebackType


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    target_port = 0


class _Pipe(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Carry bytes both ways until one side ends."""
        client = cast("socket.socket", self.request)
        with socket.create_connection(("127.0.0.1", cast("_Server", self.server).target_port)) as target:
            back = threading.Thread(target=_carry, args=(target, client), daemon=True)
            back.start()
            _carry(client, target)
            back.join(30)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other side is gone: so is this one


class Relay:
    """Listens on ``port`` and passes on to ``target_port`` while it is up."""

    def __init__(self, port: int, target_port: int) -> None:
        self.port = port
        self._target_port = target_port
        self._server: _Server | None = None

    def up(self) -> None:
        """Open the line."""
        self._server = _Server(("127.0.0.1", self.port), _Pipe)
        self._server.target_port = self._target_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        """Cut the line: nobody listens any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
