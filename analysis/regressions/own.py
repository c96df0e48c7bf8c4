"""Our own figures as benchmarks: what each objective is about, as one value per day or per release.

A value is remembered once its time is over, as a run of a benchmark named like the objective; from there on it is a
series as any other. A share of what went well is remembered as what is missing from it, because 99.9 % → 99 % is ten
times as bad and not 1 % less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.asking import Ground, Measured
from analysis.indicator import Indicator
from analysis.sqlfiles import read_steps
from analysis.verdicts.judge import answered, known
from analysis.verdicts.questions import Question, Span, questions
from breakwatch.clock import DAY_US, HOUR_US, Instant
from breakwatch.config_objectives import Objective
from breakwatch.model import Batch, pairs
from breakwatch.records import Record, RecordKind

if TYPE_CHECKING:
    from breakwatch.config import Config
    from store import Store

SOURCE = "own figures"
SUITE = "breakwatch"
"""The suite of objectives about services together; else it is the service."""

FIRST_DAYS = 90
"""So far back figures are computed when an objective is watched for the first time."""
DAYS_AT_ONCE = 7
LATE_US = 2 * HOUR_US
"""So long after its end a day or a release is taken to be all in."""

_SQL = read_steps("analysis.regressions", "own.sql")
_UNFIT = frozenset({
    "regressions", "coverage", "signal_coverage", "proof", "resilience_score", "sql", "measured", "burn_rate",
    "error_budget_remaining", "incidents_ongoing",
})  # fmt: skip
"""Indicators that are about other figures, or about an instant."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The time of one value, and the release it is about; empty for a day."""

    start_us: Instant
    end_us: Instant
    revision: str = ""


def remember_own(store: Store, config: Config, now_us: Instant) -> int:
    """Remember the figures of days or releases that are over now; return how many values are new.

    At most ``DAYS_AT_ONCE`` of each objective at a time, the oldest first: call it again until nothing is new.
    """
    if config.regressions.own == "no" or not config.objectives:
        return 0
    done = store.checkpoints(SOURCE)
    ground = Ground(store, config, now_us)
    records: list[Record] = []
    checkpoints: dict[str, str] = {}
    for objective, stretches in _open(ground, done):
        for stretch in stretches:
            records += _values(ground, objective, stretch)
        checkpoints[_key(config, objective)] = str(stretches[-1].end_us)
    if not checkpoints:
        return 0
    return store.append(Batch(SOURCE, records=records, checkpoints=checkpoints)).records


def _key(config: Config, objective: Objective) -> str:
    return f"{config.regressions.own} {objective.name} {objective.service or ''}"


def _open(ground: Ground, done: dict[str, str]) -> Iterator[tuple[Objective, Sequence[_Stretch]]]:
    """Yield the objectives with the time that is over and of which nothing is remembered yet."""
    config, now_us = ground.config, ground.now_us
    first_us = (now_us // DAY_US - FIRST_DAYS) * DAY_US
    releases = _releases(ground, first_us) if config.regressions.own == "release" else {}
    for objective in config.objectives:
        if not _fit(objective):
            continue
        for service in [objective.service] if not releases or objective.service else sorted(releases):
            narrowed = objective.model_copy(update={"service": service})
            since_us = max(int(done.get(_key(config, narrowed), first_us)), first_us)
            if config.regressions.own == "release":
                every = releases.get(service or "", ())
            else:
                every = [_Stretch(at, at + DAY_US) for at in range(since_us, now_us, DAY_US)]
            over = [one for one in every if one.start_us >= since_us and one.end_us + LATE_US <= now_us]
            if over:
                yield narrowed, over[:DAYS_AT_ONCE]


def _fit(objective: Objective) -> bool:
    if objective.composite is not None or objective.indicator in _UNFIT:
        return False
    indicator = known(objective.indicator)
    return indicator is not None and indicator.better != "neither"


def _releases(ground: Ground, since_us: Instant) -> dict[str, list[_Stretch]]:
    found: dict[str, list[_Stretch]] = {}
    rows = ground.rows.rows(_SQL["releases"], {"since_us": since_us})
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        if after is not None and after["service"] == row["service"]:  # the newest one is not over
            stretch = _Stretch(row["occurred_us"], after["occurred_us"], row["revision"])
            found.setdefault(row["service"], []).append(stretch)
    return found


def _values(ground: Ground, objective: Objective, stretch: _Stretch) -> Iterator[Record]:
    """Yield the figure of each subject that an objective is about, where it is known well enough."""
    indicator = known(objective.indicator)
    span = Span(stretch.start_us, stretch.end_us)
    asked = [one for one in questions(ground, [objective], span) if one.ask.spans and one.full]
    if indicator is None or not asked:
        return
    policy = objective.policies[0]
    asked = [one for one in asked if one.policy_name == policy]
    for question, measured in zip(asked, answered(ground, indicator, [one.ask for one in asked]), strict=True):
        if _known_well(measured, objective):
            yield _record(question, indicator, measured, stretch)


def _known_well(measured: Measured, objective: Objective) -> bool:
    if measured.value is None or measured.coverage is None:
        return False
    return measured.coverage >= objective.min_coverage and measured.n >= objective.min_events


def _record(question: Question, indicator: Indicator, measured: Measured, stretch: _Stretch) -> Record:
    value, metric, better = measured.value or 0.0, indicator.name, indicator.better
    if question.ask.stat is not None and indicator.stats:
        metric = f"{metric} {question.ask.stat}"
    if indicator.unit == "ratio" and better == "higher":
        value, metric, better = 1.0 - value, f"missing {metric}", "lower"
    said = {
        "suite": question.service or SUITE,
        "benchmark": " ".join(text for text in (question.objective.name, question.breaker, question.operation) if text),
        "metric": metric,
        "unit": indicator.unit,
        "better": better,
        "revision": stretch.revision,
    }
    detail = pairs({name: text for name, text in said.items() if text})
    return Record(
        SOURCE,
        RecordKind.BENCHMARK,
        stretch.start_us,
        value=value,
        environment=question.environment or "",
        detail=detail,
    )
