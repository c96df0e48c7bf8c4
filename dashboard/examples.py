"""Statements to start from, one per question that people ask first."""

from __future__ import annotations


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
