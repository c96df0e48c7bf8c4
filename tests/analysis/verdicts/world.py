"""A store with kept facts, and configurations over it, for what is about judging alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from breakwatch.clock import DAY_US, SECOND_US, to_us
from breakwatch.config import Config
from breakwatch.config_objectives import Maintenance, Objective, Policy
from breakwatch.config_services import ServiceConfig
from store import Store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW_US = to_us(NOW)
START_US = NOW_US - 40 * DAY_US


def covered(service: str, first_us: int = START_US, last_us: int = NOW_US, environment: str = "prod") -> dict[str, Any]:
    """Return a spell in which a service was seen."""
    return {
        "environment": environment,
        "source": "prom",
        "service": service,
        "instance": "",
        "started_at": first_us,
        "ended_at": last_us,
        "covered": True,
        "labels": {},
    }


def episode(service: str, opened_us: int, duration_s: float | None, wide_s: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return a breaker episode whose length is known to ``wide_s`` on either side; without a length it goes on."""
    return {
        "episode_id": opened_us,
        "environment": "prod",
        "service": service,
        "breaker": "pay",
        "opened_at": opened_us,
        "closed_at": None if duration_s is None else opened_us + round(duration_s * SECOND_US),
        "duration_s": duration_s,
        "duration_low_s": (NOW_US - opened_us) / SECOND_US if duration_s is None else duration_s - wide_s,
        "duration_high_s": None if duration_s is None else duration_s + wide_s,
        "openings": 1,
        "status": "ongoing" if duration_s is None else "resolved",
        "labels": {},
        **more,
    }


def minutes(service: str, start_us: int, goods: list[int], bads: list[int]) -> list[dict[str, Any]]:
    """Return counted calls by minute."""
    rows = []
    for place, counts in enumerate(zip(goods, bads, strict=True)):
        for outcome, count in zip(("success", "failure"), counts, strict=True):
            if count:
                rows.append(
                    {
                        "environment": "prod",
                        "service": service,
                        "operation": "",
                        "target": "",
                        "instance": "",
                        "bucket_start": start_us + place * 60 * SECOND_US,
                        "bucket_s": 60.0,
                        "outcome": outcome,
                        "count": float(count),
                        "breaker": "",
                        "counted_by": "metrics",
                        "role": "",
                        "vantage": "server",
                        "labels": {},
                    }
                )
    return rows


def fill(store: Store, **tables: list[dict[str, Any]]) -> None:
    """Make kept tables hold these rows."""
    for table, rows in tables.items():
        store.replace(table, {}, rows)


def config(
    *objectives: dict[str, Any],
    services: list[dict[str, Any]] | None = None,
    policies: dict[str, Any] | None = None,
    maintenance: list[dict[str, Any]] | None = None,
) -> Config:
    """Return a configuration as it would be written."""
    written = {"context": {"written": True}, "by_alias": True, "by_name": False}
    every = {"default": {}} | (policies or {})
    return Config(
        objectives=tuple(Objective.model_validate(one, **written) for one in objectives),  # type: ignore[arg-type]
        services=tuple(ServiceConfig.model_validate(one, **written) for one in services or []),  # type: ignore[arg-type]
        policies={name: Policy.model_validate(one, **written) for name, one in every.items()},  # type: ignore[arg-type]
        maintenance=tuple(Maintenance.model_validate(one, **written) for one in maintenance or []),  # type: ignore[arg-type]
    )
