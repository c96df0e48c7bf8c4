"""Calls counted for many asks at once: what is asked goes to the shared statement of ``sql/counted.sql`` as columns.

Asks that are about the same calls in the same time are put to it once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.asking import Ask, Ground, Measured, Scope, parameters
from analysis.experiments import within_experiments
from analysis.sqlfiles import read_sql
from breakwatch.config_objectives import Policy
from breakwatch.model import Outcome, ServiceLevel

Row = Mapping[str, Any]

READING: dict[Outcome, str] = {
    Outcome.SUCCESS: "good",
    Outcome.FALLBACK: "good",
    Outcome.CACHE_HIT: "good",
    Outcome.CACHE_STALE: "good",
    Outcome.FAILURE: "bad",
    Outcome.TIMEOUT: "bad",
    Outcome.NOT_PERMITTED: "bad",
    Outcome.REJECTED: "bad",
    Outcome.RATE_LIMITED: "bad",
    Outcome.CLIENT_ERROR: "exclude",
}
"""How outcomes are read where the policy says nothing else."""

WEIGHTS: dict[ServiceLevel, float] = {
    ServiceLevel.FULL: 1.0,
    ServiceLevel.DEGRADED: 0.75,
    ServiceLevel.LIMITED: 0.5,
    ServiceLevel.CACHE_ONLY: 0.25,
    ServiceLevel.UNAVAILABLE: 0.0,
}
"""What a call that was answered well on a level counts, where the policy says nothing else."""

_COUNTED_SERVICES = read_sql("analysis.sql", "counted_services.sql")

CONFIDENCE = 0.95
NOTHING_COUNTED = "no call was counted"
COUNT_REMEDY = "collect request counters of the service, or add the log of its calls as a source"

_FIELDS = ("environment", "service", "operation", "operations", "breaker", "target", "instance", "outcome",
           "outcome_class", "policy")  # fmt: skip
_NARROWING = ("operation", "breaker", "target", "instance")


def readings(policy: Policy) -> dict[str, str]:
    """Return how a policy reads each outcome: good, bad or exclude."""
    return {str(outcome): policy.outcomes.get(outcome, usual) for outcome, usual in READING.items()}


def weights(policy: Policy) -> dict[str, float]:
    """Return what a call answered on each level counts."""
    return {str(level): policy.level_weights.get(level, usual) for level, usual in WEIGHTS.items()}


@dataclass
class _Columns:
    """The parameters of the statement, as they are collected; equal questions share a number."""

    numbers: dict[Hashable, int] = field(default_factory=dict)
    policies: dict[Hashable, int] = field(default_factory=dict)
    params: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: []
            for name in ("ask", "from_us", "to_us", *_FIELDS, "reading_policy", "reading_outcome", "reading",
                         "weight_policy", "weight_level", "weight")
        }
    )  # fmt: skip

    def policy(self, policy: Policy) -> int:
        """Return the number of a policy, by what it says about calls."""
        read, weighed = readings(policy), weights(policy)
        key = (tuple(read.items()), tuple(weighed.items()))
        if key in self.policies:
            return self.policies[key]
        number = self.policies[key] = len(self.policies)
        # Calls told besides are the same calls as others: a fallback makes good what stands there as bad.
        instead = "instead" if read[Outcome.FALLBACK] == "good" else "exclude"
        for outcome, reading in (*read.items(), ("instead", instead)):
            self.params["reading_policy"].append(number)
            self.params["reading_outcome"].append(outcome)
            self.params["reading"].append(reading)
        for level, weight in weighed.items():
            self.params["weight_policy"].append(number)
            self.params["weight_level"].append(level)
            self.params["weight"].append(weight)
        return number

    def add(self, ground: Ground, ask: Ask) -> int:
        """Return the number under which an ask is answered."""
        policy = self.policy(ask.policy)
        scope = ask.scope
        key = (
            scope.environment, scope.service, scope.operation, scope.breaker, scope.target, scope.instance,
            scope.outcome, scope.outcome_class, scope.critical, policy, ask.spans,
        )  # fmt: skip
        if key in self.numbers:
            return self.numbers[key]
        number = self.numbers[key] = len(self.numbers)
        for part, operations in _parts(ground, scope):
            values = {name: getattr(part, name, None) for name in _FIELDS}
            values |= {"operations": operations, "policy": policy}
            for start_us, end_us in ask.spans:
                self.params["ask"].append(number)
                self.params["from_us"].append(start_us)
                self.params["to_us"].append(end_us)
                for name, value in values.items():
                    self.params[name].append(value)
        return number

    def complete(self) -> dict[str, Any]:
        """Return the parameters, with which fields are told apart at all."""
        said: dict[str, Any] = {
            f"by_{name}": any(value is not None for value in self.params[name]) for name in _NARROWING
        }
        said["by_operation"] = said["by_operation"] or any(self.params["operations"])
        said["all_services"] = None in self.params["service"]
        return said | self.params


def _parts(ground: Ground, scope: Scope) -> list[tuple[Scope, list[str] | None]]:
    """Return a scope as parts with the operations each is about; None for all of them.

    Critical are the operations that are declared so; of a service that declares none, all if the service is.
    """
    if scope.critical is None:
        return [(scope, None)]
    found: list[tuple[Scope, list[str] | None]] = []
    for service in ground.config.services:
        if scope.service not in (None, service.name):
            continue
        part = replace(scope, service=service.name)
        if service.operations:
            found.append((part, [each.name for each in service.operations if each.critical == scope.critical]))
        elif service.critical == scope.critical:
            found.append((part, None))
    return found


def counted_rows(
    ground: Ground, asks: Sequence[Ask], sql: str, more: Mapping[str, Any] | None = None
) -> list[list[Row]]:
    """Return for each ask the rows of a statement over ``counted.sql``; ``more`` are further parameters."""
    columns = _Columns()
    decided = [service for service in ground.config.services if service.sli_source is not None]
    deciding = {"sli_service": [one.name for one in decided], "sli_source": [one.sli_source for one in decided]}
    numbers = [columns.add(ground, ask) for ask in within_experiments(ground, asks)]
    found: dict[int, list[Row]] = defaultdict(list)
    if columns.params["ask"]:
        given = columns.complete() | deciding | dict(more or {})
        named = parameters(sql)
        for row in ground.rows.rows(sql, {name: value for name, value in given.items() if name in named}):
            found[row["ask"]].append(row)
    return [found.get(number, []) for number in numbers]


def shares(ground: Ground, asks: Sequence[Ask], sql: str, *, sampled: bool = True) -> list[Measured]:
    """Return the shares that a statement has rows for: ``value, low, high, hits, n``, one for each ask.

    ``sampled`` adds the interval that so many calls would give by chance.
    """
    rows = [found[0] if found else None for found in counted_rows(ground, asks, sql)]
    hits = np.array([row["hits"] if row else 0.0 for row in rows])
    totals = np.array([row["n"] if row else 0.0 for row in rows])
    lows, highs = interval(hits, totals)
    return [
        Measured(note=NOTHING_COUNTED, remedy=COUNT_REMEDY)
        if row is None or not row["n"]
        else Measured(
            row["value"], row["low"], row["high"], n=round(row["n"]),
            ci_low=float(low) if sampled else None, ci_high=float(high) if sampled else None,
        )
        for row, low, high in zip(rows, lows, highs, strict=True)
    ]  # fmt: skip


def amounts(ground: Ground, asks: Sequence[Ask], sql: str) -> list[Measured]:
    """Return the numbers of calls that a statement has rows for: ``value, low, high, n``, one for each ask.

    Where calls are counted, and none was in the window, it is 0; where they never were, it is not known.
    """
    found = counted_rows(ground, asks, sql)
    return [
        Measured(rows[0]["value"], rows[0]["low"], rows[0]["high"], n=round(rows[0]["n"]))
        if rows
        else Measured(0.0, 0.0, 0.0, note=NOTHING_COUNTED)
        if ask.spans and _is_counted(ground, ask.scope)
        else Measured(note=NOTHING_COUNTED, remedy=COUNT_REMEDY)
        for ask, rows in zip(asks, found, strict=True)
    ]


def _is_counted(ground: Ground, scope: Scope) -> bool:
    """Say whether any call of a service was ever counted."""
    known = ground.once("counting/services", lambda there: there.rows.rows(_COUNTED_SERVICES))
    return any(
        scope.service in (None, row["service"]) and scope.environment in (None, row["environment"]) for row in known
    )


def interval(hits: NDArray[np.float64], totals: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the exact 95 % intervals of shares, by Clopper and Pearson (1934), from 0 to 1 where there is nothing.

    They are quantiles of beta distributions; of 5 good calls in 7 they say 29 % to 96 %.
    """
    from scipy import special  # here: to load it takes a tenth of a second, and what collects needs only readings

    hits = np.clip(hits, 0.0, totals)
    tail = (1 - CONFIDENCE) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, special.betaincinv(hits, totals - hits + 1, tail), 0.0)
        high = np.where(hits < totals, special.betaincinv(hits + 1, totals - hits, 1 - tail), 1.0)
    return low, high
