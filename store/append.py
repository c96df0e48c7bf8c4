"""Writes one batch of a collector: the rows, where the collector stands, and which figures are now stale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from breakwatch.model import stable_id
from breakwatch.sightings import SightingRows
from store.append_few import FEW_RUNS, Standings, mark_few, write_few
from store.arrow import column
from store.statements import parameters, statement, steps
from store.values import Appended

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    from numpy.typing import NDArray

    from breakwatch.clock import Instant
    from breakwatch.model import Batch, Rejected, Sighting, Subject, Track
    from breakwatch.records import Record

_PAIRS = pa.map_(pa.string(), pa.string())
_SUBJECT = ("environment", "service", "operation", "breaker", "component", "target", "instance")


@dataclass(frozen=True, slots=True)
class _Writing:
    """A connection inside a transaction, and the present."""

    connection: duckdb.DuckDBPyConnection
    now_us: Instant

    def run(self, sql: str, **values: Any) -> int:
        """Carry out a statement with those of ``values`` it names; return how many rows it changed."""
        wanted = {name: values[name] for name in parameters(sql)}
        answer = self.connection.execute(sql, wanted) if wanted else self.connection.execute(sql)
        rows = answer.fetchall()  # all: an answer half read would block the connection
        return int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0

    def offer(self, name: str, table: pa.Table) -> None:
        """Let statements read ``table`` as ``name``."""
        self.connection.register(name, table)


def write(
    connection: duckdb.DuckDBPyConnection, batch: Batch, now_us: Instant, standings: Standings | None = None
) -> Appended:
    """Write ``batch`` inside the caller's transaction; what is known already changes nothing.

    ``standings``: what is remembered of tracks and their latest runs from batches before.
    """
    writing = _Writing(connection, now_us)
    track_ids = np.fromiter((track_id(track) for track in batch.tracks), np.int64, len(batch.tracks))
    changed = _write_samples(writing, batch, track_ids, standings or Standings()) if batch.tracks else 0
    sightings = _write_sightings(writing, batch.sightings) if batch.sightings else 0
    records = _write_records(writing, batch.records) if batch.records else 0
    rejected = _write_rejected(writing, batch.rejected) if batch.rejected else 0
    _write_checkpoints(writing, batch)
    known = len(batch.sightings) - sightings + len(batch.records) - records + len(batch.rejected) - rejected
    return Appended(changed, sightings, rejected, known, records)


@lru_cache(maxsize=200_000)
def track_id(track: Track) -> int:
    """Return the number of a track; remembered, as a steady system offers the same tracks in every cycle."""
    return track.track_id


def _write_samples(writing: _Writing, batch: Batch, track_ids: NDArray[np.int64], standings: Standings) -> int:
    """Write the tracks that are new and unite the runs; return how many of these are new or stand otherwise now."""
    named = dict(zip(track_ids.tolist(), batch.tracks, strict=True))
    new = standings.look_up(writing.connection, track_ids)
    fresh = {number: track for number, track in named.items() if number in new}
    if fresh:
        writing.offer("incoming_tracks", _tracks_table(list(fresh.values()), np.array(list(fresh), np.int64)))
        writing.run(statement("append_tracks"))
        standings.known |= fresh.keys()
    if not len(batch.runs):
        return 0
    changes = None
    if len(batch.runs) <= FEW_RUNS:
        changes = write_few(writing.connection, batch.runs, track_ids, standings)
    if changes is None:
        standings.forget()
        return _write_runs(writing, batch, track_ids)
    if changes.touched and not mark_few(writing.connection, changes, named):
        _mark_stale(writing)
    return changes.came


def _write_runs(writing: _Writing, batch: Batch, track_ids: NDArray[np.int64]) -> int:
    runs = batch.runs
    columns = {
        "track_id": column(track_ids[runs.track], pa.int64()),
        "first_us": column(runs.first_us, pa.int64()),
        "last_us": column(runs.last_us, pa.int64()),
        "value": column(runs.value, pa.float64()),
        "read_s": column(runs.read_s, pa.float64()),
        "assumed": column(runs.assumed, pa.bool_()),
    }
    writing.offer("incoming_runs", pa.table(columns))
    script = steps("append_runs")
    writing.run(script["spans"])
    bounds = writing.connection.execute("SELECT min(low_us), max(high_us) FROM spans WHERE deep").fetchall()
    deep_low_us, deep_high_us = bounds[0] if bounds[0][0] is not None else (0, -1)
    deep = {"deep_low_us": deep_low_us, "deep_high_us": deep_high_us}
    for name in ("known", "united", "moved"):
        writing.run(script[name], **deep)
    (moved,) = writing.connection.execute(script["counts"]).fetchall()
    came, came_latest, came_settled, gone_settled = moved
    # What is not needed is not asked for: in a calm system next to nothing is.
    if gone_settled:
        writing.run(script["forget"], **deep)
    if came_settled:
        writing.run(script["settle"])
    if came_latest and writing.run(script["extend"]) < came_latest:
        writing.run(script["start"])
    if came_settled:
        writing.run(script["settled_until"])
        writing.run(script["mark_settled"])
    if writing.run(script["touched"]):
        _mark_stale(writing)
    return int(came)


def _mark_stale(writing: _Writing) -> None:
    """Mark whose figures the tracks that changed make stale."""
    script = steps("mark_stale")
    if writing.run(script["counters"]):
        writing.run(script["widen"])
        writing.run(script["add"])
    if writing.run("SELECT count(*) FROM touched WHERE NOT extended"):
        writing.run(script["subjects"])


def _write_sightings(writing: _Writing, sightings: Sequence[Sighting]) -> int:
    writing.offer("incoming_sightings", _sightings_table(sightings))
    if isinstance(sightings, SightingRows):
        stamps = sightings.occurred_us
    else:
        stamps = [sighting.occurred_us for sighting in sightings]
    script = steps("append_sightings")
    new = writing.run(script["new"], low_us=min(stamps), high_us=max(stamps))
    if new:
        writing.run(script["insert"])
        for name in ("subjects", "spans", "told"):
            writing.run(script[name])
    return new


def _write_records(writing: _Writing, records: Sequence[Record]) -> int:
    writing.offer("incoming_records", _records_table(records))
    script = steps("append_records")
    writing.run(script["new"])
    new = writing.run(script["insert"], now_us=writing.now_us)
    if new:
        writing.run(script["stale"])
    return new


def _write_rejected(writing: _Writing, rejected: Sequence[Rejected]) -> int:
    names = ("source", "position", "reason", "content")
    columns = {name: column([getattr(one, name) for one in rejected], pa.string()) for name in names}
    writing.offer("incoming_rejected", pa.table(columns))
    return writing.run(statement("append_rejected"), now_us=writing.now_us)


def _write_checkpoints(writing: _Writing, batch: Batch) -> None:
    script = steps("append_checkpoints")
    for key, value in batch.checkpoints.items():
        named = {"source": batch.source, "key": key, "value": value}
        if not value:
            writing.run(script["forget"], **named)
        elif not writing.run(script["move"], **named):
            writing.run(script["keep"], **named)
    if batch.seen_until_us is not None:
        seen = {"source": batch.source, "until_us": batch.seen_until_us}
        if not writing.run(script["seen_again"], **seen):
            writing.run(script["seen"], **seen)


def _tracks_table(tracks: Sequence[Track], track_ids: NDArray[np.int64]) -> pa.Table:
    columns: dict[str, Any] = {"track_id": column(track_ids, pa.int64())}
    for name in ("source", "kind", "scrape_target", "profile"):
        columns[name] = column([str(getattr(track, name)) for track in tracks], pa.string())
    columns["source_group"] = column([track.group for track in tracks], pa.string())
    columns["detail"] = column([track.detail for track in tracks], _PAIRS)
    return pa.table(columns | _subject_columns([track.subject for track in tracks]))


def _rows_table(rows: SightingRows) -> pa.Table:
    """Return rows whose repeating part is kept once: it is turned into columns once, too."""
    kinds = {id(said): said for said in rows.said}
    place = {known: number for number, known in enumerate(kinds)}
    table = _sightings_table(list(kinds.values()))
    table = table.take(column([place[id(said)] for said in rows.said], pa.int64()))
    ids = [
        stable_id(said.source, position, said.kind) for said, position in zip(rows.said, rows.positions, strict=True)
    ]
    own: dict[str, pa.Array] = {
        "sighting_id": column(ids, pa.int64()),
        "occurred_us": column(rows.occurred_us, pa.int64()),
        "detail": column(rows.details, _PAIRS),
        "raw_text": column(rows.raws, pa.string()),
        "position": column(rows.positions, pa.string()),
    }
    for name, values in own.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def _sightings_table(sightings: Sequence[Sighting]) -> pa.Table:
    if isinstance(sightings, SightingRows):
        return _rows_table(sightings)
    columns: dict[str, Any] = {
        "sighting_id": column([sighting.sighting_id for sighting in sightings], pa.int64()),
        "occurred_us": column([sighting.occurred_us for sighting in sightings], pa.int64()),
        "detail": column([sighting.detail for sighting in sightings], _PAIRS),
        "source_group": column([sighting.group for sighting in sightings], pa.string()),
        "raw_text": column([sighting.raw for sighting in sightings], pa.string()),
    }
    for name in ("source", "kind", "profile", "from_state", "to_state", "position"):
        columns[name] = column([str(getattr(sighting, name)) for sighting in sightings], pa.string())
    return pa.table(columns | _subject_columns([sighting.subject for sighting in sightings]))


def _records_table(records: Sequence[Record]) -> pa.Table:
    columns: dict[str, Any] = {
        "record_id": column([record.record_id for record in records], pa.int64()),
        "subject_id": column([record.subject_id for record in records], pa.int64()),
        "started_us": column([record.started_us for record in records], pa.int64()),
        "ended_us": column([record.ended_us for record in records], pa.int64()),
        "value": column([record.value for record in records], pa.float64()),
        "labels": column([record.labels for record in records], _PAIRS),
        "detail": column([record.detail for record in records], _PAIRS),
        "file_row": column([record.row for record in records], pa.int64()),
    }
    for name in ("source", "kind", "environment", "service"):
        columns[name] = column([str(getattr(record, name)) for record in records], pa.string())
    return pa.table(columns)


def _subject_columns(subjects: Sequence[Subject]) -> dict[str, Any]:
    columns: dict[str, Any] = {
        name: column([getattr(subject, name) for subject in subjects], pa.string()) for name in _SUBJECT
    }
    columns["labels"] = column([subject.labels for subject in subjects], _PAIRS)
    return columns
