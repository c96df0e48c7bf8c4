"""A verdict: what was promised, what was measured, and what that says, with everything needed to defend it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from math import isinf
from typing import Any

from analysis.asking import Ask, Measured
from analysis.spans import Spans
from analysis.verdicts.budget import Budget
from analysis.verdicts.exclusions import Exclusion
from analysis.verdicts.rule import Judged
from breakwatch.clock import Instant
from breakwatch.config_objectives import Comparison, Objective, Policy, Stat
from breakwatch.model import stable_id


@dataclass(frozen=True)
class Verdict:
    """One objective, judged for one subject, window and policy.

    Attributes:
        evaluated_us: when it was judged.
        window_start_us, window_end_us: the window, from the first sight where that lies inside; of a calendar window
            that goes on, its whole length.
        until_us: until when it could be known.
        window: the window's name, as a person would call it.
        spans: the time that counted.
        taken_out: what was declared not to count, where the policy takes it out.
        stat: the statistic, of indicators that have several.
        comparison, target: what it was held to; None where it is only reported, or nothing is declared.
        measured: the figure with bounds, coverage and counts.
        judged: what the rule said.
        budget: of limits that leave one.
        at_risk: the budget is forecast to be spent before a window that goes on has ended.
        restates: the earlier verdict on the same question that this one differs from.
        kept: whether it stands in the store, so that it can be found by its number.
        ask: what its indicator was asked.
    """

    evaluated_us: Instant
    objective: Objective
    environment: str | None
    service: str | None
    breaker: str | None
    operation: str | None
    experiment: str | None
    window_start_us: Instant
    window_end_us: Instant
    until_us: Instant
    window: str
    spans: Spans
    taken_out: tuple[Exclusion, ...]
    stat: Stat | None
    unit: str
    comparison: Comparison | None
    target: float | None
    measured: Measured
    judged: Judged
    policy_name: str
    policy: Policy
    budget: Budget | None = None
    at_risk: bool = False
    restates: int | None = None
    kept: bool = False
    ask: Ask | None = None

    @property
    def verdict(self) -> str:
        """The word."""
        return self.judged.verdict

    @property
    def counts(self) -> bool:
        """Whether it has a say in an exit code."""
        return not self.objective.report_only

    @cached_property
    def question_id(self) -> int:
        """A number of what was asked: objective, subject, window and the name of the policy, whatever the answer."""
        return stable_id(
            self.objective.name,
            *(part or "" for part in (self.environment, self.service, self.breaker, self.operation, self.experiment)),
            self.policy_name,
            str(self.window_start_us),
            str(self.window_end_us),
        )

    @cached_property
    def terms(self) -> str:
        """How it was asked and counted, as JSON: objective, policy, and what was declared not to count."""
        said = {
            "objective": self.objective.model_dump(mode="json", exclude_defaults=True),
            "policy": self.policy.model_dump(mode="json", exclude_defaults=True),
            "taken_out": [
                [one.start_us, one.end_us, one.kind, one.service, one.environment, one.actor, one.why]
                for one in self.taken_out
            ],
        }
        return json.dumps(said, sort_keys=True)

    @cached_property
    def answer(self) -> tuple[object, ...]:
        """What can differ when the same question is asked again."""
        found = self.measured
        return (
            _kept(found.value), _kept(found.low), _kept(found.high), found.n, found.ongoing, _kept(found.coverage),
            self.target, self.judged.verdict, self.judged.leaning,
        )  # fmt: skip

    @cached_property
    def verdict_id(self) -> int:
        """A number of the question, its terms and its answer: the same again is the same verdict."""
        return stable_id(str(self.question_id), self.terms, repr(self.answer))

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.judged.reason

    def row(self) -> dict[str, Any]:
        """Return it as a row of ``kept.verdicts``."""
        found = self.measured
        return {
            "environment": self.environment or "",
            "verdict_id": self.verdict_id,
            "evaluated_at": self.evaluated_us,
            "objective": self.objective.name,
            "service": self.service or "",
            "window_start": self.window_start_us,
            "window_end": self.window_end_us,
            "indicator": self.objective.indicator,
            "stat": self.stat or "",
            "value": _kept(found.value),
            "low": _kept(found.low),
            "high": _kept(found.high),
            "target": self.target,
            "coverage": found.coverage,
            "n": found.n,
            "verdict": self.judged.verdict,
            "leaning": self.judged.leaning,
            "reason": self.judged.reason,
            "remedy": self.judged.remedy,
            "severity": self.objective.severity,
            "policy": self.policy_name,
            "policy_version": str(self.policy.version),
            "origin": self.objective.origin,
            "labels": {},
            "breaker": self.breaker or "",
            "operation": self.operation or "",
            "experiment_id": self.experiment or "",
            "known_until": self.until_us,
            "window_name": self.window,
            "comparison": self.comparison or "",
            "unit": self.unit,
            "ongoing": found.ongoing,
            "ci_low": found.ci_low,
            "ci_high": found.ci_high,
            "report_only": self.objective.report_only,
            "at_risk": self.at_risk,
            "budget_s": self.budget.whole_s if self.budget else None,
            "budget_left_s": self.budget.left_s if self.budget else None,
            "question_id": self.question_id,
            "restates": self.restates,
            "terms": self.terms,
        }


def _kept(value: float | None) -> float | None:
    """Return a bound as it is kept: unbounded is NULL."""
    return None if value is None or isinf(value) else value
