"""Every .sql file is understood by the real schema: a misspelt column fails here, before anybody meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.sqlfiles import read_sql
from store import Store

ROOT = Path(__file__).parents[1]
TEMPORARY = re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?TEMP", re.IGNORECASE)
STEP = re.compile(r"^-- step: (\w+)$", re.MULTILINE)
INCLUDE = re.compile(r"^-- include: (\w+\.sql)$", re.MULTILINE)


def questions() -> list[Path]:
    """Return the .sql files outside the store; the store's own run whenever a Store is opened or appended to.

    What others include is planned where it stands.
    """
    rooms = (ROOT / "analysis", ROOT / "dashboard")
    files = [file for room in rooms for file in room.rglob("*.sql")]
    included = {name for file in files for name in INCLUDE.findall(file.read_text(encoding="utf-8"))}
    return sorted(file.relative_to(ROOT) for file in files if file.name not in included)


def statements(file: Path) -> list[str]:
    """Return the statements of a file: its steps, or the one it holds."""
    text = read_sql(".".join(file.parent.parts), file.name)
    return STEP.split(text)[2::2] or [text]


def parameters(sql: str) -> dict[str, None]:
    """Return no value for each parameter of a statement."""
    return dict.fromkeys(re.findall(r"\$(\w+)", sql))


def make_temporary(store: Store, file: Path) -> None:
    """Carry out the statements of a file that make temporary tables."""
    for sql in filter(TEMPORARY.search, statements(file)):
        with store.transaction():
            store.execute(sql, parameters(sql))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An empty store with the real schema and the temporary tables of all scripts, which read each other's."""
    with Store.open(tmp_path_factory.mktemp("store") / "empty.duckdb") as opened:
        for file in questions():
            make_temporary(opened, file)
        yield opened


@pytest.mark.parametrize("file", questions(), ids=str)
def test_statements_fit_the_schema(store: Store, file: Path) -> None:
    """Each statement of a .sql file is planned against the empty store; its temporary tables are made."""
    make_temporary(store, file)
    for sql in statements(file):
        assert store.rows(f"EXPLAIN {sql}", parameters(sql))


def test_every_sql_file_of_the_store_is_used() -> None:
    """The store holds no statement that nothing carries out."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "store").rglob("*.py"))
    files = sorted((ROOT / "store" / "sql").glob("*.sql"))
    assert files
    assert [file.name for file in files if f'"{file.stem}"' not in code] == []
