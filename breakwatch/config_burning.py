"""Burn-rate rules as numbers: thresholds, and whether they can ever be exceeded.

The burn rate over a window is the share of bad events in it divided by the share the objective allows. A rule that may
spend the share ``b`` of a budget for ``W`` seconds within ``l`` seconds has the threshold ``b · W / l``; since all
events can be bad and no more, it fires only if that is less than 1 / (1 - target).
"""

from __future__ import annotations

from collections.abc import Iterator

from breakwatch.config_objectives import BUDGETED, BURN_RATES, BurnRate, Objective, RollingWindow
from breakwatch.config_units import written_length

CALENDAR_S = {
    "day": 86400.0,
    "week": 7 * 86400.0,
    "month": 30 * 86400.0,
    "quarter": 91 * 86400.0,
    "year": 365 * 86400.0,
}
"""The nominal length of calendar windows: thresholds do not change from month to month."""


def good_share(objective: Objective) -> float | None:
    """Return the share that has to be good (0.999), where the objective has a budget; else None."""
    limit = objective.limit
    if objective.indicator not in BUDGETED or limit is None or limit[0] not in {"at_least", "above"}:
        return None
    return limit[1].value


def window_s(objective: Objective) -> float:
    """Return how long the window is for which the budget is given, in seconds."""
    window = objective.window
    return window.length_s if isinstance(window, RollingWindow) else CALENDAR_S[window.calendar]


def threshold(rule: BurnRate, window_length_s: float) -> float:
    """Return the burn rate that both windows of a rule have to exceed."""
    return rule.budget * window_length_s / rule.long_s


def reachable(rule: BurnRate, window_length_s: float, target: float) -> bool:
    """Return whether a rule can fire at all: when everything fails, the burn rate is 1 / (1 - target)."""
    return threshold(rule, window_length_s) * (1 - target) < 1 - 1e-12


def watched(objective: Objective) -> tuple[BurnRate, ...]:
    """Return the rules an objective is watched by: its own, or those of ours that can fire and fit its window."""
    target = good_share(objective)
    if target is None:
        return ()
    if objective.burn_rates is not None:
        return objective.burn_rates
    length_s = window_s(objective)
    return tuple(one for one in BURN_RATES if one.long_s < length_s and reachable(one, length_s, target))


def left_out(objective: Objective) -> tuple[BurnRate, ...]:
    """Return the rules of ours that can never fire for an objective, and are not watched therefore."""
    target = good_share(objective)
    if target is None or objective.burn_rates is not None:
        return ()
    length_s = window_s(objective)
    return tuple(one for one in BURN_RATES if not reachable(one, length_s, target))


def never_fires(objective: Objective) -> Iterator[tuple[str, str]]:
    """Yield a problem and its remedy for each rule that is configured and can never fire."""
    if not objective.burn_rates:
        return
    target, length_s = good_share(objective), window_s(objective)
    if target is None:
        yield (
            f"{objective.name!r} has no budget to burn",
            "burn rates go with at_least or above on availability_time, availability_requests or success_ratio",
        )
        return
    for rule in objective.burn_rates:
        if not reachable(rule, length_s, target):
            most, needed = 1 / (1 - target), threshold(rule, length_s)
            most_share = most * rule.long_s / length_s
            problem = f"{rule.budget:.4g} of the budget in {written_length(rule.long_s)} can never be exceeded"
            yield (
                f"{problem}: that is a burn rate of {needed:.4g}, and at {target:.6g} it is {most:.4g} at most",
                f"set budget below {most_share * 100:.3g}%, or leave burn_rates out for those that can fire",
            )
