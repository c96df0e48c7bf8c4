"""A person's query in the sandbox: answers come back, harm does not."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from breakwatch.errors import StoreError, UsageError
from store import Store
from store.sandbox import run_sandboxed
from tests.store.test_publish import START_US, counts

SECRET = "the-secret-of-the-test"

ATTACKS = [
    "FROM read_text('{secret}')",
    "FROM read_blob('{secret}')",
    "FROM read_csv('{secret}')",
    "FROM read_json('{secret}')",
    "FROM '{secret}'",
    "FROM glob('{folder}/*')",
    "FROM glob('/etc/host*')",
    "FROM read_text('/proc/self/environ')",
    "FROM read_text('/proc/self/cmdline')",
    "FROM read_parquet('{folder}/other.parquet')",
    "FROM read_parquet('{parts}/*.parquet')",
    "FROM parquet_metadata('{folder}/other.parquet')",
    "FROM sniff_csv('{secret}')",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{part}'",
    "COPY (SELECT 1) TO '{parts}/new.parquet'",
    "COPY findings FROM '{secret}'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{part}'",
    "EXPORT DATABASE '{folder}/export'",
    "ATTACH '{folder}/new.duckdb' AS other",
    "ATTACH '{owner}' AS other (READ_ONLY)",
    "EXPLAIN ANALYZE ATTACH '{folder}/new.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/evil.duckdb_extension'",
    "FROM 'https://localhost:1/x.parquet'",
    "FROM read_csv('http://127.0.0.1:1/')",
    "FROM read_text('s3://bucket/key')",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET lock_configuration = false",
    "SET allowed_directories = ['/']",
    "SET memory_limit = '100GB'",
    "SET max_execution_time = 0",
    "PRAGMA enable_profiling",
    "PRAGMA profiling_output = '{folder}/out.json'",
    "CREATE SECRET s (TYPE s3)",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP MACRO f() AS TABLE FROM read_text('{secret}')",
    "DELETE FROM kept.targets",
    "UPDATE kept.targets SET role = 'x'",
    "DROP VIEW findings",
    "CHECKPOINT",
    "CALL pragma_version()",
    "PREPARE p AS SELECT 1",
    "BEGIN",
    "USE memory",
    "DETACH b",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/out.csv'",
    "SELECT getenv('HOME')",
    "FROM query('COPY (SELECT 1) TO ''{folder}/out.csv''')",
    "FROM query('FROM read_text(''{secret}'')')",
    "FROM query_table('{secret}')",
    "SELECT list(range) FROM range(1000000000)",
    "SELECT repeat('x', 2000000000)",
]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file with parts."""
    path = tmp_path_factory.mktemp("sandbox") / "b.duckdb"
    with Store.open(path, inside_rows=100) as store:
        store.replace("request_counts", {}, counts(range(10)))
        store.replace("targets", {}, [{"service": "=1+1", "labels": {"cluster": "eu"}, "last_served_at": START_US}])
        store.publish(1)
    return path


def everything(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder."""
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_an_answer_has_names_types_and_values(published: Path) -> None:
    """Times are aware, maps are dicts, decimals are numbers, no data is None."""
    found = run_sandboxed(published, "SELECT service, last_served_at, labels, role, 1.5 AS d FROM targets")
    assert found.columns == ("service", "last_served_at", "labels", "role", "d")
    assert found.types[1] == "TIMESTAMP WITH TIME ZONE"
    assert found.rows == (("=1+1", datetime(2026, 11, 1, tzinfo=UTC), {"cluster": "eu"}, None, 1.5),)
    assert not found.truncated


def test_parts_can_be_read(published: Path) -> None:
    """Exactly the part files of the present publication are within reach."""
    assert run_sandboxed(published, "SELECT count(*) FROM request_counts").rows == ((240,),)


READING = ["EXPLAIN SELECT 1", "DESCRIBE targets", "SHOW TABLES", "PIVOT targets ON role USING count(*)"]


@pytest.mark.parametrize("sql", READING)
def test_what_only_reads_is_allowed(published: Path, sql: str) -> None:
    """Describing, explaining and pivoting are queries too."""
    assert run_sandboxed(published, sql).columns


def test_rows_beyond_the_cap_are_cut_off_and_said_so(published: Path) -> None:
    """An endless answer is cut, not computed."""
    found = run_sandboxed(published, "FROM range(10000000000)", max_rows=5)
    assert [row[0] for row in found.rows] == [0, 1, 2, 3, 4]
    assert found.truncated


@pytest.mark.parametrize("sql", ["SELECT nope FROM targets", "SELEC 1", "", "SELECT 1; SELECT 2"])
def test_mistakes_come_back_with_duckdbs_words(published: Path, sql: str) -> None:
    """A wrong query is an error of usage, with the message of the database."""
    with pytest.raises(UsageError) as caught:
        run_sandboxed(published, sql)
    assert caught.value.problem
    assert "\n" not in caught.value.problem


def test_no_attack_succeeds(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 of these statements succeed, and afterwards no file is new, gone or changed."""
    monkeypatch.setenv("BREAKWATCH_TEST_SECRET", SECRET)
    folder = published.parent
    (folder / "secret.txt").write_text(SECRET)
    parts = folder / f".{published.name}.d" / "parts"
    part = min(parts.iterdir())
    (folder / "other.parquet").write_bytes(part.read_bytes())
    places = {"secret": folder / "secret.txt", "folder": folder, "parts": parts, "part": part}
    places["owner"] = folder / f".{published.name}.d" / "owner.duckdb"
    before = everything(folder)
    succeeded = []
    for attack in ATTACKS:
        try:
            found = run_sandboxed(published, attack.format(**places))
        except UsageError:
            continue
        succeeded.append((attack, found.rows[:1]))
    assert succeeded == []
    assert len(ATTACKS) >= 40
    assert everything(folder) == before


def test_a_runaway_query_is_stopped(published: Path) -> None:
    """DuckDB interrupts what takes too long; what does not even get that far is killed."""
    endless = "SELECT sum(a) FROM range(100000000000000) t(a) WHERE a % 7 = 3"
    for timeout_s in (3.0, 0.01):
        started = time.monotonic()
        with pytest.raises(UsageError, match=r"execution time|longer than"):
            run_sandboxed(published, endless, timeout_s=timeout_s)
        assert time.monotonic() - started < timeout_s + 4


def test_the_query_sees_nothing_of_the_environment(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that DuckDB tells about itself hold no secret of ours."""
    monkeypatch.setenv("BREAKWATCH_TEST_SECRET", SECRET)
    found = run_sandboxed(published, "SELECT value FROM duckdb_settings() WHERE name <> 'allowed_paths'")
    assert SECRET in os.environ.values()
    assert SECRET not in repr(found.rows)


def test_without_a_store_the_sandbox_says_so(tmp_path: Path) -> None:
    """No published file is a problem of the store, not of the query."""
    with pytest.raises(StoreError, match="no store"):
        run_sandboxed(tmp_path / "none.duckdb", "SELECT 1")
