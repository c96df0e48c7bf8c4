"""A store of its own for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the published file goes."""
    return tmp_path / "breakwatch.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """An empty store with its owner."""
    with Store.open(path) as opened:
        yield opened
