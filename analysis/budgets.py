"""The share that was good, as error budgets and burn rates take it: of calls where any are counted, else of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.asking import Ask, Ground, Measured
from analysis.counting import shares
from analysis.indicators.availability_time import compute as by_time

NO_TARGET = Measured(
    note="there is no availability whose budget it would be",
    remedy="name the objective it is about: of: <objective>",
)

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Good:
    """The share that was good, and what it is a share of."""

    share: Measured
    of_time: bool


def good_shares(ground: Ground, asks: Sequence[Ask], sql: str) -> list[Good]:
    """Return for each ask the share that was good."""
    called = shares(ground, asks, sql, sampled=False)
    silent = [place for place, found in enumerate(called) if not found.n]
    timed = dict(zip(silent, by_time(ground, [asks[place] for place in silent]), strict=True)) if silent else {}
    return [
        Good(timed[place], of_time=True)
        if place in timed and timed[place].value is not None
        else Good(found, of_time=False)
        for place, found in enumerate(called)
    ]


def spent(found: Measured, scale: float) -> tuple[float | None, float | None, float | None]:
    """Return ``scale`` times the share that was bad: value, low, high; no digits that only a division has made."""
    value, low, high = (
        None if share is None else round((1 - share) * scale, _DIGITS) for share in (found.value, found.high, found.low)
    )
    return value, low, high
