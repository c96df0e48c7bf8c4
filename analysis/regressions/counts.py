"""Counts from run to run: a rate changed, by an exact test of the ratio of two rates.

The noise of counts is known: Poisson's, or wider where they scatter more than that (negative binomial: the variance is
the mean times a dispersion that is estimated). A detector for durations fails on rare counts, where most runs are 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.regressions.changepoints import CREDIBLE, FEWEST, MIN_SEGMENT, Change, effect_of

Floats = NDArray[np.float64]

_SCATTERS = 0.01
"""Counts scatter more than Poisson's where chance makes such a scatter this rarely."""
_WITHIN = 3.84
"""Places whose deviance is at most this much below the best belong to the 95 % interval."""


def rate_ratio(before: Floats, after: Floats) -> tuple[float, float]:
    """Return the ratio of two rates (after over before), and how often chance alone makes such a one.

    Poisson: the exact conditional test (given the sum, the counts after are binomial). Overdispersed: the ratio of two
    quasi-Poisson means, its logarithm over its standard error, by Student's t.
    """
    from scipy.stats import binomtest

    one, other = float(before.sum()), float(after.sum())
    n, m = len(before), len(after)
    ratio = (other / m) / (one / n) if one else (math.inf if other else 1.0)
    if not one + other:
        return 1.0, 1.0
    dispersion = _dispersion(before, after)
    if dispersion == 1:
        return ratio, float(binomtest(round(other), round(one + other), m / (n + m)).pvalue)
    from analysis.regressions.noise import share_of_tail

    away = math.log((other + 0.5) / m) - math.log((one + 0.5) / n)
    error = math.sqrt(dispersion * (1 / (one + 0.5) + 1 / (other + 0.5)))
    return ratio, share_of_tail(away / error, n + m - 2)


def _dispersion(before: Floats, after: Floats) -> float:
    """Return the variance over the mean, 1 where the counts do not scatter more than Poisson's."""
    from scipy.stats import chi2

    means = np.concatenate([np.full(len(part), part.mean()) for part in (before, after)])
    away = (np.concatenate([before, after]) - means) ** 2
    pearson = float(np.sum(away[means > 0] / means[means > 0]))
    freedom = len(means) - 2
    if freedom < 1 or chi2.sf(pearson, freedom) > _SCATTERS:
        return 1.0
    return max(pearson / freedom, 1.0)


def count_changes(values: Floats, *, min_effect: float = 0.0) -> list[Change]:
    """Return where the rate of a series of counts changed; levels are means. As ``changes`` in everything else."""
    if len(values) < FEWEST:
        return []
    values = np.asarray(values, dtype=np.float64)
    cuts = [0, *sorted(at for at, _, _ in _split(values, 0, len(values))), len(values)]
    places = {at: (low, high) for at, low, high in _split(values, 0, len(values))}
    found = []
    for start, at, end in zip(cuts, cuts[1:], cuts[2:], strict=False):
        before, after = float(values[start:at].mean()), float(values[at:end].mean())
        _, p = rate_ratio(values[start:at], values[at:end])
        p = min(1.0, p * (end - start))
        found.append(Change(at, *places[at], before, after, effect_of(before, after), p, "confirmed"))
    return [change for change in found if abs(change.effect) >= min_effect]


def _split(values: Floats, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the changes of a stretch with their intervals: the best split where it is credible, then of both sides."""
    n = end - start
    if n < 2 * MIN_SEGMENT:
        return
    sums = np.cumsum(values[start:end])
    k = np.arange(MIN_SEGMENT, n - MIN_SEGMENT + 1)
    one, total = sums[k - 1], sums[-1]
    deviance = 2 * (_weighed(one, k) + _weighed(total - one, n - k) - _weighed(np.array([total]), np.array([n]))[0])
    at = int(k[np.argmax(deviance)])
    _, p = rate_ratio(values[start : start + at], values[start + at : end])
    if p * len(k) > CREDIBLE:
        return
    likely = k[deviance >= deviance.max() - _WITHIN]
    yield start + at, start + int(likely[0]), start + int(likely[-1])
    yield from _split(values, start, start + at)
    yield from _split(values, start + at, end)


def _weighed(total: Floats, runs: NDArray[np.int64]) -> Floats:
    """Return total · ln(total / runs), 0 where nothing was counted."""
    return np.where(total > 0, total * np.log(np.maximum(total, 1e-300) / runs), 0.0)
