"""Two samples of repetitions, a thousand benchmarks at once: what is reported where nothing changed, and where some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import mannwhitneyu

from analysis.regressions.fdr import adjusted
from analysis.regressions.twosample import compare, too_few

MANY, CHANGED, RATE = 1000, 20, 0.05
SEED = 2026


def samples_table() -> tuple[list[str], bool]:
    """Return a table of false reports and of changes found, and whether the bars are kept."""
    lines = [
        f"Two samples of {MANY:,} benchmarks, {CHANGED} of them really slower, noise of 5 %; false / found.",
        "",
        "| repetitions | rule | nothing changed | +5 % | +10 % | +20 % |",
        "|---|---|---|---|---|---|",
    ]
    kept = True
    for repetitions in (5, 10, 20):
        plain, ours = [], []
        for step in (1.0, 1.05, 1.1, 1.2):
            samples = _samples(repetitions, step)
            plain.append(_score([mannwhitneyu(a, b).pvalue <= RATE for a, b in samples], step))
            ours.append(_score(_ours(samples), step))
        refused = too_few(repetitions, repetitions, MANY, RATE)
        told = [refused] * 4 if refused else [f"{false} / {found}" for false, found in ours]
        lines.append(f"| {repetitions} | Mann-Whitney at .05 | " + " | ".join(f"{a} / {b}" for a, b in plain) + " |")
        lines.append(f"| {repetitions} | Breakwatch | {' | '.join(told)} |")
        if repetitions == 20:
            kept = ours[0][0] <= 1 and ours[2][1] >= CHANGED - 1
    return lines, kept


def _samples(repetitions: int, step: float) -> list[tuple[Sequence[float], Sequence[float]]]:
    rng = np.random.default_rng(SEED)
    factors = [step if place < CHANGED else 1.0 for place in range(MANY)]
    noise = 1 + 0.05 * rng.standard_normal((MANY, 2, repetitions))
    return [((100 * a).tolist(), (100 * factor * b).tolist()) for factor, (a, b) in zip(factors, noise, strict=True)]


def _ours(samples: Sequence[tuple[Sequence[float], Sequence[float]]]) -> list[bool]:
    compared = [compare(a, b) for a, b in samples]
    chances = adjusted([one.p for one in compared], MANY)
    return [chance <= RATE and one.effect >= 0.05 for one, chance in zip(compared, chances, strict=True)]


def _score(reported: Sequence[bool], step: float) -> tuple[int, int]:
    changed = CHANGED if step != 1 else 0
    return sum(reported[changed:]), sum(reported[:changed])
