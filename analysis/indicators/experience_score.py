"""``experience_score``: the share of calls that were answered well and fast enough.

Outcomes and durations are counted apart. Of ``g`` good calls and ``f`` fast ones among ``n`` at least ``g + f - n`` and
at most the smaller of both are good and fast (Fréchet's bounds); the value is their midpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.asking import Ask, Ground, Measured
from analysis.counting import COUNT_REMEDY, NOTHING_COUNTED, Row, counted_rows
from analysis.histograms import Bucket, histograms
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "experience_score.sql")
_DURATIONS = read_sql("analysis.indicators", "latency.sql")

NO_LIMIT = Measured(
    note="it is not said how fast an answer has to be",
    remedy="add an objective for the latency of the service, or latency: 1s to this one",
)


@dataclass(frozen=True, slots=True)
class Share:
    """A share within bounds."""

    value: float
    low: float
    high: float


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return calls answered well within the latency objective, by all calls, 0 to 1."""
    called = counted_rows(ground, asks, _SQL)
    timed = histograms(ground, asks, _DURATIONS)
    return [
        NO_LIMIT
        if ask.limit_s is None
        else _score(rows[0], fast_share(buckets, ask.limit_s))
        if rows and rows[0]["good"] + rows[0]["bad"] > 0
        else Measured(note=NOTHING_COUNTED, remedy=COUNT_REMEDY)
        for ask, rows, buckets in zip(asks, called, timed, strict=True)
    ]


def _score(row: Row, fast: Share | None) -> Measured:
    total = row["good"] + row["bad"]
    good = Share(
        row["good"] / total,
        row["good_low"] / (row["good_low"] + row["bad_high"]) if row["good_low"] + row["bad_high"] else 0.0,
        row["good_high"] / (row["good_high"] + row["bad_low"]) if row["good_high"] + row["bad_low"] else 1.0,
    )
    if fast is None:
        return Measured(
            None, 0.0, good.high, n=round(total),
            note="no duration of a call is known",
            remedy="collect its latency histogram, or add a log whose lines tell durations as a source",
        )  # fmt: skip
    low, high = max(0.0, good.low + fast.low - 1), min(good.high, fast.high)
    value = (max(0.0, good.value + fast.value - 1) + min(good.value, fast.value)) / 2
    return Measured(value, low, high, n=round(total))


def fast_share(buckets: Sequence[Bucket], limit_s: float) -> Share | None:
    """Return the share of calls that took at most a limit; those of the bucket it lies in may be on either side."""
    total = sum(bucket.value for bucket in buckets)
    if total <= 0:
        return None
    sure = [bucket for bucket in buckets if bucket.upper_s <= limit_s]
    loose = [bucket for bucket in buckets if bucket.lower_s < limit_s < bucket.upper_s]
    slow = [bucket for bucket in buckets if bucket.lower_s >= limit_s]
    fast = sum(bucket.value for bucket in sure)
    fast += sum(bucket.value * (limit_s - bucket.lower_s) / (bucket.upper_s - bucket.lower_s) for bucket in loose)
    least, rest = sum(one.low for one in sure), sum(one.high for one in (*loose, *slow))
    most, beyond = sum(one.high for one in (*sure, *loose)), sum(one.low for one in slow)
    return Share(
        fast / total,
        least / (least + rest) if least + rest else 0.0,
        most / (most + beyond) if most + beyond else 1.0,
    )


INDICATOR = Indicator(
    "experience_score",
    unit="ratio",
    measures="share of calls that were answered well within the latency objective",
    formula="calls answered well and within the limit / all calls, between max(0, good + fast - 1) and min(good, fast)",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
