"""A real VictoriaMetrics, which has no remote read: everything is read by queries, and comes to the same."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import DAY_US, MINUTE_US, fixed_clock
from breakwatch.config import Config, PrometheusSource
from breakwatch.model import Batch, Track, Window
from collectors import fetching
from collectors.claims import series_text
from collectors.prometheus import PrometheusCollector
from collectors.prometheus_api import NotSpokenError, PrometheusApi
from tests.collectors.test_windows import collector_of, history, span
from tests.collectors.union import Run, united
from tests.real.processes import free_port, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.fakes import FakeApi


@contextmanager
def victoria_metrics(folder: Path) -> Iterator[str]:
    """Run a server that keeps everything; yields its address."""
    port = free_port()
    command = [
        "victoria-metrics",
        f"-storageDataPath={folder / 'vm'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
    ]
    with (folder / "vm.log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def in_milliseconds(api: FakeApi) -> FakeApi:
    """Return a history with stamps as servers keep them."""
    api.series_samples = [
        (labels, [(stamp // 1000 * 1000, value) for stamp, value in rows]) for labels, rows in api.series_samples
    ]
    return api


def fill(url: str, api: FakeApi) -> None:
    """Put a history into a server."""
    lines = [
        f"{series_text(labels)} {value!r} {stamp // 1000}"
        for labels, rows in api.series_samples
        for stamp, value in rows
    ]
    body = "\n".join(lines).encode()
    for path, data in (("/api/v1/import/prometheus", body), ("/internal/force_flush", None)):
        with urllib.request.urlopen(url + path, data, timeout=20) as answer:  # noqa: S310 loopback only
            assert answer.status in {200, 204}


def collected(url: str, cuts: list[int], *, whole: bool) -> dict[Track, list[Run]]:
    """Return what collecting the windows between cuts comes to."""
    source = PrometheusSource(name="p", url=url)
    collector = PrometheusCollector(source, Config(), fixed_clock(cuts[-1] + DAY_US))
    collector._calm._refused = whole
    batches: list[Batch] = []
    for start, end in pairwise(cuts):
        batches += collector.collect(Window(start, end), {})
    assert collector._fetcher.streams is False
    assert collector._calm._refused is whole, "the server could answer what was asked"
    return united(batches)


def test_a_server_without_remote_read_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of any length, read as a whole, in chunks, or by what changed, come to what is in the server."""
    api = in_milliseconds(history(3))
    first, last = span(api)
    api.now_us = last + DAY_US
    expected = united(collector_of(api).collect(Window(first, last), {}))
    assert sum(len(runs) for runs in expected.values()) > 50
    with victoria_metrics(tmp_path) as url:
        fill(url, api)
        with pytest.raises(NotSpokenError):
            PrometheusApi(PrometheusSource(name="p", url=url)).packed(["up"], first, last)
        assert collected(url, [first, last], whole=False) == expected
        steady = [*range(first, last, 5 * MINUTE_US), last]
        assert collected(url, steady, whole=False) == expected
        assert collected(url, steady, whole=True) == expected
        monkeypatch.setattr(fetching, "SAMPLES_PER_REQUEST", 500)
        assert collected(url, [first, last], whole=True) == expected
