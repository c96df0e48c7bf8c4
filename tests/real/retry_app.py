"""A real program whose calls are retried by stamina and by tenacity, each attempt written down as it truly was.

Run as a process of its own. It serves what stamina counts and logs as programs do: stamina as JSON lines, tenacity as
text. It makes the calls it is told to on stdin, ``[[operation, failures], ...]``, and answers each such line on stdout
when they are over. A call fails so many times and then succeeds, unless its library gives up before.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import stamina
import tenacity
from prometheus_client import start_http_server
from stamina.instrumentation import LoggingOnRetryHook, PrometheusOnRetryHook, set_on_retry_hooks

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS = 4
FIRST_WAIT_S = 0.05


class DependencyDownError(Exception):
    """The dependency does not answer."""


class Dependency:
    """Fails as often as it is told, and writes down each attempt."""

    def __init__(self, truth: Path) -> None:
        self._truth = truth.open("a", buffering=1)
        self._call = 0
        self._attempt = 0
        self._left = 0

    def fail_next(self, times: int) -> None:
        """Begin a new call: its first attempts fail so many times."""
        self._call += 1
        self._attempt, self._left = 0, times

    def ask(self, operation: str) -> str:
        """Answer or fail."""
        self._attempt += 1
        self._left -= 1
        failed = self._left >= 0
        record = {"operation": operation, "call": self._call, "attempt": self._attempt, "failed": failed}
        self._truth.write(json.dumps(record | {"at_us": time.time_ns() // 1000}) + "\n")
        if failed:
            raise DependencyDownError("no answer")
        return "answer"


class JsonFormatter(logging.Formatter):
    """One JSON object per line, with the fields that a library adds."""

    _USUAL = frozenset(vars(logging.makeLogRecord({})))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        more = {name: value for name, value in vars(record).items() if name not in self._USUAL}
        ts = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"ts": ts, "level": record.levelname, "message": record.getMessage(), **more}, default=str)


def text_handler(path: Path) -> logging.Handler:
    """Return a handler that writes text lines, each beginning with its time in UTC."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.FileHandler(path)
    handler.setFormatter(formatter)
    return handler


def main() -> None:
    """Run until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    for name in ("truth", "json-log", "text-log"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    json_handler = logging.FileHandler(options.json_log)
    json_handler.setFormatter(JsonFormatter())
    logging.getLogger("stamina").addHandler(json_handler)
    log = logging.getLogger("shop")
    log.addHandler(text_handler(options.text_log))
    set_on_retry_hooks([PrometheusOnRetryHook, LoggingOnRetryHook])
    dependency = Dependency(options.truth)

    @stamina.retry(on=DependencyDownError, attempts=ATTEMPTS, wait_initial=FIRST_WAIT_S, wait_jitter=0)
    def charge() -> str:
        return dependency.ask("charge")

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(DependencyDownError),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_S),
        before_sleep=tenacity.before_sleep_log(log, logging.WARNING),
    )
    def fetch() -> str:
        return dependency.ask("fetch")

    start_http_server(options.port, "127.0.0.1")
    operations: dict[str, Callable[[], str]] = {"charge": charge, "fetch": fetch}
    for line in sys.stdin:
        for operation, failures in json.loads(line):
            dependency.fail_next(failures)
            try:
                operations[operation]()
            except (DependencyDownError, tenacity.RetryError):
                time.sleep(0)
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
