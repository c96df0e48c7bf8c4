"""The relations the store keeps and shows: read from the view files, so that they are said once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

DENSE: dict[str, str] = {
    "request_counts": "bucket_start",
    "retry_counts": "bucket_start",
    "latency_histograms": "bucket_start",
    "queue_depths": "sampled_at",
    "sessions": "sampled_at",
    "retry_attempts": "occurred_at",
}
"""Relations that may spill to Parquet parts, with the column that says when."""

RAW_PUBLISHED = ("raw.rejected", "raw.collection_runs")
"""Tables of the raw schema that the views show as they are."""

_VIEW = re.compile(r"^-- view: (.+)$", re.MULTILINE)
_REMARK = re.compile(r"--.*$", re.MULTILINE)
_DEFINED = re.compile(r"\b(\w+)\s+as\s+(?:(?:not\s+)?materialized\s+)?\(", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w.$'])(?:main\.)?([a-z]\w*)", re.IGNORECASE)
_COLUMN = re.compile(r"^-- column (\w+): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class View:
    """A view of the public contract: its query, what it shows, and what each column means."""

    name: str
    query: str
    comment: str
    columns: dict[str, str]


@cache
def views() -> tuple[View, ...]:
    """Return every view, by name."""
    folder = files("store").joinpath("views")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return tuple(_read(entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in sorted(found, key=str))


@cache
def may_read_views(sql: str) -> bool:
    """Return whether a statement may read from a view; one with a column that is called like a view may, too."""
    text = _REMARK.sub("", sql)
    named = {word.lower() for word in _WORD.findall(text)} - {word.lower() for word in _DEFINED.findall(text)}
    return any(view.name in named for view in views())


@cache
def sparse_relations() -> tuple[str, ...]:
    """Return the qualified names of the relations published as tables that follow row by row."""
    kept = (f"kept.{view.name}" for view in views() if f"kept.{view.name}" in view.query and view.name not in DENSE)
    return (*kept, *RAW_PUBLISHED)


@cache
def shape() -> str:
    """Return a fingerprint of everything a published file is made of, apart from its rows."""
    digest = hashlib.blake2b(digest_size=8)
    for part in (*migrations(), *((view.name, view.query) for view in views())):
        digest.update("\x1f".join(str(text) for text in part).encode())
    return digest.hexdigest()


@cache
def migrations() -> tuple[tuple[int, str, str], ...]:
    """Return (version, name, statements) of every migration, in order."""
    folder = files("store").joinpath("migrations")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return tuple(
        (int(entry.name[:4]), entry.name.removesuffix(".sql"), entry.read_text("utf-8"))
        for entry in sorted(found, key=str)
    )


def _read(name: str, text: str) -> View:
    comment = _VIEW.search(text)
    if comment is None:
        raise ValueError(f"store/views/{name}.sql has no '-- view:' line")
    return View(name, text, comment[1], dict(_COLUMN.findall(text)))
