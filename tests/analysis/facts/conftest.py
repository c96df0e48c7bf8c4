"""A store of its own for each test of the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(tmp_path / "facts.duckdb") as opened:
        yield opened
