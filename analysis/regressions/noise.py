"""How noisy a series is, and how far apart two stretches of it are, whatever the shape of its noise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_CORRELATED = 0.9
"""Beyond this a series is a walk: nothing could be told from level to level."""
_SIGMA_OF_MAD = 1.4826
_UPPER_QUARTILE = 1.1503
"""Of the absolute values of normal noise of deviation 1."""
_CLIP = 2.5
_OUTLIER = 4.0


def robust_scale(deviations: Floats) -> float:
    """Return the standard deviation that normal noise of this median absolute deviation would have."""
    return _SIGMA_OF_MAD * float(np.median(np.abs(deviations)))


def scale_towards(deviations: Floats, *, up: bool) -> float:
    """Return the same, or what the side towards which something changed says, where that is more.

    Noise is often lopsided: now and then a run takes much longer, never much shorter. From the upper quartile of the
    deviations on that side.
    """
    side = np.abs(deviations[deviations > 0] if up else deviations[deviations < 0])
    whole = robust_scale(deviations)
    return max(whole, float(np.quantile(side, 0.75)) / _UPPER_QUARTILE) if len(side) else whole


def autocorrelation(x: Floats) -> float:
    """Return the correlation of neighbouring runs of an AR(1) series, from 0 to ``MOST_CORRELATED``.

    From differences over one and over two runs, whose variances are as 1 - φ to 1 - φ²: changes of level hardly touch
    them, while they would make every direct estimate large.
    """
    one, two = _variance(np.diff(x)), _variance(x[2:] - x[:-2])
    return min(max(two / one - 1.0, 0.0), MOST_CORRELATED) if one > 0 else 0.0


def _variance(differences: Floats) -> float:
    scale = robust_scale(differences)
    return float(np.mean(np.clip(differences, -3 * scale, 3 * scale) ** 2)) if scale > 0 else 0.0


def correlation_within(x: Floats, edges: Sequence[int]) -> float:
    """Return the same of a series that is cut into levels at ``edges`` (begin and end included).

    The lag-1 correlation of what is left within the levels, corrected for the bias of short series and for the levels
    that were taken out; more exact than by differences, where the levels are known.
    """
    rest = np.concatenate([x[a:b] - np.median(x[a:b]) for a, b in pairwise(edges)])
    scale = robust_scale(rest)
    if scale == 0:
        return 0.0
    u = np.clip(rest / scale, -_CLIP, _CLIP)
    found = float(u[1:] @ u[:-1] / (u @ u))
    return min(max(found + (len(edges) - 1 + 3 * max(found, 0.0)) / len(x), 0.0), MOST_CORRELATED)


def inflation(phi: float) -> float:
    """Return by how much correlation φ enlarges the variance of a mean of many: (1 + φ) / (1 - φ)."""
    return (1 + phi) / (1 - phi)


def muted(x: Floats, at: int, least: float) -> Floats:
    """Return a stretch with a change at ``at`` so that no single run weighs much.

    Spikes say nothing about where the level changed and are put in the middle; the rest is cut off one standard
    deviation beyond the two levels.
    """
    a, b = float(np.median(x[:at])), float(np.median(x[at:]))
    low, high = min(a, b), max(a, b)
    scale = max(robust_scale(np.concatenate([x[:at] - a, x[at:] - b])), least)
    spikes = (x > high + _OUTLIER * scale) | (x < low - _OUTLIER * scale)
    return np.where(spikes, (a + b) / 2, np.clip(x, low - scale, high + scale))


def robust_t(before: Floats, after: Floats, phi: float, least: float) -> tuple[float, int]:
    """Return the distance of two stretches in standard errors, and its degrees of freedom.

    Huber's one-step estimate of each level, a common scale, errors enlarged by the correlation of neighbours.
    """
    levels = [float(np.median(part)) for part in (before, after)]
    deviations = np.concatenate([before - levels[0], after - levels[1]])
    n, freedom = len(deviations), max(len(deviations) - 2, 1)
    scale = max(robust_scale(deviations) * n / freedom, least)
    clipped = np.clip(deviations / scale, -_CLIP, _CLIP)
    inside = max(float(np.mean(np.abs(deviations) < _CLIP * scale)), 0.5)
    variance = max(scale**2 * float(np.sum(clipped**2)) / freedom, least**2) / inside**2
    means = [
        level + scale * float(np.mean(np.clip((part - level) / scale, -_CLIP, _CLIP))) / inside
        for part, level in zip((before, after), levels, strict=True)
    ]
    error = np.sqrt(variance * inflation(phi) * (1 / len(before) + 1 / len(after)))
    return float((means[1] - means[0]) / error), freedom


def share_of_tail(t: float, freedom: int) -> float:
    """Return the two-sided probability of Student's t."""
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(t)))


def deviations_of(share: float) -> float:
    """Return how many standard deviations a normal value is away with this two-sided probability."""
    from scipy.special import ndtri

    return float(-ndtri(max(share, 1e-300) / 2))
