"""Failovers by counters: which target's bad calls grew first, and when the good ones of another began to.

A call is counted when it ends, and no counter says how long it had lasted. So the start of the first bad call is only
known to lie before the sample that showed it: such a failover has a least duration and no greatest one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from analysis.bounds import STAMP_SLACK_US, Bounds, between_samples
from analysis.evidence import Increase, Run, increases
from breakwatch.clock import from_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breakwatch.clock import Instant

Row = dict[str, Any]

GOOD: Final = frozenset({"success", "fallback"})
BAD: Final = frozenset({"failure", "timeout", "rate_limited", "rejected", "not_permitted"})
ENOUGH_BAD, ENOUGH_GOOD = 3, 3
"""So many bad calls trip a failover where they are half of all; so many good ones in a row end a run of bad ones."""


@dataclass(frozen=True, slots=True)
class Down:
    """A target went down, or the breaker before it opened."""

    target: str
    trigger: str
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Limits:
    """How far apart what belongs together may be.

    Attributes:
        quiet_us: a target that failed no call for so long has ended its run.
        idle_us: a target that takes over answered nothing for so long before.
        horizon_us: how long after the first bad call a good answer elsewhere still belongs to it.
    """

    quiet_us: int
    idle_us: int
    horizon_us: int


@dataclass(slots=True)
class _Target:
    """How the calls to one target grew, each list in order of time."""

    good: list[Increase] = field(default_factory=list)
    bad: list[Increase] = field(default_factory=list)
    retried: list[Increase] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Run:
    """Growths of bad calls (and of retries) that belong together, and whether their share alone trips a failover."""

    first: Increase
    last_us: Instant
    by_share: bool


def sighted(
    counters: Iterable[Row], downs: Sequence[Down], declared: frozenset[tuple[str, str]], limits: Limits
) -> list[Row]:
    """Return the failovers that counters by target show, each as one row of its source, in order of time.

    Args:
        counters: runs of samples with their tracks, in order, as ``failovers.sql`` fetches them.
        downs: what can trip a failover.
        declared: pairs of a target and its declared fallback.
        limits: how far apart what belongs together may be.
    """
    found = []
    for (source, operation, labels), targets in _by_place(counters).items():
        runs = [(name, run) for name, target in targets.items() for run in _runs(target, limits.quiet_us)]
        for name, run in runs:
            trigger = _trigger(name, run, downs, limits.quiet_us)
            taken = _taken_over(name, run, targets, declared, limits.idle_us) if trigger else None
            if not taken or taken[1].until_us - run.first.until_us > limits.horizon_us:
                continue
            failed_since = any(
                run.last_us <= at_us <= taken[1].until_us and other in targets and other not in (name, taken[0])
                for other, at_us in _failing(runs, downs)
            )
            if not failed_since and not _is_over(name, run, targets, taken, limits.quiet_us):
                place = {"source": source, "operation": operation, "labels": dict(labels)}
                found.append(place | {"trigger": trigger} | _row(name, run, *taken))
    return sorted(found, key=lambda row: (row["served_us"], row["failed_us"], row["source"], row["from_target"]))


def _by_place(counters: Iterable[Row]) -> dict[tuple[Any, ...], dict[str, _Target]]:
    tracks: dict[int, list[Row]] = {}
    for row in counters:
        tracks.setdefault(row["track_id"], []).append(row)
    places: dict[tuple[Any, ...], dict[str, _Target]] = {}
    for rows in tracks.values():
        track = rows[0]
        key = track["source"], track["operation"], tuple(sorted(track["labels"].items()))
        target = places.setdefault(key, {}).setdefault(track["target"], _Target())
        runs = [Run(*(row[name] for name in Run._fields)) for row in rows]
        grown = target.retried if track["kind"] == "retries" else _list_of(target, track["outcome"])
        grown.extend(increases(runs))
    for place in places.values():
        for target in place.values():
            for each in (target.good, target.bad, target.retried):
                each.sort()
    return places


def _list_of(target: _Target, outcome: str) -> list[Increase]:
    return target.good if outcome in GOOD else target.bad if outcome in BAD else []


def _runs(target: _Target, quiet_us: int) -> Iterator[_Run]:
    """Yield the runs of bad calls; a retry begins or prolongs one, but is no call of its own."""
    run: list[tuple[Increase, bool]] = []
    for told in sorted([*((one, True) for one in target.bad), *((one, False) for one in target.retried)]):
        if run and _ended(target, run[-1][0], told[0], quiet_us):
            yield _one_run(target, run)
            run = []
        run.append(told)
    if run:
        yield _one_run(target, run)


def _ended(target: _Target, before: Increase, after: Increase, quiet_us: int) -> bool:
    well = sum(
        one.grown_by for one in target.good if one.after_us >= before.until_us and one.until_us <= after.after_us
    )
    return after.after_us - before.until_us > quiet_us or well >= ENOUGH_GOOD


def _one_run(target: _Target, told: Sequence[tuple[Increase, bool]]) -> _Run:
    first = told[0][0]
    bad, by_share = 0, False
    for one, is_call in told:
        bad += one.grown_by if is_call else 0
        good = sum(g.grown_by for g in target.good if first.until_us <= g.until_us <= one.until_us)
        by_share = by_share or (bad >= ENOUGH_BAD and bad >= good)
    return _Run(first, told[-1][0].until_us, by_share)


def _failing(runs: Iterable[tuple[str, _Run]], downs: Iterable[Down]) -> Iterator[tuple[str, Instant]]:
    """Yield which target began to fail, and not before when: by its calls, or by its health or breaker."""
    yield from ((name, run.first.after_us) for name, run in runs)
    yield from ((down.target, down.bounds.earliest_us + STAMP_SLACK_US) for down in downs)


def _is_over(
    name: str, run: _Run, targets: dict[str, _Target], taken: tuple[str, Increase, object], quiet_us: int
) -> bool:
    """Say whether the run had ended before another target took over.

    It ends when its target answers well again, or fails no call for a while in which others answer well.
    """
    to_target, growth, _ = taken
    well = sum(
        good.grown_by
        for other, target in targets.items()
        for good in target.good
        if other != to_target
        and good.after_us >= run.last_us + (0 if other == name else quiet_us)
        and good.until_us <= growth.until_us
    )
    return well >= ENOUGH_GOOD


def _trigger(name: str, run: _Run, downs: Iterable[Down], quiet_us: int) -> str:
    inside = {
        down.trigger
        for down in downs
        if down.target == name
        and down.bounds.latest_us >= run.first.after_us
        and down.bounds.earliest_us <= run.last_us + quiet_us
    }
    return next(
        (trigger for trigger in ("health", "breaker") if trigger in inside), "error_share" if run.by_share else ""
    )


def _taken_over(
    name: str, run: _Run, targets: dict[str, _Target], declared: frozenset[tuple[str, str]], idle_us: int
) -> tuple[str, Increase, Instant | None] | None:
    """Return who took over, the growth that shows its first good answer, and when it had answered before.

    A target that answered nothing lately took over with the growth that follows; one that answers all along (only where
    it is declared) surely answered once more by the end of the first growth that lies after the bad call.
    """
    taken = []
    for other, target in targets.items():
        before = [one.until_us for one in target.good if one.until_us <= run.first.after_us]
        idle = not before or before[-1] <= run.first.after_us - idle_us
        if other == name or not (idle or (name, other) in declared):
            continue
        later = [one for one in target.good if (one.until_us if idle else one.after_us) >= run.first.until_us]
        if later:
            taken.append((other, later[0], before[-1] if before else None))
    return min(taken, key=lambda one: (one[1].until_us, one[0]), default=None)


def _row(name: str, run: _Run, to_target: str, growth: Increase, answered_us: Instant | None) -> Row:
    failed, served = _bounds(run.first), _bounds(growth)
    return {
        "from_target": name,
        "to_target": to_target,
        "failed_us": failed.latest_us,
        "served_us": served.latest_us,
        "answered_us": answered_us,
        "failed_earliest": None,
        "failed_latest": from_us(failed.latest_us),
        "served_earliest": from_us(served.earliest_us),
        "served_latest": from_us(served.latest_us),
    }


def _bounds(growth: Increase) -> Bounds:
    return between_samples(growth.after_us, growth.until_us, 0.0 if isnan(growth.read_s) else growth.read_s)
