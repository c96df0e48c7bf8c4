"""What a person gets for bad input: the command as a process, real servers, exactly two lines, the right exit code."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from store import Store
from tests.service.command import Done, breakwatch, write
from tests.service.servers import answering, closed_port

GOOD_LINES = """\
{"ts":"2026-11-20T09:00:00Z","event":"breaker_transition","service":"shop","breaker":"pay","from":"closed","to":"open"}
{"ts":"2026-11-20T09:00:20Z","event":"breaker_transition","service":"shop","breaker":"pay","from":"open","to":"closed"}
"""
OTHER_LINE = '{"ts":"2026-11-20T09:00:30Z","message":"cache warm"}\n'
BAD_LINES = """\
{"ts":"yesterday","event":"breaker_transition","service":"shop","breaker":"pay","from":"closed","to":"open"}
{"ts":"2026-11-20T09:01:00Z","event":"breaker_transition","service":"shop","breaker":
"""
LOGS = "sources: [{name: app, kind: logs, paths: [app.jsonl], profile: breakwatch-service}]\n"
MANY = ", ".join(rf"'[a-z]{{{900 + more}}}\pL{{{more}}}'" for more in range(60))


def prometheus(folder: Path, url: str) -> None:
    """Configure one Prometheus."""
    write(folder, f"sources:\n  - {{name: prom, kind: prometheus, url: '{url}', timeout: 2s}}\n")


def told(done: Done) -> tuple[str, str]:
    """Return problem and remedy; the two lines are all there is on stderr."""
    lines = done.err.splitlines()
    assert len(lines) == 2, done.err
    assert lines[0].startswith("breakwatch: ")
    assert lines[1].startswith("  try: ")
    return lines[0].removeprefix("breakwatch: "), lines[1].removeprefix("  try: ")


def test_a_wrong_key_is_named_with_its_place_and_the_nearest(tmp_path: Path) -> None:
    """A typing mistake in the configuration is found before anything starts."""
    write(tmp_path, "services:\n  - name: checkout\n    runbok: https://example.org\n")
    for command in (["validate"], ["collect", "--once"], ["doctor"], ["run"]):
        done = breakwatch(*command, folder=tmp_path)
        assert done.code == 2
        assert told(done) == ("breakwatch.yaml:3: services[0].runbok: unknown key", "did you mean runbook?")


def test_a_profile_that_nobody_knows_is_found_offline(tmp_path: Path) -> None:
    """A pull request with a misspelt profile does not pass; the nearest name is shown."""
    write(tmp_path, LOGS.replace("breakwatch-service", "breakwatch-servis"))
    done = breakwatch("validate", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    problem, remedy = told(done)
    assert problem == "breakwatch.yaml: source app: no profile is named 'breakwatch-servis'"
    assert remedy == "did you mean breakwatch-service?"


@pytest.mark.parametrize(
    ("settings", "said", "hint"),
    [
        ("profile: breakwatch-service, redact: [usual, '(?<=x)y']", "'(?<=x)y' is refused", "no lookbehind"),
        ("profile: breakwatch-service, redact: [emial]", "redact: no rule is named 'emial'", "email"),
        ("profile: breakwatch-service, redact: [api-key]", "redact: no rule is named 'api-key'", "api_key"),
        ("format: regex, pattern: '(?P<breaker>a)(?=b)'", "'(?P<breaker>a)(?=b)' is refused", "no lookahead"),
        ("format: regex, pattern: '(?P<braker>a)'", "braker", "breaker"),
        (f"profile: opossum, redact: [{MANY}]", "redact: the patterns together are too large", "fewer"),
        ("profile: opossum, format: regex", "the profile opossum has no log pattern for format regex", "format"),
    ],
)
def test_what_a_collector_would_refuse_is_found_offline(tmp_path: Path, settings: str, said: str, hint: str) -> None:
    """Rules, patterns and formats that no collector takes do not pass a pull request."""
    (tmp_path / "app.log").write_text("a line\n")
    write(tmp_path, f"sources: [{{name: app, kind: logs, paths: [app.log], {settings}}}]\n")
    done = breakwatch("validate", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    problem, remedy = told(done)
    assert problem.startswith("breakwatch.yaml: source app: ")
    assert said in problem
    assert hint in remedy


def test_validate_doctor_and_collect_refuse_the_same(tmp_path: Path) -> None:
    """What a collector refuses is one failing line of doctor, however many lines there are, and ends a collection."""
    (tmp_path / "app.log").write_text("a line\n")
    write(tmp_path, "sources: [{name: app, kind: logs, paths: [app.log], redact: [emial]}]\n")
    problem, remedy = told(breakwatch("validate", folder=tmp_path))
    assert problem == "breakwatch.yaml: source app: redact: no rule is named 'emial'"
    failing = [line for line in breakwatch("doctor", folder=tmp_path).out.splitlines() if line.startswith("FAIL")]
    assert failing == [f"FAIL  config: source app: redact: no rule is named 'emial' — try: {remedy}"]
    done = breakwatch("collect", "--once", folder=tmp_path)
    assert (done.code, told(done)) == (2, ("source app: redact: no rule is named 'emial'", remedy))


def test_a_wrong_option_is_a_usage_error(tmp_path: Path) -> None:
    """The command line follows the same form as everything else."""
    done = breakwatch("collect", "--onec", folder=tmp_path)
    assert done.code == 2
    problem, remedy = told(done)
    assert "--onec" in problem
    assert remedy == "breakwatch collect --help"


def test_no_command_shows_what_there_is(tmp_path: Path) -> None:
    """The bare command shows the commands, line by line, and counts as a wrong call; so does half a command."""
    done = breakwatch(folder=tmp_path)
    assert (done.code, done.err) == (2, "")
    assert "\n  collect " in done.out
    done = breakwatch("import", folder=tmp_path)
    assert (done.code, told(done)[1]) == (2, "breakwatch import --help")


def test_no_sources_to_collect_from(tmp_path: Path) -> None:
    """Collecting from nothing is not a success."""
    write(tmp_path, "")
    done = breakwatch("collect", "--once", folder=tmp_path)
    assert done.code == 2
    assert told(done)[0] == "the configuration names no sources"


def test_no_configuration_says_how_to_get_one(tmp_path: Path) -> None:
    """The newcomer's first mistake is answered with the command that helps."""
    done = breakwatch("run", folder=tmp_path)
    assert done.code == 2
    problem, remedy = told(done)
    assert problem == "breakwatch.yaml: no such file"
    assert "breakwatch init" in remedy


def test_an_unreachable_server(tmp_path: Path) -> None:
    """Nobody listens: exit 4, and the address is named."""
    url = f"http://127.0.0.1:{closed_port()}"
    prometheus(tmp_path, url)
    done = breakwatch("collect", "--once", folder=tmp_path)
    assert done.code == 4
    problem, _ = told(done)
    assert problem.startswith(f"{url} cannot be reached")


@pytest.mark.parametrize(
    ("answer", "said", "hint"),
    [
        ((200, "<!doctype html><title>Login</title>", "text/html"), "not with JSON", "url"),
        ((200, '{"hello": "world"}', "application/json"), "not Prometheus'", "url"),
        ((401, "who are you?", "text/plain"), "401", "bearer_token_file"),
        ((403, "not you", "text/plain"), "403", "read access"),
        ((503, "later", "text/plain"), "503", "log"),
    ],
)
def test_a_server_that_answers_something_else(
    tmp_path: Path, answer: tuple[int, str, str], said: str, hint: str
) -> None:
    """A login page, another program, a refusal, trouble: exit 4, what it answered, and what to check."""
    with answering(*answer) as url:
        prometheus(tmp_path, url)
        done = breakwatch("collect", "--once", folder=tmp_path)
    assert done.code == 4
    problem, remedy = told(done)
    assert url in problem
    assert said in problem
    assert hint in remedy


def test_one_failing_source_does_not_stop_the_others(tmp_path: Path) -> None:
    """What the log says is in, what failed is recorded, and the exit code says that something failed."""
    (tmp_path / "app.jsonl").write_text(GOOD_LINES)
    dead = f"http://127.0.0.1:{closed_port()}"
    write(tmp_path, f"{LOGS[:-2]}, {{name: prom, kind: prometheus, url: '{dead}'}}]\n")
    done = breakwatch("collect", "--once", folder=tmp_path)
    assert done.code == 4
    told(done)
    query = "SELECT source, status, contains(error, 'be reached') AS why FROM collection_runs ORDER BY source"
    assert breakwatch("sql", query, "--format", "csv", folder=tmp_path).out.split() == [
        "source,status,why",
        "app,ok,",
        "prom,failed,True",
    ]


def test_lines_that_cannot_be_read_are_kept_and_the_good_ones_are_in(tmp_path: Path) -> None:
    """Exit 7 once; the incident of the good lines is there; the bad ones can be looked at; a second look is quiet."""
    (tmp_path / "app.jsonl").write_text(GOOD_LINES + OTHER_LINE + BAD_LINES)
    write(tmp_path, LOGS)
    done = breakwatch("collect", "--once", folder=tmp_path)
    assert done.code == 7
    problem, remedy = told(done)
    assert problem == "app: 2 pieces of input rejected; the good rows are in"
    assert done.out == "app: partial, 3 new, 5 lines read, 1 skipped as about something else, 2 rejected\n"
    assert "rejected_inputs" in remedy
    episodes = breakwatch("sql", "SELECT service, breaker, duration_s FROM breaker_episodes", folder=tmp_path)
    assert episodes.out.split()[-3:] == ["shop", "pay", "20.0"]
    query = "SELECT reason FROM rejected_inputs ORDER BY reason"
    kept = breakwatch("sql", query, "--format", "csv", folder=tmp_path).out
    first = len(GOOD_LINES + OTHER_LINE)
    for place in (first, first + BAD_LINES.index("\n") + 1):
        assert f"app.jsonl, byte {place})" in kept, kept
    assert breakwatch("collect", "--once", folder=tmp_path).code == 0


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    """Something else lies where the store should be: exit 5, and it is left as it was."""
    write(tmp_path, "store: {path: letter.duckdb}\n")
    letter = tmp_path / "letter.duckdb"
    letter.write_text("Dear reader, I am no database.\n" * 1000)
    for command in (["collect", "--once"], ["publish"], ["sql", "SELECT 1"]):
        done = breakwatch(*command, folder=tmp_path)
        assert done.code == 5, done
        problem, remedy = told(done)
        assert problem == f"{letter} is not a DuckDB file"
        assert "do not delete" in remedy
    assert letter.read_text().startswith("Dear reader")


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    """Exit 5 within seconds, naming the process that owns the store."""
    write(tmp_path, "store: {path: shared.duckdb}\n")
    with Store.open(tmp_path / "shared.duckdb"):
        started = time.monotonic()
        done = breakwatch("collect", "--once", folder=tmp_path)
        assert time.monotonic() - started < 10
    assert done.code == 5
    problem, _ = told(done)
    assert problem.endswith(f"already owned by process {os.getpid()}")


def test_no_store_yet(tmp_path: Path) -> None:
    """Asking before anything was collected says what to do first."""
    write(tmp_path, "")
    done = breakwatch("sql", "SELECT 1", folder=tmp_path)
    assert done.code == 5
    assert "breakwatch collect --once" in told(done)[1]


def test_a_wrong_query_is_told_in_the_databases_words(tmp_path: Path) -> None:
    """The reader gets DuckDB's own message in our two lines."""
    write(tmp_path, "")
    breakwatch("publish", folder=tmp_path)
    done = breakwatch("sql", "SELECT nope FROM breaker_states", folder=tmp_path)
    assert done.code == 2
    assert "nope" in told(done)[0]


def test_the_trace_is_shown_on_request_only(tmp_path: Path) -> None:
    """--debug adds the trace above the two lines, wherever it stands."""
    for command in (["--debug", "validate"], ["validate", "--debug"]):
        done = breakwatch(*command, folder=tmp_path)
        assert done.code == 2
        assert done.err.startswith("Traceback")
        assert done.err.splitlines()[-1].startswith("  try: ")


def test_a_public_address_must_be_asked_for(tmp_path: Path) -> None:
    """The dashboard has no login: listening for everybody is refused without the word for it."""
    write(tmp_path, "")
    for command in ("dashboard", "run"):
        done = breakwatch(command, "--address", "0.0.0.0", folder=tmp_path)
        assert done.code == 2
        assert "--public" in told(done)[1]


def test_an_import_of_a_missing_file(tmp_path: Path) -> None:
    """The file is named; nothing is opened or written."""
    write(tmp_path, "")
    done = breakwatch("import", "openmetrics", "gone.om", folder=tmp_path)
    assert (done.code, told(done)[0]) == (2, "gone.om: no such file")
    assert not (tmp_path / "breakwatch.duckdb").exists()
