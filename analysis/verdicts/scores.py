"""Figures about verdicts: proof, the resilience score, and composites of objectives by weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from analysis.asking import Measured
from analysis.verdicts.questions import Question
from analysis.verdicts.verdict import Verdict

ABOUT_VERDICTS = frozenset({"proof", "resilience_score"})
"""Indicators that rest on the verdicts of the other objectives."""


@dataclass(frozen=True, slots=True)
class Score:
    """A resilience score, 0 to 1: between ``low`` and ``high``, as far as it is proved.

    Attributes:
        low, high: with what cannot be told counted as 0, and as 1; None where nothing can be proved.
        unproved: the share, by weight, of objectives that cannot be told.
        n: how many objectives it rests on.
    """

    low: float | None
    high: float | None
    unproved: float
    n: int


def proof(verdicts: Iterable[Verdict]) -> Measured:
    """Return the share of objectives that are not cannot_tell; those that do not apply or only report are left out."""
    words = [one.verdict for one in verdicts if one.verdict != "not_applicable"]
    if not words:
        return Measured(note="there is no objective to prove")
    share = sum(word != "cannot_tell" for word in words) / len(words)
    return Measured(share, share, share, n=len(words))


def achieved(verdict: Verdict) -> float:
    """Return how much of what was promised was given: 1 where it is met; where it is missed, target by value.

    For a limit below which it should have stayed above, value by target. 0 where the target is 0 or less, or is to be
    equalled (formula 16).
    """
    if verdict.verdict == "met":
        return 1.0
    value = verdict.measured.value if verdict.measured.value is not None else verdict.measured.low
    target = verdict.target
    if target is None or target <= 0 or verdict.comparison == "equals" or value is None:
        return 0.0
    if verdict.comparison in {"at_least", "above"}:
        return min(1.0, max(0.0, value / target))
    return min(1.0, max(0.0, target / value)) if value > 0 else 0.0


def resilience_score(verdicts: Sequence[Verdict], weights: Sequence[float] | None = None) -> Score:
    """Return the weighted mean of what was achieved (formula 16); weights are 1 where none are given."""
    weighed = [
        (verdict, weight)
        for verdict, weight in zip(verdicts, weights or [1.0] * len(verdicts), strict=True)
        if verdict.verdict != "not_applicable" and verdict.counts
    ]
    total = sum(weight for _, weight in weighed)
    told = [(verdict, weight) for verdict, weight in weighed if verdict.verdict != "cannot_tell"]
    if not told:
        return Score(None, None, 1.0 if weighed else 0.0, len(weighed))
    low = sum(weight * achieved(verdict) for verdict, weight in told) / total
    unproved = (total - sum(weight for _, weight in told)) / total
    return Score(low, min(1.0, low + unproved), unproved, len(weighed))


def _shares(question: Question, one: Verdict) -> bool:
    """Say whether a verdict is about the subject of a question, or a part of it."""
    return question.service in (None, one.service) and question.environment in (None, one.environment)


def scored(question: Question, verdicts: Iterable[Verdict]) -> Measured:
    """Return the figure of an objective about the verdicts of a service, or of all."""
    about = [one for one in verdicts if one.objective.indicator not in ABOUT_VERDICTS and _shares(question, one)]
    if question.objective.indicator == "proof":
        return proof(about)
    score = resilience_score(about)
    if score.low is None or score.high is None:
        return Measured(n=score.n, note="nothing can be proved")
    note = f"{score.unproved * 100:.3g} % of it is unproved" if score.unproved else ""
    return Measured((score.low + score.high) / 2, score.low, score.high, n=score.n, note=note)


def composed(question: Question, verdicts: Iterable[Verdict]) -> Measured:
    """Return the composite of other objectives: what its members fall short of the whole, summed by weight.

    As OpenSLO has it: members of 95 % and 95 % with a weight of 1 each make 90 %. With weights that sum to 1 it is the
    weighted mean. A member that nothing is known of can be anything.
    """
    parts: list[tuple[Measured, float]] = []
    members = question.objective.composite.members if question.objective.composite else ()
    judged = [one for one in verdicts if _shares(question, one)]
    missing = False
    for member in members:
        named = [one for one in judged if one.objective.name == member.objective]
        same = [one for one in named if one.policy_name == question.policy_name] or named
        parts += [(one.measured, member.weight / len(same)) for one in same]
        missing = missing or not same
    if not parts or all(measured.value is None for measured, _ in parts):
        return Measured(note="nothing is known of its members")
    low = 1 - sum(weight * (1 - _bound(measured.low, 0.0)) for measured, weight in parts)
    high = 1 - sum(weight * (1 - _bound(measured.high, 1.0)) for measured, weight in parts)
    known = all(measured.value is not None for measured, _ in parts) and not missing
    value = 1 - sum(weight * (1 - (measured.value or 0.0)) for measured, weight in parts) if known else None
    shares = [measured.coverage for measured, _ in parts]
    covered = [share for share in shares if share is not None]
    return Measured(
        value, -inf if missing else low, high, n=sum(measured.n for measured, _ in parts),
        coverage=min(covered) if len(covered) == len(shares) and not missing else None,
        note="a member could not be measured" if missing or not known else "",
    )  # fmt: skip


def _bound(bound: float | None, unknown: float) -> float:
    return unknown if bound is None else bound
