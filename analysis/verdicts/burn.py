"""Burn-rate rules over time: when each fires and clears, from counts by the minute.

A rule fires while both of its windows, the long one and the short one that ends with it, burn faster than its
threshold (Site Reliability Workbook, chapter 5). Where so few calls came that chance alone could have brought the bad
ones, the long window must hold at least as many bad ones as an exact binomial bound demands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from breakwatch.clock import MINUTE_US, Instant
from breakwatch.config_burning import good_share, threshold, watched, window_s
from breakwatch.config_objectives import BurnRate, Objective, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT = 12
"""The short window is this part of the long one."""

CHANCE = 0.05
"""How likely so many bad events may be by chance at the threshold, where traffic is low."""

LOW_TRAFFIC = 10
"""Traffic is low where fewer bad events than this would be at the threshold."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule of one objective.

    Attributes:
        long_min, short_min: lengths of the windows, in minutes.
        rate: the burn rate that both have to exceed.
        bad_share: the share of bad events that this is.
    """

    long_min: int
    short_min: int
    rate: float
    bad_share: float
    severity: Severity = "S3"


@dataclass(frozen=True, slots=True)
class Fired:
    """One time a rule fired; ``cleared_us`` is None while it does."""

    watch: Watch
    fired_us: Instant
    cleared_us: Instant | None


def watches(objective: Objective) -> tuple[Watch, ...]:
    """Return the rules that watch an objective's budget; none where it has no budget."""
    target = good_share(objective)
    if target is None:
        return ()
    length_s = window_s(objective)
    return tuple(watch(rule, target, length_s) for rule in watched(objective))


def watch(rule: BurnRate, target: float, window_length_s: float) -> Watch:
    """Return a rule in minutes: at 99.9 % of 30 days, 2 % of the budget in an hour is a rate of 14.4."""
    rate = threshold(rule, window_length_s)
    short_s = rule.long_s / SHORT if rule.short_s is None else rule.short_s
    long_min, short_min = (max(1, round(length_s / 60)) for length_s in (rule.long_s, short_s))
    return Watch(long_min, short_min, rate, rate * (1 - target), rule.severity)


def firing(
    rule: Watch, bad: NDArray[np.float64], total: NDArray[np.float64], *, low_traffic: bool = True
) -> NDArray[np.bool_]:
    """Return for the end of each minute whether a rule fires.

    Args:
        rule: the rule.
        bad: bad events by the minute, without gaps.
        total: all events by the minute.
        low_traffic: ask for enough bad events where there are few events.
    """
    long_bad, long_total = _sums(bad, rule.long_min), _sums(total, rule.long_min)
    exceeded = _exceeds(long_bad, long_total, rule.bad_share)
    exceeded &= _exceeds(_sums(bad, rule.short_min), _sums(total, rule.short_min), rule.bad_share)
    if low_traffic:
        few = exceeded & (long_total * rule.bad_share < LOW_TRAFFIC)
        exceeded[few] = long_bad[few] >= least_bad_events(long_total[few], rule.bad_share)
    return exceeded


def least_bad_events(total: NDArray[np.float64] | float, bad_share: float) -> NDArray[np.float64]:
    """Return how many bad events chance brings in at most 5 % of cases, where each is bad with this probability.

    Exact, by the binomial distribution: of 10 calls at 14.4 times 0.1 % it takes 2.
    """
    found: NDArray[np.float64] = stats.binom.isf(CHANCE, np.round(total), bad_share) + 1
    return found


def fired(rule: Watch, states: NDArray[np.bool_], start_us: Instant) -> list[Fired]:
    """Return when a rule fired and cleared, from its state at the end of each minute since ``start_us``."""
    edges = np.flatnonzero(np.diff(states.astype(np.int8), prepend=0, append=0))
    found = []
    for begins, ends in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        cleared_us = None if ends == len(states) else start_us + (ends + 1) * MINUTE_US
        found.append(Fired(rule, start_us + (begins + 1) * MINUTE_US, cleared_us))
    return found


def worst(rules: Sequence[Watch], bad: NDArray[np.float64], total: NDArray[np.float64]) -> Watch | None:
    """Return the gravest rule that fires at the end of the last minute; None where none does."""
    burning = [rule for rule in rules if len(total) and firing(rule, bad, total)[-1]]
    return min(burning, key=lambda rule: (rule.severity, -rule.rate), default=None)


def time_to_fire_s(bad_share: float, target: float, rate: float, long_s: float) -> float:
    """Return after how many seconds of a steady share of bad events, after none, a long window exceeds a burn rate."""
    return rate * (1 - target) * long_s / bad_share


def _sums(counts: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return the sums of the last so many minutes; early ones of what there is."""
    summed = np.concatenate(([0.0], np.cumsum(counts)))
    ends = np.arange(1, len(counts) + 1)
    found: NDArray[np.float64] = summed[ends] - summed[np.maximum(0, ends - length)]
    return found


def _exceeds(bad: NDArray[np.float64], total: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.bool_] = np.where(total > 0, bad / total, 0.0) > share
    return found
