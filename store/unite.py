"""Unites the runs of a small batch with the stored ones: the same as ``append_runs.sql`` does, without its statements.

To plan a dozen statements takes DuckDB longer than to unite what a cycle brings. So of a small batch only what is
stored is asked for, and what has to change is written; what lies between is worked out here. A property test holds both
equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from breakwatch.clock import Instant


class Run(NamedTuple):
    """A run of one track. A ``value`` that is no number is ``None`` here, for it does not equal itself."""

    first_us: Instant
    last_us: Instant
    value: float | None
    read_s: float
    assumed: bool


class Standing(NamedTuple):
    """The latest stored run of a track, and until when its settled runs reach (None: it has none)."""

    run: Run
    settled_until_us: Instant | None


TrackId: TypeAlias = int


@dataclass(slots=True)
class Changes:
    """What has to be written.

    Attributes:
        extended: the latest runs that become others.
        started: the latest runs of tracks that had none.
        settled, forgotten: settled runs that come and go.
        touched: of each track that changed: from when to when, and whether its latest run only grew at its end.
        came: how many runs are new, or stand otherwise than before.
    """

    extended: list[tuple[TrackId, Standing]] = field(default_factory=list)
    started: list[tuple[TrackId, Standing]] = field(default_factory=list)
    settled: list[tuple[TrackId, Run]] = field(default_factory=list)
    forgotten: list[tuple[TrackId, Run]] = field(default_factory=list)
    touched: list[tuple[TrackId, Instant, Instant, bool]] = field(default_factory=list)
    came: int = 0


def run_of(first_us: Instant, last_us: Instant, value: float, read_s: float, assumed: object) -> Run:
    """Return a run of plain values."""
    return Run(first_us, last_us, None if isnan(value) else value, read_s, bool(assumed))


def is_deep(incoming: Sequence[Run], standing: Standing | None) -> bool:
    """Return whether a track's incoming runs reach back into its settled history."""
    until_us = None if standing is None else standing.settled_until_us
    return until_us is not None and min(run.first_us for run in incoming) <= until_us


def unite(
    incoming: Mapping[TrackId, Sequence[Run]],
    standing: Mapping[TrackId, Standing],
    settled: Mapping[TrackId, Sequence[Run]],
) -> Changes:
    """Return what has to be written so that the incoming runs are united with the stored ones.

    ``settled``: of the tracks whose incoming runs reach back, the settled runs that may be touched.
    """
    changes = Changes()
    for track_id, runs in incoming.items():
        before = standing.get(track_id)
        if len(runs) == 1 and before is not None and _only_grows(runs[0], before):
            _grow(changes, track_id, before, runs[0].last_us)
            continue
        low_us, high_us = min(run.first_us for run in runs), max(run.last_us for run in runs)
        stored = [run for run in settled.get(track_id, ()) if run.last_us >= low_us and run.first_us <= high_us]
        _change(changes, track_id, before, stored, islands({*stored, *([before.run] if before else ()), *runs}))
    return changes


def _only_grows(run: Run, before: Standing) -> bool:
    own, until_us = before
    return (
        run.value == own.value
        and own.first_us < run.first_us <= own.last_us
        and (until_us is None or run.first_us > until_us)
    )


def _grow(changes: Changes, track_id: TrackId, before: Standing, last_us: Instant) -> None:
    own = before.run
    if last_us > own.last_us:
        changes.extended.append((track_id, before._replace(run=own._replace(last_us=last_us))))
        changes.touched.append((track_id, own.last_us, last_us, True))
        changes.came += 1


def islands(runs: Iterable[Run]) -> list[Run]:
    """Return runs united: of each value, those that share an instant become one; read as its first was."""
    found: list[Run] = []
    last: dict[float | None, int] = {}
    for run in sorted(runs, key=lambda run: (run.first_us, run.assumed, run.read_s, run.last_us)):
        place = last.get(run.value)
        if place is not None and run.first_us <= found[place].last_us:
            found[place] = found[place]._replace(last_us=max(found[place].last_us, run.last_us))
        else:
            last[run.value] = len(found)
            found.append(run)
    return found


def _change(
    changes: Changes, track_id: TrackId, before: Standing | None, stored: Sequence[Run], united: Sequence[Run]
) -> None:
    """Take in what becomes of one track: its latest run, settled runs that it had, and what they are now."""
    newest = max(united, key=_newest)
    old = {(run, False) for run in stored} | ({(before.run, True)} if before else set())
    new = {(run, run == newest) for run in united}
    gone, came = old - new, new - old
    if not came and not gone:
        return
    changes.came += len(came)
    changes.forgotten += [(track_id, run) for run, latest in gone if not latest]
    fresh = [run for run, latest in came if not latest]
    changes.settled += [(track_id, run) for run in fresh]
    until_us = max((run.last_us for run in fresh), default=None)
    known_us = None if before is None else before.settled_until_us
    standing = Standing(newest, max((one for one in (until_us, known_us) if one is not None), default=None))
    if before is None:
        changes.started.append((track_id, standing))
    elif standing != before:
        changes.extended.append((track_id, standing))
    if touched := _touched(gone, came):
        changes.touched.append((track_id, *touched))


def _newest(run: Run) -> tuple[Instant, Instant, bool, float]:
    # No number is the largest of all, as the database has it.
    return run.last_us, run.first_us, run.value is None, run.value or 0.0


def _touched(gone: set[tuple[Run, bool]], came: set[tuple[Run, bool]]) -> tuple[Instant, Instant, bool] | None:
    """Return where a track really changed: where end points came or went; where nothing went, all that came."""
    if not gone:
        return min(run.first_us for run, _ in came), max(run.last_us for run, _ in came), False
    both = [*gone, *came]
    grown = len(both) == 2 and all(latest for _, latest in both)  # noqa: PLR2004 - one for another
    ends = [
        {("first", run.first_us, run.value, run.read_s, run.assumed) for run, _ in side}
        | {("last", run.last_us, run.value, 0.0, False) for run, _ in side}
        for side in (gone, came)
    ]
    lone = ends[0] ^ ends[1]
    if not lone:
        return None
    stamps = [one[1] for one in lone]
    return min(stamps), max(stamps), grown and len(lone) == 2 and all(one[0] == "last" for one in lone)  # noqa: PLR2004
