"""Real retrying libraries of Python, made to retry by a dependency that refuses, and what truly happened meanwhile."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

import backoff
import botocore.session  # type: ignore[import-untyped]
import openai
import stamina
import stamina.instrumentation
import structlog
import tenacity
import urllib3
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from urllib3.util.retry import Retry

from tests.real.processes import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
MOST_ATTEMPTS = 3
LASTING = 99
"""More refusals than any library has patience for."""

GAVE_UP = (
    ConnectionRefusedError,
    tenacity.RetryError,
    urllib3.exceptions.MaxRetryError,
    ClientError,
    openai.InternalServerError,
)


@dataclass(frozen=True)
class Failure:
    """An attempt that truly failed: when, when the next one began or the call was over, its number, and if the last."""

    at_us: int
    until_us: int
    number: int
    last: bool


@dataclass
class Dependency:
    """Refuses so many times, then answers; keeps when each attempt began and failed."""

    refusals: int = 0
    begun_us: list[int] = field(default_factory=list)
    failed_us: list[int] = field(default_factory=list)

    def refuses(self) -> bool:
        """Take one attempt, and return whether it is refused."""
        self.begun_us.append(now_us())
        if not self.refusals:
            return False
        self.refusals -= 1
        self.failed_us.append(now_us())
        return True

    def __call__(self) -> str:
        """Answer or refuse, within the process."""
        if self.refuses():
            raise ConnectionRefusedError("payments refused")
        return "paid"

    def failures_of(self, call: Callable[[], object], refusals: int) -> list[Failure]:
        """Make one call while so many attempts are refused, and return the attempts that failed."""
        self.refusals, self.begun_us, self.failed_us = refusals, [], []
        gave_up = False
        try:
            call()
        except GAVE_UP:
            gave_up = True
        until_us = [*self.begun_us[1:], now_us()]
        return [
            Failure(at_us, until_us[index], index + 1, last=gave_up and index == len(self.failed_us) - 1)
            for index, at_us in enumerate(self.failed_us)
        ]


@contextmanager
def server(dependency: Dependency) -> Iterator[str]:
    """Serve the dependency over HTTP: 503 where it refuses. Yield its address; ``/moved`` leads to ``/pay``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.startswith("/moved"):
                self._answer(302, b"", {"Location": "/pay"})
            elif dependency.refuses():
                self._answer(503, b"{}", {"retry-after-ms": "20"})
            else:
                self._answer(200, b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[]}', {})

        do_POST = do_GET  # noqa: N815 the name the base class looks for

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class JsonFormatter(logging.Formatter):
    """One object per line with the fields a program gave beside its message, as the usual JSON formatters write it."""

    USUAL = frozenset(vars(logging.makeLogRecord({})))

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        more = {name: value for name, value in vars(record).items() if name not in self.USUAL}
        usual = {"timestamp": record.created, "level": record.levelname, "logger": record.name}
        return json.dumps({**usual, "message": record.getMessage(), **more}, default=str)


@contextmanager
def logged(name: str, folder: Path) -> Iterator[logging.Logger]:
    """Write all that a logger says into ``app.log`` as text and into ``app.jsonl`` as JSON."""
    logger = logging.getLogger(name)
    before = logger.level, logger.propagate
    handlers = []
    for file, formatter in (("app.log", logging.Formatter(TEXT)), ("app.jsonl", JsonFormatter())):
        formatter.converter = time.gmtime
        handler = logging.FileHandler(folder / file)
        handler.setFormatter(formatter)
        logger.addHandler(handler)
        handlers.append(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield logger
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.level, logger.propagate = before


class Retrier(Protocol):
    """A call that one library retries. ``tells_last``: the last failure of a call that gives up has a line too."""

    profile: str
    logger: str
    operation: str
    tells_last: bool
    numbered: bool
    waits: bool

    def __init__(self, dependency: Dependency, url: str, logger: logging.Logger) -> None:
        """Make the call; it goes to the dependency itself, or to the URL that serves it."""

    def call(self) -> object:
        """Make the call with all its retries."""


class Tenacity:
    """tenacity with before_sleep_log and after_log, as a careful program has it."""

    profile, logger = "tenacity", "shop.tenacity"
    operation = f"{__name__}.Tenacity.__init__.<locals>.payments"
    tells_last, numbered, waits = False, False, True

    def __init__(self, dependency: Dependency, url: str, logger: logging.Logger) -> None:
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(MOST_ATTEMPTS),
            wait=tenacity.wait_fixed(0.03),
            before_sleep=tenacity.before_sleep_log(logger, logging.WARNING),
            after=tenacity.after_log(logger, logging.INFO),
        )

        def payments() -> str:
            return dependency()

        self._payments = payments

    def call(self) -> object:
        return self._retrying(self._payments)


class TenacityAfterLog(Tenacity):
    """The same lines, read by after_log's."""

    profile = "tenacity-after-log"
    tells_last, numbered, waits = True, True, False


class Backoff:
    """backoff with its own logger."""

    profile, logger, operation = "backoff", "backoff", "payments"
    tells_last, numbered, waits = True, False, True

    def __init__(self, dependency: Dependency, url: str, logger: logging.Logger) -> None:
        @backoff.on_exception(
            backoff.constant, ConnectionRefusedError, max_tries=MOST_ATTEMPTS, interval=0.1, jitter=None
        )
        def payments() -> str:
            return dependency()

        self._payments = payments

    def call(self) -> object:
        return self._payments()


class Stamina:
    """stamina with its hook for the standard logging."""

    profile, logger = "stamina", "stamina"
    operation = f"{__name__}.Stamina.__init__.<locals>.payments"
    tells_last, numbered, waits = False, True, True
    hooks: tuple[Any, ...] = (stamina.instrumentation.LoggingOnRetryHook,)

    def __init__(self, dependency: Dependency, url: str, logger: logging.Logger) -> None:
        @stamina.retry(on=ConnectionRefusedError, attempts=MOST_ATTEMPTS, wait_initial=0.03, wait_jitter=0)
        def payments() -> str:
            return dependency()

        self._payments = payments

    def call(self) -> object:
        stamina.instrumentation.set_on_retry_hooks(self.hooks)
        try:
            return self._payments()
        finally:
            stamina.instrumentation.set_on_retry_hooks(None)


class Urllib3:
    """urllib3, on whose retries requests relies."""

    profile, logger, operation = "urllib3-requests", "urllib3", "/pay"
    tells_last, numbered, waits = False, False, False

    def __init__(self, dependency: Dependency, url: str, logger: logging.Logger) -> None:
        self._url = url
        self._retry = Retry(MOST_ATTEMPTS - 1, status_forcelist=[503], backoff_factor=0.01, redirect=3)

    def call(self) -> object:
        with urllib3.PoolManager() as pool:
            return pool.request("GET", f"{self._url}/pay?token=s3cret", retries=self._retry)


class Botocore:
    """botocore in its standard mode."""

    profile, logger, operation = "botocore", "botocore", ""
    tells_last, numbered, waits = True, False, True
    mode, retries = "standard", MOST_ATTEMPTS - 1

    def __init__(self, dependency: Dependency, url: str, logger: logging.Logger) -> None:
        session = botocore.session.Session()
        session.set_credentials("key", "secret")
        config = Config(retries={"mode": self.mode, "max_attempts": self.retries})
        self._client = session.create_client("sqs", region_name="eu-west-1", endpoint_url=url, config=config)

    def call(self) -> object:
        return self._client.list_queues()


class BotocoreLegacy(Botocore):
    """botocore in the mode it has by itself, whose waits are up to a second."""

    tells_last = False
    mode, retries = "legacy", 1


class Openai:
    """The SDK of OpenAI."""

    profile, logger, operation = "openai-python-sdk", "openai", ""
    tells_last, numbered, waits = False, True, True

    def __init__(self, dependency: Dependency, url: str, logger: logging.Logger) -> None:
        self._client = openai.OpenAI(api_key="none", base_url=url, max_retries=MOST_ATTEMPTS - 1)

    def call(self) -> object:
        return self._client.chat.completions.create(model="m", messages=[{"role": "user", "content": "pay"}])


RETRIERS: tuple[type[Retrier], ...] = (
    Tenacity,
    TenacityAfterLog,
    Backoff,
    Stamina,
    Urllib3,
    Botocore,
    BotocoreLegacy,
    Openai,
)


@contextmanager
def structlogged(file: TextIO, renderer: Any) -> Iterator[None]:
    """Let structlog write to a file."""
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso"), renderer],
        logger_factory=structlog.WriteLoggerFactory(file),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.reset_defaults()
