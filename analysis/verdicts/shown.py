"""Figures as people read them: cut on the side of the target, so that a miss never looks like a hit.

99.899 % held to at least 99.9 % is shown as 99.89 %, and 30.001 s held to at most 30 s as 30.01 s.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import isinf

from analysis.verdicts.limits import UPPER, keeps
from breakwatch.config_objectives import Comparison
from breakwatch.config_units import LEVEL_RANK

NO_VALUE = "–"
UNBOUNDED = "∞"
WORDS: dict[Comparison, str] = {
    "below": "below",
    "at_most": "at most",
    "above": "above",
    "at_least": "at least",
    "equals": "exactly",
}

_LEVELS = {float(rank): level for level, rank in LEVEL_RANK.items()}
_MOST_PLACES = 12


def shown(value: float | None, unit: str, comparison: Comparison | None = None, target: float | None = None) -> str:
    """Return a figure with its unit; beside a target it stands on the side of it on which it truly is."""
    if value is None:
        return NO_VALUE
    if isinf(value):
        return UNBOUNDED if value > 0 else f"-{UNBOUNDED}"
    if unit == "level" and value in _LEVELS:
        return _LEVELS[value]
    factor, suffix = (Decimal(100), " %") if unit == "ratio" else (Decimal(1), " s" if unit == "s" else "")
    exact = Decimal(repr(value)) * factor
    goal = None if target is None or isinf(target) else Decimal(repr(target)) * factor
    return f"{_plain(cut(exact, comparison, goal))}{suffix}"


def cut(exact: Decimal, comparison: Comparison | None = None, target: Decimal | None = None) -> Decimal:
    """Return a number with few digits that keeps the limit if and only if the number itself does."""
    places = 2 if abs(exact) >= 1 or exact == 0 else 2 - exact.adjusted()
    if comparison is None or target is None:
        return _at(exact, places, ROUND_HALF_EVEN)
    kept = _keeps(comparison, exact, target)
    against = ROUND_CEILING if comparison in UPPER else ROUND_FLOOR
    for more in range(_MOST_PLACES):
        for way in (against, ROUND_HALF_EVEN, ROUND_FLOOR, ROUND_CEILING):
            found = _at(exact, places + more, way)
            if _keeps(comparison, found, target) == kept:
                return found
    return exact


def _keeps(comparison: Comparison, value: Decimal, target: Decimal) -> bool:
    if comparison == "equals":
        return value == target
    return keeps(comparison, value, target)  # type: ignore[arg-type]  # it only compares


def _at(exact: Decimal, places: int, way: str) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-places), rounding=way)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def limit_words(comparison: Comparison | None, target: float | None, unit: str) -> str:
    """Return a limit in words: at least 99.9 %."""
    if comparison is None or target is None:
        return "only reported"
    return f"{WORDS[comparison]} {shown(target, unit, 'equals', target)}"


def range_words(
    low: float | None, high: float | None, unit: str, comparison: Comparison | None, target: float | None
) -> str:
    """Return bounds in words; empty where they are not known, or meet."""
    if low is None and high is None:
        return ""
    least, most = (shown(bound, unit, comparison, target) for bound in (low, high))
    return "" if least == most else f"{least} to {most}"
