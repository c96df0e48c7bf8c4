"""Verdicts as people and programs read them: a table, JSON with the columns of the views, JUnit for CI."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from analysis.verdicts.shown import limit_words, range_words, shown
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import from_us
from service.forms import CheckFormat

_INSTANTS = ("evaluated_at", "window_start", "window_end", "known_until")


def written(
    verdicts: Sequence[Verdict],
    regressions: Sequence[Mapping[str, Any]],
    form: CheckFormat,
    cannot_tell: str,
) -> str:
    """Return verdicts and regressions in a form; ``cannot_tell`` says whether what cannot be told is an error."""
    if form == CheckFormat.JSON:
        return as_json(verdicts, regressions)
    if form == CheckFormat.JUNIT:
        return as_junit(verdicts, regressions, cannot_tell)
    return as_table(verdicts, regressions)


def as_row(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict with the columns of its view: times in ISO, what was not said as null."""
    row: dict[str, Any] = {name: None if value == "" else value for name, value in verdict.row().items()}
    return row | {name: from_us(row[name]).isoformat().replace("+00:00", "Z") for name in _INSTANTS}


def as_json(verdicts: Iterable[Verdict], regressions: Iterable[Mapping[str, Any]]) -> str:
    """Return ``{"verdicts": [...], "regressions": [...]}`` with the columns of the two views."""
    told = {
        "verdicts": [as_row(one) for one in verdicts],
        "regressions": [{name: _plain(value) for name, value in one.items()} for one in regressions],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _plain(value: object) -> object:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def as_table(verdicts: Sequence[Verdict], regressions: Sequence[Mapping[str, Any]]) -> str:
    """Return a line for each verdict, worst first, and under those that need one a line on what to do."""
    order = {"missed": 0, "cannot_tell": 1, "met": 2, "not_applicable": 3}
    rows = sorted(verdicts, key=lambda one: order[one.verdict])
    cells = [_cells(one) for one in rows]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(4)]
    lines = []
    for one, row in zip(rows, cells, strict=True):
        lines.append("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        lines += [f"    {text}" for text in _remarks(one)]
    for found in regressions:
        what = "/".join(str(found[name]) for name in ("suite", "benchmark", "metric") if found[name])
        lines.append(f"REGRESSION  {found['status']}  {what}  {_worse(found)}")
    return "\n".join(lines)


def _cells(one: Verdict) -> tuple[str, str, str, str]:
    found = one.measured
    figure = shown(found.value, one.unit, one.comparison, one.target)
    between = range_words(found.low, found.high, one.unit, one.comparison, one.target)
    value = f"{figure} ({between})" if between else figure
    stat = f"{one.stat} " if one.stat else ""
    about = [one.objective.name, subject(one)]
    policy = "" if one.policy_name == "default" else f", policy {one.policy_name}@{one.policy.version}"
    seen = "" if found.coverage is None else f", {shown(found.coverage, 'ratio', 'at_least', 1.0)} seen"
    goal = limit_words(one.comparison, one.target, one.unit)
    return (
        one.verdict.upper().replace("_", " "),
        " ".join(part for part in about if part),
        f"{stat}{value}, {goal}",
        f"{one.window}, n {found.n}{seen}{policy}",
    )


def subject(one: Verdict) -> str:
    """Return whom a verdict is about: environment, service, and the breaker or operation where it has one."""
    parts = [one.environment, one.service, one.breaker or one.operation]
    return "/".join(part for part in parts if part)


def _remarks(one: Verdict) -> list[str]:
    found = []
    why = one.reason
    if one.judged.leaning:
        why = f"{one.judged.leaning.replace('_', ' ')}: {why}"
    if why:
        found.append(why)
    if one.at_risk:
        found.append("at risk: the budget is forecast to be spent before the window ends")
    if one.objective.origin == "default" and one.verdict != "met":
        found.append("our default, not your promise")
    if one.judged.remedy:
        found.append(f"try: {one.judged.remedy}")
    if one.verdict in {"missed", "cannot_tell"}:
        found.append(f"breakwatch explain {one.verdict_id if one.kept else one.objective.name}")
    return found


def as_junit(verdicts: Sequence[Verdict], regressions: Sequence[Mapping[str, Any]], cannot_tell: str) -> str:
    """Return a JUnit report: a suite for each service, a case for each objective.

    Missed is a failure; what cannot be told is an error, or skipped where it only warns; what does not apply, or only
    reports, is skipped.
    """
    suites: dict[str, list[Verdict]] = defaultdict(list)
    for one in verdicts:
        suites[one.service or "all services"].append(one)
    top = ET.Element("testsuites", name="breakwatch")
    for name, found in suites.items():
        cases = [_case(one, cannot_tell) for one in found]
        _add_suite(top, name, cases)
    if regressions:
        _add_suite(top, "regressions", [_regression_case(one) for one in regressions])
    for word in ("tests", "failures", "errors", "skipped"):
        top.set(word, str(sum(int(suite.get(word, "0")) for suite in top)))
    ET.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(top, encoding="unicode")


def _add_suite(top: ET.Element, name: str, cases: Sequence[ET.Element]) -> None:
    counted: dict[str, int] = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    suite = ET.SubElement(top, "testsuite", {"name": name, "time": "0"} | {word: str(n) for word, n in counted.items()})
    suite.extend(cases)


def _case(one: Verdict, cannot_tell: str) -> ET.Element:
    about = subject(one) or "all"
    policy = "" if one.policy_name == "default" else f" [{one.policy_name}@{one.policy.version}]"
    case = ET.Element("testcase", classname=f"breakwatch.{about}", name=f"{one.objective.name}{policy}", time="0")
    said = "; ".join(text for text in (_cells(one)[2], one.reason) if text)
    kind = _kind(one, cannot_tell)
    if kind == "skipped":
        ET.SubElement(case, kind, message=said)
    elif kind:
        told = ET.SubElement(case, kind, message=said, type=one.verdict)
        told.text = "\n".join([*_remarks(one), f"window: {one.window}"])
    else:
        ET.SubElement(case, "system-out").text = said
    return case


def _kind(one: Verdict, cannot_tell: str) -> str:
    if one.verdict == "not_applicable" or (not one.counts and one.verdict != "met"):
        return "skipped"
    if one.verdict == "missed":
        return "failure"
    if one.verdict == "cannot_tell":
        return "error" if cannot_tell == "fail" else "skipped"
    return ""


def _worse(found: Mapping[str, Any]) -> str:
    size = "worse" if found["effect"] is None else f"{found['effect']:.1%} worse"
    where = f" on {found['run_environment']}" if found["run_environment"] else ""
    release = f" ({found['revision']})" if found["revision"] else ""
    return f"{size}{where} since {found['changed_at']:%Y-%m-%d}{release}"


def _regression_case(found: Mapping[str, Any]) -> ET.Element:
    what = "/".join(str(found[name]) for name in ("suite", "benchmark", "metric") if found[name])
    case = ET.Element("testcase", classname="breakwatch.regressions", name=what, time="0")
    said = (
        f"{found['status']}: {_worse(found)}, {found['before']:g} to {found['after']:g} {found['unit'] or ''}".rstrip()
    )
    if found["status"] == "confirmed":
        ET.SubElement(case, "failure", message=said, type="regression")
    else:
        ET.SubElement(case, "skipped", message=said)
    return case
