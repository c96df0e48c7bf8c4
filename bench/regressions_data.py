"""Series whose changes are known: five kinds of noise of 5 %, on levels that change by factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KINDS = ("gauss", "ar1", "t3", "skew", "spikes")
HELD_OUT_KINDS = ("gauss", "ar1 .4", "t4", "gamma", "spikes 5%")
SHARE = 0.05
_LEAST = 0.05
"""No run takes less than a twentieth of its level, whatever the noise says."""


def series(kind: str, n: int, rng: Generator, steps: Sequence[tuple[int, float]] = ()) -> list[float]:
    """Return a series around 100; from each place of ``steps`` on its level is that many times as high."""
    level = np.ones(n)
    for at, factor in steps:
        level[at:] *= factor
    values: list[float] = (100 * level * np.maximum(1 + _noise(kind, n, rng), _LEAST)).tolist()
    return values


def _noise(kind: str, n: int, rng: Generator) -> Floats:
    if kind == "gauss":
        return SHARE * rng.standard_normal(n)
    if kind.startswith("ar1"):
        return SHARE * _drift(float(kind.partition(" ")[2] or 0.6), n, rng)
    if kind.startswith("t"):
        freedom = int(kind[1:])
        return np.asarray(SHARE * rng.standard_t(freedom, n) / np.sqrt(freedom / (freedom - 2)))
    if kind == "skew":
        sigma = 0.8
        mean = np.exp(sigma**2 / 2)
        return np.asarray(SHARE * (rng.lognormal(0, sigma, n) - mean) / (mean * np.sqrt(np.exp(sigma**2) - 1)))
    if kind == "gamma":
        return np.asarray(SHARE * (rng.gamma(2.0, 1.0, n) - 2) / np.sqrt(2))
    often = 0.05 if kind.endswith("5%") else 0.02
    return SHARE * rng.standard_normal(n) + (rng.random(n) < often) * rng.uniform(0.5, 2.0, n)


def _drift(phi: float, n: int, rng: Generator) -> Floats:
    """Return AR(1) noise of variance 1, stationary from the first point on."""
    found = np.empty(n)
    found[0] = rng.standard_normal()
    news = rng.standard_normal(n) * np.sqrt(1 - phi**2)
    for at in range(1, n):
        found[at] = phi * found[at - 1] + news[at]
    return found


def matched(true: Sequence[int], found: Sequence[int], margin: int = 5) -> int:
    """Return how many true changes were found: one to one, within ``margin`` points."""
    left, hits = sorted(found), 0
    for place in true:
        near = [one for one in left if abs(one - place) <= margin]
        if near:
            left.remove(min(near, key=lambda one: abs(one - place)))
            hits += 1
    return hits
