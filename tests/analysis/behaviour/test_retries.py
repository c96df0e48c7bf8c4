"""Retries from events through ingestion to the verdict: how many, how spaced, and of what."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakwatch.model import Batch, SightingKind, TrackKind
from tests.analysis.behaviour.world import Case, add_counter, assert_judged, log, scraped, subject
from tests.analysis.facts.evidence import Evidence

FEW = {"indicator": "retry_amplification", "at_most": 3}
SPACED = {"indicator": "backoff_conformance", "at_least": "95%"}
NO_FATAL = {"indicator": "retries_of_fatal", "equals": 0}
POLICY = {"initial_delay": "200ms", "factor": 2, "max_delay": "5s", "max_attempts": 3, "jitter": True}
DECLARED = {"name": "shop", "expected": {"retries": {"pay": POLICY}}}
CLASSIFIED = {"name": "shop", "error_classes": {"fatal": ["401"], "transient": ["timeout"]}}


def counted(calls: float, attempts: float, **more: str) -> Evidence:
    """Return counters of calls and attempts that grew in the fifth minute."""
    evidence = scraped()
    who = subject(instance="a", operation="pay")
    add_counter(evidence, TrackKind.RETRIES, [(0, 0.0), (300, calls)], who, unit="calls")
    add_counter(evidence, TrackKind.RETRIES, [(0, 0.0), (300, attempts)], who, unit="attempts", **more)
    return evidence


def calls_only() -> Evidence:
    """Return a counter of calls, of a library that says nothing of their attempts."""
    evidence = scraped()
    who = subject(instance="a", operation="pay")
    add_counter(evidence, TrackKind.RETRIES, [(0, 0.0), (300, 10.0)], who, unit="calls")
    return evidence


def waits(*calls: tuple[float, ...], error: str = "timeout", **more: str) -> Batch:
    """Return the log of calls that waited so long before each further attempt."""
    lines = []
    for place, call in enumerate(calls):
        at_s = 100.0 + 10 * place
        for attempt, wait_s in enumerate(call, start=1):
            detail = {"attempt": str(attempt), "wait_s": str(wait_s), "error": error, "outcome": "failure"}
            lines.append((at_s, detail | {"call_id": f"call-{place}"} | more))
            at_s += wait_s + 0.01
    return log(SightingKind.RETRY_ATTEMPT, *lines, operation="pay", instance="a")


def unnumbered(*waits_s: float) -> Batch:
    """Return lines that say neither of which call they are nor which attempt, as tenacity writes them."""
    lines = [(100.0 + place, {"wait_s": str(wait), "error": "oops"}) for place, wait in enumerate(waits_s)]
    return log(SightingKind.RETRY_ATTEMPT, *lines, operation="pay", instance="a")


AMPLIFIED = [
    Case("two attempts a call", "met", FEW, [counted(10, 10)], value=2.0),
    Case("first attempts counted too", "met", FEW, [counted(10, 30, first_attempts="included")], value=3.0),
    Case("a storm", "missed", FEW, [counted(10, 70)], value=8.0),
    Case("only calls are counted", "cannot_tell", FEW, [calls_only()]),
    Case("only calls, but at most three attempts are declared", "met", FEW, [calls_only()], [DECLARED]),
    Case("no retries", "cannot_tell", FEW, [scraped()]),
]

BACKOFF = [
    Case("as declared", "met", SPACED, [scraped(), waits((0.21, 0.38), (0.18, 0.42), (0.24, 0.33))], [DECLARED], 1.0),
    Case("never waits", "missed", SPACED, [scraped(), waits((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))], [DECLARED], 0.0),
    Case("no jitter", "missed", SPACED, [scraped(), waits((0.2, 0.4), (0.2, 0.4), (0.2, 0.4))], [DECLARED], 0.0),
    Case("too many attempts", "missed", SPACED, [scraped(), waits((0.21, 0.38, 0.8, 1.7))], [DECLARED], 0.5),
    Case("undeclared but growing", "met", SPACED, [scraped(), waits((0.2, 0.5), (0.3, 0.7))], value=1.0),
    Case("undeclared and flat", "missed", SPACED, [scraped(), waits((0.2, 0.2), (0.3, 0.3))], value=0.5),
    Case("unnumbered lines", "cannot_tell", SPACED, [scraped(), unnumbered(0.2, 0.4, 0.3)], [DECLARED]),
    Case("no log", "cannot_tell", SPACED, [counted(10, 10)], [DECLARED]),
]

FATAL = [
    Case("only transient errors", "met", NO_FATAL, [scraped(), waits((0.2, 0.4))], [CLASSIFIED], 0.0),
    Case("auth is retried", "missed", NO_FATAL, [scraped(), waits((0.2, 0.4), error="401 no")], [CLASSIFIED], 2.0),
    Case("no classes declared", "cannot_tell", NO_FATAL, [scraped(), waits((0.2, 0.4))]),
    Case("retries are only counted", "cannot_tell", NO_FATAL, [counted(10, 10)], [CLASSIFIED]),
    Case("nobody tells of retries", "cannot_tell", NO_FATAL, [scraped()], [CLASSIFIED]),
]


@pytest.mark.parametrize("case", [*AMPLIFIED, *BACKOFF, *FATAL], ids=str)
def test_retries_are_judged(tmp_path: Path, case: Case) -> None:
    """Each story of retries comes to its verdict, and what no source tells is never met."""
    assert_judged(tmp_path, case)
