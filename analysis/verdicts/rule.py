"""The verdict rule: a pure function of what was measured and what it is held to.

Only bounds decide. A limit is kept where every value they allow keeps it, missed where none does; between these it
cannot be told. Low coverage and too few events take ``met`` away and never ``missed``: bounds already count the unknown
both ways.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isinf
from typing import Literal

from analysis.asking import Measured
from analysis.indicator import Nothing
from analysis.lengths import NOTHING_HAPPENED
from analysis.verdicts.limits import held, keeps
from analysis.verdicts.shown import limit_words
from breakwatch.config_objectives import Comparison

Word = Literal["met", "missed", "cannot_tell", "not_applicable"]
Leaning = Literal["", "likely_met", "likely_missed", "open"]

NO_EFFECT = "the fault had no visible effect"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """How a calendar window that goes on can end at most and at least, by what happened so far.

    Attributes:
        kind: the value of the whole window if all that is unknown was good, and all that is to come will be.
        harsh: the same, if all that is unknown was bad.
        at_risk: whether the budget is forecast to be spent before the window ends.
    """

    kind: float
    harsh: float
    at_risk: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What a figure is held to, and under which circumstances.

    Attributes:
        comparison, target: the limit.
        nothing: what it means that nothing happened.
        covered: whether low coverage stands in the way of ``met``.
        effect: of the experiment's fault: True visible, False none was visible, None where no call on its target is
            seen. Asked only where ``experiment`` is set.
        unfinished: how the window can end, where it is a calendar window that goes on and the limit has a budget.
        not_applicable: why there is nothing to hold it to; empty where there is.
        subject: whom the figure is about, for remedies.
        unit: of the value and the target.
    """

    comparison: Comparison
    target: float
    nothing: Nothing = "unknown"
    covered: bool = True
    min_events: int = 0
    min_coverage: float = 0.99
    experiment: bool = False
    effect: bool | None = None
    unfinished: Unfinished | None = None
    not_applicable: str = ""
    subject: str = "it"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with what led to it."""

    verdict: Word
    leaning: Leaning = ""
    reason: str = ""
    remedy: str = ""


def judge(measured: Measured, rule: Rule) -> Judged:
    """Return the verdict on a figure."""
    if rule.not_applicable:
        return Judged("not_applicable", reason=rule.not_applicable)
    if rule.experiment and rule.effect is not True:
        return _without_effect(rule)
    found = _by_bounds(measured, rule)
    return found if found.verdict != "met" else _enough(found, measured, rule)


def _without_effect(rule: Rule) -> Judged:
    if rule.effect is None:
        return Judged(
            "cannot_tell", "open", f"{NO_EFFECT}: no call on its target is seen",
            f"add a source that counts the calls of {rule.subject}, or its log",
        )  # fmt: skip
    return Judged(
        "cannot_tell", "open", f"{NO_EFFECT}: no call on its target failed, stalled or was rejected",
        "check that the fault was put in, and that calls went to its target meanwhile",
    )  # fmt: skip


def _by_bounds(measured: Measured, rule: Rule) -> Judged:
    if rule.unfinished is not None and measured.value is not None:
        return _unfinished(measured, rule, rule.unfinished)
    if measured.value is None and measured.low is None and measured.high is None:
        return _nothing(measured, rule)
    low = -inf if measured.low is None else measured.low
    high = inf if measured.high is None else measured.high
    found = held(rule.comparison, low, high, rule.target)
    if found != "cannot_tell":
        return Judged(found, reason=measured.note)
    return Judged(found, _leaning(measured, rule), *_between(measured, rule, high))


def _nothing(measured: Measured, rule: Rule) -> Judged:
    if rule.nothing == "kept" and measured.n == 0:
        return Judged("met", reason=measured.note or NOTHING_HAPPENED)
    said = measured.note or ("nothing was counted in the window" if measured.n == 0 else "the value is not known")
    return Judged("cannot_tell", "open", said, measured.remedy or f"add a source that tells of {rule.subject}")


def _unfinished(measured: Measured, rule: Rule, end: Unfinished) -> Judged:
    """Missed only once it cannot be won back; met so far where even the harsh reading leaves some budget."""
    if not keeps(rule.comparison, end.kind, rule.target):
        return Judged("missed", reason="the budget of the whole window is spent: it cannot be won back")
    if keeps(rule.comparison, end.harsh, rule.target):
        return Judged("met", reason="so far: the window goes on, and its budget is not spent")
    return Judged(
        "cannot_tell", _leaning(measured, rule), "if what is unknown was bad, the budget of the whole window is spent",
        measured.remedy or f"close the gaps in what is seen of {rule.subject}",
    )  # fmt: skip


def _leaning(measured: Measured, rule: Rule) -> Leaning:
    if measured.value is None:
        return "open"
    return "likely_met" if keeps(rule.comparison, measured.value, rule.target) else "likely_missed"


def _between(measured: Measured, rule: Rule, high: float) -> tuple[str, str]:
    """Return why the bounds leave it open, and what would settle it."""
    if measured.ongoing and isinf(high):
        goes_on = "1 has" if measured.ongoing == 1 else f"{measured.ongoing} have"
        return f"{goes_on} not ended yet", "wait until it ends; what goes on longer than the limit misses it"
    reason = f"what is known allows both: {limit_words(rule.comparison, rule.target, rule.unit)}, and not"
    if measured.remedy:
        return reason, measured.remedy
    if rule.unit == "s":
        finer = f"add the log of {rule.subject} as a source (its lines carry exact times)"
        return reason, f"{finer}, or scrape it at least every {rule.target / 2:g} s"
    return reason, f"close the gaps in what is seen of {rule.subject}"


def _enough(found: Judged, measured: Measured, rule: Rule) -> Judged:
    """Take ``met`` away where too little was seen to say so."""
    if rule.covered and (measured.coverage is None or measured.coverage < rule.min_coverage):
        return _uncovered(found, measured.coverage, rule)
    if measured.n < rule.min_events:
        return replace(
            found, verdict="cannot_tell", leaning="likely_met",
            reason=f"only {measured.n} of at least {rule.min_events} events",
            remedy=f"wait for {rule.min_events - measured.n} more, or lower min_events",
        )  # fmt: skip
    return found


def _uncovered(found: Judged, coverage: float | None, rule: Rule) -> Judged:
    if coverage is None:
        return replace(
            found, verdict="cannot_tell", leaning="open", reason=f"no source saw {rule.subject} in the window",
            remedy=f"add a source that tells of {rule.subject}",
        )  # fmt: skip
    return replace(
        found, verdict="cannot_tell", leaning="likely_met",
        reason=f"only {cut_share(coverage)} of the window was seen, and {cut_share(rule.min_coverage)} must be",
        remedy=f'find out why {rule.subject} was not seen: breakwatch sql "FROM coverage WHERE NOT covered"',
    )  # fmt: skip


def cut_share(share: float) -> str:
    """Return a share as a percentage, cut and never rounded up."""
    return f"{int(share * 10_000 + 1e-6) / 100:g} %"
