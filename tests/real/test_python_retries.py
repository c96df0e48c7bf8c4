"""Retrying libraries of Python, made to retry for real: what their profiles read is what happened."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import stamina.instrumentation
import structlog
from prometheus_client import REGISTRY

from breakwatch.clock import to_us
from tests.real.harness import ENVIRONMENT, Setup
from tests.real.pages import Pages
from tests.real.processes import free_port, now_us
from tests.real.python_retries import (
    LASTING,
    RETRIERS,
    Dependency,
    Failure,
    Retrier,
    Stamina,
    Urllib3,
    logged,
    server,
    structlogged,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SERVICE = "shop"
CUT_US = 1_000
"""The standard logging stamps its lines in whole milliseconds, cut off."""
STRUCTLOG = {
    "console.log": structlog.dev.ConsoleRenderer(colors=False),
    "structlog.jsonl": structlog.processors.JSONRenderer(),
}


class StaminaWithPrometheus(Stamina):
    """stamina with its counter."""

    hooks = (stamina.instrumentation.PrometheusOnRetryHook,)


class StaminaWithStructlog(Stamina):
    """stamina with structlog, as it is by itself where structlog is installed."""

    hooks = (stamina.instrumentation.StructlogOnRetryHook,)


def log_source(name: str, profile: str, log: Path) -> dict[str, object]:
    """Return a log as a source whose environment is its name, so that many cases share a store."""
    form = "json" if log.suffix == ".jsonl" else "regex"
    labels = {"environment": name, "job": SERVICE}
    return {"name": name, "kind": "logs", "paths": [str(log)], "profile": profile, "format": form, "labels": labels}


@dataclass(frozen=True)
class Collected:
    """What truly failed, by library, and a store that was fed from all their logs."""

    failures: Mapping[str, Sequence[Failure]]
    setup: Setup

    def attempts(self, case: str) -> list[dict[str, Any]]:
        """Return the attempts that a log came to, in order."""
        return self.setup.rows("from retry_attempts where environment = $case order by occurred_at, attempt", case=case)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    """Make every library retry a call that succeeds at last and one that gives up; collect their logs once."""
    folder = tmp_path_factory.mktemp("retries")
    failures: dict[str, list[Failure]] = {}
    sources: list[dict[str, object]] = []

    def make(retrier: type[Retrier], url: str, logger: logging.Logger) -> list[Failure]:
        made = retrier(dependency, url, logger)
        return dependency.failures_of(made.call, 1) + dependency.failures_of(made.call, LASTING)

    dependency = Dependency()
    with server(dependency) as url:
        for retrier in RETRIERS:
            own = folder / retrier.__name__
            own.mkdir()
            with logged(retrier.logger, own) as logger:
                failures[retrier.__name__] = make(retrier, url, logger)
            cases = [(f"{retrier.__name__}-{file}", own / file) for file in ("app.log", "app.jsonl")]
            sources += [log_source(case, retrier.profile, log) for case, log in cases]
    for file, renderer in STRUCTLOG.items():
        with (folder / file).open("w") as stream, structlogged(stream, renderer):
            failures[file] = make(StaminaWithStructlog, "", logging.getLogger("unused"))
        sources.append(log_source(file, "stamina", folder / file))
    setup = Setup(folder / "store", tuple(sources), (SERVICE,))
    setup.collect()
    return Collected(failures, setup)


def assert_told(rows: Sequence[dict[str, Any]], failures: Sequence[Failure], retrier: type[Retrier]) -> None:
    """Hold rows against the attempts that failed: each once, at its time, with what the library says of it."""
    told = [failure for failure in failures if retrier.tells_last or not failure.last]
    assert len(rows) == len(told)
    for row, failure in zip(rows, told, strict=True):
        occurred_us = to_us(row["occurred_at"])
        assert failure.at_us - CUT_US <= occurred_us <= failure.until_us
        assert row["outcome"] == "failure"
        assert (row["operation"] or "") == retrier.operation
        if retrier.numbered:
            assert row["attempt"] == failure.number
        if retrier.waits and not failure.last:
            # Printed rounded; a sleep is never shorter than asked for.
            assert 0 < row["wait_s"] <= (failure.until_us - failure.at_us) / 1e6 + 0.005


@pytest.mark.parametrize("file", ["app.log", "app.jsonl"])
@pytest.mark.parametrize("retrier", RETRIERS, ids=lambda retrier: retrier.__name__)
def test_attempts_are_those_that_failed(retrier: type[Retrier], file: str, collected: Collected) -> None:
    """A call that succeeds at last and one that gives up: each failed attempt once, as text and as JSON."""
    failures = collected.failures[retrier.__name__]
    assert any(failure.last for failure in failures)
    if (retrier, file) == (Stamina, "app.log"):
        failures = ()  # a plain text formatter leaves the fields out; the next test says what becomes of the lines
    assert_told(collected.attempts(f"{retrier.__name__}-{file}"), failures, retrier)


def test_lines_that_say_nothing_are_kept_and_counted(collected: Collected) -> None:
    """A plain text formatter leaves out the fields in which stamina says everything: each such line is rejected."""
    rejected = collected.setup.rows("select source, count(*)::int as lines from rejected_inputs group by source")
    silent = sum(not failure.last for failure in collected.failures["Stamina"])
    assert rejected == [{"source": "Stamina-app.log", "lines": silent}]


def test_no_query_of_a_url_becomes_part_of_a_name(collected: Collected) -> None:
    """What stands behind the question mark may be a secret."""
    rows = collected.setup.rows("select distinct operation from retry_attempts where operation like '/%'")
    assert rows == [{"operation": "/pay"}]


@pytest.mark.parametrize("file", ["console.log", "structlog.jsonl"])
def test_stamina_speaks_through_structlog(file: str, collected: Collected) -> None:
    """Where structlog is installed stamina's lines look as structlog renders them: for a console, or as JSON."""
    rows = collected.attempts(file)
    assert_told(rows, collected.failures[file], StaminaWithStructlog)
    assert {"payments refused" in row["error"] for row in rows} == {True}


def test_staminas_counter_is_read_from_its_first_retry_on(tmp_path: Path) -> None:
    """Its series are born at 1 with the retry they count: nothing is lost, and attempts stay attempts."""
    dependency = Dependency()
    made = StaminaWithPrometheus(dependency, "", logging.getLogger("unused"))
    pages = Pages(tmp_path / "page.om", REGISTRY, SERVICE)
    pages.scrape()
    failures: list[Failure] = []
    for refusals in (1, 0, LASTING):
        failures += dependency.failures_of(made.call, refusals)
        pages.scrape()
    page = {"name": "page", "kind": "openmetrics", "paths": [str(pages.path)], "profiles": ["stamina"]}
    setup = Setup(tmp_path / "store", ({**page, "labels": {"environment": ENVIRONMENT}},), (SERVICE,))
    setup.collect()
    counted = setup.rows("select operation, unit, outcome, sum(count)::int as count from retry_counts group by all")
    repeated = sum(not failure.last for failure in failures)
    assert counted == [{"operation": Stamina.operation, "unit": "attempts", "outcome": "failure", "count": repeated}]


def test_urllib3_tells_broken_connections_and_counts_no_redirects(tmp_path: Path) -> None:
    """A refused connection is a WARNING of its own; a redirect spends the same budget and is no retry."""
    dependency = Dependency()
    with server(dependency) as url, logged("urllib3", tmp_path) as logger:
        moved = Urllib3(dependency, f"{url}/moved", logger)
        assert dependency.failures_of(moved.call, 0) == []
        begin_us = now_us()
        dead = Urllib3(dependency, f"http://127.0.0.1:{free_port()}", logger)
        dependency.failures_of(dead.call, 0)
    setup = Setup(tmp_path / "store", (log_source("log", "urllib3-requests", tmp_path / "app.log"),), (SERVICE,))
    setup.collect()
    rows = setup.rows("from retry_attempts")
    assert [row["operation"] for row in rows] == ["/pay", "/pay"]
    assert all(begin_us - CUT_US <= to_us(row["occurred_at"]) <= now_us() for row in rows)
    assert all("refused" in row["error"] for row in rows)
