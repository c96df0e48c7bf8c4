"""The recorded run again: every known time by its name, by the logs to the millisecond, by scrapes within bounds.

The faults of its truth file are experiments; figures come from the evaluator, as everybody gets them.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis.verdicts.judge import evaluate
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import fixed_clock, from_us, to_us
from breakwatch.config import Config, load
from breakwatch.config_objectives import Objective
from breakwatch.model import Batch, Window, pairs
from breakwatch.records import Record, RecordKind
from service.ingest import Ingest
from store import Store
from tests.real.harness import ENVIRONMENT, prometheus_source
from tests.real.recorded import recorded_prometheus

CAPTURES = Path(__file__).parents[1] / "golden" / "captures"
END_US = 1_795_174_421_000_000  # 2026-11-20T11:33:41Z
START_US = END_US - 80_000_000
MINUTES_US = 1_795_174_320_000_000, 1_795_174_440_000_000  # from 11:32 to 11:34: calls are counted by whole minutes
LABELS = {"environment": ENVIRONMENT}

FAULTS = {
    "primary": ("be_app", "primary", "haproxy primary killed", "haproxy primary back"),
    "standby": ("be_app", "standby", "haproxy standby killed (total outage)", "haproxy standby back"),
    "payments": ("", "payments", "payments backend returns 500", "payments backend returns 200"),
}
"""By experiment: the service, the target, and the words of the truth file for its fault and its repair."""

TIMES = [
    ("detection_time", "primary", {}, 1.127),
    ("detection_time", "payments", {}, 4.884),
    ("failover_time", "primary", {}, 1.506),
    ("takeover_time", "primary", {}, 1.515),
    ("health_recovery_time", None, {"service": "be_app", "where": {"target": "be_app"}}, 9.495),
    ("outage_time", "standby", {}, 11.245),
    ("service_recovery_time", "standby", {}, 11.223),
    ("restore_time", "primary", {}, 1.242),
    ("breaker_recovery_time", "payments", {}, 20.053),
]
"""The right answers of the run: indicator, experiment, which part, seconds."""


def truth() -> dict[str, datetime]:
    """Return when each fault was put in and each repair was done, by the words of the truth file."""
    lines = map(json.loads, (CAPTURES / "truth.jsonl").read_text(encoding="utf-8").splitlines())
    return {line["what"]: datetime.fromisoformat(line["ts"]) for line in lines if "what" in line}


def experiments() -> list[Record]:
    """Return the faults of the run as experiments."""
    known = truth()
    return [
        Record(
            "drill",
            RecordKind.EXPERIMENT,
            to_us(known[injected]),
            to_us(known[removed]),
            environment=ENVIRONMENT,
            service=service,
            detail=pairs({"experiment_id": name, "scenario": injected, "target": target}),
        )
        for name, (service, target, injected, removed) in FAULTS.items()
    ]


def client_log(folder: Path) -> Path:
    """Write the client's list as a log of calls: the end of each, how long it took, who answered."""
    lines = []
    for line in (CAPTURES / "client.jsonl").read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        ended = datetime.fromisoformat(told["ts"]) + timedelta(milliseconds=told["ms"])
        good = told["code"] == 200
        call: dict[str, Any] = {"ts": ended.isoformat(), "event": "request", "service": "be_app", "vantage": "client"}
        call |= {"outcome": "success" if good else "failure", "duration_s": told["ms"] / 1000}
        lines.append(json.dumps(call | ({"target": told["body"].removesuffix(" ok")} if good else {})))
    path = folder / "client.log"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def logs(folder: Path) -> list[dict[str, Any]]:
    """Return the three logs of the run as sources: the client's, the proxy's and the breaker's."""
    log = {"kind": "logs", "labels": LABELS}
    breaker = {"paths": [str(CAPTURES / "opossum_events.jsonl")], "format": "json", "profile": "opossum"}
    return [
        log | {"name": "client", "paths": [str(client_log(folder))], "format": "json", "profile": "breakwatch-service"},
        log | {"name": "proxy", "paths": [str(CAPTURES / "haproxy.log")], "format": "regex", "profile": "haproxy"},
        log | breaker | {"name": "breaker", "labels": LABELS | {"job": "opossum"}},
    ]


class Judged:
    """A store that has taken the run in, and the evaluator over it."""

    def __init__(self, folder: Path, sources: list[dict[str, Any]]) -> None:
        file = folder / "breakwatch.yaml"
        policies = {"default": {"settle": "0s", "experiments": "include"}}
        file.write_text(json.dumps({"store": {"path": "b.duckdb"}, "sources": sources, "policies": policies}))
        self.config: Config = load(file)
        clock = fixed_clock(END_US)
        with Store.open(self.config.store.path, clock=clock) as store:
            store.append(Batch("drill", records=experiments()))
            ingested = Ingest(self.config, store, clock).once(self.config.sources, Window(START_US, END_US))
            assert ingested.problems() == ()

    def verdict(
        self, indicator: str, experiment: str | None = None, span: tuple[int, int] = (START_US, END_US), **more: Any
    ) -> Verdict:
        """Return the verdict on an objective about the run, or about one of its experiments."""
        written = {"name": indicator, "indicator": indicator, "report_only": True} | more
        objective = Objective.model_validate(written, context={"written": True}, by_alias=True, by_name=False)
        with Store.open(self.config.store.path) as store:
            found = evaluate(
                store,
                self.config,
                max(END_US, span[1]),
                since_us=None if experiment else span[0],
                until_us=None if experiment else span[1],
                experiment_id=experiment,
                objectives=[objective],
            )
        (verdict,) = found
        return verdict


@pytest.fixture(scope="module")
def by_logs(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """What the three logs tell together."""
    folder = tmp_path_factory.mktemp("logs")
    return Judged(folder, logs(folder))


@pytest.fixture(scope="module")
def by_metrics(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """What the recorded Prometheus tells, scraping once a second."""
    folder = tmp_path_factory.mktemp("metrics")
    with recorded_prometheus(folder / "server") as server:
        return Judged(folder, [prometheus_source(server, profiles=["opossum", "haproxy"])])


@pytest.mark.parametrize(("indicator", "experiment", "more", "seconds"), TIMES, ids=str)
def test_the_logs_tell_each_time_to_the_millisecond(
    by_logs: Judged, indicator: str, experiment: str | None, more: dict[str, Any], seconds: float
) -> None:
    """Each right answer by its name, 3 ms at most from it, with bounds as narrow."""
    found = by_logs.verdict(indicator, experiment, stat="max", **more).measured
    assert found.value == pytest.approx(seconds, abs=0.003)
    assert found.low is not None
    assert found.high is not None
    assert found.low - 0.003 <= seconds <= found.high + 0.003
    assert found.high - found.low <= 0.003


@pytest.mark.parametrize(("indicator", "experiment", "more", "seconds"), TIMES, ids=str)
def test_scrapes_alone_hold_each_time_within_their_bounds(
    by_metrics: Judged, indicator: str, experiment: str | None, more: dict[str, Any], seconds: float
) -> None:
    """By metrics alone the truth is never outside; it happened, whatever the bounds."""
    found = by_metrics.verdict(indicator, experiment, stat="max", **more).measured
    assert found.n >= 1
    assert found.low is not None
    assert found.high is not None
    assert found.low <= seconds <= found.high


def test_of_the_calls_since_the_proxy_listened_512_of_601_were_good(by_logs: Judged) -> None:
    """85.19 %: the edge decides, and the two calls before it listened are the client's alone."""
    found = by_logs.verdict("success_ratio", service="be_app", span=MINUTES_US).measured
    assert found.value == pytest.approx(512 / 601, abs=5e-5)


def test_between_the_scrapes_453_of_542_calls_were_good(by_metrics: Judged) -> None:
    """83.58 %, equal to the client's own list between the first and the last scrape."""
    found = by_metrics.verdict("success_ratio", service="be_app", span=MINUTES_US).measured
    assert found.value == pytest.approx(453 / 542, abs=5e-5)


def test_the_run_is_dated_as_it_was() -> None:
    """The window of these tests holds the whole run."""
    assert from_us(START_US) < min(truth().values()) < max(truth().values()) < from_us(END_US)
