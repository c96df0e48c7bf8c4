"""What a pattern of a profile can say about one line: events by a field, outcomes, units, numbers as texts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pydantic import ValidationError

from breakwatch.config import Config
from breakwatch.errors import ConfigError
from breakwatch.model import Sighting, SightingKind
from collectors.identity import Resolver
from collectors.logs.patterns import LogPattern
from collectors.logs.quantities import seconds
from collectors.logs.reading import LineReader
from tests.collectors.logs.following import NOON_US

if TYPE_CHECKING:
    from collections.abc import Sequence

T = "2026-11-20T11:32:56.305Z"
POLLY = """
format: json
event_field: EventName
events:
  OnRetry: retry_attempt
  OnCircuitOpened: {event: breaker_transition, to: open}
  OnCircuitClosed: {event: breaker_transition, to: closed}
  OnHedging: ignore
fields: {breaker: Strategy, operation: Operation, attempt: Attempt, wait_s: Delay}
attempt_plus: 1
"""
ENVOY = """
format: json
event: request
fields: {ts: start_time, target: upstream_cluster, duration_s: duration}
units: {duration_s: ms}
sentinels: ["-", "-1"]
require: {upstream_cluster: ["~(?:be|web)_.*"]}
outcomes:
  - field: response_flags
    words: {UO: rejected, "~(?:.*,)?UT(?:,.*)?": timeout, DC: ignore}
  - field: response_code
    words: {"~[123]..": success, 429: rate_limited, "~4..": client_error, "~5..": failure}
"""
EJECT = """
format: json
event: health_change
match: {action: EJECT}
require: {enforced: true}
fields: {component: upstream_url}
constants: {to: down}
"""


def read(patterns: Sequence[str], *lines: str, form: str = "json") -> tuple[list[Sighting], list[str]]:
    """Return what lines say by some patterns, and the problems they have."""
    made = [LogPattern.model_validate(yaml.safe_load(text)) for text in patterns]
    resolver = Resolver(Config().services, {})
    reader = LineReader("app", form, made, fields={}, timezone="UTC", resolver=resolver)
    understood = reader.read([line.encode() for line in lines], NOON_US)
    told = [replace(said, detail=detail, occurred_us=at_us) for _, said, detail, at_us in understood.told]
    return told, list(understood.problems.values())


@pytest.mark.parametrize(
    ("fields", "kind", "told"),
    [
        (
            '"EventName":"OnRetry","Operation":"pay","Attempt":"0","Delay":"00:00:01.500"',
            SightingKind.RETRY_ATTEMPT,
            {"attempt": "1", "wait_s": "1.5"},
        ),
        ('"EventName":"OnCircuitOpened","Strategy":"pay"', SightingKind.BREAKER_TRANSITION, {}),
    ],
)
def test_a_field_says_what_happened(fields: str, kind: SightingKind, told: dict[str, str]) -> None:
    """One stream of events of different kinds, as Polly's telemetry writes it; counts from 0, numbers as texts."""
    (sighting,), problems = read([POLLY], f'{{"ts":"{T}",{fields}}}')
    assert (sighting.kind, dict(sighting.detail), problems) == (kind, told, [])
    assert sighting.to_state == ("open" if kind == SightingKind.BREAKER_TRANSITION else "")


def test_events_that_are_not_named_are_none_of_the_patterns() -> None:
    """What is not in the map is skipped, what is ignored says nothing."""
    lines = [f'{{"ts":"{T}","EventName":"{name}","Operation":"o"}}' for name in ("OnHedging", "Executed")]
    assert read([POLLY], *lines) == ([], [])


@pytest.mark.parametrize(
    ("flags", "code", "outcome"),
    [
        ("UO", 503, "rejected"),
        ("URX,UT", 504, "timeout"),
        ("-", 200, "success"),
        ("-", "429", "rate_limited"),
        ("-", 404, "client_error"),
        (None, 503, "failure"),
    ],
)
def test_flags_before_the_code(flags: str | None, code: object, outcome: str) -> None:
    """The first field that says one of its words decides; exact words before patterns."""
    flags_text = "" if flags is None else f'"response_flags":"{flags}",'
    code_text = f'"{code}"' if isinstance(code, str) else code
    text = f'{{"start_time":"{T}",{flags_text}"response_code":{code_text},"upstream_cluster":"be_a","duration":"1250"}}'
    (sighting,), problems = read([ENVOY], text)
    assert (dict(sighting.detail), problems) == ({"outcome": outcome, "duration_s": "1.25"}, [])
    assert sighting.subject.target == "be_a"


def test_a_code_without_a_meaning_is_kept_with_its_reason() -> None:
    """A call must not vanish from the counts because its code was forgotten."""
    text = f'{{"start_time":"{T}","response_code":0,"upstream_cluster":"be_a","duration":-1}}'
    sightings, (problem,) = read([ENVOY], text)
    assert (sightings, problem) == ([], "no outcome is known for response_code '0'; map it under outcomes")


def test_lines_that_are_left_out_are_understood() -> None:
    """An outcome to ignore, and a value that require does not want, are neither told nor rejected."""
    start = f'{{"start_time":"{T}","response_code":0'
    gone = f'{start},"response_flags":"DC","upstream_cluster":"be_a"}}'
    other = f'{start},"upstream_cluster":"admin"}}'
    assert read([ENVOY], gone, other) == ([], [])


def test_sentinels_are_not_said() -> None:
    """A duration of -1 is no duration."""
    text = f'{{"start_time":"{T}","response_code":200,"upstream_cluster":"be_a","duration":-1}}'
    (sighting,), _ = read([ENVOY], text)
    assert dict(sighting.detail) == {"outcome": "success"}


def test_match_and_require_on_values() -> None:
    """An ejection that was not enforced did not happen."""
    lines = [
        f'{{"ts":"{T}","action":"{action}","enforced":{enforced},"upstream_url":"10.0.0.1:80"}}'
        for action, enforced in (("EJECT", "true"), ("EJECT", "false"), ("UNEJECT", "true"))
    ]
    sightings, problems = read([EJECT], *lines)
    assert ([one.subject.component for one in sightings], problems) == (["10.0.0.1:80"], [])


def test_words_of_match_serve_as_literals() -> None:
    """A pattern that names no literal is still searched for, by the values it needs."""
    pattern = LogPattern.model_validate(yaml.safe_load(EJECT))
    assert pattern.telling == ("EJECT",)
    assert {word for each in LogPattern.model_validate(yaml.safe_load(POLLY)).each() for word in each.telling} == {
        "OnRetry",
        "OnCircuitOpened",
        "OnCircuitClosed",
        "OnHedging",
    }
    short = {"format": "json", "event": "change", "match": {"kind": ["up", "deploy"]}}
    assert LogPattern.model_validate(short).telling == ()


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1250", "ms", 1.25),
        ("0.5", "s", 0.5),
        ("7", "us", 7e-6),
        ("PT1M0.5S", "ms", 60.5),
        ("500ms", "s", 0.5),
        ("1m2.5s", "ms", 62.5),
        ("12.5µs", "s", 12.5e-6),
        ("00:01:00.25", "s", 60.25),
        ("1.00:00:00", "s", 86_400.0),
    ],
)
def test_durations_in_every_dress(text: str, unit: str, expected: float) -> None:
    """A plain number in the declared unit, the others in their own."""
    assert seconds(text, unit) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "-1", "soon", "nan", "inf", "5 apples", "1:2", "PT"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"no number of seconds"):
        seconds(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "request", "event_field": "e", "events": {"a": "request"}},
        {"event_field": "e"},
        {"events": {"a": "request"}},
        {"event_field": "e", "events": {"a": "boom"}},
        {"event_field": "e", "events": {"a": {"event": "request", "braker": "x"}}},
        {"event": "request", "outcomes": {"200": "fine"}},
        {"event": "request", "outcomes": [{"field": "code", "words": {"~[": "success"}}]},
        {"event": "request", "units": {"attempt": "ms"}},
        {"event": "request", "units": {"wait_s": "days"}},
        {"event": "request", "match": {"a": "~(?=x)"}},
        {},
    ],
)
def test_what_a_pattern_cannot_mean_is_refused(wrong: dict[str, Any]) -> None:
    """Two ways to say what happened, unknown events, outcomes, units, and what RE2 refuses."""
    with pytest.raises((ValidationError, ConfigError), match=r"."):
        LogPattern.model_validate({"format": "json", **wrong})
