"""Why a window that is over is judged otherwise than it was: which of its terms changed, and whether the data did.

Whether the data changed is found by asking again on the old terms: where that gives the old answer, they did not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from analysis.asking import Ground
from analysis.verdicts.exclusions import Exclusion
from analysis.verdicts.questions import Span, experiment, questions
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import to_us
from breakwatch.config import Config
from breakwatch.config_objectives import Objective, Policy
from store import Rows

DATA = "data changed"


def changed(
    rows: Rows, config: Config, verdict: Verdict, before: Mapping[str, Any], answer: tuple[object, ...]
) -> Iterator[str]:
    """Yield what changed between an earlier verdict and this one, in words.

    Args:
        rows: what figures stand on now.
        config: with the services of today.
        verdict: as it is now.
        before: the kept row of the earlier one.
        answer: what that one said.
    """
    old, new = json.loads(before["terms"]), json.loads(verdict.terms)
    if old["policy"] != new["policy"]:
        was, now = (terms["policy"].get("version", 1) for terms in (old, new))
        name = verdict.policy_name
        yield f"policy {name}@{was} -> @{now}" if was != now else f"policy {name}@{now} changed"
    if old["objective"] != new["objective"]:
        names = sorted(set(old["objective"]) | set(new["objective"]))
        told = [name for name in names if old["objective"].get(name) != new["objective"].get(name)]
        yield f"objective changed: {', '.join(told)}"
    yield from _declared(old["taken_out"], new["taken_out"])
    if old != new:
        again = asked_again(rows, config, before)
        if again is not None and again.answer == answer:
            return
    yield DATA


def _declared(old: list[list[Any]], new: list[list[Any]]) -> Iterator[str]:
    for one in new:
        if one not in old:
            yield f"declared since: {Exclusion(*one).words}"
    for one in old:
        if one not in new:
            yield f"withdrawn: {Exclusion(*one).words}"


def asked_again(rows: Rows, config: Config, row: Mapping[str, Any]) -> Verdict | None:
    """Return what a kept verdict's question is answered today on the terms of then; None where it cannot be asked."""
    from analysis.verdicts.judge import judged

    terms = json.loads(row["terms"])
    said = {name: value for name, value in terms["objective"].items() if name != "window"}
    objective = Objective.model_validate(said)
    policies = {**config.policies, row["policy"]: Policy.model_validate(terms["policy"])}
    then = config.model_copy(update={"policies": policies, "objectives": (objective, *_others(config, objective))})
    known = {"exclusions": [Exclusion(*one) for one in terms["taken_out"]]}
    ground = Ground(rows, then, to_us(row["evaluated_at"]), known)
    tried = experiment(ground, row["experiment_id"]) if row["experiment_id"] is not None else None
    span = Span(row["window_start_us"], row["window_end_us"], tried, until_us=row["known_until_us"])
    asked = list(questions(ground, then.objectives if objective.composite else [objective], span))
    names = ("environment", "service", "breaker", "operation")
    for again in judged(ground, asked):
        same = (again.objective.name, again.environment, again.service, again.breaker, again.operation)
        if (*same, again.policy_name) == (objective.name, *(row[name] for name in names), row["policy"]):
            return again
    return None


def _others(config: Config, objective: Objective) -> list[Objective]:
    return [one for one in config.objectives if one.name != objective.name]
