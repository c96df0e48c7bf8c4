"""Breakers, health and standbys from events through ingestion to the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakwatch.model import SightingKind, TrackKind
from tests.analysis.behaviour.world import Case, States, add_counter, assert_judged, log, scraped, subject
from tests.analysis.facts.evidence import Evidence, at

AGREE = {"indicator": "state_agreement", "at_least": "90%"}
HEALTHY = {"indicator": "health_agreement", "at_least": "90%"}
LAWFUL = {"indicator": "findings", "kind": "unlawful_transition", "equals": 0}
ANY_OF_BREAKERS = {"indicator": "findings", "kind": "breaker", "equals": 0}
KEPT = {"indicator": "state_lost_on_restart", "equals": 0}
STEADY = {"indicator": "restarts", "equals": 0}
PROVED = {"indicator": "unproven_standby", "equals": 0}

CLOSED: States = [(0, "closed")]
LONG_OPEN: States = [(0, "closed"), (100, "open"), (400, "half_open"), (410, "closed")]
SHORT_OPEN: States = [(0, "closed"), (100, "open"), (110, "half_open"), (115, "closed")]
STANDBY = {"name": "shop", "fallbacks": [{"name": "pg", "when": "redis", "to": "postgres", "prove_every": "90d"}]}


def restarted(*, states: States) -> Evidence:
    """Return a breaker of a process that started anew at 200 s."""
    evidence = scraped(breaker_pay=states)
    who = subject(instance="a")
    began = at(0) / 1e6
    add_counter(evidence, TrackKind.PROCESS_START, [(0, began - 50), (200, began + 198)], who)
    return evidence


def served(target: str, **more: str) -> Evidence:
    """Return a counter of good answers of a target."""
    evidence = scraped()
    who = subject(instance="a", target=target, **more)
    add_counter(evidence, TrackKind.REQUESTS, [(0, 0.0), (300, 10.0)], who, outcome="success")
    return evidence


AGREEMENT = [
    Case("both closed", "met", AGREE, [scraped(breaker_pay=CLOSED), scraped(instance="b", breaker_pay=CLOSED)]),
    Case("one open for minutes", "missed", AGREE,
         [scraped(breaker_pay=CLOSED), scraped(instance="b", breaker_pay=LONG_OPEN)]),
    Case("one instance alone", "cannot_tell", AGREE, [scraped(breaker_pay=LONG_OPEN)]),
    Case("within the bounds of the edges", "cannot_tell", {"indicator": "state_agreement", "at_least": "97.2%"},
         [scraped(breaker_pay=CLOSED), scraped(instance="b", breaker_pay=SHORT_OPEN)]),
]  # fmt: skip

HEALTH = [
    Case("down while open", "met", HEALTHY,
         [scraped(breaker_pay=LONG_OPEN, health_pay=[(0, "up"), (100, "down"), (400, "up")])]),
    Case("up while open", "missed", HEALTHY, [scraped(breaker_pay=LONG_OPEN, health_pay=[(0, "up")])]),
    Case("no signal of that name", "cannot_tell", HEALTHY, [scraped(breaker_pay=LONG_OPEN, health_other=[(0, "up")])]),
]  # fmt: skip

FINDINGS = [
    Case("a lawful round", "met", LAWFUL, [scraped(breaker_pay=LONG_OPEN)], value=0.0),
    Case("closed to half-open in a log", "missed", LAWFUL,
         [scraped(), log(SightingKind.BREAKER_TRANSITION, (100, {"from": "half_open", "to": "metrics_only"}),
                         (150, {"from": "closed", "to": "half_open"}), breaker="pay", instance="a")], value=1.0),
    Case("no breaker", "cannot_tell", LAWFUL, [scraped()]),
    Case("half the time unseen", "cannot_tell", LAWFUL,
         [scraped(until_s=300, breaker_pay=[(0, "closed")])]),
    Case("a lawful round of any kind", "met", ANY_OF_BREAKERS, [scraped(breaker_pay=LONG_OPEN)], value=0.0),
]  # fmt: skip

RESTARTS = [
    Case("closed all the time", "met", KEPT, [restarted(states=CLOSED)], value=0.0),
    Case("open before, closed after", "missed", KEPT,
         [restarted(states=[(0, "closed"), (100, "open"), (200, "closed")])], value=1.0),
    Case("no breaker", "cannot_tell", KEPT, [scraped()]),
    Case("no restart", "met", STEADY, [scraped(breaker_pay=CLOSED)], value=0.0),
    Case("one restart", "missed", STEADY, [restarted(states=CLOSED)], value=1.0),
    Case("half the time unseen", "cannot_tell", STEADY, [scraped(until_s=300, breaker_pay=CLOSED)]),
]  # fmt: skip

STANDBYS = [
    Case("served in the window", "met", PROVED, [served("postgres")], [STANDBY], 0.0),
    Case("never served", "missed", PROVED, [served("redis")], [STANDBY], 1.0),
    Case("nobody looked for long", "cannot_tell", PROVED, [scraped(until_s=300)]),
]


@pytest.mark.parametrize("case", [*AGREEMENT, *HEALTH, *FINDINGS, *RESTARTS, *STANDBYS], ids=str)
def test_behaviour_is_judged(tmp_path: Path, case: Case) -> None:
    """Each story of breakers, health and standbys comes to its verdict, and what no source tells is never met."""
    assert_judged(tmp_path, case)
