"""Statistics of durations that are known within bounds, some of which have not ended.

Bounds and sampling intervals are different things: ``low`` and ``high`` say what the evidence allows for the very
incidents that happened; the interval of the mean says how far it would vary with other incidents of the same kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, isinf
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

TOO_FEW = 5
"""Fewer than this are marked as too few to compare."""

_RESAMPLES = 2_000
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Length:
    """How long one incident lasted, in seconds; while it is ongoing ``value`` is None and ``low`` the time so far."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with the bounds that the evidence allows; ``value`` is None where unknown, ``high`` may be infinite."""

    value: float | None
    low: float | None
    high: float | None


NOTHING = Figure(None, None, None)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, p90, worst and mean of ``n`` lengths, of which ``ongoing`` have not ended.

    The mean is over those that ended; ``ci_low`` and ``ci_high`` are its 95 % bootstrap interval, None for fewer than
    two.
    """

    n: int
    ongoing: int
    median: Figure
    p90: Figure
    worst: Figure
    mean: Figure
    ci_low: float | None
    ci_high: float | None

    @property
    def too_few(self) -> bool:
        """True where there are too few to compare with anything."""
        return self.n < TOO_FEW


def spread(lengths: Sequence[Length]) -> Spread:
    """Return the statistics of some lengths; by Kaplan and Meier (1958) where any is ongoing."""
    ended = [length.value for length in lengths if length.value is not None]
    ci_low, ci_high = bootstrap_interval(ended)
    return Spread(
        n=len(lengths),
        ongoing=len(lengths) - len(ended),
        median=share_figure(lengths, 0.5),
        p90=share_figure(lengths, 0.9),
        worst=share_figure(lengths, 1.0),
        mean=_mean([length for length in lengths if length.value is not None]),
        ci_low=ci_low,
        ci_high=ci_high,
    )


def share_figure(lengths: Sequence[Length], share: float) -> Figure:
    """Return a quantile with bounds: it is monotone in every length, so its bounds are the quantiles of the bounds."""
    if not lengths:
        return NOTHING
    low = quantile([length.low for length in lengths], share)
    high = quantile([length.high for length in lengths], share)
    value = _central(lengths, share)
    return Figure(None if value is None else min(max(value, low), high), low, high)


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile, interpolated linearly (Hyndman and Fan's type 7); infinities are allowed."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = floor(place), ceil(place)
    if below == above or isinf(ordered[above]):
        return ordered[above]
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _central(lengths: Sequence[Length], share: float) -> float | None:
    """Return the quantile of the values; with ongoing ones by Kaplan and Meier, None beyond what was seen."""
    ended = [length.value for length in lengths if length.value is not None]
    if len(ended) == len(lengths):
        return quantile(ended, share)
    if not ended or share >= 1:  # the worst may be one that has not ended
        return None
    censored = [length.low for length in lengths if length.value is None]
    sample = stats.CensoredData(uncensored=np.asarray(ended), right=np.asarray(censored))
    survival = stats.ecdf(sample).sf
    reached = survival.quantiles[survival.probabilities <= 1 - share + 1e-12]
    return float(reached[0]) if len(reached) else None


def _mean(ended: Sequence[Length]) -> Figure:
    if not ended:
        return NOTHING
    n = len(ended)
    return Figure(
        sum(length.value or 0.0 for length in ended) / n,
        sum(length.low for length in ended) / n,
        sum(length.high for length in ended) / n,
    )


def bootstrap_interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the 95 % bootstrap interval of the mean (percentiles, fixed seed); None for fewer than two values."""
    if len(values) < 2:  # noqa: PLR2004 (one value has no spread)
        return None, None
    sample = np.asarray(values, dtype=np.float64)
    if float(sample.min()) == float(sample.max()):
        return float(sample[0]), float(sample[0])
    found = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=_RESAMPLES,
        confidence_level=_CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(20_260_101),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


UNENDED = inf
"""The upper bound of what has not ended."""
