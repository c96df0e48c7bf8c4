"""Every .sql file is understood by the real schema: a misspelt column fails here, before anybody meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store

ROOT = Path(__file__).parents[1]
STEP = re.compile(r"^-- step: (\w+)$", re.MULTILINE)


def questions() -> list[Path]:
    """Return the .sql files outside the store; the store's own run whenever a Store is opened or appended to."""
    rooms = (ROOT / "analysis", ROOT / "dashboard")
    return sorted(file.relative_to(ROOT) for room in rooms for file in room.rglob("*.sql"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An empty store with the real schema."""
    with Store.open(tmp_path_factory.mktemp("store") / "empty.duckdb") as opened:
        yield opened


@pytest.mark.parametrize("file", questions(), ids=str)
def test_statements_fit_the_schema(store: Store, file: Path) -> None:
    """Each statement of a .sql file is planned against the empty store; temporary tables of a script are made."""
    text = (ROOT / file).read_text(encoding="utf-8")
    parts = STEP.split(text)
    statements = parts[2::2] if len(parts) > 1 else [text]
    for sql in statements:
        parameters = dict.fromkeys(re.findall(r"\$(\w+)", sql))
        if re.search(r"CREATE\s+(OR\s+REPLACE\s+)?TEMP", sql, re.IGNORECASE):
            with store.transaction():
                store.execute(sql, parameters)
        else:
            assert store.rows(f"EXPLAIN {sql}", parameters)


def test_every_sql_file_of_the_store_is_used() -> None:
    """The store holds no statement that nothing carries out."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "store").rglob("*.py"))
    files = sorted((ROOT / "store" / "sql").glob("*.sql"))
    assert files
    assert [file.name for file in files if f'"{file.stem}"' not in code] == []
