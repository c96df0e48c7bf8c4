"""The evaluator: the one place where objectives are judged.

All objectives that name an indicator share one run of its statement, whatever their services, windows and policies.
Objectives about objectives come last: composites, ``proof`` and ``resilience_score`` rest on verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from analysis.asking import Ask, Ground, Measured
from analysis.coverage import covered_share
from analysis.indicator import Indicator
from analysis.indicators import indicator
from analysis.lengths import NOTHING_HAPPENED, stat_of
from analysis.slices import by_slices
from analysis.verdicts.budget import Budget, budget, unfinished
from analysis.verdicts.expected_calls import (
    EXPECTED_AS_SO_FAR,
    EXPECTED_LIKE_LAST,
    expects_calls,
    weights_behind,
)
from analysis.verdicts.questions import NOT_FULL, OF_OUTAGES, Question, Span, experiment, questions
from analysis.verdicts.rule import Judged, Rule, Unfinished, judge
from analysis.verdicts.scores import ABOUT_VERDICTS, composed, scored
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import HOUR_US, MINUTE_US, Instant
from breakwatch.config import Config
from breakwatch.config_burning import good_share
from breakwatch.config_objectives import Objective
from store import Rows

WHOLE_MINUTES = "calls are counted by the minute: judge a span of whole minutes, with --since and --until"


def evaluate(
    rows: Rows,
    config: Config,
    now_us: Instant,
    *,
    since_us: Instant | None = None,
    until_us: Instant | None = None,
    experiment_id: str | None = None,
    objectives: Sequence[Objective] | None = None,
    finished: bool = False,
) -> list[Verdict]:
    """Return the verdict on every objective, in the order of the configuration.

    Args:
        rows: the store or the published file.
        config: objectives, policies, services and maintenance.
        now_us: the present; windows end here.
        since_us: judge over the time from here on, instead of each objective's window.
        until_us: judge as of here: windows end, or calendar windows contain, this instant.
        experiment_id: judge what happened in this experiment, over its time.
        objectives: judge these instead of those of the configuration.
        finished: judge only calendar windows, those that ended last.

    Raises:
        UsageError: no such experiment is recorded.
    """
    ground = Ground(rows, config, now_us)
    tried = experiment(ground, experiment_id) if experiment_id is not None else None
    asked = config.objectives if objectives is None else tuple(objectives)
    found = list(questions(ground, asked, Span(since_us, until_us, tried, finished)))
    return judged(ground, found)


def judged(ground: Ground, found: Sequence[Question]) -> list[Verdict]:
    """Return the verdicts on questions, in their order."""
    measured = _measured(ground, found)
    behind = weights_behind(ground, found, measured)
    verdicts: dict[int, Verdict] = {
        place: _verdict(ground, found[place], measured[place], behind.get(place)) for place in measured
    }
    for place, question in enumerate(found):
        if question.objective.indicator in ABOUT_VERDICTS:
            verdicts[place] = _verdict(ground, question, scored(question, verdicts.values()), None)
    for place, question in enumerate(found):
        if question.objective.composite is not None:
            verdicts[place] = _verdict(ground, question, composed(question, verdicts.values()), None)
    return [verdicts[place] for place in range(len(found))]


def _measured(ground: Ground, found: Sequence[Question]) -> dict[int, Measured]:
    """Return what the indicators say, by the place of the question, with coverage; each indicator is run once."""
    by_indicator: dict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(found):
        if question.objective.indicator not in ABOUT_VERDICTS and question.objective.composite is None:
            by_indicator[question.objective.indicator].append(place)
    measured: dict[int, Measured] = {}
    for name, places in by_indicator.items():
        asks = [found[place].ask for place in places]
        answers = answered(ground, known(name), asks)
        measured.update(zip(places, answers, strict=True))
    return measured


def answered(ground: Ground, asked: Indicator | None, asks: Sequence[Ask]) -> list[Measured]:
    """Return an indicator's answers with the coverage of their subjects; None knows nothing."""
    if asked is None:
        return [Measured(note="this version cannot compute it yet", remedy="upgrade breakwatch") for _ in asks]
    answers = by_slices(asked.compute, ground, asks)
    listed = asked.name in OF_OUTAGES
    shares = covered_share(ground, asks, imported=listed) if asked.covered else [None] * len(asks)
    return [one if one.coverage is not None else one.seen(share) for one, share in zip(answers, shares, strict=True)]


def known(name: str) -> Indicator | None:
    """Return an indicator, or None where there is none of that name."""
    try:
        return indicator(name)
    except KeyError:
        return None


@dataclass(frozen=True, slots=True)
class _Traits:
    unit: str
    rule: Rule
    stats: bool
    counted: bool


def _traits(question: Question) -> _Traits:
    """Return what the rule has to know of a question's indicator and limit."""
    objective = question.objective
    asked = None if objective.indicator in ABOUT_VERDICTS or objective.composite else known(objective.indicator)
    rule = Rule(
        question.comparison or "at_most",
        0.0 if question.target is None else question.target,
        nothing=asked.nothing if asked else "unknown",
        covered=asked.covered if asked else objective.composite is not None,
        min_events=objective.min_events,
        min_coverage=objective.min_coverage,
        experiment=question.experiment is not None,
        effect=question.experiment.effective if question.experiment else None,
        not_applicable=question.not_applicable,
        subject=question.service or "the system",
        unit=question.unit or (asked.unit if asked else ""),
    )
    counted = bool(asked and asked.rows == "request_counts")
    return _Traits(asked.unit if asked else "ratio", rule, stats=bool(asked and asked.stats), counted=counted)


def _verdict(ground: Ground, question: Question, measured: Measured, weight: float | None) -> Verdict:
    traits = _traits(question)
    left, ending = _budget(question, measured, weight)
    rule = replace(traits.rule, unfinished=ending)
    if not measured.remedy and traits.counted and _cuts_minutes(question):
        measured = replace(measured, remedy=WHOLE_MINUTES)
    if question.target is None and not question.not_applicable:
        said = Judged("not_applicable", reason="only reported: it has no limit")
    elif not question.ask.spans and not question.not_applicable and rule.covered:
        said = _no_time(question)
    else:
        said = judge(measured, rule)
    return Verdict(
        evaluated_us=ground.now_us,
        objective=question.objective,
        environment=question.environment,
        service=question.service,
        breaker=question.breaker,
        operation=question.operation,
        experiment=question.experiment.experiment_id if question.experiment else None,
        window_start_us=question.frame.start_us,
        window_end_us=question.frame.end_us,
        until_us=question.frame.until_us,
        window=question.frame.name,
        spans=question.ask.spans,
        taken_out=question.taken,
        stat=stat_of(question.ask) if traits.stats else None,
        unit=traits.unit,
        comparison=question.comparison,
        target=question.target,
        measured=measured,
        judged=replace(said, reason=_reason(question, said, measured, weight)),
        policy_name=question.policy_name,
        policy=question.policy,
        budget=left,
        ask=question.ask,
        at_risk=bool(ending and ending.at_risk and said.verdict != "missed"),
    )


def _no_time(question: Question) -> Judged:
    """Return the verdict on a window of which no time counts."""
    if question.objective.after_s is not None:
        return Judged(
            "cannot_tell", "open", "no fault was removed in the window", "wait until the fault is removed, and say so"
        )
    if question.taken or question.policy.service_hours is not None:
        why = "maintenance or exclusions take all of it" if question.taken else "it lies outside of the service hours"
        return Judged("not_applicable", reason=f"no time of the window counts: {why}")
    whom = question.service or "the system"
    return Judged("cannot_tell", "open", f"no source saw {whom} in the window", f"add a source that tells of {whom}")


def _cuts_minutes(question: Question) -> bool:
    """Say whether a short window begins or ends inside a minute, by which calls are counted."""
    edges = (question.frame.start_us, question.frame.until_us)
    return edges[1] - edges[0] < HOUR_US and any(edge % MINUTE_US for edge in edges)


def _budget(question: Question, measured: Measured, weight: float | None) -> tuple[Budget | None, Unfinished | None]:
    """Return the budget of a limit that leaves one, and how its window can end where it goes on."""
    if good_share(question.objective) is None or question.target is None or not question.ask.spans:
        return None, None
    left = budget(measured, question.target, question.ask.spans, question.whole, weight)
    if not question.frame.unfinished:
        return left, None
    behind = left.behind if weight is None else weight
    return left, unfinished(measured, left, behind, question.frame.end_us)


def _reason(question: Question, said: Judged, measured: Measured, weight: float | None) -> str:
    """Return why, with what a reader has to know of the figure and of the window."""
    parts = [said.reason]
    if question.frame.unfinished and expects_calls(question):
        parts.append(EXPECTED_LIKE_LAST if weight is not None else EXPECTED_AS_SO_FAR)
    told = measured.note in {"", NOTHING_HAPPENED} or measured.note in said.reason
    if not told and question.ask.spans:
        parts.append(measured.note)
    if not question.full:
        parts.append(NOT_FULL)
    return "; ".join(part for part in parts if part)


def worst(verdicts: Iterable[Verdict]) -> str:
    """Return the word for all: missed before cannot_tell before met; what is only reported has no say."""
    words = {verdict.verdict for verdict in verdicts if verdict.counts}
    return next((word for word in ("missed", "cannot_tell") if word in words), "met")
