"""``performance_recovery_time``: from the removal of a fault to a p95 within 10 % of the window before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from analysis.asking import Ask, Ground, Measured
from analysis.bounds import Bounds
from analysis.edges import END_REMEDY, NOT_REMOVED, exactly, unknown
from analysis.faults import Fault, faults
from analysis.harm import reach
from analysis.histograms import Bucket, quantile_bounds
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.spans import Span
from analysis.sqlfiles import read_steps
from analysis.statistics import UNENDED, Length
from breakwatch.clock import SECOND_US

_STEPS = read_steps("analysis.indicators", "performance_recovery_time.sql")

SHARE = 0.95
NOT_BACK = "no minute since is known to have had it, as far as the bounds of the histogram can say"
FINER_REMEDY = "give the latency histogram more bounds around its p95"
TOLERANCE = 1.1
"""The p95 is back when it is no more than this many times what it was."""

Row = Mapping[str, Any]


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long after faults were removed latency was what it had been, in seconds.

    A quantile of a histogram lies between the bounds of its bucket; where those of before and after are too wide to
    say whether it is within 10 %, the end is not known.
    """
    rows = ground.rows.rows(_STEPS["latencies"], reach(asks))
    return [_measured(ground, ask, rows) for ask in asks]


def _measured(ground: Ground, ask: Ask, rows: Sequence[Row]) -> Measured:
    asked = [fault for fault in faults(ground).asked(ask, by_removal=True) if fault.removed is not None]
    if not asked and ask.scope.experiment is not None:
        return unknown(NOT_REMOVED, END_REMEDY)
    found = [length for fault in asked for length in _lengths(ground, ask, fault, rows)]
    if asked and not found:
        return unknown("no latency was seen before and after the fault", "add a source with a latency histogram")
    measured = of_lengths(found, stat_of(ask))
    if measured.ongoing:
        return replace(measured, ongoing=0, note=NOT_BACK, remedy=FINER_REMEDY)
    return measured


def _lengths(ground: Ground, ask: Ask, fault: Fault, rows: Sequence[Row]) -> Iterator[Length]:
    """Yield for each service that a fault concerns how long its latency took."""
    slices: dict[tuple[str | None, str | None], dict[Span, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if (row["injected_us"], row["removed_us"]) == (fault.injected_us, fault.removed_us) and _asked(
            ground, ask, fault, row
        ):
            slices[row["environment"], row["service"]][row["start_us"], row["end_us"]].append(row)
    for found in slices.values():
        length = _length(fault, found)
        if length is not None:
            yield length


def _asked(ground: Ground, ask: Ask, fault: Fault, row: Row) -> bool:
    scope = ask.scope
    return (
        row["experiment_id"] == fault.experiment_id
        and scope.environment in (None, row["environment"])
        and scope.service in (None, row["service"])
        and scope.operation in (None, row["operation"])
        and scope.target in (None, row["target"])
        and faults(ground).concerns(fault, row["environment"], row["service"])
    )


def _length(fault: Fault, slices: Mapping[Span, Sequence[Row]]) -> Length | None:
    """Return how long it took; None where calls were seen on one side of the fault only."""
    removed = fault.removed
    before = [row for (_, end_us), rows in slices.items() if end_us <= fault.injected_us for row in rows]
    after = sorted(span for span in slices if span[1] > fault.injected_us)
    usual = p95_bounds(before)
    if removed is None or usual is None or not after:
        return None
    earliest_us = removed.latest_us
    certain = True
    for start_us, end_us in after:
        now = p95_bounds(slices[start_us, end_us])
        if now is None:
            continue
        if now[1] <= TOLERANCE * usual[0]:
            return exactly(removed, Bounds(earliest_us, end_us))
        if now[0] <= TOLERANCE * usual[1]:
            certain = False  # from here on it may have been back
        elif certain:
            earliest_us = max(earliest_us, start_us)
    return Length(None, max(0, earliest_us - removed.latest_us) / SECOND_US, UNENDED)


def p95_bounds(rows: Sequence[Row]) -> tuple[float, float] | None:
    """Return between which bounds the p95 of cumulative histograms lies, in seconds; None without calls."""
    counts: dict[tuple[Any, ...], dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        counts[row["operation"], row["target"], row["instance"]][row["upper_bound_s"]] += row["count"]
    buckets = []
    for histogram in counts.values():
        bounds = [(0.0, 0.0), *sorted(histogram.items())]
        for (lower_s, below), (upper_s, count) in pairwise(bounds):
            if count > below:
                buckets.append(Bucket(lower_s, upper_s, count - below, count - below, count - below))
    return quantile_bounds(buckets, SHARE) if buckets else None


INDICATOR = Indicator(
    "performance_recovery_time",
    unit="s",
    measures="from the removal of a fault to a p95 latency within 10 % of that of the window before the fault",
    formula="statistic of (end of the first minute with p95 ≤ 1.1 × p95 before - removal) over the faults removed",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="latency_histograms",
    stats=True,
)
