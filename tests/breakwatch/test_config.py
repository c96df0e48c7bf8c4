"""The configuration: what is understood, and what is said about what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwatch.config import (
    CalendarWindow,
    LogsSource,
    PrometheusSource,
    RollingWindow,
    config_path,
    load,
    published_path,
    read_secret,
    warnings,
)
from breakwatch.config_units import ShareRule, Target, parse_duration_s, parse_ratio
from breakwatch.errors import ConfigError
from breakwatch.model import Outcome

FULL = (Path(__file__).parent / "full.yaml").read_text(encoding="utf-8")


def write(folder: Path, text: str, name: str = "breakwatch.yaml") -> Path:
    """Write a configuration and return its path."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def refused(folder: Path, text: str) -> tuple[str, str]:
    """Return problem and remedy of a configuration that is wrong, the folder left out."""
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    return caught.value.problem.replace(f"{folder}/", ""), caught.value.remedy


def test_the_whole_grammar_is_understood(tmp_path: Path) -> None:
    """A file that uses every section loads, with numbers in the unit their names say."""
    config = load(write(tmp_path, FULL))
    server, logs = config.sources
    assert isinstance(server, PrometheusSource)
    assert isinstance(logs, LogsSource)
    assert (server.timeout_s, server.max_series, server.replica_group) == (10.0, 10_000, "eu")
    assert logs.fields == {"ts": "time", "breaker": "cb"}
    service = config.services[0]
    assert service.expected.breakers["payments"].open_time_s == 60.0
    assert service.expected.retries["llm"].initial_delay_s == 0.2
    assert service.instances.degraded_when == ShareRule(">=", 0.5)
    assert service.fallbacks[0].prove_every_s == 90 * 86400
    assert config.policies["default"].settle_s == 60.0
    assert config.policies["default"].outcomes[Outcome.FALLBACK] == "good"
    assert config.store.retention.raw_log_text_s == 14 * 86400
    assert config.notify.email is not None
    assert config.notify.email.sender == "sla@example.org"
    assert config.reports[0].hour_minute == (7, 0)


def test_limits_keep_their_unit(tmp_path: Path) -> None:
    """A limit says whether it is seconds, a ratio, a count or a multiple of a declared expectation."""
    text = """
objectives:
  - {name: a, indicator: service_recovery_time, below: 30s, window: 30d}
  - {name: b, indicator: availability_requests, at_least: 99.9%, window: {calendar: month, timezone: Europe/Paris}}
  - {name: c, indicator: restarts, equals: 0}
  - {name: d, indicator: breaker_recovery_time, at_most: 2x open_time}
  - {name: e, indicator: latency, report_only: true}
"""
    one, two, three, four, five = load(write(tmp_path, text)).objectives
    assert one.limit == ("below", Target(30.0, "s"))
    assert two.limit == ("at_least", Target(0.999, "ratio"))
    assert three.limit == ("equals", Target(0.0))
    assert four.limit == ("at_most", Target(2.0, "", "open_time"))
    assert five.limit is None
    assert one.window == RollingWindow(length_s=30 * 86400)
    assert two.window == CalendarWindow(calendar="month", timezone="Europe/Paris")


def test_relative_paths_belong_to_the_file_they_stand_in(tmp_path: Path) -> None:
    """Paths are relative to their file, included files too, whatever the working directory is."""
    write(tmp_path, "sources: [{name: logs, kind: logs, paths: ['log/*.log', /var/log/x.log]}]", "teams/a.yaml")
    config = load(write(tmp_path, "include: teams/*.yaml\nstore: {path: data/b.duckdb}\n"))
    logs = config.sources[0]
    assert isinstance(logs, LogsSource)
    assert logs.paths == (tmp_path / "teams" / "log/*.log", Path("/var/log/x.log"))
    assert config.store.path == tmp_path / "data" / "b.duckdb"


def test_the_store_lies_beside_the_file_when_none_is_named(tmp_path: Path) -> None:
    """The default store is beside the configuration, not in the working directory."""
    assert load(write(tmp_path, "")).store.path == tmp_path / "breakwatch.duckdb"


def test_empty_sections_are_no_sections(tmp_path: Path) -> None:
    """A section whose lines are all comments is allowed: that is how a starter file looks."""
    config = load(write(tmp_path, "sources:\n  # - name: later\nservices:\n"))
    assert config.sources == ()


def test_includes_add_to_each_other(tmp_path: Path) -> None:
    """Lists of included files grow in order of their names, and policies join."""
    write(tmp_path, "services: [{name: a}]\npolicies: {strict: {unknown: down}}", "teams/a.yaml")
    write(tmp_path, "services: [{name: b}]", "teams/b.yaml")
    config = load(write(tmp_path, "include: [teams/*.yaml]\nservices: [{name: main}]"))
    assert [service.name for service in config.services] == ["main", "a", "b"]
    assert set(config.policies) == {"default", "strict"}


def test_variables_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """${VAR} is replaced after the file is parsed, so a value can never become structure; $${VAR} stays a text."""
    monkeypatch.setenv("PROM", "http://prom:9090")
    monkeypatch.setenv("EVIL", "x, url: http://evil")
    monkeypatch.setenv("SERIES", "500")
    text = """
sources:
  - name: "${EVIL}"
    kind: prometheus
    url: ${PROM}
    max_series: ${SERIES}
    labels: {literal: "$${PROM}", fallback: "${NOT_SET:-eu}"}
"""
    source = load(write(tmp_path, text)).sources[0]
    assert isinstance(source, PrometheusSource)
    assert (source.name, source.url, source.max_series) == ("x, url: http://evil", "http://prom:9090", 500)
    assert source.labels == {"literal": "${PROM}", "fallback": "eu"}


WRONG = [
    ("services:\n  - name: x\n    runbok: y", "breakwatch.yaml:3: services[0].runbok: unknown key", "runbook"),
    (
        "objectives:\n  - {name: a, indicator: failover_tme, below: 5s}",
        "breakwatch.yaml:2: objectives[0].indicator: 'failover_tme' is not known here",
        "failover_time",
    ),
    ("sources:\n  - name: a\n    kind: promethus", "breakwatch.yaml:2: sources[0]: 'promethus'", "prometheus"),
    ("sources: [{name: a}]", "sources[0]: kind: missing", "prometheus"),
    ("sources: [{name: a, kind: prometheus}]", "sources[0]: url: missing", "add url"),
    ("sources: [{name: a, kind: prometheus, url: 'ftp://x'}]", "not an http(s) address", "http://prometheus:9090"),
    ("sources: [{name: a, kind: prometheus, url: 'http://me:pw@x'}]", "must not hold a password", "basic_auth"),
    ("sources: [{name: a, kind: logs, paths: [x], format: regex}]", "needs a pattern or a profile", "pattern"),
    ("sources: [{name: a, kind: logs, paths: [x], timezone: Mars/Base}]", "not a time zone", "Europe/Paris"),
    ("store: {grace: 60}", "breakwatch.yaml:1: store.grace: 60 has no unit", "60s"),
    ("store: {grace: 1 fortnight}", "'1 fortnight' is not a duration", "30d"),
    ("objectives: [{name: a, indicator: restarts}]", "needs one limit and has none", "report_only"),
    ("objectives: [{name: a, indicator: restarts, below: 1, above: 0}]", "has below and above", "one of"),
    ("objectives: [{name: a, indicator: restarts, below: 1, policy: defualt}]", "no policy is named", "default"),
    ("objectives: [{name: a, indicator: restarts, below: 1, window: 30}]", "30 has no unit", "30d"),
    ("objectives: [{name: a, indicator: restarts, below: 1, min_coverage: 99}]", "more than the whole", "99%"),
    ("services: [{name: a}, {name: a}]", "services[1].name: 'a' is taken (first at breakwatch.yaml:1)", "own name"),
    ("services: [{name: a, instances: {down_when: most}}]", "not a share of instances", ">= 50%"),
    ("services: [{name: 5}]", "services[0].name: not a text: 5", "quotes"),
    ("services: 5", "breakwatch.yaml:1: services: not a list", "[one, two]"),
    ("services: [{name: a, name: b}]", "breakwatch.yaml:1: name: given twice", "remove one"),
    ("services: [{name: '${NOT_SET}'}]", "${NOT_SET}: not set in the environment", "${NOT_SET:-default}"),
    ("services: [", "breakwatch.yaml:1: not YAML", "quotes"),
    ("- a", "breakwatch.yaml:1: not a map", "sources:"),
    ("include: teams/a.yaml", "include: no file teams/a.yaml", "path"),
    ("x: &a [*a]", "alias that contains itself", "write the value out"),
    ("maintenance: [{start: 2026-01-02T00:00:00Z, end: 2026-01-01T00:00:00Z}]", "ends before it starts", "swap"),
    ("maintenance: [{start: 2026-01-01T00:00:00, end: 2026-01-02T00:00:00Z}]", "maintenance[0].start", "correct"),
]


@pytest.mark.parametrize(("text", "problem", "remedy"), WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, problem: str, remedy: str) -> None:
    """A wrong file is refused with file, line, key and, where there is one, the nearest known word."""
    said, hint = refused(tmp_path, text)
    assert problem in said
    assert remedy in hint


def test_two_servers_that_look_alike_are_refused(tmp_path: Path) -> None:
    """Equal labels without a common replica group would mix clusters; either of the two remedies is accepted."""
    one = "{name: a, kind: prometheus, url: 'http://a'"
    other = "{name: b, kind: prometheus, url: 'http://b'"
    said, hint = refused(tmp_path, f"sources:\n  - {one}}}\n  - {other}}}")
    assert said.startswith("breakwatch.yaml:3: sources[1]: a and b have the same labels")
    assert "replica_group" in hint
    group = ", replica_group: eu}"
    assert len(load(write(tmp_path, f"sources:\n  - {one}{group}\n  - {other}{group}")).sources) == 2
    apart = f"sources:\n  - {one}, labels: {{cluster: a}}}}\n  - {other}, labels: {{cluster: b}}}}"
    assert len(load(write(tmp_path, apart)).sources) == 2


def test_replicas_have_equal_labels(tmp_path: Path) -> None:
    """Members of one replica group that are labelled apart would count everything twice: both are named."""
    one = "{name: a, kind: prometheus, url: 'http://a', replica_group: eu, labels: {cluster: eu, replica: a}}"
    other = "{name: b, kind: prometheus, url: 'http://b', replica_group: eu, labels: {cluster: eu, replica: b}}"
    said, hint = refused(tmp_path, f"sources:\n  - {one}\n  - {other}")
    assert said.startswith("breakwatch.yaml:3: sources[1]: a and b share the replica_group eu but not their labels")
    assert hint == "give both the same labels, without the replica's own"
    same = f"sources:\n  - {one}\n  - {other}".replace(", replica: a", "").replace(", replica: b", "")
    assert len(load(write(tmp_path, same)).sources) == 2


def test_standard_input_has_one_reader(tmp_path: Path) -> None:
    """Of two sources that name it the second would find nothing, and files of exposition are imported from it."""
    one, other = (f"{{name: {name}, kind: logs, paths: ['-']}}" for name in "ab")
    assert len(load(write(tmp_path, f"sources: [{one}]")).sources) == 1
    said, hint = refused(tmp_path, f"sources:\n  - {one}\n  - {other}")
    assert said.startswith("breakwatch.yaml:3: sources[1]: a and b both read standard input")
    assert "one of them" in hint
    said, hint = refused(tmp_path, "sources: [{name: a, kind: openmetrics, paths: ['-']}]")
    assert "standard input is not read" in said
    assert hint == "pipe it into breakwatch import openmetrics -"


def test_what_an_included_file_says_wrong_names_that_file(tmp_path: Path) -> None:
    """The line belongs to the file the key stands in."""
    write(tmp_path, "services:\n  - name: a\n    crit: true\n", "teams/a.yaml")
    said, hint = refused(tmp_path, "include: [teams/*.yaml]\nservices: [{name: main}]")
    assert said == "teams/a.yaml:3: services[1].crit: unknown key"
    assert "critical" in hint


def test_several_problems_are_counted(tmp_path: Path) -> None:
    """The first problem is told, and how many more there are."""
    said, _ = refused(tmp_path, "services: [{name: 5}, {name: 6}]")
    assert said.endswith("(and 1 more)")


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    """No configuration is the newcomer's case: the remedy is the command that writes one."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "breakwatch.yaml")
    assert "breakwatch init" in caught.value.remedy


def test_readable_secrets_are_warned_of(tmp_path: Path) -> None:
    """A secret in a file others can read is worth a word; from the environment, or in a closed file, it is not."""
    file = write(tmp_path, "notify: {email: {host: h, from: a@b, password: hunter2}}")
    file.chmod(0o644)
    (said,) = warnings(file)
    assert "readable by others" in said
    assert "hunter2" not in said
    file.chmod(0o600)
    assert warnings(file) == ()
    file = write(tmp_path, "notify: {email: {host: h, from: a@b, password: '${PW:-x}'}}")
    file.chmod(0o644)
    assert warnings(file) == ()


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Neither a printed configuration nor an error holds a password."""
    config = load(write(tmp_path, "notify: {email: {host: h, from: a@b, password: hunter2}}"))
    assert "hunter2" not in repr(config)
    said, hint = refused(tmp_path, "notify: {email: {host: h, from: a@b, password: 81723}}")
    assert "81723" not in said + hint


def test_a_secret_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    """What editors append does not become part of the secret; an empty file is an error, not an empty password."""
    file = write(tmp_path, "s3cret\n", "secret")
    assert read_secret(file) == "s3cret"
    file.write_text("\n")
    with pytest.raises(ConfigError):
        read_secret(file)


def test_which_file_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one named, else the one here, else the one of the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BREAKWATCH_CONFIG", "/etc/breakwatch.yaml")
    assert config_path(Path("x.yaml")) == Path("x.yaml")
    assert config_path(None) == Path("/etc/breakwatch.yaml")
    write(tmp_path, "")
    assert config_path(None) == Path("breakwatch.yaml")


def test_the_published_file_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dashboard that was told no file knows that it was told none."""
    monkeypatch.delenv("BREAKWATCH_PUBLISHED", raising=False)
    assert published_path() is None
    monkeypatch.setenv("BREAKWATCH_PUBLISHED", "/data/b.duckdb")
    assert published_path() == Path("/data/b.duckdb")


def test_code_may_give_plain_numbers() -> None:
    """Models built in code take seconds by the attribute's name; only a file must write units."""
    source = PrometheusSource(name="a", url="http://a", timeout_s=2.5)
    assert source.timeout_s == 2.5


@given(st.integers(1, 10_000), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_durations_are_exact(number: int, unit: str) -> None:
    """A written whole number of a unit is that many seconds, exactly."""
    per_s = {"ms": 1 / 1000, "s": 1, "m": 60, "h": 3600, "d": 86400}
    expected = number / 1000 if unit == "ms" else number * per_s[unit]
    assert parse_duration_s(f"{number}{unit}") == expected


@given(st.integers(0, 100_000))
def test_percentages_are_exact_in_the_digits_written(thousandths: int) -> None:
    """99.9% is the number nearest to 0.999, not the nearest to 99.9 divided by 100 in floating point."""
    assert parse_ratio(f"{thousandths / 1000}%") == float(f"{thousandths}e-5")
