"""A source that cannot be reached for a while: said so, and refilled afterwards as if nothing had been."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from breakwatch.errors import ExitCode, SourceError
from tests.real.harness import Setup, prometheus_source
from tests.real.processes import free_port
from tests.real.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.real.processes import BreakerProcess, Prometheus

VIEWS = ("breaker_transitions", "breaker_incidents", "request_counts", "coverage")


def story_of(setup: Setup, until: object) -> dict[str, list[dict[str, Any]]]:
    """Return what the views say, as far as both stores have seen."""
    return {
        view: setup.rows(f"select * from {view} where {column} < $until order by all", until=until)  # noqa: S608
        for view, column in zip(VIEWS, ("occurred_at", "opened_at", "bucket_start", "started_at"), strict=True)
    }


def test_what_was_missed_while_unreachable_is_refilled(
    prometheus: Callable[[Mapping[str, str]], Prometheus],
    breaker_process: Callable[..., BreakerProcess],
    tmp_path: Path,
) -> None:
    """Faults during the outage of the line are found afterwards: nothing is missing, nothing doubled."""
    program = breaker_process("shop")
    server = prometheus({"shop": program.address})
    server.wait_for_scrape("shop")
    with Relay(free_port(), server.port) as line:
        cut = Setup(
            tmp_path / "cut", ({**prometheus_source(server), "url": f"http://127.0.0.1:{line.port}"},), ("shop",)
        )
        program.fail("short", 0.06)
        time.sleep(1.5)
        assert cut.collect().problems() == ()
        line.down()
        program.fail("middle", 0.06)
        program.fail("swift", 0.06)
        time.sleep(2.5)
        (problem,) = cut.collect().problems()
        assert isinstance(problem, SourceError)
        assert problem.exit_code == ExitCode.SOURCE
        assert f"127.0.0.1:{line.port}" in problem.problem
        line.up()
        program.fail("short", 0.06)
        time.sleep(2.5)
        program.stop()
        assert cut.collect().problems() == ()
        whole = Setup(tmp_path / "whole", (prometheus_source(server),), ("shop",))
        assert whole.collect().problems() == ()
    assert [run["status"] for run in cut.rows("from collection_runs order by started_at")] == ["ok", "failed", "ok"]
    assert sorted(incident["breaker"] for incident in cut.rows("from breaker_incidents")) == [
        "middle",
        "short",
        "short",
        "swift",
    ]
    (seen,) = cut.rows("select max(last_us) as last_us, make_timestamptz(max(last_us)) as at from raw.runs")
    assert story_of(cut, seen["at"]) == story_of(whole, seen["at"])
