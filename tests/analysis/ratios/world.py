"""Ten minutes of many services, each with one thing to tell, written as an exposition and taken in as such."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
EVERY_S = 15
BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
KINDS = {"http_requests": "counter", "http_request_duration_seconds": "histogram"}

Curve = Callable[[float], float]
"""What a metric says at a second of the story."""


def at_us(second: float) -> int:
    """Return a second of the story as an instant."""
    return to_us(START) + round(second * SECOND_US)


def rate(per_s: float, from_s: float = 0, to_s: float = LENGTH_S) -> Curve:
    """Return a counter that grows from one second to another."""
    return lambda second: float(int(per_s * max(0.0, min(second, to_s) - from_s)))


def steps(*values: tuple[float, float]) -> Curve:
    """Return a gauge that has each value from its second on."""
    return lambda second: next(value for from_s, value in reversed(values) if from_s <= second)


@dataclass(frozen=True)
class Told:
    """What one service tells.

    Attributes:
        calls: by outcome how many there were so far; lasted: from which second on how long each takes.
        levels, sessions, dead_letters, health: gauges; the first by the name of the level, the last by component.
        silent: from when to when nothing is scraped.
        fault: when a fault was put in, and taken out.
        measured: values by name, measured in the middle.
    """

    calls: Mapping[str, Curve] = field(default_factory=dict)
    lasted: Curve | None = None
    levels: Mapping[str, Curve] = field(default_factory=dict)
    sessions: Curve | None = None
    dead_letters: Curve | None = None
    health: Sequence[str] = ()
    silent: tuple[float, float] | None = None
    fault: tuple[float, float] | None = None
    measured: Mapping[str, float] = field(default_factory=dict)


def samples(told: Told, service: str, second: float) -> Iterator[tuple[str, str, float]]:
    """Yield family, series and value of what is scraped of a service at a second."""
    app = f'app="{service}"'
    yield "process_start_time_seconds", f"process_start_time_seconds{{{app}}}", at_us(0) / SECOND_US - 3600
    for outcome, curve in told.calls.items():
        yield "http_requests", f'http_requests_total{{{app},outcome="{outcome}"}}', curve(second)
    if told.lasted is not None:
        ended = [told.lasted(moment) for moment in range(int(second))]
        for bound in (*BUCKETS_S, float("inf")):
            name = "+Inf" if bound == float("inf") else f"{bound:g}"
            series = f'http_request_duration_seconds_bucket{{{app},le="{name}"}}'
            yield "http_request_duration_seconds", series, float(sum(lasted <= bound for lasted in ended))
    for level, curve in told.levels.items():
        yield "service_level", f'service_level{{{app},level="{level}"}}', curve(second)
    if told.sessions is not None:
        yield "sessions_alive", f'sessions_alive{{{app},kind="session"}}', told.sessions(second)
    if told.dead_letters is not None:
        yield "queue_depth", f'queue_depth{{{app},queue="dead",kind="dead_letter"}}', told.dead_letters(second)
    for component in told.health:
        series = f'component_health{{{app},component="{component}",state="up"}}'
        yield "component_health", series, 1.0


def exposition(services: Mapping[str, Told]) -> str:
    """Return what scrapes show of all services."""
    families: dict[str, list[str]] = {}
    for service, told in services.items():
        for second in range(0, LENGTH_S + 1, EVERY_S):
            if told.silent is None or not told.silent[0] < second < told.silent[1]:
                for family, series, value in samples(told, service, second):
                    families.setdefault(family, []).append(f"{series} {value} {at_us(second) // SECOND_US}")
    text = []
    for family, lines in families.items():
        text += [
            f"# TYPE {family} {KINDS.get(family, 'gauge')}",
            *sorted(lines, key=lambda line: line.rsplit(" ", 2)[0]),
        ]
    return "\n".join([*text, "# EOF", ""])


def records(services: Mapping[str, Told]) -> Iterator[Record]:
    """Yield the experiments and the measurements of services."""
    for service, told in services.items():
        if told.fault is not None:
            detail = pairs({"experiment_id": f"drill-{service}", "scenario": "drill", "target": ""})
            span = (at_us(told.fault[0]), at_us(told.fault[1]))
            yield Record("drill", RecordKind.EXPERIMENT, *span, environment="prod", service=service, detail=detail)
        for name, value in told.measured.items():
            detail = pairs({"name": name})
            yield Record(
                "lab", RecordKind.MEASUREMENT, at_us(LENGTH_S / 2), value=value, environment="prod", service=service,
                detail=detail,
            )  # fmt: skip


def taken_in(folder: Path, services: Mapping[str, Told], **more: Any) -> tuple[Store, Config]:
    """Take services in through the collectors; return the open store and the configuration."""
    sources = []
    for silent in {told.silent for told in services.values()}:  # what is scraped together is seen together
        name = "gaps" if silent else "metrics"
        together = {service: told for service, told in services.items() if told.silent == silent}
        (folder / f"{name}.prom").write_text(exposition(together))
        sources.append({
            "name": name, "kind": "openmetrics", "paths": [f"{name}.prom"], "labels": {"environment": "prod"},
            "profiles": ["breakwatch-service"],
        })  # fmt: skip
    declared: dict[str, dict[str, Any]] = {
        name: {"name": name, "match": {"app": name}} | more.get("declared", {}).get(name, {}) for name in services
    }
    document = {
        "store": {"path": "b.duckdb"}, "sources": sources, "services": list(declared.values()),
        "policies": {"default": {"settle": "0s", "experiments": "include"}},
        "objectives": more.get("objectives", []),
    }  # fmt: skip
    (folder / "breakwatch.yaml").write_text(json.dumps(document))
    config = load(folder / "breakwatch.yaml")
    clock = fixed_clock(at_us(LENGTH_S))
    store = Store.open(config.store.path, clock=clock)
    store.append(Batch("drill", records=list(records(services))))
    assert Ingest(config, store, clock).once(config.sources, Window(None, clock())).problems() == ()
    return store, config
