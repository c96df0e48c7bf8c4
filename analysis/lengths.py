"""Answers of indicators that are times: the statistic that was asked for, of lengths known within bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

from analysis.asking import Ask, Measured
from analysis.statistics import UNENDED, Figure, Length, bootstrap_interval, share_figure
from breakwatch.config_objectives import Stat

DEFAULT_STAT: Stat = "p90"
EXPERIMENT_STAT: Stat = "max"
"""An experiment is a promise about the very time it was tried."""

_SHARES: dict[Stat, float] = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "min": 0.0, "max": 1.0}

NOTHING_HAPPENED = "nothing happened in a covered window"


def stat_of(ask: Ask) -> Stat:
    """Return the statistic an ask is about, where it names none: p90, in experiments the longest."""
    return ask.stat or (EXPERIMENT_STAT if ask.scope.experiment is not None else DEFAULT_STAT)


def answers(asks: Sequence[Ask], rows: Iterable[Mapping[str, Any]]) -> list[Measured]:
    """Return the answer to each ask from rows of ``ask, duration_s, duration_low_s, duration_high_s``.

    A NULL ``duration_high_s`` is unbounded; a NULL ``duration_s`` says that it has not ended.
    """
    found: dict[int, list[Length]] = defaultdict(list)
    for row in rows:
        found[row["ask"]].append(length(row))
    return [of_lengths(found.get(place, ()), stat_of(ask)) for place, ask in enumerate(asks)]


def length(row: Mapping[str, Any]) -> Length:
    """Return the length that a row of the views tells of."""
    high_s = row["duration_high_s"]
    return Length(row["duration_s"], row["duration_low_s"] or 0.0, UNENDED if high_s is None else high_s)


def of_lengths(lengths: Sequence[Length], stat: Stat) -> Measured:
    """Return a statistic of lengths, with the bounds that theirs allow; NULL where there are none."""
    if not lengths:
        return Measured(note=NOTHING_HAPPENED)
    ended = [one.value for one in lengths if one.value is not None]
    figure = mean(lengths) if stat == "mean" else share_figure(lengths, _SHARES[stat])
    ci_low, ci_high = bootstrap_interval(ended) if stat == "mean" else (None, None)
    return Measured(
        figure.value,
        figure.low,
        figure.high,
        n=len(lengths),
        ongoing=len(lengths) - len(ended),
        ci_low=ci_low,
        ci_high=ci_high,
    )


def mean(lengths: Sequence[Length]) -> Figure:
    """Return the mean of those that ended, with bounds for all: one that goes on leaves it unbounded above."""
    ended = [one.value for one in lengths if one.value is not None]
    n = len(lengths)
    low = sum(one.low for one in lengths) / n
    high = inf if len(ended) < n else sum(one.high for one in lengths) / n
    value = sum(ended) / len(ended) if ended else None
    return Figure(None if value is None else min(max(value, low), high), low, high)
