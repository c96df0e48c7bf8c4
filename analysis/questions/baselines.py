"""What people ask about baselines: which there are, what they are about, how the series of one stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.sqlfiles import read_steps
from store import Rows

_SQL = read_steps("analysis.questions", "baselines.sql")

LISTED = _SQL["listed"]
"""The statement that lists every baseline, for a person to see its answer."""

SCOPE = ("environment", "suite", "benchmark", "metric", "run_environment")


def matching(rows: Rows, revision: str, about: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the series that have runs of a version, with how many repetitions; names in ``about`` may hold ``*``."""
    return rows.rows(_SQL["matching"], _scope(about) | {"revision": revision})


def regressed_before(rows: Rows, revision: str, about: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the regressions that stood when a version was measured and that nobody accepted, the largest first."""
    return rows.rows(_SQL["regressed_before"], _scope(about) | {"revision": revision})


def numbered(rows: Rows, number: int) -> list[dict[str, Any]]:
    """Return the regressions that stand under a number: one, or all of a release."""
    return rows.rows(_SQL["named"], {"number": number})


def compared(rows: Rows, name: str) -> list[dict[str, Any]]:
    """Return how each series of a pinned baseline stands against it."""
    return rows.rows(_SQL["shown"], {"name": name})


def named(rows: Rows, name: str) -> dict[str, Any] | None:
    """Return the baseline of a name; None where there is none."""
    return next((row for row in rows.rows(LISTED) if row["name"] == name), None)


def _scope(about: Mapping[str, str]) -> dict[str, str]:
    return {name: about.get(name) or "*" for name in SCOPE}
