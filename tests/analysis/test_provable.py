"""Which objectives can be proved, and which a breaker's own settings put out of reach."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.provable import OpenTime, doubts, least_provable_s, written_s
from breakwatch.config import Config, Objective


def config(*objectives: dict[str, Any], open_time_s: float | None = None) -> Config:
    """Return a configuration with objectives about checkout, and the open time its breaker declares."""
    expected = {} if open_time_s is None else {"breakers": {"payments": {"open_time_s": open_time_s}}}
    shared = {"indicator": "breaker_recovery_time", "service": "checkout", "stat": "p90"}
    return Config.model_validate(
        {
            "services": [{"name": "checkout", "expected": expected}],
            "objectives": [{"name": f"o{number}", **shared, **one} for number, one in enumerate(objectives)],
        }
    )


def problems(found: Config, every_s: float = 15, **known: Any) -> list[str]:
    """Return what stands against the objectives where checkout is scraped at an interval."""
    exact, open_times = known.get("exact", ()), known.get("open_times", ())
    return [doubt.problem for doubt in doubts(found, {"checkout": every_s, "search": 60.0}, exact, open_times)]


def test_a_limit_under_two_intervals_can_be_missed_but_not_met() -> None:
    """At 15 s scrapes a limit of 5 s is flagged with what would do; 30 s is the first that can be proved."""
    (found,) = doubts(config({"below": "5s"}), {"checkout": 15.0}, ())
    assert found.problem == (
        "below 5s can be missed and never be met: checkout is scraped every 15s, so a time between two edges is known"
        " to ± 15s"
    )
    assert found.remedy == (
        "scrape checkout every 2.5s, or raise the limit to 30s, or add its log as a source: log lines carry exact times"
    )
    assert problems(config({"at_most": "29s"})) != []
    assert problems(config({"at_most": "30s"})) == []
    assert least_provable_s(15) == 30


def test_log_lines_can_prove_what_scrapes_cannot() -> None:
    """With a log among the sources the limit is only doubted for what the log does not tell."""
    (problem,) = problems(config({"below": "5s"}), exact=["app-logs"])
    assert problem == "below 5s can only be shown where log lines tell both edges (app-logs): scrapes every 15s cannot"


def test_a_limit_under_the_declared_open_time_is_out_of_reach() -> None:
    """A breaker that stays open for a minute cannot be back in less, and exactly the minute is no less either."""
    told = "below 1m is out of reach: checkout/payments is declared to stay open for 1m"
    assert problems(config({"below": "60s"}, open_time_s=60)) == [told]
    assert problems(config({"at_most": "60s"}, open_time_s=60)) == []
    assert problems(config({"at_most": "59s"}, open_time_s=60)) != []


def test_a_limit_under_every_open_time_seen_is_out_of_reach() -> None:
    """What was never seen to be shorter is said as that, not as a law."""
    seen = [OpenTime("checkout", "payments", 50.0, declared=False), OpenTime("search", "db", 500.0, declared=False)]
    assert problems(config({"at_most": "45s"}), open_times=seen) == [
        "at_most 45s is out of reach: checkout/payments was never seen to stay open for less than 50s"
    ]


@pytest.mark.parametrize(
    "objective",
    [
        {"report_only": True},
        {"at_least": "5s"},
        {"indicator": "availability_requests", "stat": None, "at_least": "99.9%"},
        {"indicator": "latency", "below": "5ms"},
        {"below": "2x open_time"},
        {"service": "unseen", "below": "1s"},
    ],
)
def test_nothing_is_said_where_nothing_can_be(objective: dict[str, Any]) -> None:
    """Ratios, latencies, lower limits, relative limits and services that nobody scrapes are not doubted."""
    assert problems(config(objective)) == []


def test_an_objective_about_all_services_is_held_to_the_slowest() -> None:
    """Without a service the longest interval counts."""
    (problem,) = problems(config({"service": None, "below": "90s"}))
    assert "search is scraped every 1m" in problem


def test_lengths_are_written_as_a_configuration_would() -> None:
    """Milliseconds, seconds, whole minutes and hours."""
    assert [written_s(s) for s in (0.2, 1, 2.5, 60, 90, 3600, 5400)] == [
        "200ms",
        "1s",
        "2.5s",
        "1m",
        "90s",
        "1h",
        "90m",
    ]


def test_the_objective_model_is_the_one_of_the_configuration() -> None:
    """The limits used here are the ones users write."""
    assert Objective(name="o", indicator="failover_time", below="5s").limit is not None  # type: ignore[arg-type]
