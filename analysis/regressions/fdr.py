"""False discoveries: of many series tested at once, some change by chance; few of what is reported may be such."""

from __future__ import annotations

import math
from collections.abc import Sequence


def adjusted(chances: Sequence[float], tested: int) -> list[float]:
    """Return probabilities corrected for ``tested`` series, of which these had a change at all (Benjamini, Hochberg).

    To report what is at most q makes the expected share of false reports at most q.
    """
    from scipy.stats import false_discovery_control

    others = max(tested - len(chances), 0)
    corrected = false_discovery_control([*chances, *[1.0] * others], method="bh") if chances else []
    return [float(value) for value in corrected[: len(chances)]]


def least_chance(before: int, after: int) -> float:
    """Return the smallest two-sided probability that so many repetitions can reach: all of one side beyond the other.

    That of the rank and permutation tests, 2 / C(n + m, n).
    """
    return min(1.0, 2.0 / math.comb(before + after, before))


def can_reach(before: int, after: int, tested: int, rate: float) -> bool:
    """Return whether so many repetitions could ever pass among so many series."""
    return least_chance(before, after) <= rate / max(tested, 1)
