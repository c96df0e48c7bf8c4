from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from breakwatch.config import PrometheusSource
from breakwatch.errors import ConfigError, SourceError
from collectors.prometheus_api import PrometheusApi
from collectors.remote_read import STREAMED
from tests.collectors.chunks import bits_of, chunk, frame, message

NAMES = b'{"status":"success","data":["up"]}'
FRAMES = frame(message({"__name__": "up"}, [chunk([(1000, bits_of(1.0))])]))


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own, with certificates for a server and a client; and one that nobody knows."""

    folder: Path

    def file(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make certificates."""
    folder = tmp_path_factory.mktemp("tls")
    for issuer, subjects in (("ca", ("server", "client")), ("stranger-ca", ("stranger",))):
        _openssl(folder, "req", "-x509", "-subj", f"/CN={issuer}", "-keyout", f"{issuer}.key", "-out", f"{issuer}.pem")
        for subject in subjects:
            _openssl(
                folder,
                *("req", "-x509", "-subj", f"/CN={subject}", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-addext", "basicConstraints=critical,CA:FALSE"),
                *("-keyout", f"{subject}.key", "-out", f"{subject}.pem"),
            )
    both = (folder / "client.pem").read_text() + (folder / "client.key").read_text()
    (folder / "client-both.pem").write_text(both)
    return Authority(folder)


def _openssl(folder: Path, *words: str) -> None:
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    subprocess.run(["openssl", *words, *new_key], cwd=folder, check=True, capture_output=True)


@contextmanager
def tls_server(authority: Authority, *, asks_for_clients: bool) -> Iterator[tuple[str, list[BaseHTTPRequestHandler]]]:
    """Serve names and frames over TLS; yields the URL and the requests seen."""
    seen: list[BaseHTTPRequestHandler] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self)
            body, kind = (FRAMES, STREAMED) if self.path == "/api/v1/read" else (NAMES, "application/json")
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.file("server.pem"), authority.file("server.key"))
    if asks_for_clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.file("ca.pem"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a refused handshake is what is asked for
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def api(url: str, **more: object) -> PrometheusApi:
    """Return the API of a server."""
    return PrometheusApi(PrometheusSource.model_validate({"name": "p", "url": url, "timeout": 5, **more}))


def answers(server: PrometheusApi) -> bool:
    """Ask both ways."""
    assert server.metric_names() == ["up"]
    packed, _ = server.packed(["up"], 0, 10_000_000)
    server.close()
    return len(packed.labels) == 1


def test_an_own_authority_vouches_for_the_server(authority: Authority) -> None:
    """With ca_file a server with a certificate of one's own is read, queries and remote read; without, refused."""
    with tls_server(authority, asks_for_clients=False) as (url, seen):
        assert answers(api(url, ca_file=authority.file("ca.pem")))
        for wrong in ({}, {"ca_file": authority.file("stranger-ca.pem")}):
            with pytest.raises(SourceError, match="TLS") as failed:
                api(url, **wrong).metric_names()
            assert not failed.value.retryable
    assert len(seen) == 2


@pytest.mark.parametrize("files", [("client.pem", "client.key"), ("client-both.pem", None)], ids=["two", "one file"])
def test_a_client_certificate_is_shown(authority: Authority, files: tuple[str, str | None]) -> None:
    """A server that wants to know who asks is read with cert_file and key_file, or with both in one file."""
    cert, key = files
    who = {"cert_file": authority.file(cert)} | ({"key_file": authority.file(key)} if key else {})
    with tls_server(authority, asks_for_clients=True) as (url, _):
        assert answers(api(url, ca_file=authority.file("ca.pem"), **who))


def test_without_a_good_certificate_the_server_refuses(authority: Authority) -> None:
    """Without a certificate, and with one of an authority the server does not know, nothing is read."""
    stranger = {"cert_file": authority.file("stranger.pem"), "key_file": authority.file("stranger.key")}
    with tls_server(authority, asks_for_clients=True) as (url, seen):
        for who in ({}, stranger):
            with pytest.raises(SourceError):
                api(url, ca_file=authority.file("ca.pem"), **who).metric_names()
    assert not seen


def test_a_certificate_that_is_not_there_is_named(authority: Authority, tmp_path: Path) -> None:
    """A missing file is a ConfigError that names it, not a trace of the TLS library."""
    with pytest.raises(ConfigError, match=r"gone\.pem"):
        api("https://127.0.0.1:1", cert_file=tmp_path / "gone.pem").metric_names()
    with pytest.raises(ValidationError, match="key_file is only for a cert_file"):
        api("https://127.0.0.1:1", key_file=authority.file("client.key"))


def test_headers_come_from_files_and_rotate(authority: Authority, tmp_path: Path) -> None:
    """A header's value in a file is read at each use, for queries and remote read; a token and a tenant go along."""
    tenant, token = tmp_path / "tenant", tmp_path / "token"
    tenant.write_text("team-a\n")
    token.write_text("secret")
    more = {"header_files": {"X-Scope-OrgID": tenant}, "bearer_token_file": token}
    with tls_server(authority, asks_for_clients=False) as (url, seen):
        server = api(url, ca_file=authority.file("ca.pem"), **more)
        assert answers(server)
        tenant.write_text("team-b")
        assert answers(server)
    assert [one.headers["X-Scope-OrgID"] for one in seen] == ["team-a", "team-a", "team-b", "team-b"]
    assert {one.headers["Authorization"] for one in seen} == {"Bearer secret"}
