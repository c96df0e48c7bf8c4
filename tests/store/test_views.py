"""The contract views: every one is there, with its columns, types and comments, for old and new clients."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from store import Reader, Store
from store.catalog import DENSE, views
from tests.store.contract import CONTRACT

VIEW_SQL = "SELECT comment FROM duckdb_views() WHERE view_name = $view AND schema_name = 'main'"
COLUMNS_SQL = (
    "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = $view AND schema_name = 'main'"
)

UNQUOTED = """
import json, sys
import duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
failures = []
for view, columns in json.loads(sys.argv[2]).items():
    for column in columns:
        for sql in (
            f"SELECT {column} FROM {view}",
            f"SELECT 1 FROM {view} WHERE {column} IS NOT NULL",
            f"SELECT count(*) FROM {view} GROUP BY {column}",
            f"SELECT 1 FROM {view} ORDER BY {column}",
        ):
            try:
                connection.execute(sql).fetchall()
            except Exception as error:
                failures.append(f"{sql}: {error}")
print(json.dumps([duckdb.__version__, failures]))
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file, for all tests of this module."""
    path = tmp_path_factory.mktemp("views") / "b.duckdb"
    with Store.open(path) as store:
        store.publish(1)
    return path


def test_every_view_of_the_contract_is_there() -> None:
    """No more and no fewer views than are written down, apart from those of the house."""
    assert {view.name for view in views()} == {*CONTRACT, "publication"}


@pytest.mark.parametrize("name", CONTRACT)
def test_a_view_has_its_columns_environment_and_labels(published: Path, name: str) -> None:
    """At least the promised columns, with environment and a map of labels, times with a zone, durations DOUBLE."""
    with Reader.open(published) as reader:
        types = {row["column_name"]: row["data_type"] for row in reader.rows(COLUMNS_SQL, {"view": name})}
    assert set(CONTRACT[name]) <= set(types)
    assert types["environment"] == "VARCHAR"
    assert types["labels"] == "MAP(VARCHAR, VARCHAR)"
    for column, kind in types.items():
        if column.endswith("_s"):
            assert kind == "DOUBLE", column
        if column.endswith(("_at", "_earliest", "_latest", "_start", "_end")) and column != "contained_at":
            assert kind == "TIMESTAMP WITH TIME ZONE", column


@pytest.mark.parametrize("view", views(), ids=lambda view: view.name)
def test_every_view_and_column_has_a_comment(published: Path, view) -> None:  # type: ignore[no-untyped-def]
    """What a view shows and what each column means can be asked in SQL."""
    with Reader.open(published) as reader:
        (shown,) = reader.rows(VIEW_SQL, {"view": view.name})
        columns = reader.rows(COLUMNS_SQL, {"view": view.name})
    assert shown["comment"] == view.comment
    assert {row["column_name"]: row["comment"] for row in columns} == view.columns


@pytest.mark.parametrize("name", [view.name for view in views() if view.name in CONTRACT])
def test_a_kept_table_has_the_columns_of_its_view(store: Store, name: str) -> None:
    """What analysis writes is what people see."""
    sql = "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'kept' AND table_name = $view"
    kept = {row["column_name"] for row in store.rows(sql, {"view": name})} - {"row_id"}
    view = next(view for view in views() if view.name == name)
    own = {"role"} if name == "request_counts" else set()  # what tells its rows from those of request_counts_besides
    assert kept in (set(view.columns) | own, set())
    assert bool(kept) == (name not in {"collection_runs", "rejected_inputs", "request_counts_besides", "signals"})


@pytest.mark.parametrize("old", [False, True], ids=["newest client", "oldest client"])
def test_no_column_is_a_reserved_word(published: Path, old_client: Path, *, old: bool) -> None:
    """Every column works unquoted in SELECT, WHERE, GROUP BY and ORDER BY."""
    columns = {view.name: list(view.columns) for view in views()}
    done = subprocess.run(
        [sys.executable, "-c", UNQUOTED, str(published), json.dumps(columns)],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={"PYTHONPATH": str(old_client)} if old else {},
    )
    version, failures = json.loads(done.stdout)
    assert version == ("1.1.3" if old else duckdb.__version__)
    assert failures == []


def test_what_was_not_said_is_null_in_views(store: Store) -> None:
    """An empty text in a subject means "not said", and people see NULL."""
    store.replace("targets", {}, [{"environment": "", "service": "a", "operation": "", "target": "x", "role": ""}])
    assert store.rows("SELECT environment, service, operation, role FROM targets") == [
        {"environment": None, "service": "a", "operation": None, "role": None}
    ]


def test_dense_relations_say_when() -> None:
    """Each dense relation has the time column by which it is cut into days."""
    known = {view.name: view.columns for view in views()}
    assert all(when in known[name] for name, when in DENSE.items())
