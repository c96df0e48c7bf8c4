"""What ``init`` writes and what ``doctor`` says of it."""

from __future__ import annotations

import os
import shutil
from math import inf
from pathlib import Path

import pytest

from analysis.questions.starters import OpenTime, Seen, Starters
from analysis.statistics import Figure
from breakwatch.clock import Clock, system_clock
from breakwatch.config import Config, PrometheusSource, load
from breakwatch.errors import SourceError, UsageError
from collectors.cost import Cost
from collectors.discover import Breaker, Discovery, ScrapeJob
from service import doctor, scaffold, suggesting
from service.observing import Look
from store import Reader
from tests.service.command import breakwatch, write
from tests.service.servers import closed_port

GOLDEN = Path(__file__).parents[1] / "golden" / "init"
DAY_S = 86_400.0

FOUND = Discovery(
    profiles={"resilience4j": 42, "envoy": 7},
    services=["checkout", 'odd "name" ${HOME}', "search"],
    breakers=[Breaker("checkout", "payments", 2, "resilience4j"), Breaker("search", "catalog", 1, "resilience4j")],
    scrape_interval_s=15.0,
    jobs=[ScrapeJob("shop", 3, 15.0, 10.0), ScrapeJob("mesh", 1, None, None)],
    clock_difference_s=None,
    build={"version": "2.42.0"},
    series=9_000,
    intervals_s={"checkout": 15.0, "search": 15.0},
    targets={"checkout": ["eu-1", "eu-2"]},
    problems={"circuit_breaker_state": "1 may be open or half_open"},
    related=["shop_fallbacks_total"],
    native_histograms=["rpc_duration_seconds"],
    verified={"resilience4j": "source", "envoy": "run"},
)
SEEN = Starters(
    covered_s={"checkout": 4.2 * DAY_S, "search": 2 * 3600.0, 'odd "name" ${HOME}': 1800.0},
    seen=(
        Seen("breaker_recovery_time", "checkout", Figure(61.2, 46.1, 76.4), 14),
        Seen("failover_time", "checkout", Figure(2.053, 1.9, 2.2), 3),
        Seen("success_ratio", "checkout", Figure(0.99899, 0.99899, 0.99899), 1_203_441),
        Seen("breaker_recovery_time", 'odd "name" ${HOME}', Figure(None, 500.0, inf), 2, ongoing=1),
        Seen("success_ratio", 'odd "name" ${HOME}', Figure(0.41, 0.41, 0.41), 100),
    ),
    open_times=(OpenTime("checkout", "payments", 60.0, 45.2, 14), OpenTime("search", "catalog", 3.0, 0.0, 1)),
)


def found(_source: PrometheusSource, _config: Config, _clock: Clock) -> Discovery:
    """Stand in for a server's answers; that they are read rightly is shown where they are read."""
    return FOUND


def seen(_config: Config, _clock: Clock, _within_s: float) -> Look:
    """Stand in for a short look at what a server holds."""
    return Look(SEEN, whole=True)


def cost(_source: PrometheusSource, _config: Config, _clock: Clock, interval_s: float) -> Cost:
    """Stand in for a cycle that takes longer than it should."""
    return Cost(requests=3, received_bytes=21_400, samples=9_000, seconds=0.6 * interval_s, streams=False)


@pytest.fixture
def known_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose answers are known."""
    monkeypatch.setattr(scaffold, "discover", found)
    monkeypatch.setattr(scaffold, "look", seen)
    monkeypatch.setattr(doctor, "discover", found)
    monkeypatch.setattr(doctor, "cycle_cost", cost)


def test_the_starter_file_is_valid_and_never_overwrites(tmp_path: Path) -> None:
    """The file init writes is one that validate accepts; a second init refuses unless told to."""
    assert breakwatch("init", folder=tmp_path).code == 0
    assert breakwatch("validate", folder=tmp_path).code == 0
    before = (tmp_path / "breakwatch.yaml").read_bytes()
    done = breakwatch("init", folder=tmp_path)
    assert done.code == 2
    assert "--force" in done.err
    assert (tmp_path / "breakwatch.yaml").read_bytes() == before
    assert breakwatch("init", "--force", folder=tmp_path).code == 0


@pytest.mark.usefixtures("known_server")
def test_the_starter_file_reads_as_its_golden(tmp_path: Path) -> None:
    """Source, profiles with how they were proved, services with breakers and targets, objectives with what was seen."""
    file = scaffold.write(tmp_path / "b.yaml", scaffold.Asked("http://prom:9090"), force=False)
    golden, text = GOLDEN / "shop.yaml", file.read_text(encoding="utf-8")
    if os.environ.get("BREAKWATCH_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.usefixtures("known_server")
def test_the_starter_file_loads_as_what_it_says(tmp_path: Path) -> None:
    """Odd names are quoted, objectives that can be proved are live and marked as ours, the others are comments."""
    config = load(scaffold.write(tmp_path / "b.yaml", scaffold.Asked("http://prom:9090"), force=False))
    assert [service.name for service in config.services] == ["checkout", 'odd "name" ${HOME}', "search"]
    told = [(one.service, one.indicator, one.limit, one.origin) for one in config.objectives]
    assert [(service, indicator) for service, indicator, _, _ in told] == [
        ("checkout", "breaker_recovery_time"),
        ("checkout", "failover_time"),
        ("checkout", "success_ratio"),
    ]
    assert {origin for *_, origin in told} == {"default"}
    limits = [limit[1].value for _, _, limit, _ in told if limit is not None]
    assert limits == [90.0, 30.0, 0.995]


@pytest.mark.usefixtures("known_server")
def test_the_doctor_doubts_no_objective_of_a_starter_file(tmp_path: Path) -> None:
    """What init proposes can be proved at the scrape interval it found, and lies above the open times it saw."""
    config = load(scaffold.write(tmp_path / "b.yaml", scaffold.Asked("http://prom:9090"), force=False))
    lines = [check.line() for check in doctor.checks(config, lambda: 0)]
    assert "ok    objectives: 3 objectives: nothing stands against proving them" in lines
    assert not [line for line in lines if "objective checkout" in line]


def test_how_to_get_in_is_carried_into_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tenant header, token, user and certificates given to init are in the file; secrets by the files they lie in."""
    monkeypatch.setattr(scaffold, "discover", found)
    for name in ("token", "ca.pem", "us.pem", "us.key"):
        (tmp_path / name).write_text("x")
    asked = scaffold.Asked(
        "https://mimir:9009/prometheus",
        headers=("X-Scope-OrgID: team-a",),
        bearer_token_file=tmp_path / "token",
        ca_file=tmp_path / "ca.pem",
        cert_file=tmp_path / "us.pem",
        key_file=tmp_path / "us.key",
        within_s=0,
    )
    (source,) = load(scaffold.write(tmp_path / "b.yaml", asked, force=False)).sources
    assert isinstance(source, PrometheusSource)
    assert dict(source.headers) == {"X-Scope-OrgID": "team-a"}
    assert source.bearer_token_file == tmp_path / "token"
    assert source.ca_file == tmp_path / "ca.pem"
    assert (source.cert_file, source.key_file) == (tmp_path / "us.pem", tmp_path / "us.key")


def test_a_key_needs_its_certificate(tmp_path: Path) -> None:
    """Half of what mTLS needs is refused before the server is asked."""
    done = breakwatch("init", "--prometheus", "https://127.0.0.1:1", "--key-file", "us.key", folder=tmp_path)
    assert done.code == 2
    assert done.err.splitlines() == [
        "breakwatch: --key-file is only for a certificate",
        "  try: name the certificate with --cert-file",
    ]


@pytest.mark.parametrize(
    ("covered_s", "told"),
    [(0.4, "0.4 s"), (58.0, "58 s"), (119.0, "119 s"), (120.0, "2 min"), (5400.0, "1.5 h"), (4.2 * DAY_S, "4.2 d")],
)
def test_how_long_it_was_observed_reads_well(covered_s: float, told: str) -> None:
    """A length stands in the unit a person would use: under two minutes in seconds."""
    seen = Starters({"shop": covered_s}, (), ())
    (line,) = suggesting.objectives("shop", seen, 15.0, breakers=True)
    assert line.startswith(f"  # shop: observed {told}: no breaker opened; ")


def test_logs_are_read_by_what_understands_most_of_them(tmp_path: Path) -> None:
    """Format and profile of log files are found by trying them; what is written collects them as it is."""
    captures = Path(__file__).parents[1] / "golden" / "captures"
    for name in ("haproxy.log", "opossum_events.jsonl"):
        shutil.copy(captures / name, tmp_path / name)
    done = breakwatch("init", "--logs", "haproxy.log", "--logs", "*.jsonl", folder=tmp_path)
    assert (done.code, done.out) == (0, ""), done.err
    told = [(one.format, one.profile) for one in load(tmp_path / "breakwatch.yaml").sources if one.kind == "logs"]
    assert told == [("regex", "haproxy"), ("json", "opossum")]
    assert breakwatch("collect", "--once", folder=tmp_path).code == 0
    with Reader.open(tmp_path / "breakwatch.duckdb") as reader:
        assert reader.rows("SELECT count(*) AS n FROM breaker_incidents") == [{"n": 1}]
        assert reader.rows("SELECT sum(count) AS n FROM request_counts") == [{"n": 601}]


def test_logs_that_nobody_understands_are_refused(tmp_path: Path) -> None:
    """A pattern without files, and files of another kind, write nothing and say so in two lines."""
    (tmp_path / "notes.txt").write_text("milk\neggs\n")
    for pattern in ("notes.txt", "none/*.log"):
        done = breakwatch("init", "--logs", pattern, folder=tmp_path)
        assert done.code == 2
        assert f"--logs {pattern}: no line of such files is understood by any profile" in done.err
    assert not (tmp_path / "breakwatch.yaml").exists()


def test_the_doctor_says_how_lines_would_be_understood(tmp_path: Path) -> None:
    """A source that reads plain lines as JSON is told which format and profile understand them."""
    shutil.copy(Path(__file__).parents[1] / "golden" / "captures" / "haproxy.log", tmp_path / "haproxy.log")
    sources = "{name: good, kind: logs, paths: [haproxy.log], format: regex, profile: haproxy}, "
    sources += "{name: bad, kind: logs, paths: [haproxy.log], profile: haproxy}"
    config = load(write(tmp_path, f"sources: [{sources}]"))
    lines = [check.line() for check in doctor.checks(config, system_clock)]
    assert "ok    good: of the last 606 lines 611 events understood" in lines
    (bad,) = [line for line in lines if line.startswith("warn  bad: ")]
    assert "of the last 606 lines 0 events understood, 606 rejected" in bad
    assert "try: set format: regex and profile: haproxy, by which 611 are" in bad


def test_the_doctor_says_that_lines_name_no_service(tmp_path: Path) -> None:
    """Events of nobody are warned of, with what would say whose they are; with it, the warning is gone."""
    shutil.copy(Path(__file__).parents[1] / "golden" / "captures" / "opossum_events.jsonl", tmp_path / "o.jsonl")
    assert breakwatch("init", "--logs", "o.jsonl", folder=tmp_path).code == 0
    assert "whose these lines are they do not say" in (tmp_path / "breakwatch.yaml").read_text(encoding="utf-8")
    source = "{name: o, kind: logs, paths: [o.jsonl], profile: opossum"
    config = load(write(tmp_path, f"sources: [{source}}}]"))
    lines = [check.line() for check in doctor.checks(config, system_clock)]
    remedy = "add labels: {application: …} to this source, or match in services"
    assert f"warn  o: of 9 events none says whose it is — try: {remedy}" in lines
    config = load(write(tmp_path, f"sources: [{source}, labels: {{application: shop}}}}]"))
    assert not [check for check in doctor.checks(config, system_clock) if "whose" in check.finding]


def test_a_server_that_cannot_be_asked_writes_nothing(tmp_path: Path) -> None:
    """A failing init leaves nothing behind."""
    file = tmp_path / "b.yaml"
    with pytest.raises(SourceError):
        scaffold.write(file, scaffold.Asked(f"http://127.0.0.1:{closed_port()}"), force=False)
    for asked in (
        scaffold.Asked("not an address"),
        scaffold.Asked("http://prom:9090", headers=("X-Scope-OrgID",)),
        scaffold.Asked("http://prom:9090", username="me"),
    ):
        with pytest.raises(UsageError):
            scaffold.write(file, asked, force=False)
    assert not file.exists()


@pytest.mark.usefixtures("known_server")
def test_the_doctor_says_what_it_found_line_by_line(tmp_path: Path) -> None:
    """Version, profiles and how they were proved, what no profile reads, cap, and how exactly edges are known."""
    config = load(write(tmp_path, "sources: [{name: prom, kind: prometheus, url: 'http://prom:9090'}]"))
    lines = [check.line() for check in doctor.checks(config, lambda: 0)]
    assert "ok    prom: http://prom:9090 answers, version 2.42.0" in lines
    assert "ok    prom: profile envoy: 7 series; proved against the running program" in lines
    assert "ok    prom: profile resilience4j: 42 series; read in the library's source, not proved by a run" in lines
    assert "ok    prom: job shop: 3 targets every 15 s, so edges are known to ± 7.5 s" in lines
    assert (
        "warn  prom: a cycle every 15 s costs it 3 requests, 21 kB with 9,000 samples in 9.00 s, by queries: remote"
        " read is not to be had here, so filling gaps takes longer — try: name fewer profiles, or collect less often"
    ) in lines
    warned = [line for line in lines if line.startswith("warn  prom: ")]
    for said in ("9000 series a cycle, of at most 10000", "circuit_breaker_state: 1 may be open or half_open",
                 "no profile reads them: shop_fallbacks_total", "native histograms are not read: rpc_duration_seconds",
                 "job mesh: scrape interval unknown"):  # fmt: skip
        assert [line for line in warned if said in line and "— try: " in line], said


@pytest.mark.usefixtures("known_server")
def test_the_doctor_doubts_what_cannot_be_proved(tmp_path: Path) -> None:
    """A limit under two scrape intervals and one under the declared open time are warned of, with the remedy."""
    text = """\
sources: [{name: prom, kind: prometheus, url: 'http://prom:9090'}]
services: [{name: checkout, expected: {breakers: {payments: {open_time: 60s}}}}]
objectives:
  - {name: quick, indicator: failover_time, below: 5s, service: checkout}
  - {name: back, indicator: breaker_recovery_time, below: 45s, service: checkout}
  - {name: sound, indicator: breaker_recovery_time, below: 5m, service: checkout}
"""
    checks = list(doctor.checks(load(write(tmp_path, text)), lambda: 0))
    lines = [check.line() for check in checks if check.subject.startswith("objective")]
    assert len(lines) == 3
    assert lines[0].startswith("warn  objective quick: below 5s can be missed and never be met")
    assert lines[1].startswith("warn  objective back: below 45s is out of reach: checkout/payments is declared to stay")
    assert lines[2] == "ok    objectives: 1 objective: nothing stands against proving them"
