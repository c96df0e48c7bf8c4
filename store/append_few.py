"""Writes the runs of a small batch: what is stored is asked for once, united here, and only what changes is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from breakwatch.model import TrackKind
from store import arrow
from store.statements import steps
from store.unite import Changes, Run, Standing, is_deep, run_of, unite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb
    from numpy.typing import NDArray

    from breakwatch.model import Runs, Track

FEW_RUNS = 5_000
MOST_STANDINGS = 50_000
"""So many tracks are remembered."""

FEW_DEEP = 500
"""With more tracks that reach back into settled history, statements over all of them are faster."""

_RUN = {
    "first_us": pa.int64(),
    "last_us": pa.int64(),
    "value": pa.float64(),
    "read_s": pa.float64(),
    "assumed": pa.bool_(),
}
_SAMPLED = frozenset({TrackKind.QUEUE, TrackKind.SESSIONS, TrackKind.SCRAPE})
_COUNTED = frozenset({TrackKind.REQUESTS, TrackKind.RETRIES, TrackKind.LATENCY, TrackKind.PROCESS_START})
_STATES = {TrackKind.BREAKER_STATE: "breaker", TrackKind.HEALTH_STATE: "health", TrackKind.LEVEL_STATE: "level"}
_OF_TARGETS = frozenset({TrackKind.SCRAPE, TrackKind.PROCESS_START})

Subject = tuple[str, str, str, str]


class Standings:
    """Which tracks are known, and the latest run of each: looked up once, and then kept up to date.

    It is right only as long as nothing else writes to them, and what was written is not undone: else ``forget``.
    """

    def __init__(self) -> None:
        self.known: set[int] = set()
        self.latest: dict[int, Standing] = {}

    def forget(self) -> None:
        """Know nothing more."""
        self.known.clear()
        self.latest.clear()

    def look_up(self, connection: duckdb.DuckDBPyConnection, track_ids: NDArray[np.int64]) -> set[int]:
        """Take in what stands of some tracks; return those that are new."""
        new = set(track_ids.tolist()) - self.known
        if not new:
            return new
        if len(self.known) + len(new) > MOST_STANDINGS:
            self.forget()
            new = set(track_ids.tolist())
        _offer(connection, "incoming_track_ids", {"track_id": (sorted(new), pa.int64())})
        script = steps("append_few")
        for track_id, known, first_us, last_us, value, read_s, assumed, until_us in connection.execute(
            script["standing"]
        ).fetchall():
            if known:
                self.known.add(track_id)
            if first_us is not None:
                self.latest[track_id] = Standing(run_of(first_us, last_us, value, read_s, assumed), until_us)
        return new - self.known


def write_few(
    connection: duckdb.DuckDBPyConnection, runs: Runs, track_ids: NDArray[np.int64], standings: Standings
) -> Changes | None:
    """Unite a small batch's runs with the stored ones; None where too many of them reach back for that to be fast."""
    incoming: dict[int, list[Run]] = {}
    columns = (runs.first_us, runs.last_us, runs.value, runs.read_s, runs.assumed)
    for track_id, *run in zip(track_ids[runs.track].tolist(), *(one.tolist() for one in columns), strict=True):
        incoming.setdefault(track_id, []).append(run_of(*run))
    deep = [track_id for track_id, own in incoming.items() if is_deep(own, standings.latest.get(track_id))]
    if len(deep) > FEW_DEEP:
        return None
    bounds = {
        "low_us": min((run.first_us for one in deep for run in incoming[one]), default=0),
        "high_us": max((run.last_us for one in deep for run in incoming[one]), default=0),
    }
    changes = unite(incoming, standings.latest, _settled(connection, deep, bounds))
    script = steps("append_few")
    if changes.forgotten:
        _offer(connection, "incoming_forgotten", _runs(changes.forgotten))
        connection.execute(script["forget"], bounds)
    if changes.settled:
        _offer(connection, "incoming_settled", _runs(changes.settled))
        connection.execute(script["settle"])
    for step, standing in (("extend", changes.extended), ("start", changes.started)):
        if standing:
            _offer(connection, f"incoming_{step}ed", _standing(standing))
            connection.execute(script[step])
            standings.latest.update(standing)
    return changes


def _settled(
    connection: duckdb.DuckDBPyConnection, deep: Sequence[int], bounds: Mapping[str, int]
) -> dict[int, list[Run]]:
    found: dict[int, list[Run]] = {}
    if deep:
        _offer(connection, "incoming_deep", {"track_id": (deep, pa.int64())})
        for track_id, *run in connection.execute(steps("append_few")["settled"], dict(bounds)).fetchall():
            found.setdefault(track_id, []).append(run_of(*run))
    return found


def mark_few(connection: duckdb.DuckDBPyConnection, changes: Changes, tracks: Mapping[int, Track]) -> bool:
    """Mark whose figures the changes of a small batch make stale; false where the tracks alone do not tell."""
    script = steps("append_few")
    stale = [
        (track_id, from_us, to_us)
        for track_id, from_us, to_us, extended in changes.touched
        if (kind := tracks[track_id].kind) in _SAMPLED or (kind in _COUNTED and not extended)
    ]
    changed = [tracks[track_id] for track_id, _, _, extended in changes.touched if not extended]
    if any(_tells_of_others(track) for track in changed):
        rows = list(zip(*changes.touched, strict=True))
        kinds = {"track_id": pa.int64(), "from_us": pa.int64(), "to_us": pa.int64(), "extended": pa.bool_()}
        _offer(connection, "incoming_touched", dict(zip(kinds, zip(rows, kinds.values(), strict=True), strict=True)))
        connection.execute(script["touched"])
        return False
    if stale:
        _mark(connection, "counters", zip(("track_ids", "from_us", "to_us"), zip(*stale, strict=True), strict=True))
    subjects = sorted({subject for track in changed if (subject := _subject_of(track)) is not None})
    if subjects:
        names = ("domains", "environments", "services", "names")
        _mark(connection, "subjects", zip(names, zip(*subjects, strict=True), strict=True))
    return True


def _mark(
    connection: duckdb.DuckDBPyConnection, what: str, columns: Iterable[tuple[str, Sequence[int] | Sequence[str]]]
) -> None:
    """Mark counters or subjects; mostly no others are marked yet, and then there is nothing to compare them with."""
    script = steps("append_few")
    values = {name: list(own) for name, own in columns}
    if connection.execute(script[f"{what}_marked"]).fetchall():
        for step in (f"widen_{what}", f"add_{what}"):
            if step in script:
                connection.execute(script[step], values)
    else:
        connection.execute(script[f"mark_{what}"], values)


def _tells_of_others(track: Track) -> bool:
    """Return whether news of a track bears on what only the store knows: all that a scrape carried, present states."""
    return (track.kind in _OF_TARGETS and track.scrape_target != "") or (
        track.kind is TrackKind.TRANSITIONS and dict(track.detail).get("each") == "proof"
    )


def _subject_of(track: Track) -> Subject | None:
    """Return whose history the changes of a track make stale, as ``mark_stale.sql`` does; None where nobody's."""
    if track.kind is TrackKind.TRANSITIONS:
        domain = dict(track.detail).get("domain", "breaker")
    elif track.kind in _STATES:
        domain = _STATES[track.kind]
    else:
        return None
    own = {"breaker": track.subject.breaker, "health": track.subject.component}
    return domain, track.subject.environment, track.subject.service, own.get(domain, "")


def _runs(rows: Sequence[tuple[int, Run]]) -> dict[str, tuple[Iterable[Any], pa.DataType]]:
    values = zip(*(run for _, run in rows), strict=True)
    columns = dict(zip(_RUN, zip(values, _RUN.values(), strict=True), strict=True))
    return {"track_id": ([track_id for track_id, _ in rows], pa.int64()), **columns, **_numbers(columns["value"][0])}


def _standing(rows: Sequence[tuple[int, Standing]]) -> dict[str, tuple[Iterable[Any], pa.DataType]]:
    until = [standing.settled_until_us for _, standing in rows]
    return _runs([(track_id, standing.run) for track_id, standing in rows]) | {"settled_until_us": (until, pa.int64())}


def _numbers(values: Iterable[float | None]) -> dict[str, tuple[Iterable[Any], pa.DataType]]:
    return {"value": (np.array([np.nan if one is None else one for one in values], np.float64), pa.float64())}


def _offer(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, tuple[Iterable[Any], pa.DataType]]
) -> None:
    connection.register(name, arrow.table(columns))
