"""Fixtures of the log tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.collectors.logs.following import Follower

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Follow(Protocol):
    """Makes a follower of some paths."""

    def __call__(self, *paths: Path, **settings: Any) -> Follower:
        """Return a follower that is closed at the end of the test."""


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Make followers, closed at the end of the test."""
    made: list[Follower] = []

    def make(*paths: Path, **settings: Any) -> Follower:
        made.append(Follower(*paths, **settings))
        return made[-1]

    yield make
    for follower in made:
        follower.close()
