"""A session that cannot be held up, flooded or led astray: limits of time and size, no redirects, no link-local hosts.

A socket's own timeout bounds each wait for bytes, not the whole: a server that sends one byte a second holds a
reader for hours, and built-in retries multiply what was meant as a limit. Here the connection is cut when the time is
over, and as soon as an answer is larger than any that was asked for.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.retry import Retry

T = TypeVar("T")

# Addresses where clouds answer with credentials, beyond the link-local ranges.
METADATA_ADDRESSES = frozenset({ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")})


MAX_ANSWER_BYTES = 256 << 20
"""Unpacked. The largest answer asked for on purpose: 15 minutes of 10,000 series scraped every second, some 200 MB."""

_PIECE_BYTES = 64 << 10


class AnswerTooLargeError(requests.RequestException):
    """An answer is larger than what could be meant."""


class ForbiddenAddressError(OSError):
    """The host's address is one no source lives at."""


class OutOfTimeError(OSError):
    """The time for the request is over."""


class Deadline:
    """The time limit of the request that is under way; cuts its connection when it is over."""

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self.passed = False
        self._expires = 0.0
        self._timer: threading.Timer | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.passed = False
        self._expires = time.monotonic() + self.total_s
        self._timer = threading.Timer(self.total_s, self._cut)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._socket = None

    def left_s(self) -> float:
        """Return the seconds left; OutOfTimeError when there are none."""
        left = self._expires - time.monotonic()
        if self.passed or left <= 0:
            self.passed = True
            raise OutOfTimeError(f"no answer within {self.total_s:g} s")
        return left

    def watch(self, connected: socket.socket | None) -> None:
        """Cut this socket when the time is over."""
        with self._lock:
            self._socket = connected

    def _cut(self) -> None:
        self.passed = True
        with self._lock:
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # it was closed already, which is what we want


class _Bounded:
    """What both kinds of connection have in common."""

    deadline: ClassVar[Deadline]
    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        host: str = self._dns_host  # type: ignore[attr-defined]
        addresses = _resolved(host, self.port)  # type: ignore[attr-defined]
        for address in addresses:
            refuse_link_local(address)
        # Each address is tried in turn: together they may take what is left.
        self.timeout = self.deadline.left_s() / max(len(addresses), 1)
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        refuse_link_local(made.getpeername()[0])
        self.deadline.watch(made)
        return made

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they come
        left_s = self.deadline.left_s()
        if self.sock is not None:
            self.sock.settimeout(left_s)
            self.deadline.watch(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]
        self.deadline.watch(self.sock)


def _resolved(host: str, port: int) -> list[str]:
    return sorted({str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})


def refuse_link_local(address: str) -> None:
    """Raise ForbiddenAddressError for an address that leads to the machine's neighbourhood or its cloud's secrets."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    plain = mapped if mapped is not None else parsed
    if plain.is_link_local or plain.is_unspecified or plain.is_multicast or plain in METADATA_ADDRESSES:
        raise ForbiddenAddressError(f"{address} is no address of a source (link-local, metadata or none)")


class _Adapter(HTTPAdapter):
    """Makes connections that know the session's deadline; tries once more when a connection was lost."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        again = Retry(total=1, connect=1, read=1, redirect=0, status=0, allowed_methods=None, raise_on_status=False)
        super().__init__(max_retries=again)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*args, **kwargs)
        shared = {"deadline": self._deadline}
        http = type("BoundedConnection", (_Bounded, HTTPConnection), shared)
        https = type("BoundedTlsConnection", (_Bounded, HTTPSConnection), shared)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("BoundedPool", (HTTPConnectionPool,), {"ConnectionCls": http}),
            "https": type("BoundedTlsPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
        }


class BoundedSession(requests.Session):
    """A session whose every request ends within ``total_s`` and MAX_ANSWER_BYTES, and leads nowhere else.

    The environment (proxies, netrc) is left alone: where credentials go is said in the configuration or not at all.

    Attributes:
        answer: the last answer, for what a client library does not tell of it.
        sent: how many requests were made.
        received_bytes: of all answers, as they came over the wire.
    """

    answer: requests.Response
    sent: int = 0
    received_bytes: int = 0

    def __init__(self, total_s: float) -> None:
        super().__init__()
        self.trust_env = False
        self.deadline = Deadline(total_s)
        self._adapter = _Adapter(self.deadline)

    def get_adapter(self, url: str | bytes) -> HTTPAdapter:
        """Return the one adapter, whatever others were mounted; InvalidSchema for all but http and https."""
        text = url.decode() if isinstance(url, bytes) else url
        if not text.lower().startswith(("http://", "https://")):
            raise requests.exceptions.InvalidSchema(f"only http and https are spoken, not {text.partition(':')[0]}")
        return self._adapter

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        """Send a request and read the whole answer.

        Raises:
            requests.Timeout: the time is over.
            AnswerTooLargeError: the answer is larger than MAX_ANSWER_BYTES, unpacked.
        """
        with self._limited():
            response = self._send(method, url, *args, **kwargs)
            self._read(response)
            self.received_bytes += response.raw.tell()
            return response

    def streamed(
        self, url: str, body: bytes, headers: Mapping[str, str], consume: Callable[[requests.Response], T]
    ) -> T:
        """Post a request and return what ``consume`` makes of the answer while it arrives; see ``pieces``.

        Raises:
            requests.Timeout: the time is over; it counts until ``consume`` is done.
            AnswerTooLargeError: the answer is larger than MAX_ANSWER_BYTES, unpacked.
        """
        with self._limited():
            response = self._send("POST", url, data=body, headers=dict(headers))
            try:
                return consume(response)
            finally:
                self.received_bytes += response.raw.tell()
                response.close()

    def _send(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        self.sent += 1
        kwargs |= {"allow_redirects": False, "timeout": self.deadline.total_s, "stream": True}
        self.answer = super().request(method, url, *args, **kwargs)
        return self.answer

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """Let what is done take no longer than the limit."""
        with self.deadline:
            try:
                yield
            except (requests.RequestException, ValueError) as error:  # what was cut cannot be read either
                if self.deadline.passed:
                    raise requests.Timeout(f"no answer within {self.deadline.total_s:g} s") from error
                raise
            # An answer that was cut may look whole: where headers end with the connection, so does the body.
            if self.deadline.passed:
                raise requests.Timeout(f"no answer within {self.deadline.total_s:g} s")

    @staticmethod
    def _read(response: requests.Response) -> None:
        """Read the body as far as it may go; what a server never ends would otherwise end in our memory."""
        body = bytearray()
        for piece in pieces(response):
            body += piece
        response._content = bytes(body)  # noqa: SLF001 - where requests itself keeps what it has read


def pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield an answer's body as it arrives; AnswerTooLargeError where it goes on for longer than was ever meant."""
    size = 0
    for piece in response.iter_content(_PIECE_BYTES):
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            response.close()
            raise AnswerTooLargeError(f"an answer of more than {MAX_ANSWER_BYTES >> 20} MiB")
        yield piece
