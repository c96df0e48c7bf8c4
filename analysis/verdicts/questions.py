"""What is judged: each objective, for each subject and policy, over its window, as one question with its ask.

An objective that names no service is judged for each declared service by itself, or for each that was seen where none
is declared: a service that fails must not hide behind one that does well. Environments are never mixed for the same
reason. In an experiment it is about everything that the experiment touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analysis.asking import Ask, Ground, Scope, Slicing
from analysis.coverage import first_sight_us, subjects
from analysis.experiments import told_as
from analysis.spans import Spans, common, length_s, united, without
from analysis.sqlfiles import read_steps
from analysis.verdicts.exclusions import Exclusion, taken_out
from analysis.verdicts.windows import Frame, frame, previous, service_hours
from breakwatch.clock import MINUTE_US, SECOND_US, Instant
from breakwatch.config_burning import good_share
from breakwatch.config_objectives import CalendarWindow, Comparison, Objective, Policy
from breakwatch.config_services import ServiceConfig
from breakwatch.config_units import Target
from breakwatch.errors import UsageError

_SQL = read_steps("analysis.verdicts", "questions.sql")

OVER_ALL = frozenset({
    "cascade_depth", "fan_out", "isolation_ratio", "contained_ratio", "recovery_order_violations", "regressions",
    "measured", "sql", "proof", "resilience_score", "composite",
})  # fmt: skip
"""Indicators that are about services together: without a service they are judged once."""

OF_OUTAGES = frozenset({
    "availability_time", "outage_time", "service_recovery_time", "mtbf", "incident_count", "incidents_ongoing",
    "self_healed_ratio", "error_budget_remaining", "burn_rate",
})  # fmt: skip
"""Indicators that a complete list of incidents tells all about; of the others it tells nothing."""

SETTLED_US = 5 * MINUTE_US
"""A window that ended so long ago is judged as over: what is collected of its last moments is in by then."""

OF_BUDGETS = frozenset({"error_budget_remaining", "burn_rate"})
"""Indicators that are about the target of another objective."""

NOT_FULL = "window not yet full"


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment: whom it is about, when it ran, and whether its fault showed."""

    experiment_id: str
    environment: str | None
    service: str | None
    target: str | None
    started_us: Instant
    ended_us: Instant | None
    effective: bool | None


@dataclass(frozen=True, slots=True)
class Span:
    """The window that was asked for instead of those of the objectives.

    Attributes:
        finished: of calendar windows judge those that ended last, and nothing else.
        until_us: until when it is known, where the span goes on.
    """

    start_us: Instant | None = None
    end_us: Instant | None = None
    experiment: Experiment | None = None
    finished: bool = False
    until_us: Instant | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One objective for one subject, window and policy.

    Attributes:
        whole: the time of the whole window that counts, its future included; ``ask.spans`` is what of it was seen.
        full: false where the window reaches before the first sight, and begins there.
        comparison, target: the limit in the indicator's unit; None where there is none.
        not_applicable: why there is nothing to hold it to.
    """

    objective: Objective
    policy_name: str
    policy: Policy
    environment: str | None
    service: str | None
    breaker: str | None
    operation: str | None
    frame: Frame
    ask: Ask
    whole: Spans
    full: bool
    taken: tuple[Exclusion, ...]
    comparison: Comparison | None
    target: float | None
    unit: str
    not_applicable: str = ""
    experiment: Experiment | None = None


@dataclass(frozen=True, slots=True)
class _Subject:
    environment: str | None
    service: str | None
    breaker: str | None = None
    operation: str | None = None


def experiment(ground: Ground, experiment_id: str) -> Experiment:
    """Return a recorded experiment; UsageError where none has that id."""
    rows = ground.rows.rows(_SQL["experiment"], {"experiment_id": experiment_id})
    if not rows:
        known = ", ".join(row["experiment_id"] for row in ground.rows.rows(_SQL["known"]))
        raise UsageError(
            f"no experiment is recorded as {experiment_id!r}",
            f"recorded are: {known}" if known else "record it: breakwatch experiment start",
        )
    return Experiment(**rows[0])


def questions(ground: Ground, objectives: Sequence[Objective], span: Span) -> Iterator[Question]:
    """Yield every question that objectives ask at the present, or over the span that was asked for."""
    for objective in objectives:
        if span.finished and not isinstance(objective.window, CalendarWindow):
            continue
        if _concerned(ground, objective, span.experiment):
            found = frame_of(objective, ground.now_us, span)
            for subject in _subjects(ground, objective, span.experiment):
                for limit in _limits(ground, objective, subject):
                    for name in objective.policies:
                        asked = _question(ground, objective, name, limit, (found, span.experiment))
                        if asked.ask.spans or not span.finished:  # else it was over before the first sight
                            yield asked


def _concerned(ground: Ground, objective: Objective, tried: Experiment | None) -> bool:
    """Say whether an experiment can have concerned an objective's service: run on it, or on what it depends on."""
    if tried is None or tried.service is None or objective.service in (None, tried.service):
        return True
    needs = (one for one in ground.config.services if one.name == objective.service)
    return any(each.service in {tried.service, tried.target} for one in needs for each in one.depends_on)


def frame_of(objective: Objective, now_us: Instant, span: Span) -> Frame:
    """Return the window of an objective, or the one that was asked for."""
    if span.experiment is not None:
        end_us = min(span.experiment.ended_us or now_us, now_us)
        return Frame(span.experiment.started_us, end_us, end_us, f"experiment {span.experiment.experiment_id}")
    at_us = now_us if span.end_us is None else min(span.end_us, now_us)
    if span.start_us is not None:
        if span.until_us is not None and span.end_us is not None:
            return Frame(span.start_us, span.end_us, min(span.until_us, now_us), "as asked")
        return Frame(span.start_us, at_us, at_us, "as asked")
    if span.finished and isinstance(objective.window, CalendarWindow):
        return previous(objective.window, at_us - SETTLED_US)
    return frame(objective.window, at_us)


def _subjects(ground: Ground, objective: Objective, tried: Experiment | None) -> Iterator[_Subject]:
    where = objective.where
    environment = where.environment or (tried.environment if tried else None)
    if objective.service is None and (objective.indicator in OVER_ALL or tried is not None):
        yield _Subject(environment, None)
        return
    names = [objective.service] if objective.service is not None else _services(ground, objective)
    for name in names:
        seen = _environments(ground).get(name, [])
        for each in [environment] if environment is not None else seen or [None]:
            yield _Subject(each, name)


def _environments(ground: Ground) -> dict[str, list[str | None]]:
    def look(there: Ground) -> dict[str, list[str | None]]:
        found: dict[str, list[str | None]] = {}
        for environment, service in subjects(there):
            found.setdefault(service, []).append(environment)
        return found

    known: dict[str, list[str | None]] = ground.once("verdicts/environments", look)
    return known


def _services(ground: Ground, objective: Objective) -> list[str]:
    declared = [one for one in ground.config.services if _is_about(one, objective)]
    return [one.name for one in declared] if ground.config.services else sorted(_environments(ground))


def _is_about(service: ServiceConfig, objective: Objective) -> bool:
    """Say whether a service has what ``where: {critical: …}`` asks for: operations, else the service itself."""
    wanted = objective.where.critical
    if wanted is None:
        return True
    return any(one.critical == wanted for one in service.operations) or service.critical == wanted


@dataclass(frozen=True, slots=True)
class _Limit:
    subject: _Subject
    comparison: Comparison | None
    target: Target | None
    missing: str = ""


def _limits(ground: Ground, objective: Objective, subject: _Subject) -> Iterator[_Limit]:
    """Yield what a subject is held to; a limit relative to a declaration is one for each that declares it."""
    if objective.limit is None:
        yield _Limit(subject, None, None)
        return
    comparison, target = objective.limit
    if target.relative_to is None:
        yield _Limit(subject, comparison, target)
        return
    service = next((one for one in ground.config.services if one.name == subject.service), None)
    found = list(_declared(service, target, objective)) if service else []
    for breaker, operation, value, unit in found:
        about = replace(subject, breaker=breaker, operation=operation)
        yield _Limit(about, comparison, Target(target.value * value, unit))
    if not found:
        yield _Limit(
            subject, comparison, None,
            f"no {target.relative_to} is declared for {subject.service or 'any service'}: declare it under expected",
        )  # fmt: skip


def _declared(
    service: ServiceConfig, target: Target, objective: Objective
) -> Iterator[tuple[str | None, str | None, float, Literal["s", ""]]]:
    """Yield breaker or operation, and the value that is declared for it."""
    word = target.relative_to or ""
    wanted = objective.where.target or objective.where.operation
    fields: tuple[tuple[str, Literal["s", ""]], ...] = ((f"{word}_s", "s"), (word, ""))
    for kind, things in (("breaker", service.expected.breakers), ("operation", service.expected.retries)):
        for name, expected in things.items():
            for field, unit in fields:
                value = getattr(expected, field, None)
                if isinstance(value, int | float) and wanted in (None, name):
                    yield (name, None, value, unit) if kind == "breaker" else (None, name, value, unit)


def _question(
    ground: Ground, objective: Objective, policy_name: str, limit: _Limit, asked: tuple[Frame, Experiment | None]
) -> Question:
    found, tried = asked
    policy, subject = ground.config.policies[policy_name], limit.subject
    scope = _scope(ground, objective, subject, tried)
    born_us = first_sight_us(
        ground,
        Scope(environment=subject.environment, service=subject.service),
        imported=objective.indicator in OF_OUTAGES,
    )
    full = born_us is None or born_us <= found.start_us or objective.indicator in OVER_ALL
    if not full and born_us is not None and tried is None:
        # Calls are counted by minute, and none was before: the whole of that minute is of the window.
        minute_us = max(found.start_us, born_us - born_us % MINUTE_US)
        found = replace(found, start_us=min(minute_us, found.until_us))
    counting = _counting(ground, objective, policy, found, tried)
    taken, declared = taken_out(ground, subject.environment, subject.service, counting)
    if policy.maintenance == "included":
        taken, declared = (), ()
    whole = without(counting, taken)
    target = limit.target
    ask = Ask(
        scope,
        common(whole, found.seen) if found.unfinished else whole,
        objective.stat,
        policy,
        _good_share(ground, objective),
        _latency_s(ground, objective, subject),
        _slicing(objective),
        length_s(whole),
    )
    return Question(
        objective, policy_name, policy, subject.environment, subject.service, subject.breaker, subject.operation,
        found, ask, whole, full, declared, limit.comparison, None if target is None else target.value,
        "" if target is None else target.unit, limit.missing, tried,
    )  # fmt: skip


def _scope(ground: Ground, objective: Objective, subject: _Subject, tried: Experiment | None) -> Scope:
    where = objective.where
    told = tried.experiment_id if tried else None
    if told is not None and objective.indicator != "measured":  # what a report measured is its own
        told = told_as(ground, told)
    return Scope(
        environment=subject.environment,
        service=subject.service,
        operation=subject.operation or where.operation,
        breaker=subject.breaker,
        target=where.target,
        instance=where.instance,
        experiment=told,
        phase=where.phase,
        critical=where.critical,
        outcome=where.outcome,
        outcome_class=where.outcome_class,
        priority=where.priority,
        kind=objective.finding or where.kind,
        name=objective.measurement,
        sql=objective.sql,
    )


def _counting(ground: Ground, objective: Objective, policy: Policy, found: Frame, tried: Experiment | None) -> Spans:
    """Return the time of a window that counts, its future included, before anything is taken out."""
    spans = found.whole if found.end_us > found.start_us else ()
    if objective.after_s is not None:
        spans = common(spans, _after_faults(ground, objective.after_s, found, tried))
    if policy.service_hours is not None:
        spans = service_hours(policy.service_hours, policy.timezone, spans)
    return spans


def _after_faults(ground: Ground, after_s: float, found: Frame, tried: Experiment | None) -> Spans:
    """Return the time from so long after faults were taken out until their experiments ended."""
    rows = ground.rows.rows(_SQL["removed"], {"experiment_id": tried.experiment_id if tried else None})
    starts = [(row["removed_us"] + round(after_s * SECOND_US), row["ended_us"] or found.until_us) for row in rows]
    return united(starts)


def _good_share(ground: Ground, objective: Objective) -> float | None:
    """Return the target of the objective whose budget is asked for: its own, the one it names, or its service's."""
    own = good_share(objective)
    if own is not None or objective.indicator not in OF_BUDGETS:
        return own
    by_name, by_service = ground.once("verdicts/good_shares", _good_shares)
    if objective.of is not None:
        named: float | None = by_name.get(objective.of)
        return named
    targets: set[float] = by_service.get(objective.service, set())
    return next(iter(targets)) if len(targets) == 1 else None


def _good_shares(ground: Ground) -> tuple[dict[str, float | None], dict[str | None, set[float]]]:
    """Return the targets of objectives that have a budget, by their names and by their services."""
    by_name: dict[str, float | None] = {}
    by_service: dict[str | None, set[float]] = {}
    for one in ground.config.objectives:
        target = good_share(one)
        by_name.setdefault(one.name, target)
        if target is not None:
            by_service.setdefault(one.service, set()).add(target)
    return by_name, by_service


def _slicing(objective: Objective) -> Slicing | None:
    if objective.budgeting == "occurrences":
        return None
    return Slicing(round(objective.slice_s * SECOND_US), objective.slice_target)


def _latency_s(ground: Ground, objective: Objective, subject: _Subject) -> float | None:
    if objective.indicator != "experience_score":
        return None
    if objective.latency_s is not None:
        return objective.latency_s
    limits = [
        one.limit[1].value
        for one in ground.config.objectives
        if one.indicator == "latency" and one.limit and one.service in (None, subject.service)
    ]
    return min(limits, default=None)
