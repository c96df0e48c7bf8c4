"""Published files for the pages, written once per run of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dashboard.fixture import busy, capture, one_row, publish, quiet

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def busy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the published file of the busy morning and of the recorded run."""
    return publish(tmp_path_factory.mktemp("busy") / "breakwatch.duckdb", busy(), capture())


@pytest.fixture(scope="session")
def quiet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the published file of a quiet day."""
    return publish(tmp_path_factory.mktemp("quiet") / "breakwatch.duckdb", quiet())


@pytest.fixture(scope="session")
def one_row_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published file with a single closed breaker."""
    return publish(tmp_path_factory.mktemp("one") / "breakwatch.duckdb", one_row())


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published file without a row."""
    return publish(tmp_path_factory.mktemp("empty") / "breakwatch.duckdb")
