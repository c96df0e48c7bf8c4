"""Where the level of a series changed for good: kernel change points over runs, and a quick look at the newest ones.

Two tiers. *Confirmed* is what a segmentation of the whole series says: logarithms of the values (a change is a factor),
a Gaussian kernel (no assumption about the shape of noise; a spike counts once), penalised dynamic programming (Celisse
et al. 2018, as ruptures does it in C), a penalty that grows with the noise's own correlation, at least three runs a
segment. *Suspected* is what the newest three to ten runs say against the current level, before the segmentation can.

Measured against other tools, with the settings below, by ``python -m bench.regressions``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.regressions.noise import (
    autocorrelation,
    correlation_within,
    deviations_of,
    inflation,
    muted,
    robust_t,
    scale_towards,
    share_of_tail,
)

Floats = NDArray[np.float64]
Tier = Literal["confirmed", "suspected"]

MIN_SEGMENT = 3
"""A level is a level from three runs on: one or two are a spike."""
FEWEST = 8
"""With fewer runs than this nothing is said about a series."""
PENALTY = 1.0
PENALTY_OF_CORRELATION = 0.8
"""A change costs (1 + 0.8 φ) ln n, φ the correlation of neighbouring runs: drifting noise looks like change."""
SUSPICION = 4.5
"""How many standard errors the newest runs have to be away from the level before them."""
NEWEST = range(3, 11)
LEAST_BEFORE = 8
"""So many runs on the level before are needed to suspect the newest of another one."""
CREDIBLE = 0.05
"""A change that chance alone makes this often, wherever it lies, is none."""
BLOCK, OVERLAP = 2000, 500
"""The cost is quadratic: longer series are taken in blocks."""

_LAGS = (5, 7, 11, 13, 17)
_LEAST_NOISE = 1e-3
"""Noise below a tenth of a percent is not believed: timers have steps."""
_MOST_FOR_ONE = 3.5
_LEAST_OF_LARGEST = 1e-9
_LOOK_AROUND = 50
_WHITENED = 0.7
_NEIGHBOURHOOD = np.exp(-0.5 * (np.arange(-10, 11) / 6.0) ** 2)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of level.

    Attributes:
        index: the first run on the new level; ``earliest`` to ``latest``: where it lies with 95 %.
        before, after: the levels, as medians in the unit of the series.
        effect: after / before - 1; infinite where the level was 0.
        p: how often chance alone makes such a change somewhere in the series.
    """

    index: int
    earliest: int
    latest: int
    before: float
    after: float
    effect: float
    p: float
    tier: Tier


def changes(values: Floats, *, min_effect: float = 0.0) -> list[Change]:
    """Return the changes of level of a series in its order; none where it has fewer than ``FEWEST`` values.

    Args:
        values: finite values, one for each run.
        min_effect: changes by a smaller share of the level before are left out; they remain boundaries of levels.
    """
    if len(values) < FEWEST:
        return []
    values = np.asarray(values, dtype=np.float64)
    x = _scaled(values)
    phi = autocorrelation(x)
    cut = [0, *_segmented(x, phi), len(x)]
    within = correlation_within(x, cut)
    edges = _credible(x, cut, within)
    places = [_located(x, edges[i], edges[i + 1], edges[i + 2], phi) for i in range(len(edges) - 2)]
    cuts = [0, *(place.at for place in places), len(x)]
    found = [_change(values, x, cuts[i : i + 3], place, within) for i, place in enumerate(places)]
    found += _suspected(values, x, cuts[-2], phi)
    return [change for change in found if abs(change.effect) >= min_effect]


def effect_of(before: float, after: float) -> float:
    """Return the relative size of a change: 0.1 is a tenth more."""
    if before == after:
        return 0.0
    return (after - before) / abs(before) if before else math.copysign(math.inf, after)


def _scaled(values: Floats) -> Floats:
    """Return the values on the scale on which they are compared: logarithms where all are above 0."""
    if values.min() > 0:
        return np.asarray(np.log(values))
    size = max(float(np.median(np.abs(values))), float(np.max(np.abs(values))) * _LEAST_OF_LARGEST) or 1.0
    return values / size


def _segmented(x: Floats, phi: float) -> list[int]:
    """Return where the segments after the first begin."""
    if len(x) <= BLOCK:
        return _kernel_changes(x, phi)
    found: set[int] = set()
    step = BLOCK - OVERLAP
    starts = range(0, len(x) - OVERLAP, step)
    for start in starts:
        end = min(start + BLOCK, len(x))
        first = start + (OVERLAP // 2 if start else 0)
        last = end - (OVERLAP // 2 if end < len(x) else 0)
        found |= {start + at for at in _kernel_changes(x[start:end], phi) if first <= start + at < last}
    return sorted(found)


def _kernel_changes(x: Floats, phi: float) -> list[int]:
    from ruptures.detection._detection.ekcpd import ekcpd_pelt_Gaussian

    if len(x) < 2 * MIN_SEGMENT:
        return []
    penalty = (PENALTY + PENALTY_OF_CORRELATION * phi) * math.log(len(x))
    path = ekcpd_pelt_Gaussian(np.ascontiguousarray(x[:, None]), penalty, MIN_SEGMENT, _bandwidth(x))
    found, at = [], len(x)
    while at > 0:
        at = int(path[at])
        found.append(at)
    return sorted(found)[1:]


def _bandwidth(x: Floats) -> float:
    """Return gamma of the kernel: one over the median squared distance of runs some way apart.

    Not of all pairs, as is usual: a large change would make the kernel blind to small ones. Not of neighbours: noise
    that drifts would look quieter than it is.
    """
    apart = [np.abs(x[lag:] - x[:-lag]) for lag in _LAGS if lag < len(x)]
    typical = max(float(np.median(np.concatenate(apart))), _LEAST_NOISE)
    return 1.0 / typical**2


def _credible(x: Floats, edges: list[int], phi: float) -> list[int]:
    """Take out, weakest first, the boundaries that chance explains."""
    edges = list(edges)
    while len(edges) > 2:  # noqa: PLR2004 - begin and end
        spans = zip(edges, edges[1:], edges[2:], strict=False)
        chances = [_chance(x[start:at], x[at:end], phi) for start, at, end in spans]
        weakest = int(np.argmax(chances))
        if chances[weakest] <= CREDIBLE:
            break
        del edges[weakest + 1]
    return edges


def _chance(before: Floats, after: Floats, phi: float) -> float:
    """Return how often chance alone makes such a difference at one of the places where it could have been found.

    The largest of the standardised differences over all places, each at least ``MIN_SEGMENT`` from the ends (James,
    James and Siegmund 1987, formula for the trimmed bridge).
    """
    t, freedom = robust_t(before, after, phi, _LEAST_NOISE)
    once = share_of_tail(t, freedom)
    b = deviations_of(once)
    if b < 1.5:  # noqa: PLR2004 - the formula is about tails
        return 1.0
    density = math.exp(-b * b / 2) / math.sqrt(2 * math.pi)
    trimmed = MIN_SEGMENT / (len(before) + len(after))
    anywhere = (b - 1 / b) * density * 2 * math.log((1 - trimmed) / trimmed) + 4 * density / b
    return min(1.0, max(once, anywhere))


@dataclass(frozen=True, slots=True)
class _Place:
    at: int
    earliest: int
    latest: int


def _located(x: Floats, start: int, at: int, end: int, phi: float) -> _Place:
    """Return the most likely first run of the new level, and the span in which it lies with 95 %.

    A least-squares step on values without outliers, whitened by most of their correlation; the likelihood is smoothed
    over a few runs, because where it is flat its highest point is an accident.
    """
    y = muted(x[start:end], at - start, _LEAST_NOISE)
    n, held = len(y), _WHITENED * phi
    k = np.arange(max(MIN_SEGMENT, at - start - _LOOK_AROUND), min(n - MIN_SEGMENT, at - start + _LOOK_AROUND) + 1)
    if len(k) < 2:  # noqa: PLR2004 - nothing to choose from
        return _Place(at, at, at)
    w = y[1:] - held * y[:-1]
    w -= w.mean()
    rest = np.concatenate([np.cumsum(w[::-1])[::-1], [0.0]])
    runs_after = n - 1 - k
    along = w[k - 1] + (1 - held) * rest[k]
    size = 1 + (1 - held) ** 2 * runs_after - (1 + (1 - held) * runs_after) ** 2 / (n - 1)
    gain = along**2 / size
    variance = max((float(w @ w) - float(gain.max())) / max(n - 3, 1), 1e-12)
    likelihood = np.exp((gain - gain.max()) / (2 * variance))
    share = np.cumsum(likelihood) / likelihood.sum()
    best = int(k[np.argmax(np.convolve(likelihood, _NEIGHBOURHOOD)[10:-10])])
    low, high = (int(k[min(int(np.searchsorted(share, q)), len(k) - 1)]) for q in (0.025, 0.975))
    return _Place(start + best, start + min(low, best), start + max(high, best))


def _change(values: Floats, x: Floats, cuts: list[int], place: _Place, phi: float) -> Change:
    start, at, end = cuts
    before, after = float(np.median(values[start:at])), float(np.median(values[at:end]))
    p = _chance(x[start:at], x[at:end], phi)
    return Change(at, place.earliest, place.latest, before, after, effect_of(before, after), p, "confirmed")


def _suspected(values: Floats, x: Floats, start: int, phi: float) -> list[Change]:
    """Return the change that the newest runs suggest, if they do: all of them on one side, and far enough away."""
    n, found = len(x), None
    for newest in NEWEST:
        at = n - newest
        if at - start < LEAST_BEFORE:
            break
        before, after = x[start:at], x[at:]
        level = float(np.median(before))
        if not (np.all(after > level) or np.all(after < level)):
            continue
        t = _distance(before, after, level, phi)
        if found is None or abs(t) > abs(found[0]):
            found = t, at
    if found is None or abs(found[0]) <= _threshold(found[1] - start):
        return []
    t, at = found
    before_level, after_level = float(np.median(values[start:at])), float(np.median(values[at:]))
    p = min(1.0, share_of_tail(t, at - start - 1) * len(NEWEST))
    return [Change(at, at, at, before_level, after_level, effect_of(before_level, after_level), p, "suspected")]


def _distance(before: Floats, after: Floats, level: float, phi: float) -> float:
    """Return how many standard errors the newest runs are away; none of them counts for more than 3.5 deviations."""
    scale = max(scale_towards(before - level, up=bool(after[0] > level)), _LEAST_NOISE)
    away = float(np.mean(np.clip((after - level) / scale, -_MOST_FOR_ONE, _MOST_FOR_ONE)))
    k = len(after)
    lags = np.arange(1, k)
    together = (1 + 2 * float(np.sum((1 - lags / k) * phi**lags))) / k
    return away / math.sqrt(together + 1.6 * inflation(phi) / len(before))


def _threshold(runs_before: int) -> float:
    """Return the threshold that, with the noise estimated from so few runs, is passed as rarely as ``SUSPICION``."""
    from scipy.special import ndtr, stdtrit

    return float(-stdtrit(max(runs_before - 1, 1), ndtr(-SUSPICION)))
