"""Stories of ten minutes as sources tell them, taken through ingestion, and the verdict on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis import refresh
from analysis.verdicts.judge import evaluate
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import SECOND_US
from breakwatch.config import Config
from breakwatch.model import STATE_CODE, Batch, Sighting, SightingKind, Subject, Track, TrackKind, pairs
from store import Store
from tests.analysis.facts.evidence import Evidence, at
from tests.analysis.verdicts.world import config

LENGTH_S = 600
INTERVAL_S = 5
_SECONDS = range(0, LENGTH_S + 1, INTERVAL_S)

States = Sequence[tuple[float, str]]
"""From which second on which state."""


def subject(service: str = "shop", **more: str) -> Subject:
    """Return who is told of: an instance of a service, in prod."""
    return replace(Subject(environment="prod", service=service), **more)  # type: ignore[arg-type]


def scraped(service: str = "shop", instance: str = "a", *, until_s: float = LENGTH_S, **more: Any) -> Evidence:
    """Return the evidence that a service was seen every five seconds, to be added to."""
    evidence = Evidence(source=f"prom-{service}-{instance}", gap_us=2 * INTERVAL_S * SECOND_US)
    who = subject(service, instance=instance)
    scrape = Track(evidence.source, TrackKind.SCRAPE, who, f"{service}/{instance}")
    evidence.add(scrape, [(at(second), 1.0) for second in range(0, round(until_s) + 1, INTERVAL_S)])
    for name, states in more.items():
        add_states(evidence, name, states, who, until_s)
    return evidence


def add_states(evidence: Evidence, what: str, states: States, who: Subject, until_s: float = LENGTH_S) -> None:
    """Add a gauge of the states of a breaker, of a component's health, or of a service's level."""
    kind, _, of = what.partition("_")
    named = {"breaker": {"breaker": of}, "health": {"component": of}, "level": {}}[kind]
    whose = replace(who, **named)  # type: ignore[arg-type]
    track = Track(evidence.source, TrackKind(f"{kind}_state"), whose, f"{who.service}/{who.instance}")
    samples = []
    for second in range(0, round(until_s) + 1, INTERVAL_S):
        state = [word for from_s, word in states if from_s <= second][-1]
        samples.append((at(second), float(STATE_CODE[state])))
    evidence.add(track, samples)


def add_counter(
    evidence: Evidence, kind: TrackKind, grown: Sequence[tuple[float, float]], who: Subject, **detail: str
) -> None:
    """Add a counter that is at these values from these seconds on."""
    track = Track(evidence.source, kind, who, f"{who.service}/{who.instance}", detail=pairs(detail))
    steps = [(second, [value for from_s, value in grown if from_s <= second][-1]) for second in _SECONDS]
    evidence.add(track, [(at(second), float(value)) for second, value in steps])


def log(kind: SightingKind, *lines: tuple[float, Mapping[str, str]], service: str = "shop", **who: str) -> Batch:
    """Return log lines (second, detail), of a log that was read until the end of the story."""
    source = f"log-{service}-{kind}"
    told = []
    for place, (second, detail) in enumerate(lines):
        own = dict(detail)
        moved = {"from_state": own.pop("from", ""), "to_state": own.pop("to", "")}
        about = subject(service, **who)
        told.append(Sighting(source, kind, at(second), about, f"f:{place}", **moved, detail=pairs(own)))
    read = Evidence(source=source)
    track = Track(source, TrackKind.SCRAPE, subject(service), f"log:{source}")
    read.add(track, [(at(second), 1.0) for second in range(0, LENGTH_S + 1, INTERVAL_S)])
    batch = read.batch()
    return Batch(source, batch.tracks, batch.runs, sightings=told)


@dataclass(frozen=True)
class Case:
    """One story, what was promised, and the verdict it must come to."""

    name: str
    word: str
    objective: Mapping[str, Any]
    told: Sequence[Evidence | Batch]
    services: Sequence[Mapping[str, Any]] = ({"name": "shop"},)
    value: float | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.objective['indicator']}-{self.word}-{self.name}".replace(" ", "-")


def taken_in(path: Path, told: Sequence[Evidence | Batch], configuration: Config) -> Store:
    """Return a store that has taken in a story."""
    store = Store.open(path / "b.duckdb")
    for one in told:
        store.append(one.batch() if isinstance(one, Evidence) else one)
    refresh(store, configuration)
    return store


def verdict_on(path: Path, case: Case) -> Verdict:
    """Return the verdict on the ten minutes of a case."""
    objective = {"name": "promise", "service": "shop", **case.objective}
    configuration = config(objective, services=[dict(one) for one in case.services])
    with taken_in(path, case.told, configuration) as store:
        [verdict] = evaluate(store, configuration, at(LENGTH_S), since_us=at(0), until_us=at(LENGTH_S))
    return verdict


def assert_judged(path: Path, case: Case) -> None:
    """Assert that a case comes to its verdict, with its value where it has one."""
    found = verdict_on(path, case)
    assert (found.judged.verdict, found.judged.reason) == (case.word, found.judged.reason), found
    if case.value is not None:
        assert found.measured.value is not None
        assert abs(found.measured.value - case.value) < 1e-6, found.measured
    if case.word == "cannot_tell":
        assert found.judged.reason
        assert found.judged.remedy
