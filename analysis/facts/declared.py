"""What the configuration says of services, beside what was seen of them: whose they are and what they need."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from analysis.sqlfiles import read_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwatch.config_services import ServiceConfig
    from store import Store

_SEEN = read_sql("analysis.facts", "seen_services.sql")


def refresh_declared(store: Store, services: Sequence[ServiceConfig]) -> None:
    """Keep one row of ``services`` for each declared service and environment it was watched in.

    A service that nobody ever watched has one row without an environment. Call it after coverage was kept.
    """
    seen: dict[str, list[str]] = defaultdict(list)
    for row in store.rows(_SEEN) if services else ():
        seen[row["service"]].append(row["environment"])
    rows = [_row(service, environment) for service in services for environment in seen.get(service.name) or [""]]
    store.replace("services", {}, rows)


def _row(service: ServiceConfig, environment: str) -> dict[str, Any]:
    owner = service.owner
    return {
        "environment": environment,
        "service": service.name,
        "owner_team": owner.team if owner else "",
        "owner_email": owner.email if owner else "",
        "owner_chat": owner.chat if owner else "",
        "runbook": service.runbook,
        "critical": service.critical,
        "depends_on": sorted(dependency.service for dependency in service.depends_on),
        "labels": {},
    }
