"""Regressions found and false alarms raised, beside Apache Otava and asv on the same series.

``python -m bench.regressions`` measures, prints the table (``--record`` writes it into RESULTS.md) and exits 1 where a
bar is missed. The generator is right only if Otava with its defaults does on it what it is known to do: 6.6 false
alarms per 1,000 points of noise, F1 0.71 for one step of 10 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean, median

import numpy as np

from bench.regressions_data import HELD_OUT_KINDS, KINDS, matched, series
from bench.regressions_methods import Method, breakwatch, fleet, rivals
from bench.regressions_samples import samples_table
from bench.results import record

STEPS = (1.05, 1.1, 1.2)
N = 100
SEED, HELD_OUT_SEED = 2026, 7041


@dataclass
class Figures:
    """What was measured of one method."""

    false: dict[str, float] = field(default_factory=dict)
    f1: dict[float, float] = field(default_factory=dict)
    five_steps: float = float("nan")
    fleets: list[tuple[int, int]] = field(default_factory=list)
    online: dict[str, float] = field(default_factory=dict)
    delay: dict[str, float] = field(default_factory=dict)
    points_per_s: dict[int, float] = field(default_factory=dict)

    @property
    def false_mean(self) -> float:
        """False alarms per 1,000 points, over the kinds of noise."""
        return mean(self.false.values())


def single(method: Method, kinds: Sequence[str], seed: int, each: int, figures: Figures) -> None:
    """Noise alone, and one step in the middle of it."""
    rng = np.random.default_rng(seed)
    scores: dict[float, list[float]] = {step: [] for step in STEPS}
    for kind in kinds:
        quiet = method([series(kind, N, rng) for _ in range(each)])
        figures.false[kind] = 1000 * sum(len(places) for places, _ in quiet) / (N * each)
        for step in STEPS:
            found = method([series(kind, N, rng, [(N // 2, step)]) for _ in range(each)])
            hits = sum(matched([N // 2], places) for places, _ in found)
            scores[step].append(2 * hits / (each + sum(len(places) for places, _ in found)))
    figures.f1 = {step: mean(each_kind) for step, each_kind in scores.items()}


def several(method: Method, each: int, figures: Figures) -> None:
    """Five steps of 10 % up or down in 500 points."""
    rng = np.random.default_rng(SEED + 1)
    places = [83, 166, 250, 333, 416]
    scores = []
    for kind in KINDS:
        steps = [[(at, 1.1 if rng.random() < 0.5 else 1 / 1.1) for at in places] for _ in range(each)]
        found = method([series(kind, 500, rng, step) for step in steps])
        hits = sum(matched(places, one) for one, _ in found)
        scores.append(2 * hits / (len(places) * each + sum(len(one) for one, _ in found)))
    figures.five_steps = mean(scores)


def mixed(method: Method, fleets: int, figures: Figures) -> None:
    """Fleets of 200 series of 500 points, 40 of each kind, four of them slower by 10 % from the middle on."""
    for seed in range(fleets):
        rng = np.random.default_rng(SEED + 100 + seed)
        changed = [place % 40 < 4 for place in range(200)]
        many = [series(KINDS[place // 40], 500, rng, [(250, 1.1)] if changed[place] else ()) for place in range(200)]
        found = method(many)
        hits = sum(matched([250] if moved else [], places) for moved, (places, _) in zip(changed, found, strict=True))
        figures.fleets.append((hits, sum(len(places) for places, _ in found) - hits))


def growing(method: Method, each: int, figures: Figures) -> None:
    """Series that grow point by point: alarms ever shown, and how long after a step of 20 % it is shown first."""
    rng = np.random.default_rng(SEED + 2)
    for kind in KINDS:
        shown = 0
        for _ in range(each):
            values = series(kind, 240, rng)
            seen: list[int] = []
            for places, _ in method([values[:n] for n in range(40, 241)]):
                seen += [place for place in places if all(abs(place - known) > 5 for known in seen)]
            shown += len(seen)
        figures.online[kind] = 1000 * shown / (201 * each)
        figures.delay[kind] = median(_delays(method, kind, 4 * each, rng))


def _delays(method: Method, kind: str, each: int, rng: np.random.Generator) -> Iterator[float]:
    for _ in range(each):
        values = series(kind, 120, rng, [(N, 1.2)])
        told = method([values[:n] for n in range(N + 1, 121)])
        yield next((at for at, (places, _) in enumerate(told, 1) if matched([N], places)), float("inf"))


def quick(method: Method, figures: Figures) -> None:
    """Points per second of one series with one step in it; the best of several."""
    rng = np.random.default_rng(SEED + 3)
    for n in (100, 1000, 10_000):
        values = series("gauss", n, rng, [(n // 2, 1.1)])
        took = min(seconds for _, seconds in method([values] * (8 if n <= 1000 else 3)))
        figures.points_per_s[n] = n / took


def measured(method: Method, together: Method, *, scale: int) -> Figures:
    """Return everything of one method; rivals, which are slower, may be measured with fewer repetitions."""
    figures = Figures()
    single(method, KINDS, SEED, 100 * scale, figures)
    several(method, 10 * scale, figures)
    mixed(together, 2 * scale, figures)
    growing(method, 2 if together is method else 5, figures)
    quick(method, figures)
    return figures


def bars(ours: Figures, held_out: Figures) -> Iterator[tuple[str, float, str, bool]]:
    """Yield what must hold: what, how much it is, the bar, and whether it is kept."""
    yield "false alarms per 1,000 points", ours.false_mean, "≤ 0.2", ours.false_mean <= 0.2
    yield "the same, drifting noise (AR 1)", ours.false["ar1"], "≤ 1", ours.false["ar1"] <= 1
    yield "F1, one step of 10 %", ours.f1[1.1], "≥ 0.95", ours.f1[1.1] >= 0.95
    yield "F1, one step of 20 %", ours.f1[1.2], "≥ 0.99", ours.f1[1.2] >= 0.99
    hits, false = (mean(values) for values in zip(*ours.fleets, strict=True))
    yield "mixed fleet: found of 20, mean", hits, "≥ 19", hits >= 19
    yield "mixed fleet: false, mean", false, "≤ 3", false <= 3
    slowest = max(ours.delay[kind] for kind in ("gauss", "spikes"))
    yield "delay of +20 % in points (gauss, spikes)", slowest, "≤ 3", slowest <= 3
    yield "points per second at 1,000", ours.points_per_s[1000], "≥ 50,000", ours.points_per_s[1000] >= 50_000
    yield "held-out noise: false alarms", held_out.false_mean, "≤ 0.2", held_out.false_mean <= 0.2
    yield "held-out noise: F1 of 10 %", held_out.f1[1.1], "≥ 0.95", held_out.f1[1.1] >= 0.95


def table(all_figures: dict[str, Figures]) -> Iterator[str]:
    """Yield the lines of the table that compares the methods."""
    heads = [
        "method", "false alarms per 1,000 points", "of them AR(1)", "F1 5 / 10 / 20 %", "F1 five steps of 10 %",
        "fleets: found of 20, false", "online alarms per 1,000: " + ", ".join(KINDS), "delay of +20 %: the same",
        "points/s at 100 / 1,000 / 10,000",
    ]  # fmt: skip
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for name, one in all_figures.items():
        hits, false = (mean(values) for values in zip(*one.fleets, strict=True))
        cells = [
            name, f"{one.false_mean:.2f}", f"{one.false['ar1']:.2f}",
            " / ".join(f"{one.f1[step]:.3f}" for step in STEPS),
            f"{one.five_steps:.2f}", f"{hits:.1f}, {false:.1f}", ", ".join(f"{one.online[kind]:.1f}" for kind in KINDS),
            ", ".join(f"{one.delay[kind]:g}" for kind in KINDS),
            " / ".join(f"{rate:,.0f}" for rate in one.points_per_s.values()),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def report(scale: int) -> tuple[list[str], bool]:
    """Return the lines of the report, and whether every bar is kept on a generator that is right."""
    ours = measured(breakwatch, fleet, scale=scale)
    held_out = Figures()
    single(breakwatch, HELD_OUT_KINDS, HELD_OUT_SEED, 100 * scale, held_out)
    others = {name: measured(method, method, scale=max(1, scale // 2)) for name, method in rivals().items()}
    otava = next(iter(others.values()))
    valid = abs(otava.false_mean - 6.6) <= 0.3 * 6.6 and abs(otava.f1[1.1] - 0.71) <= 0.07
    right = (
        f"The generator is {'right' if valid else 'WRONG'}: Otava with its defaults gives {otava.false_mean:.2f} false "
        f"alarms per 1,000 points (6.6 ± 30 %) and F1 {otava.f1[1.1]:.2f} at 10 % (0.71 ± 0.07)."
    )
    lines = [
        right,
        "",
        *table({"Breakwatch": ours} | others),
        "",
        "| bar | measured | | |",
        "|---|---|---|---|",
    ]
    kept = valid
    for what, value, bar, holds in bars(ours, held_out):
        kept = kept and holds
        lines.append(f"| {what} | {_shown(value)} | {bar} | {'kept' if holds else 'MISSED'} |")
    samples, held = samples_table()
    return [*lines, "", *samples], kept and held


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main() -> int:
    """Measure, print, maybe record; 1 where a bar is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", type=int, default=4, help="hundreds of series for each cell")
    arguments.add_argument("--record", action="store_true", help="write the tables into RESULTS.md")
    asked = arguments.parse_args()
    lines, kept = report(asked.scale)
    text = "\n".join(lines)
    print(text)
    if asked.record:
        record("Regressions", f"{about(asked.scale)}\n\n{text}")
    return 0 if kept else 1


def about(scale: int) -> str:
    """Return what was measured, and how."""
    return (
        f"`python -m bench.regressions --scale {scale} --record`. Noise of 5 % in five kinds, {100 * scale} series of "
        f"{N} points for each cell, a step in the middle; found is what lies within 5 points, one to one. Breakwatch "
        "with every change it sees, for the better too and however small, suspected ones included; in fleets what it "
        "reports. Rivals with their defaults, half the series. Delays in points, the median; inf is never within 20."
    )


if __name__ == "__main__":
    sys.exit(main())
