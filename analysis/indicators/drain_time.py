"""``drain_time``: from a dependency that is back to a queue no deeper than before."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.asking import Ask, Ground, Measured
from analysis.bounds import STAMP_SLACK_US, Bounds
from analysis.edges import END_REMEDY, NOT_REMOVED, exactly, so_far, unknown
from analysis.faults import Fault, faults, within
from analysis.harm import reach
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.spans import united
from analysis.sqlfiles import read_steps
from analysis.statistics import Length
from breakwatch.clock import Instant

_STEPS = read_steps("analysis.indicators", "drain_time.sql")

READ_SHARE = 10
"""A sample may be read as late as this part of the interval after its stamp, where nobody measured it."""

Row = Mapping[str, Any]
Series = tuple[list[Instant], list[float]]


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long queues took to drain once what they waited for was back, in seconds."""
    backs = ground.rows.rows(_STEPS["backs"], reach(asks))
    depths = _series(ground.rows.rows(_STEPS["depths"], reach(asks))) if backs else {}
    by_service: dict[str | None, list[Row]] = defaultdict(list)
    for row in backs:
        by_service[None if row["kind"] == "fault" else row["service"]].append(row)
    return [_measured(ground, ask, _near(ground, ask, backs, by_service), depths) for ask in asks]


def _near(
    ground: Ground, ask: Ask, backs: Sequence[Row], by_service: Mapping[str | None, Sequence[Row]]
) -> Sequence[Row]:
    """Return the returns that can matter to an ask: faults, and what its service has or needs."""
    service = ask.scope.service
    if service is None:
        return backs
    names = {None, service, *faults(ground).needs.get(service, ())}
    return [row for name in sorted(names, key=str) for row in by_service.get(name, ())]


def _series(rows: Sequence[Row]) -> dict[tuple[str | None, ...], Series]:
    found: dict[tuple[str | None, ...], Series] = defaultdict(lambda: ([], []))
    for row in rows:
        key = tuple(row[name] for name in ("environment", "service", "queue", "kind", "priority", "instance"))
        found[key][0].append(row["at_us"])
        found[key][1].append(row["depth"])
    return found


def _measured(
    ground: Ground, ask: Ask, backs: Sequence[Row], depths: Mapping[tuple[str | None, ...], Series]
) -> Measured:
    wanted = [row for row in backs if _asked(ask, row)]
    found: list[Length] = []
    seen = False
    for key, series in depths.items():
        environment, service, _, _, priority, _ = key
        if ask.scope.environment not in (None, environment) or ask.scope.service not in (None, service):
            continue
        if ask.scope.priority not in (None, priority):
            continue
        own = [row for row in wanted if _needed(ground, row, environment, service)]
        seen = seen or bool(own)
        found += _lengths(own, series)
    if not wanted and ask.scope.experiment is not None:
        return unknown(NOT_REMOVED, END_REMEDY)
    if wanted and not seen:
        return unknown("no queue of the service was seen", "add a source that shows queue depths")
    return of_lengths(found, stat_of(ask))


def _asked(ask: Ask, row: Row) -> bool:
    experiment = ask.scope.experiment
    if experiment is not None:
        return bool(row["experiment_id"] == experiment and row["kind"] == "fault")
    back = Bounds(row["earliest_us"], row["latest_us"])
    return within(ask.spans, back) and (ask.policy.experiments == "include" or row["experiment_id"] is None)


def _needed(ground: Ground, row: Row, environment: str | None, service: str | None) -> bool:
    """Say whether what was back is needed by the service of a queue."""
    known = faults(ground)
    if row["kind"] == "fault":
        fault = Fault(row["environment"], row["experiment_id"], row["service"], row["name"], row["gone_us"])
        return known.concerns(fault, environment, service)
    if row["environment"] != environment:
        return False
    return row["service"] == service or row["service"] in known.needs.get(service or "", frozenset())


def _lengths(backs: Sequence[Row], series: Series) -> Iterator[Length]:
    """Yield how long one queue took after each return that found it deeper than before.

    Returns that overlap (health and breaker of one dependency) are one: it was back when the last of them was.
    """
    for start_us, end_us in united((row["gone_us"], row["latest_us"]) for row in backs):
        last = max((row for row in backs if start_us <= row["latest_us"] <= end_us), key=lambda row: row["latest_us"])
        length = _length(start_us, Bounds(last["earliest_us"], last["latest_us"]), series)
        if length is not None:
            yield length


def _length(gone_us: Instant, back: Bounds, series: Series) -> Length | None:
    """Return how long a queue took to be no deeper than at the last sample before; None where it never was deeper."""
    stamps, depths = series
    place = bisect_left(stamps, gone_us) - 1
    behind = bisect_right(stamps, back.earliest_us)
    if place < 0 or behind >= len(stamps):
        return None
    before = depths[place]
    at_return = depths[max(behind - 1, 0)]
    if at_return <= before and depths[behind] <= before:
        return None
    for at in range(behind, len(stamps)):
        if depths[at] <= before:
            read_us = (stamps[at] - stamps[at - 1]) // READ_SHARE
            return exactly(back, Bounds(stamps[at - 1] - STAMP_SLACK_US, stamps[at] + STAMP_SLACK_US + read_us))
    return so_far(back, stamps[-1])


INDICATOR = Indicator(
    "drain_time",
    unit="s",
    measures="from a dependency being back to a queue being no deeper than before it went away",
    formula="statistic of (first sample no deeper than the last one before - back) over the returns in the window that "
    "left a queue deeper",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="queue_depths",
    stats=True,
)
