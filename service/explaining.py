"""``breakwatch explain``: everything behind a verdict, as text for people or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.spans import length_s
from analysis.verdicts.explaining import Explained, Statement, explain
from analysis.verdicts.shown import limit_words, range_words, shown
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import Clock, from_us, system_clock
from breakwatch.config import Config
from breakwatch.config_objectives import Policy
from service.forms import ExplainFormat
from service.judging import present
from service.verdict_forms import as_row, subject
from store import Reader

_INDENT = "  "
_WIDE = 12
_MOST_CELLS = 12


def answer(
    config: Config, name: str, form: ExplainFormat, *, most: int, data: Path | None, clock: Clock = system_clock
) -> None:
    """Print what is behind a kept verdict, or behind those of an objective as of now.

    Raises:
        UsageError: nothing is known by that name.
        StoreError: there is no published file.
    """
    with Reader.open(data or config.store.path) as reader:
        found = explain(reader, config, name, present(reader, clock), most)
    text = json.dumps([as_json(one) for one in found], indent=2, ensure_ascii=False, default=_plain)
    if form == ExplainFormat.TEXT:
        text = "\n\n".join("\n".join(lines(one)) for one in found)
    print(text)  # noqa: T201 - the answer of the command


def as_json(one: Explained) -> dict[str, Any]:
    """Return everything behind a verdict as plain values."""
    kept = None if one.kept is None else {name: _plain(value) for name, value in one.kept.items()}
    return {
        "verdict": as_row(one.verdict),
        "kept": kept,
        "differs": one.differs,
        "measures": one.indicator.measures if one.indicator else None,
        "formula": one.indicator.formula if one.indicator else None,
        "spans": [[_stamp(start), _stamp(end)] for start, end in one.verdict.spans],
        "taken_out": [each.words for each in one.verdict.taken_out],
        "policy": one.verdict.policy.model_dump(mode="json"),
        "statements": [{"sql": each.sql, "parameters": dict(each.parameters)} for each in one.statements],
        "rows_of": one.rows_of or None,
        "rows": [{name: _plain(value) for name, value in row.items()} for row in one.rows],
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value if isinstance(value, str | int | float | bool | list | dict) or value is None else str(value)


def lines(one: Explained) -> Iterator[str]:
    """Yield everything behind a verdict as lines for people."""
    verdict = one.verdict
    yield f"{verdict.objective.name}: {verdict.verdict.replace('_', ' ')}"
    for title, said in _facts(one):
        yield f"{_INDENT}{title.ljust(_WIDE)}{said}"
    for place, statement in enumerate(one.statements):
        yield f"{_INDENT}{'statement' if place == 0 else 'and'}"
        yield from (f"{_INDENT * 2}{line}" for line in _statement(statement))
    if one.rows_of:
        count = f"{len(one.rows)}{' first' if one.more else ''}"
        yield f"{_INDENT}rows of {one.rows_of} ({count})"
        yield from (f"{_INDENT * 2}{line}" for line in _table(one.rows))


def _facts(one: Explained) -> Iterator[tuple[str, str]]:
    verdict, found = one.verdict, one.verdict.measured
    objective = verdict.objective
    origin = "" if objective.origin == "promise" else "; our default, not your promise"
    stat = f"{verdict.stat} of " if verdict.stat else ""
    goal = limit_words(verdict.comparison, verdict.target, verdict.unit)
    yield "objective", f"{stat}{objective.indicator} {goal}, severity {objective.severity}{origin}"
    yield "about", subject(verdict) or "everything"
    between = range_words(found.low, found.high, verdict.unit, verdict.comparison, verdict.target)
    value = shown(found.value, verdict.unit, verdict.comparison, verdict.target)
    ongoing = f", {found.ongoing} ongoing" if found.ongoing else ""
    yield "measured", f"{value}{f', between {between}' if between else ''}, n {found.n}{ongoing}"
    if found.ci_low is not None and found.ci_high is not None:
        by_chance = range_words(found.ci_low, found.ci_high, verdict.unit, None, None)
        yield "by sampling", f"95 % interval {by_chance or value}; it decides nothing"
    if found.coverage is not None:
        yield "coverage", f"{shown(found.coverage, 'ratio', 'at_least', 1.0)} of the time was seen"
    yield from _judged(verdict)
    if one.kept is not None:
        yield "said", _said(one, one.kept)
    yield "window", _window(verdict)
    for each in verdict.taken_out:
        yield "taken out", each.words
    yield "policy", f"{verdict.policy_name}@{verdict.policy.version}: {_policy(verdict.policy)}"
    if one.indicator is not None:
        yield "measures", one.indicator.measures
        yield "formula", one.indicator.formula


def _judged(verdict: Verdict) -> Iterator[tuple[str, str]]:
    leaning = f", {verdict.judged.leaning.replace('_', ' ')}" if verdict.judged.leaning else ""
    why = f": {verdict.reason}" if verdict.reason else ""
    yield "verdict", f"{verdict.verdict.replace('_', ' ')}{leaning}{why}"
    if verdict.judged.remedy:
        yield "try", verdict.judged.remedy
    if verdict.budget is not None:
        left = verdict.budget.left_s
        yield "budget", f"{shown(verdict.budget.whole_s, 's')}, of which {shown(left, 's')} are left"


def _said(one: Explained, kept: Mapping[str, Any]) -> str:
    told = f"{kept['verdict'].replace('_', ' ')} at {kept['evaluated_at']:%Y-%m-%d %H:%M:%SZ}"
    told += f" ({kept['reason']})" if kept["reason"] else ""
    return f"{told}; the data say something else today" if one.differs else f"{told}; the data say the same today"


def _window(verdict: Verdict) -> str:
    start, end, until = (_stamp(each) for each in (verdict.window_start_us, verdict.window_end_us, verdict.until_us))
    known = "" if verdict.until_us >= verdict.window_end_us else f", known until {until}"
    return f"{verdict.window}: {start} to {end}{known}; {length_s(verdict.spans):.0f} s count"


def _policy(policy: Policy) -> str:
    said = [f"unknown {policy.unknown}", f"maintenance {policy.maintenance}", f"experiments {policy.experiments}"]
    if policy.settle_s is not None:
        said.append(f"settle {policy.settle_s:g} s")
    said += [f"{outcome} {reading}" for outcome, reading in policy.outcomes.items()]
    said += [f"{level} weighs {weight:g}" for level, weight in policy.level_weights.items()]
    if policy.service_hours is not None:
        hours = policy.service_hours
        said.append(f"service hours {' '.join(hours.days)} {hours.start} to {hours.end} {policy.timezone}")
    return ", ".join(said)


def _statement(statement: Statement) -> Iterator[str]:
    yield from statement.sql.strip().splitlines()
    for name, value in statement.parameters.items():
        text = json.dumps(value, default=str)
        yield f"-- ${name} = {text if len(text) <= 300 else text[:297] + '...'}"  # noqa: PLR2004 - a line or two


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield rows as aligned columns, without those that are empty in all of them."""
    if not rows:
        yield "(none)"
        return
    names = [name for name in rows[0] if any(row[name] not in (None, {}, []) for row in rows)][:_MOST_CELLS]
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
    for row in cells:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _stamp(instant_us: int) -> str:
    return from_us(instant_us).strftime("%Y-%m-%d %H:%M:%SZ")
