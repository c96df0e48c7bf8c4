"""A real program with real breakers: calls a dependency that is made to fail on command, and serves its metrics.

Run as a process of its own. Commands come in as JSON lines on stdin: ``{"breaker": name, "failing": true}``.
It writes what truly happened to its own truth file: for each transition the instants right before and right after the
shipped listener was told, taken by two listeners of this file that know nothing of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pybreaker
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from breakwatch.listeners.pybreaker import BreakwatchListener

RESET_TIMEOUTS_S = {"swift": 0.15, "short": 0.3, "middle": 1.0, "long": 2.0}
CALL_EVERY_S = 0.02


class DependencyDownError(Exception):
    """The dependency does not answer."""


class Truth:
    """The truth file: one JSON object per line, complete at every instant, so that a kill loses nothing."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, **record: object) -> None:
        """Append one record."""
        os.write(self._file, json.dumps(record).encode() + b"\n")


class Before(pybreaker.CircuitBreakerListener):
    """Takes the time right before the shipped listener is told."""

    at_us = 0

    def state_change(self, cb: object, old_state: object, new_state: object) -> None:
        """Take the time."""
        self.at_us = time.time_ns() // 1000


class After(pybreaker.CircuitBreakerListener):
    """Takes the time right after the shipped listener was told, and writes the truth down."""

    def __init__(self, before: Before, truth: Truth) -> None:
        self._before = before
        self._truth = truth

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        """Write down what changed, and between which instants."""
        self._truth.write(
            event="transition",
            breaker=cb.name,
            from_state=old_state.name.replace("-", "_") if old_state else "",
            to_state=new_state.name.replace("-", "_"),
            before_us=self._before.at_us,
            after_us=time.time_ns() // 1000,
        )


def metrics_handler(late_s: float) -> type[BaseHTTPRequestHandler]:
    """Return a handler that serves the metrics; late, it sleeps first and reads the values then."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(late_s)
            body = generate_latest()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def call_for_ever(breaker: pybreaker.CircuitBreaker, failing: threading.Event) -> None:
    """Use a breaker as a busy program would."""

    def dependency() -> None:
        if failing.is_set():
            raise DependencyDownError

    while True:
        try:
            breaker.call(dependency)
        except (DependencyDownError, pybreaker.CircuitBreakerError):
            time.sleep(0)
        time.sleep(CALL_EVERY_S)


def main() -> None:
    """Run until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--late-s", type=float, default=0.0)
    options = parser.parse_args()
    truth = Truth(options.truth)
    listener = BreakwatchListener(log_file=options.log, service=options.service, instance=f"127.0.0.1:{options.port}")
    failing = {name: threading.Event() for name in RESET_TIMEOUTS_S}
    for name, reset_timeout_s in RESET_TIMEOUTS_S.items():
        breaker = pybreaker.CircuitBreaker(fail_max=2, reset_timeout=reset_timeout_s, name=name)
        before = Before()
        breaker.add_listener(before)
        listener.watch(breaker)
        breaker.add_listener(After(before, truth))
        threading.Thread(target=call_for_ever, args=(breaker, failing[name]), daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), metrics_handler(options.late_s))
    server.daemon_threads = True
    truth.write(event="started", at_us=time.time_ns() // 1000)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        command = json.loads(line)
        (failing[command["breaker"]].set if command["failing"] else failing[command["breaker"]].clear)()


if __name__ == "__main__":
    main()
