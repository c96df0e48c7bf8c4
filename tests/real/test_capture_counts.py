"""The recorded run again: what was counted, to the integer, against what its clients wrote down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import fixed_clock
from tests.real.harness import Setup, prometheus_source
from tests.real.recorded import recorded_prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

END_US = 1_795_174_421_000_000  # 2026-11-20T11:33:41Z


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    """The recording, collected twice through the ordinary path."""
    folder = tmp_path_factory.mktemp("capture")
    with recorded_prometheus(folder / "server") as server:
        source = prometheus_source(server, profiles=["opossum", "haproxy"])
        setup = Setup(folder / "store", (source,), ())
        for _ in range(2):
            assert setup.collect(fixed_clock(END_US)).problems() == ()
        yield setup


def counts(collected: Setup, service: str) -> dict[str, int]:
    """Return the requests of a service by outcome."""
    rows = collected.rows(
        "select outcome, sum(count)::bigint as n from request_counts where service = $service group by outcome",
        service=service,
    )
    return {row["outcome"]: row["n"] for row in rows}


def test_the_breakers_calls_are_exact_over_its_restart(collected: Setup) -> None:
    """567 calls between the first and the last scrape, the process having been replaced in between."""
    found = counts(collected, "opossum")
    assert found == {"success": 319, "failure": 52, "not_permitted": 196}
    assert sum(found.values()) == 567


def test_the_proxys_requests_are_what_its_clients_saw(collected: Setup) -> None:
    """453 of 542 good, equal to the client's own list over that window."""
    assert counts(collected, "be_app") == {"success": 453, "failure": 89}


def test_the_restart_is_told_by_the_counters_that_fell(collected: Setup) -> None:
    """The exporter has no start time; the true restart at 11:33:34.444 lies within the second of the failed scrape."""
    (row,) = collected.rows("from changes where kind = 'restart'")
    assert row["service"] == "opossum"
    assert abs(row["occurred_at"].timestamp() - 1_795_174_414.444) <= 1


def test_each_server_last_served_when_it_did(collected: Setup) -> None:
    """The primary until the end; the standby no more after it was killed at 11:33:01.427."""
    rows = collected.rows("from targets where service = 'be_app'")
    served = {row["target"]: row["last_served_at"].timestamp() for row in rows}
    assert served["primary"] >= 1_795_174_419
    assert abs(served["standby"] - 1_795_174_381.427) <= 1
