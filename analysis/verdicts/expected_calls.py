"""How much of a window that goes on lies behind, for limits on the share of requests.

Requests come at their own times of the day and the week. What is still to come is expected to be as much as came in
the same part of the last windows; where there was none, as much as came so far by the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from analysis.asking import Ask, Ground, Measured
from analysis.indicators import indicator
from analysis.verdicts.questions import Question
from analysis.verdicts.windows import previous
from breakwatch.config_burning import good_share
from breakwatch.config_objectives import CalendarWindow

BY_TIME = frozenset({"availability_time"})
"""Of these the share that lies behind is that of the time."""

LAST_WINDOWS = 3
EXPECTED_LIKE_LAST = "calls still to come are expected as in the same part of the last windows"
EXPECTED_AS_SO_FAR = "calls still to come are expected as so far"


def weights_behind(ground: Ground, found: Sequence[Question], measured: Mapping[int, Measured]) -> dict[int, float]:
    """Return by place which share of all requests of a window has been seen, of windows that go on."""
    asks: dict[str, list[tuple[int, Ask]]] = {}
    for place, question in enumerate(found):
        window = question.objective.window
        if not expects_calls(question) or not isinstance(window, CalendarWindow) or place not in measured:
            continue
        for rest in _same_parts(question, window):
            asks.setdefault(question.objective.indicator, []).append((place, rest))
    earlier: dict[int, list[int]] = {}
    for name, asked in asks.items():
        answers = indicator(name).compute(ground, [ask for _, ask in asked])
        for (place, _), answer in zip(asked, answers, strict=True):
            if answer.n:
                earlier.setdefault(place, []).append(answer.n)
    return {
        place: measured[place].n / (measured[place].n + fmean(rest))
        for place, rest in earlier.items()
        if measured[place].n
    }


def expects_calls(question: Question) -> bool:
    """Say whether a verdict rests on calls that are still to come."""
    return (
        question.frame.unfinished
        and bool(question.ask.spans)
        and good_share(question.objective) is not None
        and question.objective.indicator not in BY_TIME
    )


def _same_parts(question: Question, window: CalendarWindow) -> list[Ask]:
    """Return asks for the rest of each of the last windows, from as far into it as this one has come."""
    into_us = question.frame.until_us - question.frame.start_us
    found, at_us = [], question.frame.start_us + 1
    for _ in range(LAST_WINDOWS):
        before = previous(window, at_us)
        start_us = before.start_us + into_us
        if start_us < before.end_us:
            found.append(replace(question.ask, spans=((start_us, before.end_us),)))
        at_us = before.start_us + 1
    return found
