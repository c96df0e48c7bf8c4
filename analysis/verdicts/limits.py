"""Limits: what a value, or all values between two bounds, say of one."""

from __future__ import annotations

from typing import Literal

from breakwatch.config_objectives import Comparison

UPPER: frozenset[Comparison] = frozenset({"below", "at_most"})
"""Comparisons that set a limit above."""


def keeps(comparison: Comparison, value: float, target: float) -> bool:
    """Return whether a value keeps a limit."""
    match comparison:
        case "below":
            return value < target
        case "at_most":
            return value <= target
        case "above":
            return value > target
        case "at_least":
            return value >= target
        case "equals":
            return value == target


def held(comparison: Comparison, low: float, high: float, target: float) -> Literal["met", "missed", "cannot_tell"]:
    """Return what every value from ``low`` to ``high`` says of a limit."""
    if comparison == "equals":
        if low == high == target:
            return "met"
        return "cannot_tell" if low <= target <= high else "missed"
    worst, best = (high, low) if comparison in UPPER else (low, high)
    if keeps(comparison, worst, target):
        return "met"
    return "cannot_tell" if keeps(comparison, best, target) else "missed"
