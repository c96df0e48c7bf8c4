"""The journal of the Chaos Toolkit: one experiment, its activities as phases, what its probes measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from breakwatch.clock import from_us
from breakwatch.records import Record, RecordKind
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, NotReadableError, Piece, Refused, instant, number, words


def _fits(document: Document) -> bool:
    content = document.content if document.form == "json" else None
    return isinstance(content, dict) and {"experiment", "run", "steady_states"} <= content.keys()


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    journal = document.content
    experiment = journal["experiment"] if isinstance(journal["experiment"], dict) else {}
    title = str(experiment.get("title") or "untitled experiment")
    zone = asked.timezone or "UTC"  # the tool writes UTC without saying so
    try:
        start_us = instant(journal.get("start"), zone)
        end_us = instant(journal["end"], zone) if journal.get("end") else None
    except NotReadableError as error:
        yield Refused("the journal", str(error), json.dumps(experiment, default=str))
        return
    identity = f"{title}@{from_us(start_us).isoformat()}"
    shared: dict[str, Any] = {"environment": asked.environment, "service": asked.service, "labels": asked.labels}
    phases: list[dict[str, Any]] = []
    for position, one in _activities(journal):
        activity = one.get("activity")
        named: dict[str, Any] = activity if isinstance(activity, dict) else {}
        try:
            begun_us, done_us = instant(one.get("start"), zone), instant(one.get("end"), zone)
        except NotReadableError as error:
            yield Refused(position, str(error), json.dumps(one, default=str))
            continue
        name = str(named.get("name") or "")
        told = {"name": name, "kind": named.get("type"), "status": one.get("status")}
        phases.append(told | {"start": from_us(begun_us).isoformat(), "end": from_us(done_us).isoformat()})
        if named.get("type") == "probe" and isinstance(one.get("output"), int | float):
            detail = words(name=name, experiment_id=identity, tool="chaostoolkit")
            value = number(int(one["output"]) if isinstance(one["output"], bool) else one["output"])
            yield Record("", RecordKind.MEASUREMENT, done_us, value=value, detail=detail, **shared)
    detail = words(
        experiment_id=identity,
        scenario=title,
        target=_target(experiment),
        phases=json.dumps(sorted(phases, key=lambda phase: str(phase["start"])), ensure_ascii=False),
        expected=_expected(experiment),
        outcome="deviated" if journal.get("deviated") else journal.get("status"),
        tool="chaostoolkit",
    )
    yield Record("", RecordKind.EXPERIMENT, start_us, end_us, detail=detail, **shared)


def _activities(journal: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every activity that was carried out, with where it stands."""
    states = journal["steady_states"] if isinstance(journal["steady_states"], dict) else {}
    groups: list[tuple[str, Any]] = [("run", journal.get("run")), ("rollbacks", journal.get("rollbacks"))]
    groups += [(f"steady_states.{when}", (states.get(when) or {}).get("probes")) for when in ("before", "after")]
    during = states.get("during")
    groups += [(f"steady_states.during[{index}]", one.get("probes")) for index, one in enumerate(during or ())]
    for where, found in groups:
        for index, one in enumerate(found or ()):
            if isinstance(one, dict):
                yield f"{where}[{index}]", one


def _expected(experiment: Mapping[str, Any]) -> str:
    hypothesis = experiment.get("steady-state-hypothesis")
    if not isinstance(hypothesis, dict):
        return ""
    probes = {str(one.get("name")): one.get("tolerance") for one in hypothesis.get("probes") or ()}
    return json.dumps({"title": hypothesis.get("title"), "tolerances": probes}, ensure_ascii=False)


def _target(experiment: Mapping[str, Any]) -> str:
    """Return what the actions say they act on, where they say it in the arguments that extensions usually use."""
    for one in experiment.get("method") or ():
        arguments = (one.get("provider") or {}).get("arguments") if isinstance(one, dict) else None
        if isinstance(arguments, dict):
            for name in ("target", "name", "service", "label_selector", "url"):
                if isinstance(arguments.get(name), str):
                    return str(arguments[name])
    return ""


CHAOSTOOLKIT = Format(
    name="chaostoolkit",
    title="The journal of a Chaos Toolkit run (journal.json)",
    expected="a JSON object with experiment, run and steady_states",
    fits=_fits,
    read=_read,
    example="breakwatch import chaostoolkit journal.json --service checkout",
    options=("service", "timezone"),
)
