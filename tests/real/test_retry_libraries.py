"""The proof with stamina and tenacity: a real program that retries, a real Prometheus, real logs, a kill.

stamina counts the retries it schedules and logs each; tenacity logs what it is about to repeat. Neither tells the last
failure of a call that is given up, and neither counts calls.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from breakwatch.clock import to_us
from tests.real import retry_app
from tests.real.harness import Setup, prometheus_source
from tests.real.processes import PROJECT, Prometheus, free_port, wait_for
from tests.real.retry_app import ATTEMPTS, FIRST_WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SERVICE = "shop"
GIVEN_UP = 99
PLAN: tuple[tuple[str, int], ...] = (
    ("charge", 0),
    ("charge", 2),
    ("fetch", 1),
    ("charge", GIVEN_UP),
    ("fetch", GIVEN_UP),
    ("charge", 1),
    ("fetch", 3),
)


@dataclass(frozen=True)
class Retry:
    """An attempt that failed and was made again ``gap_s`` later."""

    operation: str
    attempt: int
    failed_us: int
    again_us: int


def true_retries(folder: Path) -> list[Retry]:
    """Return the attempts that were made again, in order of time, as the program itself wrote them down."""
    records = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    return [
        Retry(one["operation"], one["attempt"], one["at_us"], following["at_us"])
        for one, following in pairwise(records)
        if one["failed"] and following["attempt"] == one["attempt"] + 1
    ]


class RetryProcess:
    """The program, started, told to call, and killed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                retry_app.__file__,
                f"--port={self.port}",
                f"--truth={self._folder / 'truth.jsonl'}",
                f"--json-log={self._folder / 'stamina.jsonl'}",
                f"--text-log={self._folder / 'tenacity.log'}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        wait_for(f"http://127.0.0.1:{self.port}/metrics", self._process)  # type: ignore[arg-type]

    def make(self, plan: Sequence[tuple[str, int]]) -> None:
        """Make calls; returns when they are over."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(plan) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def kill(self) -> None:
        """Kill it on the spot (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=10)
            self._process = None


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Prometheus]]:
    """The same calls twice in one process and once in the next; the server has scraped it all."""
    folder = tmp_path_factory.mktemp("retries")
    program = RetryProcess(folder)
    server = Prometheus(folder, {SERVICE: f"127.0.0.1:{program.port}"})
    try:
        program.start()
        server.start()
        server.wait_for_scrape(SERVICE)
        for _ in range(2):
            program.make(PLAN)
            time.sleep(0.5)
        server.wait_for_scrape(SERVICE)
        time.sleep(0.2)
        program.kill()
        program.start()
        server.wait_for_scrape(SERVICE)  # the new process is seen without a series of stamina's
        program.make((*PLAN, *PLAN))
        server.wait_for_scrape(SERVICE)
        server.wait_for_scrape(SERVICE)
        time.sleep(0.2)
        yield folder, server
    finally:
        program.kill()
        server.stop()


def log_source(folder: Path, name: str, file: str, form: str) -> dict[str, object]:
    """Return the configuration of one of the program's logs."""
    labels = {"environment": "test", "job": SERVICE}
    more = {"format": form, "profile": name, "labels": labels}
    return {"name": name, "kind": "logs", "paths": [str(folder / file)], **more}


@pytest.fixture(scope="module")
def by_metrics(lived: tuple[Path, Prometheus]) -> Setup:
    """What the server alone tells."""
    folder, server = lived
    setup = Setup(folder / "metrics", (prometheus_source(server, profiles=["stamina"]),), (SERVICE,))
    assert setup.collect().problems() == ()
    return setup


@pytest.fixture(scope="module")
def by_all(lived: tuple[Path, Prometheus]) -> Setup:
    """What the server and both logs tell together."""
    folder, server = lived
    sources = (
        prometheus_source(server, profiles=["stamina"]),
        log_source(folder, "stamina", "stamina.jsonl", "json"),
        log_source(folder, "tenacity", "tenacity.log", "regex"),
    )
    setup = Setup(folder / "all", sources, (SERVICE,))
    for _ in range(2):
        assert setup.collect().problems() == ()
    return setup


def counted(setup: Setup) -> dict[tuple[str, str], int]:
    """Return the retries by operation's last word and unit."""
    rows = setup.rows("select operation, unit, sum(count)::bigint as n from retry_counts group by all")
    return {(row["operation"].rpartition(".")[2], row["unit"]): row["n"] for row in rows}


def told(setup: Setup, operation: str) -> list[dict[str, Any]]:
    """Return the single attempts of an operation, in order."""
    rows = setup.rows("from retry_attempts order by occurred_at")
    return [row for row in rows if row["operation"].endswith(operation)]


def true_counts(folder: Path) -> dict[str, int]:
    """Return how many attempts of each operation were made again."""
    counts: dict[str, int] = defaultdict(int)
    for retry in true_retries(folder):
        counts[retry.operation] += 1
    return dict(counts)


def test_the_plan_is_what_the_program_did(lived: tuple[Path, Prometheus]) -> None:
    """Four times the plan: what fails beyond the last attempt is given up, and not made again."""
    expected: dict[str, int] = defaultdict(int)
    for operation, failures in PLAN * 4:
        expected[operation] += min(failures, ATTEMPTS - 1)
    assert true_counts(lived[0]) == expected


def test_retries_are_counted_as_attempts_over_a_restart(lived: tuple[Path, Prometheus], by_metrics: Setup) -> None:
    """Series born late, a kill, and a new process that counts to the same values: exact, and never as calls."""
    assert counted(by_metrics) == {("charge", "attempts"): true_counts(lived[0])["charge"]}


def test_what_metrics_and_log_tell_twice_is_counted_once(lived: tuple[Path, Prometheus], by_all: Setup) -> None:
    """Stamina counts and logs the same retries; tenacity's come from its lines alone. No calls are made of them."""
    true = true_counts(lived[0])
    assert counted(by_all) == {("charge", "attempts"): true["charge"], ("fetch", "attempts"): true["fetch"]}
    assert by_all.rows("from request_counts") == []


@pytest.mark.parametrize("operation", ["charge", "fetch"])
def test_each_retry_is_told_with_its_wait(lived: tuple[Path, Prometheus], by_all: Setup, operation: str) -> None:
    """One row for each attempt that was made again: when it failed, how long its library waited, and why."""
    true = [retry for retry in true_retries(lived[0]) if retry.operation == operation]
    found = told(by_all, operation)
    assert len(found) == len(true)
    for row, retry in zip(found, true, strict=True):
        assert retry.failed_us - 1000 <= to_us(row["occurred_at"]) <= retry.again_us
        assert row["wait_s"] == pytest.approx(FIRST_WAIT_S * 2 ** (retry.attempt - 1), abs=0.006)
        assert row["wait_s"] <= (retry.again_us - retry.failed_us) / 1e6 + 0.006
        assert "DependencyDownError" in row["error"]
        assert row["outcome"] == "failure"


def test_numbers_of_attempts_are_those_of_the_library(lived: tuple[Path, Prometheus], by_all: Setup) -> None:
    """Stamina says which attempt failed; tenacity's line does not, and none is made up."""
    true = [retry.attempt for retry in true_retries(lived[0]) if retry.operation == "charge"]
    assert [row["attempt"] for row in told(by_all, "charge")] == true
    assert {row["attempt"] for row in told(by_all, "fetch")} == {None}


def test_the_failure_that_gave_up_is_not_made_up(lived: tuple[Path, Prometheus], by_all: Setup) -> None:
    """The last failure of a call is in no line and no counter: no row lies at its time."""
    records = [json.loads(line) for line in (lived[0] / "truth.jsonl").read_text().splitlines()]
    given_up = [(one["operation"], one["at_us"]) for one in records if one["failed"] and one["attempt"] == ATTEMPTS]
    assert len(given_up) == 8
    rows = {name: [to_us(row["occurred_at"]) for row in told(by_all, name)] for name in ("charge", "fetch")}
    for operation, at_us in given_up:
        assert not [row_us for row_us in rows[operation] if at_us - 1000 <= row_us <= at_us + 20_000]
