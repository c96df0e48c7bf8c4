"""Parquet parts of dense relations: older days live there once a relation is large.

A part is written once under a name of its own and never changed. A day that changes gets a new part; the superseded one
stays for the grace time, so that connections that readers hold open keep answering. Complete months become one part.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from breakwatch.clock import DAY_US, Instant, from_us, to_us
from store import catalog
from store.statements import fill, quoted, steps

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from store.trace import Trace

_INSIDE_DAYS = 2
"""The newest days stay inside the published file: they change with every cycle."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file that holds the rows of ``kept.<relation>`` in ``[start_us, end_us)``."""

    file_name: str
    relation: str
    start_us: Instant
    end_us: Instant


@dataclass(frozen=True, slots=True)
class Parts:
    """The folder of parts and the record of what they hold."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    trace: Trace
    inside_rows: int

    def live(self) -> list[Part]:
        """Return the parts that make up the present."""
        return [Part(*row) for row in self.connection.execute(steps("parts")["live"]).fetchall()]

    def bring_up_to_date(self) -> int:
        """Write what changed in days that live in parts, spill days that grew old; return how many parts were written.

        The record is changed in one transaction; the files are safe on disk before it.
        """
        written: list[tuple[Part, int]] = []
        gone: list[Part] = []
        live = self.live()
        for relation, spans in self.changed().items():
            when = catalog.DENSE[relation]
            own = [part for part in live if part.relation == relation]
            boundary_us = max((part.end_us for part in own), default=None)
            stale = [part for part in own if any(low < part.end_us and high >= part.start_us for low, high in spans)]
            todo = [(part.start_us, part.end_us) for part in stale]
            todo += self._late_days(relation, when, spans, own)
            todo += self._to_spill(relation, when, boundary_us)
            gone += stale
            for start_us, end_us in todo:
                count = self._count(relation, when, start_us, end_us)
                if count:
                    written.append((self._write(relation, when, start_us, end_us), count))
        if written or gone:
            self._record(written, gone)
        return len(written) + self._compact()

    def changed(self) -> dict[str, list[tuple[Instant, Instant]]]:
        """Return the spans that changed since the last publication, both ends inclusive, by dense relation."""
        spans: dict[str, list[tuple[Instant, Instant]]] = {}
        for relation, start_us, end_us in self.connection.execute(steps("parts")["spans"]).fetchall():
            spans.setdefault(relation.removeprefix("kept."), []).append((start_us, end_us))
        return spans

    def _late_days(
        self, relation: str, when: str, spans: list[tuple[Instant, Instant]], own: list[Part]
    ) -> list[tuple[Instant, Instant]]:
        """Return the changed days before the boundary that no part covers: they were empty until now."""
        sql = fill(steps("parts")["days"], relation=relation, when=when)
        days: set[Instant] = set()
        for start_us, end_us in spans if own else []:
            found = self.connection.execute(sql, {"start_us": start_us, "end_us": min(end_us, own[-1].end_us - 1)})
            days |= {row[0] for row in found.fetchall()}
        covered = [(part.start_us, part.end_us) for part in own]
        return [
            (day_us, day_us + DAY_US)
            for day_us in sorted(days)
            if not any(low <= day_us < high for low, high in covered)
        ]

    def _to_spill(self, relation: str, when: str, boundary_us: Instant | None) -> list[tuple[Instant, Instant]]:
        sql = fill(steps("parts")["newest"], relation=relation, when=when)
        row_count, newest_us, oldest_us = self.connection.execute(sql).fetchall()[0]
        if not row_count or (boundary_us is None and row_count <= self.inside_rows):
            return []
        start_us = _month(oldest_us) if boundary_us is None else boundary_us
        return _pieces(start_us, _day(newest_us) - (_INSIDE_DAYS - 1) * DAY_US)

    def _count(self, relation: str, when: str, start_us: Instant, end_us: Instant) -> int:
        sql = fill(steps("parts")["count"], relation=relation, when=when)
        return int(self.connection.execute(sql, {"start_us": start_us, "end_us": end_us}).fetchall()[0][0])

    def _write(self, relation: str, when: str, start_us: Instant, end_us: Instant) -> Part:
        whole_day = end_us - start_us <= DAY_US
        label = from_us(start_us).strftime("%Y-%m-%d" if whole_day else "%Y-%m")
        name = f"{relation}-{label}-{uuid.uuid4().hex[:12]}.parquet"
        sql = fill(steps("parts")["stage"], relation=relation, when=when)
        self.connection.execute(sql, {"start_us": start_us, "end_us": end_us})
        self.connection.execute(f"COPY part TO {quoted(self.folder / name)} (FORMAT parquet, COMPRESSION zstd)")
        sync(self.folder / name)
        return Part(name, relation, start_us, end_us)

    def _record(self, written: list[tuple[Part, int]], gone: list[Part]) -> None:
        sync(self.folder)
        script = steps("parts")
        self.connection.execute("BEGIN")
        try:
            for part in gone:
                self.connection.execute(script["supersede"], {"file_name": part.file_name})
            for part, count in written:
                self.connection.execute(
                    script["add"],
                    {
                        "file_name": part.file_name,
                        "relation": part.relation,
                        "start_us": part.start_us,
                        "end_us": part.end_us,
                        "row_count": count,
                    },
                )
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def _compact(self) -> int:
        """Make one part of every complete month that has several."""
        written = 0
        live = self.live()
        for relation, when in catalog.DENSE.items():
            own = [part for part in live if part.relation == relation]
            boundary_us = max((part.end_us for part in own), default=0)
            months: dict[Instant, list[Part]] = {}
            for part in own:
                months.setdefault(_month(part.start_us), []).append(part)
            for start_us, parts in months.items():
                end_us = _next_month(start_us)
                if len(parts) < 2 or end_us > boundary_us:  # noqa: PLR2004 - one part is compact
                    continue
                self.trace("compact.begin")
                count = self._count(relation, when, start_us, end_us)
                whole = self._write(relation, when, start_us, end_us)
                self.trace("compact.before_commit")
                self._record([(whole, count)], parts)
                self.trace("compact.after_commit")
                written += 1
        return written

    def adopt_orphans(self, now_us: Instant) -> None:
        """Give files that no record knows (written, then killed) the usual grace: a reader may know them."""
        known = {row[0] for row in self.connection.execute("SELECT file_name FROM meta.parts").fetchall()}
        for path in self.folder.glob("*.parquet"):
            if path.name not in known:
                self.connection.execute(steps("parts")["orphan"], {"file_name": path.name, "now_us": now_us})

    def delete_expired(self, before_us: Instant) -> None:
        """Delete parts superseded before then; the file first, so that a kill leaves the record, never the file."""
        script = steps("parts")
        for (name,) in self.connection.execute(script["expired"], {"before_us": before_us}).fetchall():
            (self.folder / name).unlink(missing_ok=True)
            self.connection.execute(script["forget"], {"file_name": name})


def sync(path: Path) -> None:
    """Make a file or folder safe on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _pieces(start_us: Instant, end_us: Instant) -> list[tuple[Instant, Instant]]:
    """Cut a span of whole days into whole months where they fit, and days."""
    pieces = []
    while start_us < end_us:
        month_end_us = _next_month(start_us)
        whole_month = _month(start_us) == start_us and month_end_us <= end_us
        piece_end_us = month_end_us if whole_month else start_us + DAY_US
        pieces.append((start_us, piece_end_us))
        start_us = piece_end_us
    return pieces


def _day(instant_us: Instant) -> Instant:
    return instant_us - instant_us % DAY_US


def _month(instant_us: Instant) -> Instant:
    return to_us(from_us(instant_us).replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _next_month(instant_us: Instant) -> Instant:
    first = from_us(_month(instant_us))
    later = first + timedelta(days=32)
    return to_us(datetime(later.year, later.month, 1, tzinfo=UTC))
