"""A story of ten minutes as it truly went, and how a log or scrapes tell it: written as files and taken in as such."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from breakwatch.clock import SECOND_US, fixed_clock, to_us
from breakwatch.config import Config, load
from breakwatch.model import Batch, Window, pairs
from breakwatch.records import Record, RecordKind
from service.ingest import Ingest
from store import Store

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
LENGTH_S = 600
NAMED = {"environment": "prod", "service": "shop"}
BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

Moves = Sequence[tuple[float, str]]
"""From which second on which state."""


def at_us(second: float) -> int:
    """Return a second of the story as an instant."""
    return to_us(START) + round(second * SECOND_US)


@dataclass(frozen=True)
class Call:
    """One call: when it began, how long it took, who answered, and how it ended."""

    began_s: float
    lasted_s: float
    target: str
    outcome: str

    @property
    def ended_s(self) -> float:
        """When it ended."""
        return self.began_s + self.lasted_s


@dataclass(frozen=True)
class Story:
    """What truly happened.

    Attributes:
        faults: by experiment the target, and when its fault was put in and taken out.
        health: by component its states; breakers: likewise; depths: of the queue ``jobs``.
    """

    calls: Sequence[Call] = ()
    faults: Mapping[str, tuple[str, float, float | None]] = field(default_factory=dict)
    health: Mapping[str, Moves] = field(default_factory=dict)
    breakers: Mapping[str, Moves] = field(default_factory=dict)
    levels: Moves = ()
    depths: Sequence[tuple[float, float]] = ()
    deploys: Sequence[float] = ()


def calls(*spans: tuple[float, float, str, str, float], every_s: float = 0.5) -> list[Call]:
    """Return calls from second to second, answered by a target, with an outcome, each lasting so long."""
    found = []
    for start_s, end_s, target, outcome, lasted_s in spans:
        count = round((end_s - start_s) / every_s)
        found += [Call(start_s + place * every_s, lasted_s, target, outcome) for place in range(count)]
    return found


def log_lines(story: Story) -> list[str]:
    """Return the story as the service logs it: each thing with its own time."""
    lines: list[tuple[float, dict[str, Any]]] = [
        (
            call.ended_s,
            {"event": "request", "outcome": call.outcome, "target": call.target, "duration_s": call.lasted_s},
        )
        for call in story.calls
    ]
    for component, moves in story.health.items():
        lines += _moved(moves, {"event": "health_change", "component": component})
    for breaker, moves in story.breakers.items():
        lines += _moved(moves, {"event": "breaker_transition", "breaker": breaker})
    lines += _moved(story.levels, {"event": "level_change"})
    lines += [(second, {"event": "deploy", "revision": "v2"}) for second in story.deploys]
    lines.sort(key=lambda line: line[0])
    return [json.dumps({"ts": (START + timedelta(seconds=second)).isoformat(), **told}) for second, told in lines]


def _moved(moves: Moves, told: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
    states = [state for _, state in moves]
    return [
        (second, told | {"from": before, "to": after})
        for (second, after), before in zip(moves[1:], states, strict=False)
    ]


def exposition(story: Story, every_s: float) -> str:
    """Return the story as scrapes show it."""
    families: dict[str, tuple[str, list[str]]] = {
        "http_requests": ("counter", []),
        "http_request_duration_seconds": ("histogram", []),
        "component_health": ("gauge", []),
        "resilience4j_circuitbreaker_state": ("gauge", []),
        "service_level": ("gauge", []),
        "queue_depth": ("gauge", []),
        "process_start_time_seconds": ("gauge", []),
    }
    second = 0.0
    while second <= LENGTH_S:
        for name, line in _scraped(story, second):
            families[name][1].append(f"{line} {at_us(second) / SECOND_US:.3f}")
        second += every_s
    text = []
    for name, (kind, lines) in families.items():
        # Samples of one series stand together.
        text += [f"# TYPE {name} {kind}", *sorted(lines, key=lambda line: line.rsplit(" ", 2)[0])]
    return "\n".join([*text, "# EOF", ""])


def _scraped(story: Story, second: float) -> Iterator[tuple[str, str]]:
    yield "process_start_time_seconds", f"process_start_time_seconds {at_us(0) / SECOND_US - 3600}"
    ended = [call for call in story.calls if call.ended_s <= second]
    kinds = {(call.target, call.outcome) for call in story.calls}
    counted = Counter((call.target, call.outcome) for call in ended)
    for target, outcome in sorted(kinds):
        labels = f'target="{target}",outcome="{outcome}"'
        yield "http_requests", f"http_requests_total{{{labels}}} {counted[target, outcome]}"
    for target in sorted({call.target for call in story.calls}):
        own = [call.lasted_s for call in ended if call.target == target]
        for bound in (*BUCKETS_S, float("inf")):
            name = "+Inf" if bound == float("inf") else bound
            labels = f'target="{target}",le="{name}"'
            count = sum(lasted <= bound for lasted in own)
            yield "http_request_duration_seconds", f"http_request_duration_seconds_bucket{{{labels}}} {count}"
    for component, moves in story.health.items():
        for state in ("up", "down"):
            held = int(_state(moves, second) == state)
            yield "component_health", f'component_health{{component="{component}",state="{state}"}} {held}'
    for breaker, moves in story.breakers.items():
        for state in ("closed", "open", "half_open"):
            held = int(_state(moves, second) == state)
            line = f'resilience4j_circuitbreaker_state{{name="{breaker}",state="{state}"}} {held}'
            yield "resilience4j_circuitbreaker_state", line
    if story.depths:
        depth = [depth for from_s, depth in story.depths if from_s <= second][-1]
        yield "queue_depth", f'queue_depth{{queue="jobs",kind="main"}} {depth}'


def _state(moves: Moves, second: float) -> str:
    return [state for from_s, state in moves if from_s <= second][-1]


def taken_in(folder: Path, story: Story, *, by: str, every_s: float = 15.0, **more: Any) -> tuple[Path, Config]:
    """Take a story in through the collectors, by its ``log`` or by ``metrics``; return the store and configuration."""
    source: dict[str, Any] = {"name": by, "labels": NAMED}
    if by == "log":
        (folder / "shop.log").write_text("".join(f"{line}\n" for line in log_lines(story)))
        source |= {"kind": "logs", "paths": ["shop.log"], "format": "json", "profile": "breakwatch-service"}
    else:
        (folder / "shop.prom").write_text(exposition(story, every_s))
        source |= {"kind": "openmetrics", "paths": ["shop.prom"], "profiles": ["breakwatch-service", "resilience4j"]}
    policies = {"default": {"settle": "0s", "experiments": "include"}}
    file = folder / "breakwatch.yaml"
    document = {"store": {"path": "b.duckdb"}, "sources": [source], "services": [{"name": "shop"}]}
    file.write_text(json.dumps(document | {"policies": policies} | more))
    config = load(file)
    clock = fixed_clock(at_us(LENGTH_S))
    with Store.open(config.store.path, clock=clock) as store:
        if story.faults:
            store.append(Batch("drill", records=list(_experiments(story))))
        assert Ingest(config, store, clock).once(config.sources, Window(None, clock())).problems() == ()
    return config.store.path, config


def _experiments(story: Story) -> Iterable[Record]:
    for name, (target, injected_s, removed_s) in story.faults.items():
        yield Record(
            "drill",
            RecordKind.EXPERIMENT,
            at_us(injected_s),
            None if removed_s is None else at_us(removed_s),
            environment="prod",
            service="shop",
            detail=pairs({"experiment_id": name, "scenario": name, "target": target}),
        )
