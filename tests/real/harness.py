"""The ordinary path, end to end: a configuration file, the collectors, the store, the analysis, the views."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from breakwatch.clock import Clock, system_clock, to_us
from breakwatch.config import load
from breakwatch.model import Window
from service.ingest import Ingest, Ingested
from store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from tests.real.processes import BreakerProcess, Prometheus

ENVIRONMENT = "test"


@dataclass(frozen=True)
class Found:
    """An edge as the views tell it."""

    from_state: str
    to_state: str
    earliest_us: int
    latest_us: int

    def holds(self, low_us: int, high_us: int) -> bool:
        """Return whether the truth can lie inside the bounds.

        It is known to lie between two looks at the clock, usually microseconds apart. On a busy machine they are
        milliseconds apart, and a scrape in between sees what is there already: only bounds beside both are wrong.
        """
        return self.earliest_us <= high_us and low_us <= self.latest_us

    def misses(self, low_us: int, high_us: int) -> str:
        """Say how the truth and the bounds lie to each other."""
        return (
            f"{self.from_state} to {self.to_state}: truth [{low_us}, {high_us}], "
            f"found [{self.earliest_us - low_us:+}, {self.latest_us - high_us:+}] us from it"
        )


@dataclass(frozen=True)
class Setup:
    """One store fed from some of the sources."""

    folder: Path
    sources: tuple[Mapping[str, Any], ...]
    services: tuple[str, ...]

    def collect(self, clock: Clock = system_clock) -> Ingested:
        """Catch up from the watermarks to now, as ``breakwatch collect --once`` does."""
        self.folder.mkdir(exist_ok=True)
        config_file = self.folder / "breakwatch.yaml"
        services = [{"name": name, "match": {"job": name}} for name in self.services]
        config_file.write_text(  # JSON is YAML
            json.dumps({"store": {"path": "./b.duckdb"}, "sources": list(self.sources), "services": services})
        )
        config = load(config_file)
        with Store.open(config.store.path, clock=clock) as store:
            return Ingest(config, store, clock).once(config.sources, Window(None, clock()))

    def rows(self, sql: str, **params: object) -> list[dict[str, Any]]:
        """Return what the owner answers."""
        with Store.open(self.folder / "b.duckdb") as store:
            return store.rows(sql, params)

    def transitions(self, service: str) -> dict[str, list[Found]]:
        """Return the transitions of each breaker of a service, in order."""
        found: dict[str, list[Found]] = {}
        for row in self.rows(
            "from kept.breaker_transitions where service = $service order by position", service=service
        ):
            found.setdefault(row["breaker"], []).append(
                Found(
                    row["from_state"],
                    row["to_state"],
                    to_us(row["occurred_earliest"]),
                    to_us(row["occurred_latest"]),
                )
            )
        return found

    def incidents(self, service: str) -> dict[str, list[tuple[Found, Found | None]]]:
        """Return the incidents of each breaker of a service: their opening and their closing."""
        found: dict[str, list[tuple[Found, Found | None]]] = {}
        for row in self.rows("from breaker_incidents where service = $service order by opened_at", service=service):
            opened = _edge("open", row["opened_earliest"], row["opened_latest"])
            closed = _edge("closed", row["closed_earliest"], row["closed_latest"]) if row["closed_at"] else None
            found.setdefault(row["breaker"], []).append((opened, closed))
        return found


def health_changes(setup: Setup, service: str, component: str) -> list[Found]:
    """Return the moves of a component's health in order; the empty component is the service itself."""
    rows = setup.rows(
        "from health_changes where coalesce(service, '') = $service and coalesce(component, '') = $component "
        "order by occurred_at, occurred_latest",
        service=service,
        component=component,
    )
    return [_found(row, row["from_state"], row["to_state"]) for row in rows]


def level_changes(setup: Setup, service: str) -> list[Found]:
    """Return the moves of a service between levels, in order."""
    rows = setup.rows(
        "from service_level_changes where service = $service order by occurred_at, occurred_latest", service=service
    )
    return [_found(row, row["from_level"], row["to_level"]) for row in rows]


def _found(row: Mapping[str, Any], before: str | None, after: str) -> Found:
    return Found(before or "", after, to_us(row["occurred_earliest"]), to_us(row["occurred_latest"]))


def _edge(to_state: str, earliest: datetime, latest: datetime) -> Found:
    return Found("", to_state, to_us(earliest), to_us(latest))


def prometheus_source(server: Prometheus, **more: object) -> dict[str, object]:
    """Return the configuration of a server as a source."""
    return {
        "name": "prom",
        "kind": "prometheus",
        "url": server.url,
        "labels": {"environment": ENVIRONMENT},
        "profiles": ["pybreaker"],
        **more,
    }


def log_sources(programs: Iterable[BreakerProcess]) -> tuple[dict[str, object], ...]:
    """Return the configuration of the programs' logs as sources."""
    return tuple(
        {
            "name": f"log-{program.service}",
            "kind": "logs",
            "paths": [str(program.log_file)],
            "profile": "pybreaker",
            "labels": {"environment": ENVIRONMENT},
        }
        for program in programs
    )
