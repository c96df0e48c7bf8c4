"""When experiments ran, and their phases: what an ask about one of them is narrowed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.asking import Ask, Ground
from analysis.spans import Span, Spans, common, united
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.sql", "experiment_phases.sql")
_TWINS = read_sql("analysis.sql", "experiment_twins.sql")


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of an experiment, or with an empty name the whole of it; what has no end lasts until the present."""

    environment: str | None
    experiment: str
    name: str
    span: Span


def within_experiments(ground: Ground, asks: Sequence[Ask]) -> list[Ask]:
    """Return asks with the time narrowed to the experiment and the phase that they are about."""
    return [
        ask
        if ask.scope.experiment is None and ask.scope.phase is None
        else replace(ask, spans=common(ask.spans, phase_spans(ground, ask)))
        for ask in asks
    ]


def phase_spans(ground: Ground, ask: Ask) -> Spans:
    """Return the time of the experiment and phase of a scope, whatever window is asked for."""
    scope = ask.scope
    return united(
        phase.span
        for phase in phases(ground)
        if phase.name == (scope.phase or "")
        and scope.experiment in (None, phase.experiment)
        and (scope.environment is None or phase.environment in (None, scope.environment))
    )


def phases(ground: Ground) -> Sequence[Phase]:
    """Return all experiments and their phases."""
    found: Sequence[Phase] = ground.once("experiments/phases", _look)
    return found


def _look(ground: Ground) -> list[Phase]:
    return [
        Phase(
            row["environment"], row["experiment_id"], row["name"], (row["started_us"], row["ended_us"] or ground.now_us)
        )
        for row in ground.rows.rows(_SQL)
    ]


def told_as(ground: Ground, experiment: str) -> str:
    """Return the experiment that what happened belongs to, where several tell of one fault: a drill and its report.

    Each event is of one experiment. Without this, the others would look as if nothing had happened in them.
    """
    found: str = ground.once(f"experiments/told/{experiment}", lambda there: _told(there, experiment))
    return found


def _told(ground: Ground, experiment: str) -> str:
    rows = ground.rows.rows(_TWINS, {"experiment": experiment})
    return str(rows[0]["experiment_id"]) if rows else experiment
