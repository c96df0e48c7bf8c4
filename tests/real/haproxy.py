"""A real HAProxy with its built-in exporter and its log, and an independent watcher of what it knows."""

from __future__ import annotations

import csv
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.real.processes import free_port, now_us
from tests.real.programs import Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.real.backends import Backend

PROXY = "be_app"
LOOK_EVERY_S = 0.01
SERVER_TIMEOUT_S = 0.8

CONFIG = """
global
    log stdout format rfc5424 local0
    stats socket {folder}/admin.sock level admin
    nbthread 1
defaults
    mode http
    log global
    option httplog
    option redispatch 1
    retries 3
    timeout connect 300ms
    timeout client 5s
    timeout server {server_timeout_ms}ms
    timeout check 400ms
frontend fe_app
    bind 127.0.0.1:{port}
    default_backend {proxy}
frontend stats
    bind 127.0.0.1:{metrics_port}
    no log
    http-request use-service prometheus-exporter if {{ path /metrics }}
    http-request return status 200
backend {proxy}
    balance roundrobin
    option httpchk GET /health
    default-server check inter 200ms fall 2 rise 2
{servers}
"""


@dataclass(frozen=True)
class Turn:
    """Something went from one word to another, truly somewhere from ``low_us`` to ``high_us``."""

    name: str
    from_word: str
    to_word: str
    low_us: int
    high_us: int


@dataclass
class HAProxy:
    """The process with one frontend and one backend, ``PROXY``; the last of ``backends`` is the backup."""

    folder: Path
    backends: Sequence[Backend]
    port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        *active, backup = self.backends
        servers = [f"    server {one.name} {one.address}" for one in active]
        servers.append(f"    server {backup.name} {backup.address} backup")
        config = self.folder / "haproxy.cfg"
        config.write_text(
            CONFIG.format(
                folder=self.folder,
                server_timeout_ms=round(SERVER_TIMEOUT_S * 1000),
                port=self.port,
                metrics_port=self.metrics_port,
                proxy=PROXY,
                servers="\n".join(servers),
            )
        )
        self.log_file = self.folder / "haproxy.log"
        self.program = Program(
            ("haproxy", "-db", "-f", str(config)),
            self.log_file,
            self.folder / "haproxy.err",
            f"http://127.0.0.1:{self.metrics_port}/",
        )

    @property
    def metrics_address(self) -> str:
        """Where it serves its metrics."""
        return f"127.0.0.1:{self.metrics_port}"

    def stat(self) -> dict[str, dict[str, str]]:
        """Ask its admin socket; return the row of each server of the backend, and of the backend as ``BACKEND``."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.folder / "admin.sock"))
            line.sendall(b"show stat\n")
            text = b""
            while part := line.recv(65536):
                text += part
        rows = csv.DictReader(text.decode().removeprefix("# ").splitlines())
        return {row["svname"]: row for row in rows if row["pxname"] == PROXY}


@dataclass
class Watcher:
    """Looks at the admin socket all the time: the truth about what HAProxy held of its servers, and when."""

    haproxy: HAProxy
    turns: list[Turn] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _words: dict[str, tuple[str, int]] = field(default_factory=dict)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._look()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join(10)
        assert not self._thread.is_alive()

    def is_seen(self, name: str, word: str, timeout_s: float = 5.0) -> None:
        """Return when a server (or ``BACKEND``) is in a state."""
        deadline = time.monotonic() + timeout_s
        while self._words[name][0] != word:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is {self._words[name][0]} and not {word}")
            time.sleep(0.005)

    def _go_on(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        began_us = now_us()
        found = {name: row["status"].split()[0] for name, row in self.haproxy.stat().items()}
        ended_us = now_us()
        for name, word in found.items():  # "UP 1/2" is UP: the next check may take it down
            before, seen_us = self._words.get(name, (word, began_us))
            if before != word:
                self.turns.append(Turn(name, before, word, seen_us, ended_us))
            self._words[name] = word, began_us
