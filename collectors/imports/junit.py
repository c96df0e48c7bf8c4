"""JUnit XML: each test case an experiment with the outcome it claims, its numeric properties measurements.

What a test report says is a claim: it is kept as such, beside what the sources show for the same window.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from xml.etree.ElementTree import Element

from breakwatch.clock import SECOND_US, Instant, from_us
from breakwatch.records import Record, RecordKind
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, NotReadableError, Piece, Refused, instant, number, words

_OUTCOMES = ("failure", "error", "skipped")
_UNIT = re.compile(r"_(s|ms|us|bytes|percent|ratio|count)$")


def _fits(document: Document) -> bool:
    return isinstance(document.content, Element) and document.content.tag in {"testsuites", "testsuite"}


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    numbers = count()
    for suite in document.content.iter("testsuite"):
        own = [child for child in suite if child.tag == "testcase"]
        if not own:
            continue
        try:
            window = _window(suite, asked)
        except NotReadableError as error:
            yield Refused(f"testsuite {suite.get('name', '')!r}", str(error), json.dumps(dict(suite.attrib)))
            continue
        for case in own:
            yield from _case(case, suite, window, asked, next(numbers))


def _window(suite: Element, asked: Asked) -> tuple[Instant, Instant]:
    """Return when a suite ran; NotReadableError where it says no time, and nobody else does."""
    if asked.at_us is not None:
        start_us = asked.at_us
    elif not suite.get("timestamp"):
        raise NotReadableError("has no timestamp; say --at TIME")
    else:
        start_us = instant(suite.get("timestamp"), asked.timezone)
    return start_us, start_us + _seconds_us(suite.get("time"))


def _seconds_us(text: str | None) -> int:
    return round(number((text or "0").replace(",", "")) * SECOND_US)


def _case(case: Element, suite: Element, window: tuple[Instant, Instant], asked: Asked, row: int) -> Iterator[Piece]:
    """Yield a test case; one that has no stamp of its own ran somewhere inside its suite's window."""
    name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
    position = f"testcase {name!r}"
    try:
        own_us = instant(case.get("timestamp"), asked.timezone) if case.get("timestamp") else None
        took_us = _seconds_us(case.get("time"))
    except NotReadableError as error:
        yield Refused(position, str(error), json.dumps(dict(case.attrib)))
        return
    start_us, end_us = window if own_us is None else (own_us, own_us + took_us)
    end_us = max(end_us, start_us + took_us)
    properties = _properties(suite) | _properties(case)
    service = properties.pop("service", "") or asked.service
    experiment = f"{name}@{from_us(start_us).isoformat()}"
    phase = {"name": "test", "duration_s": took_us / SECOND_US, "placed": "exact" if own_us else "inside the window"}
    outcome = next((word for word in _OUTCOMES if case.find(word) is not None), "passed")
    told = case.find(outcome)
    shared: dict[str, Any] = {"environment": asked.environment, "service": service, "labels": asked.labels, "row": row}
    detail = words(
        experiment_id=experiment,
        scenario=properties.get("scenario", name),
        target=properties.get("target", ""),
        phases=json.dumps([phase | ({"said": told.get("message", "")} if told is not None else {})]),
        outcome={"failure": "failed"}.get(outcome, outcome),
        tool="junit",
    )
    yield Record("", RecordKind.EXPERIMENT, start_us, end_us, detail=detail, **shared)
    if outcome != "skipped":
        yield _measured("test_time_s", took_us / SECOND_US, experiment, end_us, shared)
    for key, text in properties.items():
        try:
            yield _measured(key, number(text), experiment, end_us, shared)
        except NotReadableError:
            continue  # a property that is a text is no measurement; it is no error either


def _measured(name: str, value: float, experiment: str, end_us: Instant, shared: dict[str, Any]) -> Record:
    found = _UNIT.search(name)
    detail = words(name=name, unit=found[1] if found else "", experiment_id=experiment, tool="junit")
    return Record("", RecordKind.MEASUREMENT, end_us, value=value, detail=detail, **shared)


def _properties(element: Element) -> dict[str, str]:
    found = element.findall("./properties/property")
    return {one.get("name", ""): one.get("value", one.text or "") for one in found if one.get("name")}


JUNIT = Format(
    name="junit",
    title="JUnit XML: test cases as experiments, their numeric properties as measurements",
    expected="XML with the root <testsuites> or <testsuite>",
    fits=_fits,
    read=_read,
    example="breakwatch import junit report.xml --service checkout --timezone UTC",
    options=("service", "at", "timezone"),
)
