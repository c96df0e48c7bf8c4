"""Absolute limits: a rule of its own, always on, that needs no history and no baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

CONFIDENCE = 0.95
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Held:
    """A median against a limit.

    Attributes:
        low, high: with 95 % each way the true median is no less, and no more; None where there are too few values.
        p: how often so many values lie beyond the limit if the true median does not.
    """

    value: float
    low: float | None
    high: float | None
    p: float


def hold(values: Sequence[float], limit: float, *, above: bool) -> Held:
    """Hold the median of repetitions against a limit; ``above`` where values beyond it are worse.

    The bounds are order statistics: exact whatever the noise is like (five values at least).
    """
    ordered = sorted(values)
    n = len(ordered)
    beyond = sum(value > limit if above else value < limit for value in ordered)
    p = sum(math.comb(n, k) for k in range(beyond, n + 1)) / 2**n
    rank = _rank(n)
    low, high = (ordered[rank - 1], ordered[n - rank]) if rank else (None, None)
    return Held(median(ordered), low, high, p)


def _rank(n: int) -> int:
    """Return the rank of the value that with 95 % the median is not below; 0 where no value is."""
    below, rank = 0.0, 0
    for k in range(n):
        below += math.comb(n, k) / 2**n
        if below > 1 - CONFIDENCE:
            break
        rank = k + 1
    return rank


def in_unit(limit_s: float, unit: str) -> float | None:
    """Return a limit in seconds in the unit of a series; None where that is no unit of time."""
    return limit_s / _UNITS_S[unit] if unit in _UNITS_S else None
