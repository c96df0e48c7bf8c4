"""Which burn-rate rules fire now, and when they fired: the objectives' own figures over short windows.

The figures are those of the objective's indicator, so that what is bad, which level weighs what and which time does not
count is read as in its verdict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.asking import Ground, Measured
from analysis.spans import Spans, common
from analysis.verdicts.burn import LOW_TRAFFIC, Fired, Watch, fired, firing, least_bad_events, watches
from analysis.verdicts.judge import known
from analysis.verdicts.questions import Question, Span, questions
from breakwatch.clock import DAY_US, MINUTE_US, Instant
from breakwatch.config import Config
from breakwatch.config_objectives import Objective
from store import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

BY_TIME = frozenset({"availability_time"})
"""Of these the figures are shares of time, of which there is always enough."""


_AT_ONCE_US = 7 * DAY_US
"""So many minutes are asked for in one statement."""


@dataclass(frozen=True, slots=True)
class Burning:
    """One rule of an objective for one service, over the minutes that ended last.

    Attributes:
        long_rate, short_rate: how fast the budget was spent in each window; None where nothing was counted.
        fires: whether both exceed the threshold, with enough bad events where there are few.
        bad, total: what the long window held: calls, or of an availability by time, minutes.
    """

    objective: Objective
    environment: str | None
    service: str | None
    policy_name: str
    watch: Watch
    long_rate: float | None
    short_rate: float | None
    fires: bool
    bad: float
    total: float
    until_us: Instant


def burning(
    rows: Rows, config: Config, now_us: Instant, objectives: Sequence[Objective] | None = None
) -> list[Burning]:
    """Return every rule of every objective with a budget, as of the last whole minute."""
    ground = Ground(rows, config, now_us)
    until_us = now_us // MINUTE_US * MINUTE_US
    asked = _budgeted(ground, config.objectives if objectives is None else objectives)
    spans: dict[tuple[int, int], Spans] = {}
    for place, question in enumerate(asked):
        for rule in watches(question.objective):
            for length_min in (rule.long_min, rule.short_min):
                window = ((until_us - length_min * MINUTE_US, until_us),)
                spans[place, length_min] = common(question.ask.spans, window)
    figures = _figures(ground, asked, spans)
    return [
        _state(question, rule, figures[place, rule.long_min], figures[place, rule.short_min], until_us)
        for place, question in enumerate(asked)
        for rule in watches(question.objective)
    ]


def fired_between(
    rows: Rows, config: Config, objective: Objective, from_us: Instant, to_us: Instant
) -> list[tuple[str | None, str | None, Fired]]:
    """Return environment, service and when each rule of an objective fired and cleared, minute by minute."""
    ground = Ground(rows, config, to_us)
    start_us, end_us = from_us // MINUTE_US * MINUTE_US, to_us // MINUTE_US * MINUTE_US
    found = []
    for question in _budgeted(ground, [objective]):
        rules = watches(objective)
        before = max((rule.long_min for rule in rules), default=0)
        first_us = start_us - before * MINUTE_US
        bad, total = _minutes(ground, question, first_us, end_us)
        for rule in rules:
            states = firing(rule, bad, total, low_traffic=objective.indicator not in BY_TIME)[before:]
            found += [(question.environment, question.service, each) for each in fired(rule, states, start_us)]
    return found


def _budgeted(ground: Ground, objectives: Sequence[Objective]) -> list[Question]:
    asked = [one for one in objectives if watches(one)]
    return list(questions(ground, asked, Span()))


def _figures(
    ground: Ground, asked: Sequence[Question], spans: dict[tuple[int, int], Spans]
) -> dict[tuple[int, int], Measured]:
    """Return the figure of each question over each of its spans; each indicator is run once."""
    by_indicator: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for key in spans:
        by_indicator[asked[key[0]].objective.indicator].append(key)
    found: dict[tuple[int, int], Measured] = {}
    for name, keys in by_indicator.items():
        indicator = known(name)
        asks = [replace(asked[key[0]].ask, spans=spans[key], whole_s=None) for key in keys]
        answers = indicator.compute(ground, asks) if indicator else [Measured() for _ in asks]
        found.update(zip(keys, answers, strict=True))
    return found


def _state(question: Question, rule: Watch, long: Measured, short: Measured, until_us: Instant) -> Burning:
    rates = [_rate(each, rule) for each in (long, short)]
    total = float(rule.long_min if question.objective.indicator in BY_TIME else long.n)
    bad = 0.0 if long.value is None else (1 - long.value) * total
    fires = all(rate is not None and rate > rule.rate for rate in rates)
    low = question.objective.indicator not in BY_TIME and total * rule.bad_share < LOW_TRAFFIC
    if fires and low:
        fires = bool(round(bad) >= least_bad_events(total, rule.bad_share))
    return Burning(
        question.objective, question.environment, question.service, question.policy_name, rule, rates[0], rates[1],
        fires, bad, total, until_us,
    )  # fmt: skip


def _rate(figure: Measured, rule: Watch) -> float | None:
    """Return how fast a budget is spent; of a target of 100 % any bad event is infinitely fast."""
    if figure.value is None:
        return None
    bad_share = 1 - figure.value
    if not rule.bad_share:
        return float("inf") if bad_share else 0.0
    return bad_share / rule.bad_share * rule.rate


def _minutes(
    ground: Ground, question: Question, start_us: Instant, end_us: Instant
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bad and all events of each minute; nothing where none was counted."""
    figures: list[Measured] = []
    for from_us in range(start_us, end_us, _AT_ONCE_US):
        begins = range(from_us, min(end_us, from_us + _AT_ONCE_US), MINUTE_US)
        spans: dict[tuple[int, int], Spans] = {
            (0, place): ((begin, begin + MINUTE_US),) for place, begin in enumerate(begins)
        }
        figures += _figures(ground, [question], spans).values()
    by_time = question.objective.indicator in BY_TIME
    values = np.array([0.0 if one.value is None else 1 - one.value for one in figures])
    totals = np.array([0.0 if one.value is None else 1.0 if by_time else float(one.n) for one in figures])
    return values * totals, totals
