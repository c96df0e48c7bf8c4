"""Writes the published file: beside the present one, made safe, then swapped in by rename.

What did not change is carried forward by copying the present file; changed rows of sparse relations follow by number,
changed spans of dense ones by time. A file that is not exactly the one we left is never continued but written anew.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from store import catalog, schema
from store.parts import Part, Parts, sync
from store.statements import fill, quoted, steps
from store.trace import Trace
from store.values import Publication

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from breakwatch.clock import Clock, Instant

_SLACK_BYTES = 16 * 2**20
_READ_ONLY_MODE = 0o444
"""Clients that open for writing by default are told so, instead of locking all others out of this file."""

_BEFORE_ALL_US = -(2**55)


@dataclass(frozen=True, slots=True)
class Header:
    """The row of ``meta.publication``: which publication this is, of whom, and what the next one needs to know."""

    store_id: str
    generation: int
    published_us: Instant
    as_of_us: Instant | None
    recorded: bool
    shape: str
    parts_prefix: str
    row_watermark: int
    whole_bytes: int
    file_bytes: int
    file_mtime_ns: int


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes the database of ``connection`` (its own cursor, outside any transaction) as ``path``."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    private: Path
    parts: Parts
    parts_prefix: str
    clock: Clock
    grace_s: float
    trace: Trace

    def last(self) -> Header | None:
        """Return the header of the last publication; None before the first."""
        rows = self.connection.execute(steps("publish")["header"]).fetchall()
        return Header(*rows[0]) if rows else None

    def is_current(self) -> bool:
        """Return whether the published file is the one we left, in the shape and place of today."""
        header = self.last()
        return header is not None and self._may_continue(header)

    def publish(self, as_of_us: Instant | None, *, recorded: bool) -> Publication:
        """Publish; see ``Store.publish``."""
        started = time.monotonic()
        self.trace("publish.begin")
        parts_written = self.parts.bring_up_to_date()
        previous = self.last()
        header = self._next_header(as_of_us, recorded=recorded)
        fresh = self.private / "next.duckdb"
        fresh.unlink(missing_ok=True)
        try:
            whole = not (previous and self._may_continue(previous) and self._continue(fresh, previous, header))
            if whole:
                fresh.unlink(missing_ok=True)
                self._write_whole(fresh, header)
            header = self._swap_in(fresh, header, None if whole else previous)
        finally:
            fresh.unlink(missing_ok=True)
        self._record(header)
        self.parts.delete_expired(self.clock() - round(self.grace_s * 1e6))
        return Publication(header.generation, time.monotonic() - started, header.file_bytes, parts_written, whole)

    def _next_header(self, as_of_us: Instant | None, *, recorded: bool) -> Header:
        store_id, generation, watermark = self.connection.execute(steps("publish")["new_header"]).fetchall()[0]
        return Header(
            store_id,
            generation,
            self.clock(),
            as_of_us,
            recorded,
            catalog.shape(),
            self.parts_prefix,
            watermark,
            0,
            0,
            0,
        )

    def _may_continue(self, header: Header) -> bool:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        ours = (found.st_size, found.st_mtime_ns) == (header.file_bytes, header.file_mtime_ns)
        fits = (header.shape, header.parts_prefix) == (catalog.shape(), self.parts_prefix)
        return ours and fits and found.st_size <= 2 * header.whole_bytes + _SLACK_BYTES

    def _continue(self, fresh: Path, previous: Header, header: Header) -> bool:
        """Copy the present file and write what changed; return False where it turns out not to be ours."""
        shutil.copyfile(self.path, fresh)
        with _Attached(self.connection, fresh):
            found = self.connection.execute(steps("publish")["header_of_copy"]).fetchall()
            if found != [(previous.store_id, previous.generation)]:
                return False
            self.connection.execute("BEGIN")
            self._carry_sparse(previous)
            self._carry_dense()
            self._set_header("published", header)
            self.connection.execute("COMMIT")
        return True

    def _carry_sparse(self, previous: Header) -> None:
        script = steps("publish")
        for relation, whole in self.connection.execute(script["changed"]).fetchall():
            if whole:
                self.connection.execute(fill(script["drop"], relation=relation))
                self.connection.execute(fill(script["whole"], relation=relation))
                continue
            self.connection.execute(fill(script["remove"], relation=relation), {"relation": relation})
            mark = {"row_watermark": previous.row_watermark}
            self.connection.execute(fill(script["add"], relation=relation), mark)

    def _carry_dense(self) -> None:
        script = steps("publish")
        live = self.parts.live()
        changed = self.parts.changed()
        pointed_to = dict(self.connection.execute(script["part_files"]).fetchall())
        for relation, when in catalog.DENSE.items():
            own = [part for part in live if part.relation == relation]
            boundary_us = _boundary(own)
            places = {"relation": relation, "when": when}
            for start_us, end_us in changed.get(relation, []):
                span = {"start_us": start_us, "end_us": end_us}
                self.connection.execute(fill(script["inside_remove"], **places), span)
                self.connection.execute(fill(script["inside_add"], **places), span | {"boundary_us": boundary_us})
            if pointed_to.get(relation, []) != self._paths(own):
                self.connection.execute(fill(script["inside_spill"], **places), {"boundary_us": boundary_us})
                self._point_to_parts(relation, own)

    def _write_whole(self, fresh: Path, header: Header) -> None:
        script = steps("publish")
        live = self.parts.live()
        with _Attached(self.connection, fresh):
            self.connection.execute("BEGIN")
            self.connection.execute(script["ground"])
            for relation in catalog.sparse_relations():
                self.connection.execute(fill(script["whole"], relation=relation))
            for relation, when in catalog.DENSE.items():
                own = [part for part in live if part.relation == relation]
                sql = fill(script["inside_whole"], relation=relation, when=when)
                self.connection.execute(sql, {"boundary_us": _boundary(own)})
                self._point_to_parts(relation, own)
            self._set_header("published", header)
            schema.create_views(self.connection, "published", comments=True)
            self.connection.execute("USE owner")
            self.connection.execute("COMMIT")

    def _paths(self, own: list[Part]) -> list[str]:
        return [f"{self.parts_prefix}/{part.file_name}" for part in own]

    def _point_to_parts(self, relation: str, own: list[Part]) -> None:
        """Make ``kept.<relation>`` of the published file the rows inside and those in parts."""
        script = steps("publish")
        paths = self._paths(own)
        self.connection.execute(script["clear_part_files"], {"relation": relation})
        for position, path in enumerate(paths):
            place = {"relation": relation, "position": position, "path": path}
            self.connection.execute(script["add_part_file"], place)
        view = fill(script["inside_and_parts" if own else "inside_only"], relation=relation)
        self.connection.execute("USE published")
        # A view has no parameters, and only literal paths can stand in it.
        self.connection.execute(view.replace("$paths", f"[{', '.join(quoted(path) for path in paths)}]"))
        self.connection.execute("USE owner")

    def _set_header(self, database: str, header: Header) -> None:
        script = steps("publish")
        self.connection.execute(fill(script["clear_header"], database=database))
        self.connection.execute(fill(script["set_header"], database=database), asdict(header))

    def _swap_in(self, fresh: Path, header: Header, continued: Header | None) -> Header:
        fresh.chmod(_READ_ONLY_MODE)
        sync(fresh)
        found = fresh.stat()
        self.trace("publish.before_rename")
        fresh.replace(self.path)
        sync(self.path.parent)
        self.trace("publish.after_rename")
        whole_bytes = continued.whole_bytes if continued else found.st_size
        return replace(header, whole_bytes=whole_bytes, file_bytes=found.st_size, file_mtime_ns=found.st_mtime_ns)

    def _record(self, header: Header) -> None:
        script = steps("publish")
        self.connection.execute("BEGIN")
        try:
            self._set_header("owner", header)
            for name in ("clear_tombstones", "clear_relations", "clear_spans"):
                self.connection.execute(script[name])
            self.connection.execute(steps("parts")["retire"], {"now_us": self.clock()})
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise


class _Attached:
    """The new file attached as ``published``; detached in any case, rolled back after an error."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def __enter__(self) -> None:
        # No write-ahead log: until the rename nobody knows the file, and detaching writes all of it.
        self._connection.execute(
            f"ATTACH {quoted(self._path)} AS published (STORAGE_VERSION 'v1.1.0', RECOVERY_MODE no_wal_writes)"
        )

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._connection.execute("ROLLBACK")
        self._connection.execute("USE owner")
        self._connection.execute("DETACH published")


def _boundary(own: list[Part]) -> Instant:
    """Return the instant from which rows lie inside the file."""
    return max((part.end_us for part in own), default=_BEFORE_ALL_US)
