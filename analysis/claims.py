"""Claimed against proved: what a report says of an experiment, beside what the evidence allows.

A claim is a measurement that a report brought along, whose name is that of an indicator (``failover_time_s``,
``success_ratio``). It is computed anew from what the sources saw in the same window. A claim is contradicted where it
lies outside of the bounds of the evidence, confirmed where the bounds leave no other value, compatible in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Literal

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.experiments import phase_spans, told_as
from analysis.indicator import Indicator
from analysis.indicators import indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis", "claims.sql")

Standing = Literal["confirmed", "compatible", "contradicted", "cannot_tell"]

_UNITS: dict[str, tuple[str, float]] = {
    "s": ("s", 1.0),
    "seconds": ("s", 1.0),
    "ms": ("s", 1e-3),
    "milliseconds": ("s", 1e-3),
    "us": ("s", 1e-6),
    "m": ("s", 60.0),
    "ratio": ("ratio", 1.0),
    "%": ("ratio", 1e-2),
    "percent": ("ratio", 1e-2),
    "pct": ("ratio", 1e-2),
}
"""Written unit → our unit, and how many of ours it is."""

ROUNDING: dict[str, float] = {"s": 0.005, "ratio": 0.00005}
"""Reports print two decimals, of percent too: what differs by no more than that agrees."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a report says, and what the evidence says of the same.

    Attributes:
        claimed: in the indicator's unit.
        proved: the figure of the evidence, computed over the experiment.
        reason: why it stands as it does, in words.
    """

    experiment: str
    service: str | None
    name: str
    indicator: Indicator
    claimed: float
    claimed_at: datetime
    source: str | None
    proved: Measured
    standing: Standing
    reason: str


def claims(ground: Ground, experiment: str, environment: str | None = None) -> list[Claim]:
    """Return what reports claim of an experiment in terms of indicators; other measurements are no claims."""
    return list(_claims(ground, experiment, environment))


def _claims(ground: Ground, experiment: str, environment: str | None) -> Iterator[Claim]:
    for row in ground.rows.rows(_SQL, {"experiment": experiment, "environment": environment}):
        read = named(row["name"], row["unit"] or "")
        if read is None:
            continue
        about, factor = read
        ask = Ask(Scope(environment=environment, service=row["service"], experiment=told_as(ground, experiment)))
        spans = phase_spans(ground, ask)
        found = (
            about.compute(ground, [Ask(ask.scope, spans, "max" if about.stats else None)])[0] if spans else Measured()
        )
        claimed = float(row["value"]) * factor
        standing, reason = stands(claimed, found, about.unit)
        yield Claim(
            experiment, row["service"], row["name"], about, claimed, row["measured_at"], row["source"], found,
            standing, reason,
        )  # fmt: skip


def named(name: str, unit: str) -> tuple[Indicator, float] | None:
    """Return the indicator that a measurement's name means, and the factor to its unit; None where it means none."""
    stem, _, ending = name.rpartition("_")
    for words, written in ((name, unit), (stem, unit or ending), (stem, ending)):
        if not words:
            continue
        try:
            found = indicator(words)
        except KeyError:
            continue
        if not written:
            return found, 1.0
        ours, factor = _UNITS.get(written, (written, 1.0))
        if ours == found.unit:
            return found, factor
    return None


def stands(claimed: float, proved: Measured, unit: str) -> tuple[Standing, str]:
    """Return how a claim stands before the evidence, and why."""
    if proved.low is None and proved.high is None:
        return "cannot_tell", proved.note or "nothing that was seen says anything of it"
    low = -inf if proved.low is None else proved.low
    high = inf if proved.high is None else proved.high
    slack = ROUNDING.get(unit, 0.0)
    if claimed < low - slack:
        return "contradicted", "the evidence allows nothing so low"
    if claimed > high + slack:
        return "contradicted", "the evidence allows nothing so high"
    if low - slack <= claimed <= high + slack and high - low <= 2 * slack:
        return "confirmed", "the evidence says the same"
    return "compatible", "the evidence does not exclude it, and does not prove it"
