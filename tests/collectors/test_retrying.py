from __future__ import annotations

import socket
from datetime import datetime

import pytest

from breakwatch.clock import to_us
from breakwatch.config import PrometheusSource
from breakwatch.errors import SourceError
from collectors.prometheus_api import PrometheusApi, retry_after_s
from tests.collectors.servers import answering, serving


def asked(url: str, timeout_s: float = 5.0) -> list[SourceError]:
    """Return what a small query by the client library and a large one of our own fail with."""
    api = PrometheusApi(PrometheusSource.model_validate({"name": "p", "url": url, "timeout": timeout_s}))
    problems = []
    for question in (api.metric_names, lambda: api.series(["up"], 0, 10)):
        with pytest.raises(SourceError) as failed:
            question()
        problems.append(failed.value)
    return problems


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_worth_asking_again(status: int) -> None:
    """What passes by itself is retryable, and the server's own wish how long to wait is handed on."""
    with serving(answering(status, b"busy", Retry_After="17")) as (url, _):
        assert [(one.retryable, one.retry_after_s) for one in asked(url)] == [(True, 17.0)] * 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_worth_asking_again(status: int) -> None:
    """What somebody has to mend first is not retryable."""
    with serving(answering(status, b'{"status":"error","error":"no"}')) as (url, _):
        assert [(one.retryable, one.retry_after_s) for one in asked(url)] == [(False, None)] * 2


def test_redirects_are_not_worth_asking_again() -> None:
    """A redirect is a wrong url in the configuration."""
    with serving(answering(302, b"", Location="http://127.0.0.1:1/")) as (url, _):
        assert [one.retryable for one in asked(url)] == [False, False]


def test_silence_and_garbage_are_worth_asking_again() -> None:
    """A timeout, a refused connection, and a page of something else in front of the server pass by themselves."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert [one.retryable for one in asked(address, 0.3)] == [True, True]
    assert [one.retryable for one in asked(address)] == [True, True]
    with serving(answering(200, b"<html>", "text/html")) as (url, _):
        assert [one.retryable for one in asked(url)] == [True, True]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("inf", None),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float | None) -> None:
    """Both forms of the header are read, seconds and a date; what is neither says nothing."""
    assert retry_after_s(header, to_us(datetime.fromisoformat("2026-11-20T12:00:00+00:00"))) == seconds
