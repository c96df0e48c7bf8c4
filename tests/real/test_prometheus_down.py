"""A source that cannot be reached for a while: said so, and refilled afterwards as if nothing had been."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from breakwatch.clock import fixed_clock
from breakwatch.errors import ExitCode, SourceError
from tests.real.harness import Setup, prometheus_source
from tests.real.processes import free_port, now_us
from tests.real.relay import Relay
from tests.real.truth import Truth, incidents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.real.processes import BreakerProcess, Prometheus

VIEWS = ("breaker_transitions", "breaker_incidents", "request_counts", "coverage")


def story_of(setup: Setup) -> dict[str, list[dict[str, Any]]]:
    """Return what the views say."""
    return {view: setup.rows(f"select * from {view} order by all") for view in VIEWS}  # noqa: S608 names of ours


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
        program.fail("short", 0.15)
        time.sleep(1.5)
        assert cut.collect().problems() == ()
        line.down()
        program.fail("middle", 0.15)
        program.fail("swift", 0.15)
        time.sleep(2.5)
        (problem,) = cut.collect().problems()
        assert isinstance(problem, SourceError)
        assert problem.exit_code == ExitCode.SOURCE
        assert f"127.0.0.1:{line.port}" in problem.problem
        line.up()
        program.fail("short", 0.15)
        time.sleep(2.5)
        end = fixed_clock(now_us())
        time.sleep(1.5)  # what was scraped until then is stored now: both see the same
        assert cut.collect(end).problems() == ()
        whole = Setup(tmp_path / "whole", (prometheus_source(server),), ("shop",))
        assert whole.collect(end).problems() == ()
    assert [run["status"] for run in cut.rows("from collection_runs order by started_at")] == ["ok", "failed", "ok"]
    true = Truth(program).with_scrapes_only(server)
    assert {breaker: len(found) for breaker, found in cut.incidents("shop").items()} == {
        breaker: len(incidents(edges)) for breaker, edges in true.items()
    }
    assert len(true) == 3
    assert story_of(cut) == story_of(whole)
