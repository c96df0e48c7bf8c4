"""The bars of the comparison with other tools, held with every change on fewer series; see bench/regressions.py."""

from __future__ import annotations

from statistics import mean

from bench.regressions import Figures, mixed, single
from bench.regressions_data import HELD_OUT_KINDS, KINDS
from bench.regressions_methods import breakwatch, fleet


def test_noise_raises_hardly_any_alarm_and_steps_are_found() -> None:
    """At most 0.2 false alarms per 1,000 points (1 where noise drifts), and nearly every step of 10 and 20 %."""
    figures = Figures()
    single(breakwatch, KINDS, 1, 100, figures)
    assert figures.false_mean <= 0.2
    assert figures.false["ar1"] <= 1
    assert figures.f1[1.1] >= 0.93  # 0.95 of the bar, less what chance does to so few series
    assert figures.f1[1.2] >= 0.99


def test_noise_of_other_shapes_is_no_different() -> None:
    """The settings were not made for the kinds of noise they were chosen on."""
    figures = Figures()
    single(breakwatch, HELD_OUT_KINDS, 2, 60, figures)
    assert figures.false_mean <= 0.2
    assert figures.f1[1.1] >= 0.93


def test_few_of_a_fleet_are_reported_and_those_are_real() -> None:
    """Of 200 series, 20 of which are slower, at least 18 are found, and at most 3 others, in two fleets."""
    figures = Figures()
    mixed(fleet, 2, figures)
    hits, false = (mean(values) for values in zip(*figures.fleets, strict=True))
    assert hits >= 18
    assert false <= 3
