"""The recorded run again: the failover its clients lived through, by the proxy's log and by the clients' own list."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analysis.refresh import refresh
from breakwatch.clock import fixed_clock, to_us
from breakwatch.config import Config
from breakwatch.model import Batch, Sighting, SightingKind, Subject, pairs
from store import Store
from tests.real.harness import ENVIRONMENT, Setup, prometheus_source
from tests.real.recorded import recorded_prometheus

CAPTURES = Path(__file__).parents[1] / "golden" / "captures"
END_US = 1_795_174_421_000_000  # 2026-11-20T11:33:41Z
KILLED_US = 1_795_174_371_421_399  # the primary, 11:32:51.421
FAILOVER_S, TAKEOVER_S = 1.506, 1.515
OUTCOMES = {200: "success", 503: "failure", 0: "failure"}


def client_calls() -> list[Sighting]:
    """Return what the client wrote down; who answered stands in the body, and nowhere where nobody did."""
    calls = []
    for number, line in enumerate((CAPTURES / "client.jsonl").read_text(encoding="utf-8").splitlines()):
        told = json.loads(line)
        target = told["body"].removesuffix(" ok") if told["code"] == 200 else ""
        ended_us = to_us(datetime.fromisoformat(told["ts"])) + round(told["ms"] * 1000)
        detail = pairs({"outcome": OUTCOMES[told["code"]], "duration_s": repr(told["ms"] / 1000)})
        subject = Subject(ENVIRONMENT, "be_app", target=target)
        calls.append(Sighting("client", SightingKind.REQUEST, ended_us, subject, f"client:{number}", detail=detail))
    return calls


LOG = {
    "name": "haproxy-log",
    "kind": "logs",
    "paths": [str(CAPTURES / "haproxy.log")],
    "format": "regex",
    "profile": "haproxy",
    "labels": {"environment": ENVIRONMENT},
}


def by_the_log(folder: Path) -> Setup:
    """Collect the proxy's log through the ordinary path."""
    setup = Setup(folder, (LOG,), ())
    assert setup.collect(fixed_clock(END_US)).problems() == ()
    return setup


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """What the proxy's log tells by itself."""
    return by_the_log(tmp_path_factory.mktemp("alone") / "store")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """What the proxy's log and the client's list tell together."""
    setup = by_the_log(tmp_path_factory.mktemp("both") / "store")
    with Store.open(setup.folder / "b.duckdb") as store:
        store.append(Batch("client", sightings=client_calls()))
        refresh(store, Config())
    return setup


def failovers(setup: Setup) -> list[dict[str, Any]]:
    """Return the failovers of the proxy's backend."""
    return setup.rows("from failovers where service = 'be_app'")


def test_the_proxys_log_alone_tells_the_failover(alone: Setup) -> None:
    """The redispatched call, from its start to the standby's answer; going back to the primary is no failover."""
    (row,) = failovers(alone)
    assert (row["from_target"], row["to_target"], row["trigger"]) == ("primary", "standby", "health")
    assert row["duration_s"] == pytest.approx(FAILOVER_S, abs=0.003)
    assert to_us(row["served_at"]) - KILLED_US == pytest.approx(TAKEOVER_S * 1e6, abs=3_000)


def test_the_clients_list_makes_it_exact_and_adds_no_second_one(both: Setup) -> None:
    """The client never saw a call fail: that the primary went down inside the call says whom it was meant for."""
    (row,) = failovers(both)
    assert row["sources"] == ["client", "haproxy-log"]
    assert row["duration_low_s"] <= FAILOVER_S <= row["duration_high_s"] + 0.0005
    assert row["duration_high_s"] - row["duration_low_s"] < 0.004
    seen = both.rows("from failover_sightings where source = 'client'")
    assert [(s["served_latest"] - s["failed_earliest"]).total_seconds() for s in seen] == [1.5057]


def test_each_call_counts_once_though_two_logs_tell_it(both: Setup) -> None:
    """601 calls that the proxy had, 512 of them good; the client's 603 are the same ones and two before it listened.

    The proxy is an edge: of the two vantages one decides, and neither is the other's witness.
    """
    rows = both.rows(
        "select vantage, sum(count)::bigint as n, sum(count) filter (where outcome = 'success')::bigint as good "
        "from request_counts group by vantage"
    )
    assert {row["vantage"]: (row["good"], row["n"]) for row in rows} == {"edge": (512, 601), "server": (512, 603)}
    witnesses = both.rows("from count_witnesses where relation = 'request_counts'")
    assert {row["counted_by"]: (row["count"], row["chosen"]) for row in witnesses} == {
        "logs:client": (603, True),
        "logs:haproxy": (601, True),
    }


def test_counters_alone_tell_the_failover_and_the_log_makes_it_exact(tmp_path: Path) -> None:
    """By the counters it took at least nothing, at most nobody knows; with the log both tell one failover, exactly."""
    with recorded_prometheus(tmp_path / "server") as server:
        source = prometheus_source(server, profiles=["haproxy"])
        alone, both = Setup(tmp_path / "alone", (source,), ()), Setup(tmp_path / "both", (source, LOG), ())
        for setup in (alone, both):
            assert setup.collect(fixed_clock(END_US)).problems() == ()
    (row,) = failovers(alone)
    assert (row["from_target"], row["to_target"], row["trigger"]) == ("primary", "standby", "health")
    assert (row["duration_low_s"], row["duration_s"], row["duration_high_s"]) == (0.0, None, None)
    (seen,) = alone.rows("from failover_sightings")
    assert to_us(seen["served_earliest"]) - KILLED_US <= TAKEOVER_S * 1e6 <= to_us(seen["served_latest"]) - KILLED_US
    (row,) = failovers(both)
    assert row["sources"] == ["haproxy-log", "prom"]
    assert row["duration_s"] == pytest.approx(FAILOVER_S, abs=0.003)
