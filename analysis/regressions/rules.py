"""What holds for one series: its floor, its limits, whether it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from analysis.regressions.limits import in_unit
from analysis.regressions.series import Key
from breakwatch.config_regressions import BenchmarkRule, Regressions
from breakwatch.config_units import Target


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one series; limits in its own unit, None for none; ``lacking`` says why a limit cannot hold."""

    min_effect: float
    at_most: float | None = None
    at_least: float | None = None
    ignore: bool = False
    lacking: str = ""


def rule_of(key: Key, settings: Regressions) -> Rule:
    """Return what holds for a series: of the rules that fit, the last that says something."""
    told = [rule for rule in settings.benchmarks if _about(rule, key)]
    floors = [rule.min_effect for rule in told if rule.min_effect is not None]
    ignored = [rule.ignore for rule in told if rule.ignore is not None]
    limits = [limit for rule in told if (limit := (rule.at_most, rule.at_least)) != (None, None)]
    at_most, at_least = limits[-1] if limits else (None, None)
    refused = [limit for limit in (at_most, at_least) if limit is not None and not _holds(limit, key.unit)]
    return Rule(
        floors[-1] if floors else settings.min_effect,
        None if at_most is None or refused else _limit(at_most, key.unit),
        None if at_least is None or refused else _limit(at_least, key.unit),
        bool(ignored and ignored[-1]),
        f"a limit in seconds cannot hold for the unit {key.unit!r}" if refused else "",
    )


def _about(rule: BenchmarkRule, key: Key) -> bool:
    names = ("suite", "benchmark", "metric", "run_environment")
    return all(fits(getattr(rule, name), getattr(key, name)) for name in names)


def _holds(target: Target, unit: str) -> bool:
    return target.unit != "s" or in_unit(target.value, unit) is not None


def fits(pattern: str, name: str) -> bool:
    """Return whether a name fits a pattern; an empty pattern fits every name."""
    return not pattern or pattern == name or fnmatchcase(name, pattern)


def _limit(target: Target, unit: str) -> float:
    return (in_unit(target.value, unit) if target.unit == "s" else None) or target.value
