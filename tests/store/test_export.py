"""Answers as text and files."""

import contextlib
import json
from pathlib import Path

import duckdb
import pytest

from breakwatch.clock import DAY_US
from breakwatch.errors import StoreError, UsageError
from store import Store, sql_readonly
from store.export import harmless

LIVE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1"]
SQL = "SELECT service, last_served_at, labels, role, -1.5 AS number, 'inf'::DOUBLE AS unbounded FROM targets"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file with one target."""
    path = tmp_path_factory.mktemp("export") / "b.duckdb"
    with Store.open(path) as store:
        store.replace("targets", {}, [{"service": "=1+1", "labels": {"c": "eu"}, "last_served_at": 0}])
        store.publish(1)
    return path


def test_csv_is_harmless_to_spreadsheets(published: Path) -> None:
    """Text that would be a formula gets an apostrophe; numbers stay numbers; no data is empty."""
    assert sql_readonly(published, SQL, "csv") == (
        "service,last_served_at,labels,role,number,unbounded\n"
        '\'=1+1,1970-01-01T00:00:00+00:00,"{""c"": ""eu""}",,-1.5,inf\n'
    )


@pytest.mark.parametrize("text", LIVE)
def test_every_live_beginning_is_made_harmless(text: str) -> None:
    """Each character that starts a formula somewhere is met."""
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "checkout", "1=1", "'=1", " =1"])
def test_other_text_stays(text: str) -> None:
    """Nothing else is touched."""
    assert harmless(text) == text


def test_json_keeps_types_and_says_null(published: Path) -> None:
    """Numbers are numbers, maps are objects, no data is null, infinity is a word."""
    assert json.loads(sql_readonly(published, SQL, "json")) == [
        {
            "service": "=1+1",
            "last_served_at": "1970-01-01T00:00:00+00:00",
            "labels": {"c": "eu"},
            "role": None,
            "number": -1.5,
            "unbounded": "inf",
        }
    ]


def test_a_table_is_aligned(published: Path) -> None:
    """For people: columns under their names."""
    assert sql_readonly(published, "SELECT service, role, 7 AS n FROM targets") == (
        "service  role  n\n-------  ----  -\n=1+1           7\n"
    )


@pytest.mark.parametrize("fmt", ["csv", "json", "table"])
def test_an_answer_goes_to_a_file_where_asked(published: Path, tmp_path: Path, fmt: str) -> None:
    """With a file named, nothing is left to print."""
    out = tmp_path / "out"
    assert sql_readonly(published, SQL, fmt, out) == ""  # type: ignore[arg-type]
    assert out.read_text() == sql_readonly(published, SQL, fmt)  # type: ignore[arg-type]


def test_parquet_needs_a_file_and_keeps_types(published: Path, tmp_path: Path) -> None:
    """Parquet is no text: without a file it is refused; with one the types survive."""
    with pytest.raises(UsageError, match="Parquet"):
        sql_readonly(published, SQL, "parquet")
    sql_readonly(published, SQL, "parquet", tmp_path / "out.parquet")
    with duckdb.connect() as connection:
        (row,) = connection.read_parquet(str(tmp_path / "out.parquet")).fetchall()
    assert (row[0], row[2], row[3]) == ("=1+1", {"c": "eu"}, None)


@pytest.mark.parametrize("sql", ["SELECT nope", "DELETE FROM kept.targets", "COPY (SELECT 1) TO 'x.csv'", "SELEC"])
@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_mistakes_are_errors_of_usage(published: Path, tmp_path: Path, sql: str, fmt: str) -> None:
    """A wrong or writing statement is refused on one line, and nothing is written."""
    with contextlib.chdir(tmp_path), pytest.raises(UsageError) as caught:
        sql_readonly(published, sql, fmt, tmp_path / "out")  # type: ignore[arg-type]
    assert "\n" not in caught.value.problem
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_a_moved_store_is_no_mistake_of_the_asker(tmp_path: Path, fmt: str) -> None:
    """Where the store's parts are gone the remedy is to publish anew; a file that the query names is the asker's."""
    path = tmp_path / "first" / "b.duckdb"
    with Store.open(path, inside_rows=1) as store:
        rows = [{"service": "s", "queue": "q", "sampled_at": day * DAY_US, "depth": 1.0} for day in range(3)]
        store.replace("queue_depths", {}, rows)
        store.publish(3 * DAY_US)
    moved = path.parent.rename(tmp_path / "second") / path.name
    with pytest.raises(StoreError) as caught:
        sql_readonly(moved, "FROM queue_depths", fmt, tmp_path / "out")  # type: ignore[arg-type]
    assert "breakwatch publish" in caught.value.remedy
    with pytest.raises(UsageError):
        sql_readonly(moved, "FROM 'mine.parquet'", fmt, tmp_path / "out")  # type: ignore[arg-type]


@pytest.mark.parametrize(("sql", "said"), [("", "empty"), (" ; ", "empty"), ("SELECT 1; SELECT 2", "2 queries")])
@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_one_query_is_asked_at_a_time(published: Path, tmp_path: Path, sql: str, said: str, fmt: str) -> None:
    """None, or several of which all answers but the last would be lost, are refused."""
    with pytest.raises(UsageError, match=said):
        sql_readonly(published, sql, fmt, tmp_path / "out")  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_an_answer_never_overwrites_the_store(published: Path, tmp_path: Path, fmt: str) -> None:
    """A place that is the store itself, by any name, or lies in no folder, is a wrong call."""
    other = tmp_path / "link.duckdb"
    other.symlink_to(published)
    with pytest.raises(UsageError, match="the store itself"):
        sql_readonly(published, SQL, fmt, other)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no such folder"):
        sql_readonly(published, SQL, fmt, tmp_path / "gone" / "out")  # type: ignore[arg-type]
