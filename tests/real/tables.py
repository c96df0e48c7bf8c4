"""Everything a store holds, in a form that can be compared: two stores that were fed alike are equal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from store import catalog

if TYPE_CHECKING:
    from store import Store

OF_THE_RUNNING = {"collection_runs", "publication"}
"""Views that tell of the collecting itself, not of what was collected."""

RAW = {
    "raw.tracks": "*",
    "raw.runs": "*",
    "raw.sightings": "*",
    "raw.rejected": "* exclude (row_id, seen_us)",
}


def tables(store: Store) -> dict[str, list[str]]:
    """Return by relation every row as a text, in order: the raw tables and all views."""
    found = {name: _rows(store, f"SELECT {columns} FROM {name}") for name, columns in RAW.items()}  # noqa: S608 ours
    for view in catalog.views():
        if view.name not in OF_THE_RUNNING:
            columns = "* exclude (seen_at)" if view.name == "rejected_inputs" else "*"
            found[view.name] = _rows(store, f"SELECT {columns} FROM {view.name}")  # noqa: S608 names of ours
    return found


def fingerprint(store: Store) -> dict[str, str]:
    """Return by relation a hash of every row: quick to compare, where a difference is not expected."""
    return {name: hashlib.blake2b("\n".join(rows).encode()).hexdigest() for name, rows in tables(store).items()}


def differences(found: dict[str, list[str]], expected: dict[str, list[str]]) -> dict[str, tuple[list[str], list[str]]]:
    """Return by relation some rows that should not be there, and some that are missing."""
    return {
        name: (sorted(set(found[name]) - set(rows))[:3], sorted(set(rows) - set(found[name]))[:3])
        for name, rows in expected.items()
        if found[name] != rows
    }


def _rows(store: Store, sql: str) -> list[str]:
    return sorted(map(repr, store.rows(sql)))
