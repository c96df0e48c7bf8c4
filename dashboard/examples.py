"""Statements to start from, one per question that people ask first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def examples(environment: str) -> dict[str, str]:
    """Return example statements by name, for one environment."""
    name = "'" + environment.replace("'", "''") + "'"
    return {
        "Recovery per breaker": (
            "select service, breaker, count(*) as episodes,\n"
            "    median(duration_s) as median_s, quantile_cont(duration_s, 0.9) as p90_s, max(duration_s) as worst_s,\n"
            "    count(*) filter (where status = 'ongoing') as ongoing\n"
            f"from breaker_episodes\nwhere environment = {name}\ngroup by all\norder by episodes desc"
        ),
        "Longest incidents": (
            "select service, breaker, instance, opened_at, duration_s, duration_low_s, duration_high_s, reopenings\n"
            f"from breaker_incidents\nwhere environment = {name}\norder by duration_s desc nulls last\nlimit 20"
        ),
        "Bounds of every edge": (
            "select service, breaker, instance, from_state, to_state, occurred_at,\n"
            "    date_diff('millisecond', occurred_earliest, occurred_latest) / 1000.0 as doubt_s, sources\n"
            f"from breaker_transitions\nwhere environment = {name}\norder by doubt_s desc\nlimit 50"
        ),
        "Calls by outcome and hour": (
            "select service, date_trunc('hour', bucket_start) as hour, outcome, sum(count) as calls\n"
            f"from request_counts\nwhere environment = {name}\ngroup by all\n"
            "order by hour desc, service, outcome\nlimit 200"
        ),
        "Who was not looking": (
            "select source, service, started_at, ended_at\n"
            f"from coverage\nwhere environment = {name} and not covered\norder by started_at desc"
        ),
    }


def behind(what: str, environment: str, as_of: datetime) -> str:
    """Return the statement that lists what a count of the last 24 h stands for: changes, findings or rejected input."""
    name = "'" + environment.replace("'", "''") + "'"
    since = f"timestamptz '{as_of.isoformat()}' - interval 1 day"
    return {
        "changes": (
            "select occurred_at, service, instance, kind, revision, actor, detail\n"
            f"from changes\nwhere environment = {name} and occurred_at >= {since}\norder by occurred_at desc"
        ),
        "findings": (
            "select last_seen, kind, service, subject, evidence\n"
            f"from findings\nwhere environment = {name} and last_seen >= {since}\norder by last_seen desc"
        ),
        "rejected": (
            "select seen_at, source, position, reason, content\n"
            f"from rejected_inputs\nwhere seen_at >= {since}\norder by seen_at desc"
        ),
    }[what]
