"""The statements of this folder's .sql files, by step."""

from __future__ import annotations

from analysis.sqlfiles import read_steps


def steps(name: str) -> dict[str, str]:
    """Return the statements of ``<name>.sql`` by step, in order."""
    return read_steps("analysis.facts", f"{name}.sql")
