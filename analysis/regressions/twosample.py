"""Two samples of repetitions, of a pinned baseline and of the newest version: is the second one worse?

Methods by size, as measured: from twenty repetitions on each side the rank test of Mann and Whitney, which no shape of
noise disturbs; below, where it has no power, Welch's test on logarithms, believed only where a permutation test agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.regressions.changepoints import effect_of
from analysis.regressions.fdr import can_reach

ENOUGH_FOR_RANKS = 20
FEWEST_REPETITIONS = 3
_PERMUTATIONS = 1999
_DISAGREES = 0.01
_SEED = 20261119


@dataclass(frozen=True, slots=True)
class Compared:
    """How two samples differ: their medians, the relative effect, and how often chance alone makes such a one."""

    before: float
    after: float
    effect: float
    p: float
    method: Literal["mann-whitney", "welch-log", "welch"]


def too_few(before: int, after: int, tested: int, rate: float) -> str:
    """Return why so many repetitions cannot be judged among so many series; empty where they can."""
    fewest = min(before, after)
    if fewest >= FEWEST_REPETITIONS and can_reach(before, after, tested, rate):
        return ""
    among = f"{tested:,} {'series' if tested != 1 else 'single series'}"
    return f"not enough data: n={fewest} cannot reach q={f'{rate:g}'.lstrip('0')} over {among}"


def compare(before: Sequence[float], after: Sequence[float]) -> Compared:
    """Return how the repetitions ``after`` differ from those ``before``, two-sided."""
    from scipy.stats import mannwhitneyu

    a, b = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    levels = float(np.median(a)), float(np.median(b))
    effect = effect_of(*levels)
    if np.ptp(np.concatenate([a, b])) == 0:
        return Compared(*levels, 0.0, 1.0, "welch")
    if min(len(a), len(b)) >= ENOUGH_FOR_RANKS:
        return Compared(*levels, effect, float(mannwhitneyu(a, b).pvalue), "mann-whitney")
    logged = min(a.min(), b.min()) > 0
    x, y = (np.log(a), np.log(b)) if logged else (a, b)
    return Compared(*levels, effect, _welch(x, y), "welch-log" if logged else "welch")


def _welch(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return Welch's p, or that of permuting the values where the two disagree about whether it is small."""
    from scipy.stats import permutation_test, ttest_ind_from_stats

    exact = np.ptp(x) == 0 and np.ptp(y) == 0  # then only the permutations can say how rare that is
    told = [value for part in (x, y) for value in (part.mean(), part.std(ddof=1), len(part))]
    p = 0.0 if exact else float(ttest_ind_from_stats(*told, equal_var=False).pvalue)
    if p > _DISAGREES:
        return p
    permuted = permutation_test((x, y), _apart, n_resamples=_PERMUTATIONS, vectorized=True, rng=_SEED)
    return max(p, float(permuted.pvalue)) if permuted.pvalue > _DISAGREES or exact else p


def _apart(x: NDArray[np.float64], y: NDArray[np.float64], axis: int) -> Any:  # noqa: ANN401 - as scipy hands it on
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)
