"""What was declared of breakers, retries and standbys, held against what sources tell: findings with their evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from analysis import refresh
from analysis.breakers import FUSION_FINDINGS
from analysis.expected.keeping import checks
from analysis.expected.kinds import BREAKER_KINDS
from breakwatch.model import Batch, SightingKind, TrackKind
from tests.analysis.behaviour.world import LENGTH_S, States, add_counter, log, scraped, subject, taken_in
from tests.analysis.facts.evidence import Evidence, at
from tests.analysis.verdicts.world import config

SETTINGS = {"failure_threshold": 5, "open_time": "30s", "half_open_calls": 3}
DECLARED = {"name": "shop", "expected": {"breakers": {"pay": SETTINGS}}}
POLICY = {"initial_delay": "200ms", "factor": 2, "max_attempts": 3, "jitter": True}
RETRIES = {"name": "shop", "expected": {"retries": {"pay": POLICY}}}
STANDBY = {"name": "shop", "fallbacks": [{"name": "pg", "when": "redis", "to": "postgres"}]}
PLAIN = {"name": "shop"}

ROUND: States = [(0, "closed"), (200, "open"), (235, "half_open"), (240, "closed")]


@dataclass(frozen=True)
class Story:
    """What sources tell, what is declared, and the findings it must come to: kind and some words of the evidence."""

    name: str
    told: Sequence[Evidence | Batch]
    service: Mapping[str, Any] = field(default_factory=lambda: DECLARED)
    found: Sequence[tuple[str, str]] = ()

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def breaker(states: States, *, failures: Sequence[tuple[float, float]] = (), **counts: float) -> Evidence:
    """Return the gauge of a breaker, counters of its failures, and of other outcomes that grow every five seconds."""
    evidence = scraped(breaker_pay=states)
    who = subject(instance="a", breaker="pay")
    for outcome, by in counts.items():
        grown = [(second, by * second / 5) for second in range(0, LENGTH_S + 1, 5)]
        add_counter(evidence, TrackKind.REQUESTS, grown, who, outcome=outcome)
    if failures:
        add_counter(evidence, TrackKind.REQUESTS, failures, who, outcome="failure")
    return evidence


def rejecting(
    states: States, from_s: float, to_s: float = LENGTH_S, failures: Sequence[tuple[float, float]] = ()
) -> Evidence:
    """Return a breaker that turns calls away from one second to another, and lets some through that fail."""
    evidence = scraped(breaker_pay=states) if states else scraped()
    who = subject(instance="a", breaker="pay")
    grown = [(second, max(0.0, min(second, to_s) - from_s)) for second in range(0, LENGTH_S + 1, 5)]
    add_counter(evidence, TrackKind.REQUESTS, grown, who, outcome="not_permitted")
    if failures:
        add_counter(evidence, TrackKind.REQUESTS, failures, who, outcome="failure")
    return evidence


def answering(outcome: str) -> Evidence:
    """Return calls of the service that somebody else answered, without saying who."""
    evidence = scraped()
    add_counter(evidence, TrackKind.REQUESTS, [(0, 0.0), (300, 10.0)], subject(instance="a"), outcome=outcome)
    return evidence


def moves(*told: tuple[float, str, str]) -> Batch:
    """Return the moves of a breaker as its log tells them, to the millisecond."""
    lines = [(second, {"from": before, "to": after}) for second, before, after in told]
    return log(SightingKind.BREAKER_TRANSITION, *lines, breaker="pay", instance="a")


def waits(*calls: tuple[float, ...]) -> Batch:
    """Return the log of calls that waited so long before each further attempt."""
    lines = []
    for place, call in enumerate(calls):
        at_s = 100.0 + 10 * place
        for attempt, wait_s in enumerate(call, start=1):
            lines.append((at_s, {"call_id": str(place), "attempt": str(attempt), "wait_s": str(wait_s)}))
            at_s += wait_s + 0.01
    return log(SightingKind.RETRY_ATTEMPT, *lines, operation="pay", instance="a")


def flapping(times: int, every_s: float) -> Batch:
    """Return a breaker that goes through so many whole rounds."""
    told = []
    for place in range(times):
        at_s = 20 + place * every_s
        told += [(at_s, "closed", "open"), (at_s + 35, "open", "half_open"), (at_s + 36, "half_open", "closed")]
    return moves(*told)


LATE: States = [(0, "closed"), (60, "open"), (400, "half_open"), (405, "closed")]
STUCK: States = [(0, "closed"), (60, "open")]
HALF: States = [(0, "closed"), (60, "open"), (95, "half_open")]
EARLY_LOG = moves((200.0, "closed", "open"), (210.0, "open", "half_open"), (210.1, "half_open", "closed"))
HALF_LOG = moves((60.0, "closed", "open"), (95.0, "open", "half_open"))
LONG: States = [(0, "closed"), (30, "open"), (395, "half_open"), (405, "closed")]
PROBES = [(float(second), second / 5) for second in range(60, 400, 5)]
BY_HAND = log(SightingKind.CHANGE, (199.0, {"change": "config", "text": "opened by hand"}))
LAWFUL_LOG = moves((200.0, "closed", "open"), (230.0, "open", "half_open"), (230.1, "half_open", "closed"))

THRESHOLD = [
    Story("opens at the fifth failure", [breaker(ROUND, failures=[(0, 0), (190, 5)], success=10)]),
    Story("opens at the second failure", [breaker(ROUND, failures=[(0, 0), (190, 2)], success=10)],
          found=[("failure_threshold", "opened after at most 2 failures; the declared threshold is 5")]),
    Story("probes fail soon after", [breaker(ROUND, failures=[(0, 0), (190, 2), (230, 9)], success=0)],
          found=[("failure_threshold", "opened after at most 2 failures; the declared threshold is 5")]),
    Story("never opens", [breaker([(0, "closed")], failures=[(0, 0), (100, 3), (110, 7), (120, 8)])],
          found=[("failure_threshold", "8 failures in a row did not open it; the declared threshold is 5")]),
    Story("never opens and need not", [breaker([(0, "closed")], failures=[(0, 0), (100, 3), (110, 4)])]),
    Story("failures before it was watched", [breaker(ROUND, failures=[(0, 7), (190, 9)], success=10)]),
    Story("no counter of calls", [scraped(breaker_pay=ROUND)]),
    Story("opened by hand", [breaker(ROUND, failures=[(0, 0), (190, 2)], success=10), BY_HAND]),
    Story("forty failures in a row", [breaker([(0, "closed"), (500, "open")], failures=[(0, 0), (190, 20), (250, 40)])],
          found=[("failure_threshold", "failures in a row did not open it; the declared threshold is 5")]),
    Story("forty failures between successes",
          [breaker([(0, "closed"), (500, "open")], failures=[(0, 0), (190, 20), (250, 40)], success=1)]),
]  # fmt: skip

OPEN_TIME = [
    Story("half-open after thirty seconds by its log", [scraped(), LAWFUL_LOG]),
    Story("half-open after ten seconds by its log", [scraped(), EARLY_LOG],
          found=[("open_time", "half-open after at most 10 s; the declared open time is 30 s")]),
    Story("nothing is declared", [scraped(), EARLY_LOG], PLAIN),
    Story("probes between two samples", [rejecting(LATE, 60, 395, [(0, 0), *PROBES])]),
    Story("late without calls", [breaker(LATE)]),
    Story("late though calls came", [rejecting(LATE, 60, 395)],
          found=[("open_time", "of it and none was let through; the declared open time is 30 s")]),
    Story("open and nobody calls", [breaker(STUCK)]),
    Story("stuck open", [rejecting(STUCK, 60)], found=[("stuck_open", "and still is; ")]),
]  # fmt: skip

HALF_OPEN = [
    Story("half-open and nobody calls", [breaker(HALF)]),
    Story("by a gauge nobody knows whether it opened meanwhile", [rejecting(HALF, 60)]),
    Story("stuck half-open", [rejecting((), 60), HALF_LOG], found=[("stuck_half_open", "and still is; ")]),
    Story("more calls than declared", [breaker([(0, "closed")], success=1), HALF_LOG],
          found=[("half_open_calls", "3 are declared"), ("stuck_half_open", "and still is; ")]),
    Story("closed after one call", [breaker(LONG, failures=[(0, 0), (30, 5), (400, 6)])],
          found=[("half_open_calls", "closed after at most ")]),
]  # fmt: skip

OTHERS = [
    Story("four rounds in ten minutes", [scraped(), flapping(4, 100)], PLAIN),
    Story("seven rounds in ten minutes", [scraped(), flapping(7, 80)], PLAIN,
          found=[("flapping", "opened 7 times from closed in 8 min")]),
    Story("health is down while open",
          [scraped(breaker_pay=LATE, health_pay=[(0, "up"), (60, "down"), (400, "up")])], PLAIN),
    Story("health says up while open", [scraped(breaker_pay=LATE, health_pay=[(0, "up")])], PLAIN,
          found=[("health_disagrees", "while the health of pay said up")]),
    Story("waits as declared", [scraped(), waits((0.21, 0.38), (0.18, 0.42), (0.25, 0.35))], RETRIES),
    Story("waits too long", [scraped(), waits((0.21, 3.8), (0.18, 0.42), (0.25, 0.35))], RETRIES,
          found=[("backoff", "1 of 6 waits of pay are longer than declared; for example 3.8 s before attempt 3")]),
    Story("too many attempts", [scraped(), waits((0.21, 0.38, 0.8, 1.6))], RETRIES,
          found=[("backoff", "2 of 4 waits of pay go beyond the declared max_attempts")]),
    Story("no jitter", [scraped(), waits((0.2, 0.4), (0.2, 0.4), (0.2, 0.4))], RETRIES,
          found=[("jitter", "6 of 6 waits of pay are alike from call to call")]),
    Story("the only standby answers", [answering("fallback")], STANDBY),
    Story("standby was never used", [scraped()], STANDBY,
          found=[("unproven_standby", "its last good answer was never seen; it is to be proved every 90 days")]),
]  # fmt: skip


def findings(path: Path, story: Story) -> list[tuple[str, str]]:
    """Return kind and evidence of what a story comes to, apart from what is said of the evidence itself."""
    with taken_in(path, story.told, config(services=[dict(story.service)])) as store:
        return [(row["kind"], row["evidence"]) for row in store.rows("from findings order by kind, first_seen")]


@pytest.mark.parametrize("story", [*THRESHOLD, *OPEN_TIME, *HALF_OPEN, *OTHERS], ids=str)
def test_only_what_is_proved_is_found(tmp_path: Path, story: Story) -> None:
    """Each story comes to the findings it proves, with the numbers in words, and what cannot be told to none."""
    found = findings(tmp_path, story)
    assert [kind for kind, _ in found] == [kind for kind, _ in story.found], found
    for (_, evidence), (_, words) in zip(found, story.found, strict=True):
        assert words in evidence


def test_other_declarations_are_held_against_what_was_seen_before(tmp_path: Path) -> None:
    """An open time that is declared later finds what happened before; taken back, the finding goes."""
    with taken_in(tmp_path, [scraped(), EARLY_LOG], config(services=[PLAIN])) as store:
        assert store.rows("from findings") == []
        refresh(store, config(services=[DECLARED]))
        assert [row["kind"] for row in store.rows("from findings")] == ["open_time"]
        refresh(store, config(services=[PLAIN]))
        assert store.rows("from findings") == []


def test_new_lines_leave_findings_of_other_days(tmp_path: Path) -> None:
    """Attempts of the next day are judged for themselves; what was found before them stays as it was."""
    configuration = config(services=[RETRIES])
    with taken_in(tmp_path, [scraped(), waits((0.21, 3.8))], configuration) as store:
        before = store.rows("from findings")
        detail = {"call_id": "later", "attempt": "1", "wait_s": "9.0"}
        later = log(SightingKind.RETRY_ATTEMPT, (2 * 86_400.0, detail), operation="pay", instance="a")
        store.append(Batch("log-later", sightings=[later.sightings[0]]))
        refresh(store, configuration)
        after = store.rows("from findings order by first_seen")
    assert after[:1] == before
    assert [row["kind"] for row in after] == ["backoff", "backoff"]
    assert at(0) > 0


def test_every_kind_is_explained_and_has_one_author() -> None:
    """Each kind of finding has a row in the documentation, which says whether it is about breakers, and one check."""
    explained: dict[str, bool] = {}
    for line in (Path(__file__).parents[3] / "docs" / "findings.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and cells[1].startswith("`"):
            explained |= {name.strip(" `"): cells[2] == "yes" for name in cells[1].split(",")}
    kinds = [kind for check in checks() for kind in check.kinds]
    assert len(kinds) == len(set(kinds))
    assert {*kinds, *FUSION_FINDINGS} <= set(explained)
    assert {kind for kind, about in explained.items() if about} == set(BREAKER_KINDS)
