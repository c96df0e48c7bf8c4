"""Fixtures of the collectors' tests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.collectors.scraped import collected

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.scraped import Page


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """Return a function that reads scrapes, 15 s apart: series → value of each."""
    return partial(collected, tmp_path / "page.om")
