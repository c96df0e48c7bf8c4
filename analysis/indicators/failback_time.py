"""``failback_time``: from a primary that is healthy again to at least 95 % of its usual share of the calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.asking import Ask, Ground, Measured
from analysis.bounds import Bounds
from analysis.edges import exactly, so_far
from analysis.faults import faults, within
from analysis.harm import reach
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.sqlfiles import read_steps
from analysis.statistics import UNENDED, Length

_STEPS = read_steps("analysis.indicators", "failback_time.sql")

ENOUGH = 0.95
"""Of its usual share; what it has again then counts as all of it."""

NOT_COUNTED = Length(None, 0.0, UNENDED)
COUNT_REMEDY = "add a source that counts calls by target, or their log"

Row = Mapping[str, Any]


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long healthy targets waited for their calls, in seconds, of those that came back in each window.

    Calls are counted by minute: the share is there again no earlier than in the last minute that lacked it, and no
    later than at the end of the first one that has it.
    """
    falls = ground.rows.rows(_STEPS["falls"], reach(asks))
    shares: dict[int, list[Row]] = defaultdict(list)
    for row in ground.rows.rows(_STEPS["shares"], reach(asks)) if falls else ():
        shares[row["fall"]].append(row)
    by_service: dict[str | None, list[Row]] = defaultdict(list)
    for row in falls:
        by_service[row["service"]].append(row)
    return [
        _measured(ground, ask, falls if ask.scope.service is None else by_service[ask.scope.service], shares)
        for ask in asks
    ]


def _measured(ground: Ground, ask: Ask, falls: Sequence[Row], shares: Mapping[int, Sequence[Row]]) -> Measured:
    rows = [row for row in falls if _asked(ground, ask, row)]
    found = [_length(row, _minutes(shares.get(row["fall"], ()), ask.scope.operation)) for row in rows]
    measured = of_lengths([one for one in found if one is not None], stat_of(ask))
    if NOT_COUNTED in found:
        return replace(
            measured,
            ongoing=measured.ongoing - found.count(NOT_COUNTED),
            note="its calls were not counted by target before it went down",
            remedy=COUNT_REMEDY,
        )
    return measured


def _minutes(rows: Iterable[Row], operation: str | None) -> dict[tuple[int, int], tuple[float, float]]:
    """Return the calls to the target and all calls by the minute they ended in."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for row in rows:
        if operation in (None, row["operation"]):
            own, total = found.get((row["start_us"], row["end_us"]), (0.0, 0.0))
            found[row["start_us"], row["end_us"]] = own + row["own"], total + row["total"]
    return found


def _asked(ground: Ground, ask: Ask, row: Row) -> bool:
    scope = ask.scope
    healthy = Bounds(row["earliest_us"], row["latest_us"])
    if scope.environment not in (None, row["environment"]) or scope.service not in (None, row["service"]):
        return False
    if scope.target not in (None, row["name"]):
        return False
    if scope.experiment is not None:
        known = faults(ground)
        return any(
            fault.experiment_id == scope.experiment
            and known.shows(
                fault,
                Bounds(row["down_us"], row["down_us"]),
                ground.now_us,
                (row["environment"], row["service"]),
                row["name"],
            )
            for fault in known.all
        )
    return within(ask.spans, healthy) and (row["experiment_id"] is None or ask.policy.experiments == "include")


def _length(row: Row, minutes: Mapping[tuple[int, int], Sequence[float]]) -> Length | None:
    """Return how long it took; None where the target had no calls that could come back."""
    healthy = Bounds(row["earliest_us"], row["latest_us"])
    before = [told for (_, end_us), told in minutes.items() if end_us <= row["down_us"]]
    total = sum(told[1] for told in before)
    usual = sum(told[0] for told in before) / total if total else 0.0
    if not total:
        return NOT_COUNTED
    if not usual:
        return None
    earliest_us = healthy.earliest_us
    until_us = healthy.latest_us
    for (start_us, end_us), (own, calls) in sorted(minutes.items()):
        if end_us <= healthy.earliest_us or not calls:
            continue
        if own / calls >= ENOUGH * usual:
            return exactly(healthy, Bounds(earliest_us, max(end_us, healthy.latest_us)))
        earliest_us, until_us = max(earliest_us, start_us), end_us
    return so_far(healthy, until_us)


INDICATOR = Indicator(
    "failback_time",
    unit="s",
    measures="from a primary that is healthy again to at least 95 % of the share of the calls that it had before",
    formula="statistic of (first minute with 0.95 of its share in the hour before it went down - up) over the rises "
    "into up in the window",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="request_counts",
    stats=True,
)
