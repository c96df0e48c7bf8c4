"""Real parts for end-to-end tests: started with folders of their own, stopped by their pids."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.real.processes import BreakerProcess, Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytest.register_assert_rewrite("tests.real.judging")


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], Prometheus]]:
    """Start real Prometheus servers: give the jobs to scrape (name → address), get a ready server."""
    with ExitStack() as servers:

        def start(jobs: Mapping[str, str]) -> Prometheus:
            folder = tmp_path / f"prometheus-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            server = Prometheus(folder, jobs)
            server.start()
            servers.callback(server.stop)
            return server

        yield start


@pytest.fixture
def breaker_process(tmp_path: Path) -> Iterator[Callable[..., BreakerProcess]]:
    """Start real programs with breakers: give the service's name and how late its exporter answers."""
    with ExitStack() as programs:

        def start(service: str, late_s: float = 0.0) -> BreakerProcess:
            program = BreakerProcess(tmp_path, service, late_s)
            program.start()
            programs.callback(program.stop)
            return program

        yield start
