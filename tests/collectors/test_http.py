from __future__ import annotations

import contextlib
import socket
import time
import tracemalloc
import zlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from breakwatch.config import BasicAuth, PrometheusSource
from breakwatch.errors import SourceError
from collectors import http
from collectors.http import BoundedSession, ForbiddenAddressError, refuse_link_local
from collectors.prometheus_api import PrometheusApi
from tests.collectors.servers import Answer, answering, dripping, serving

NAMES = b'{"status":"success","data":["up"]}'


def api(url: str, timeout_s: float = 5.0, **more: object) -> PrometheusApi:
    """Return the API of a server with little patience."""
    return PrometheusApi(PrometheusSource.model_validate({"name": "p", "url": url, "timeout_s": timeout_s, **more}))


@pytest.mark.parametrize(
    "first",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-", b""],
    ids=["body", "headers", "status line"],
)
def test_a_dripping_server_is_cut_off(first: bytes) -> None:
    """A server that sends a byte now and then holds us no longer than the limit, retries included."""
    with dripping(first, every_s=0.05) as url:
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"did not answer within 1 s"):
            api(url, timeout_s=1.0).metric_names()
        assert time.monotonic() - began < 1.9  # a retry with a time of its own would make it 2


def test_a_silent_server_is_cut_off() -> None:
    """A server that takes the connection and says nothing is a SourceError within the limit."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(SourceError, match="did not answer within"):
            api(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=1.0).metric_names()
        assert time.monotonic() - began < 1.9  # a retry with a time of its own would make it 2


def test_one_slow_answer_does_not_spoil_the_next() -> None:
    """After a request that was cut off the session works on."""
    slow = [True]

    def answer(request: object) -> None:
        if slow.pop() if slow else False:
            time.sleep(1.6)
        answering(200, NAMES)(request)  # type: ignore[arg-type]

    with serving(answer) as (url, _):
        server = api(url, timeout_s=0.8)
        with pytest.raises(SourceError):
            server.metric_names()
        assert server.metric_names() == ["up"]


def test_redirects_are_not_followed() -> None:
    """A redirect is refused with where it leads, and nobody is asked there."""
    with serving(answering(200, NAMES)) as (elsewhere, asked):
        redirect = answering(302, b"", Location=f"{elsewhere}/api/v1/query")
        with serving(redirect) as (url, _), pytest.raises(SourceError) as caught:
            api(url).series(["up"], 0, 10**6)
        assert asked == []
    assert elsewhere in caught.value.problem


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "100.100.100.200",
    ],
)
def test_link_local_is_refused(address: str) -> None:
    """Addresses at which clouds hand out credentials are refused in every spelling."""
    with pytest.raises(ForbiddenAddressError):
        refuse_link_local(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "2001:db8::1", "192.168.1.1"])
def test_ordinary_addresses_are_not_refused(address: str) -> None:
    """Private networks and the own machine are where a Prometheus lives."""
    refuse_link_local(address)


def test_link_local_names_are_refused_before_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to a link-local address is refused without a packet sent."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *more: object, **named: object) -> object:
        if host == "metadata.test":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]
        return real(host, port, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))
    with pytest.raises(SourceError, match="link-local"):
        api("http://metadata.test").metric_names()


def test_only_http_is_spoken() -> None:
    """Other schemes are refused by the session itself."""
    with pytest.raises(requests.exceptions.InvalidSchema):
        BoundedSession(1.0).get("ftp://127.0.0.1/")


def test_the_environment_does_not_add_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor a netrc of the environment is used."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login planted password planted\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(answering(200, NAMES)) as (url, seen):
        assert api(url).metric_names() == ["up"]
    assert "Authorization" not in seen[0].headers


def test_credentials_and_headers_are_sent_and_rotate(tmp_path: Path) -> None:
    """The bearer token is read anew for each request, headers and basic auth go with it."""
    token = tmp_path / "token"
    token.write_text("one\n")
    with serving(answering(200, NAMES)) as (url, seen):
        server = api(url, bearer_token_file=token, headers={"X-Scope-OrgID": "team-a"})
        server.metric_names()
        token.write_text("two")
        server.metric_names()
        api(url, basic_auth=BasicAuth.model_validate({"username": "u", "password": "p"})).metric_names()
    assert [one.headers["Authorization"] for one in seen] == ["Bearer one", "Bearer two", "Basic dTpw"]
    assert seen[0].headers["X-Scope-OrgID"] == "team-a"


ERROR = b'{"status":"error","errorType":"x","error":"told you so"}'


@pytest.mark.parametrize(
    ("status", "body", "kind", "problem", "remedy"),
    [
        (401, b"", "text/plain", "answers 401", "bearer_token_file"),
        (403, b"<html>", "text/html", "answers 403", "read access"),
        (404, b"<html>", "text/html", "answers 404", "path in the URL"),
        (429, b"", "text/plain", "answers 429", "less often"),
        (500, b"oops", "text/plain", "answers 500", "its log"),
        (503, ERROR, "application/json", "answers 503: told you so", "its log"),
        (400, ERROR, "application/json", "answers 400: told you so", "Prometheus"),
        (422, ERROR, "application/json", "answers 422: told you so", "fewer profiles"),
        (200, b"<html>hello</html>", "text/html", "not with JSON", "that of a Prometheus"),
        (200, b'{"name":"x"}', "application/json", "not Prometheus'", "that of a Prometheus"),
        (200, b"[1]", "application/json", "not Prometheus'", "that of a Prometheus"),
        (200, b'{"status":"success"}', "application/json", "not Prometheus'", "that of a Prometheus"),
        (
            200,
            b'{"status":"success","data":{"resultType":"scalar","result":[]}}',
            "application/json",
            "not Prom",
            "that",
        ),
    ],
)
@pytest.mark.parametrize("call", ["names", "samples"])
def test_answers_that_are_no_help(  # noqa: PLR0917 - a table
    call: str, status: int, body: bytes, kind: str, problem: str, remedy: str
) -> None:
    """Whatever a server answers instead, the error names the URL, what it said, and what to do."""
    with serving(answering(status, body, kind)) as (url, _):
        server = api(url)
        ask = server.metric_names if call == "names" else lambda: server.samples(["up"], 0, 10**7)
        with pytest.raises(SourceError) as caught:
            ask()
    assert url in caught.value.problem
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_an_unreachable_server_is_named() -> None:
    """A refused connection is a SourceError with the URL and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceError, match="refused") as caught:
        api(url).metric_names()
    assert url in caught.value.problem


def endless(kind: str) -> Answer:
    """Return an answer that never ends: plain, or packed so that a little becomes a lot."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"x" * (1 << 16)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if kind == "packed":
            request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        with contextlib.suppress(OSError):  # the client hung up: what this is about
            while True:
                request.wfile.write(piece if kind == "plain" else packer.compress(piece))

    return answer


@pytest.mark.parametrize("kind", ["plain", "packed"])
def test_an_endless_answer_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """An answer beyond the limit is cut off there, packed or not, and told with what to do about it."""
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 8 << 20)
    with serving(endless(kind)) as (url, _):
        tracemalloc.start()
        try:
            with pytest.raises(SourceError, match="more than 8 MiB") as caught:
                api(url, timeout_s=30.0).metric_names()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert "max_series" in caught.value.remedy
    assert peak < 64 << 20
