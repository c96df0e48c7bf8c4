"""A store of its own for every test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the published file goes."""
    return tmp_path / "breakwatch.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """An empty store with its owner."""
    with Store.open(path) as opened:
        yield opened


@pytest.fixture(scope="session")
def old_client() -> Path:
    """The folder with the oldest client that is promised to work."""
    script = ROOT / "scripts" / "ensure-duckdb-1.1.3.sh"
    done = subprocess.run(
        [script], check=True, capture_output=True, text=True, env=os.environ | {"PYTHON": sys.executable}
    )
    return ROOT / done.stdout.strip()
