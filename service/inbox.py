"""Statements for a store that another process owns: laid into its inbox, and taken from there by the owner.

While ``breakwatch run`` collects, nobody else can write. A command that only has something to say leaves it beside the
store as a file; the owner takes it in within seconds, once, because records are known by their content.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from breakwatch.clock import Clock, system_clock
from breakwatch.config import Config
from breakwatch.errors import StoreError, StoreOwnedError
from breakwatch.model import Batch, Rejected
from breakwatch.records import Record
from service import collecting
from service.ingest import Ingest
from store import Store

SUFFIX = ".json"
MOST_SHOWN_CHARS = 2_000

_RECORDS = TypeAdapter(list[Record])


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of statements: ``known`` were said before; ``waiting`` where they wait for the owner."""

    records: int = 0
    known: int = 0
    waiting: Path | None = None


def folder(config: Config) -> Path:
    """Return where statements wait for the owner of the configured store."""
    published = Path(config.store.path).absolute()
    return published.parent / f".{published.name}.d" / "inbox"


def deliver(config: Config, batch: Batch, clock: Clock = system_clock) -> Delivered:
    """Store the records of a batch, or leave them for the process that owns the store.

    Raises:
        StoreError: the store is damaged or full, or the inbox cannot be written.
    """
    try:
        store = collecting.open_store(config, clock)
    except StoreOwnedError:
        return Delivered(waiting=_leave(folder(config), batch.records))
    with store:
        done = store.append(batch)
        Ingest(config, store, clock).settle()
    return Delivered(done.records, len(batch.records) - done.records)


def _leave(place: Path, records: Sequence[Record]) -> Path:
    """Write records as one file that appears whole."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place, prefix="new-")
        with os.fdopen(handle, "wb") as file:
            file.write(_RECORDS.dump_json(list(records)))
            file.flush()
            os.fsync(file.fileno())
        return Path(name).rename(f"{name}{SUFFIX}")
    except OSError as error:
        raise StoreError(f"{place}: cannot be written: {error.strerror}", "check its rights and the disk") from error


def take_in(config: Config, store: Store) -> int:
    """Take in everything that waits, and return how many records were new; a file goes once its content is stored.

    A file that is none of ours is kept in ``rejected_inputs`` and set aside as ``.refused``.
    """
    return sum(_taken(store, path) for path in _waiting(folder(config)))


def _waiting(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(place.glob(f"*{SUFFIX}"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def _taken(store: Store, path: Path) -> int:
    content = path.read_bytes()
    try:
        records = _RECORDS.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        text = content[:MOST_SHOWN_CHARS].decode("utf-8", "replace")
        store.append(Batch("inbox", rejected=[Rejected("inbox", path.name, reason, text)]))
        path.rename(path.with_suffix(".refused"))
        return 0
    new = sum(store.append(Batch(source, records=of)).records for source, of in _by_source(records).items())
    path.unlink()
    return new


def _by_source(records: list[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.source, []).append(record)
    return found
