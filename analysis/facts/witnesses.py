"""Who is believed where metrics and log lines count the same calls: one witness a day, so that no call counts twice.

The decision and its reasons: docs/decisions/0008-one-witness-counts.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.facts.steps import steps
from breakwatch.clock import DAY_US, from_us
from breakwatch.model import Pairs, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from store import Store

Row = dict[str, Any]

METRICS = "metrics"
"""The witness that all counters together are; what log lines tell is ``logs:`` and the name of their profile."""

COMPLETE = 0.95
"""Log lines are believed before counters where they tell at least this share of the calls of the fullest witness."""

RELATIONS = ("request_counts", "retry_counts", "latency_histograms")


def refresh_witnesses(store: Store) -> None:
    """Choose anew for the services and days whose counts were renewed."""
    step = steps("witnesses")
    days = store.rows(step["days"])
    scopes, rows = [], []
    for day in days:
        subject = {"environment": day["environment"], "service": day["service"]}
        span = {"from_us": day["day_us"], "to_us": day["day_us"] + DAY_US}
        times = {"day_start": from_us(span["from_us"]), "day_end": from_us(span["to_us"])}
        for relation in RELATIONS:
            scope = subject | {"relation": relation, "day_start": times["day_start"]}
            scopes.append(scope)
            rows += [scope | times | row for row in _judged(store.rows(step[relation], subject | span))]
    store.replace("count_witnesses", scopes, rows)


def _judged(told: Sequence[Row]) -> list[Row]:
    """Return what was told with who of it is chosen, population by population; nothing where metrics stand alone."""
    by_place: dict[tuple[str, str], list[Row]] = {}
    for row in told:
        by_place.setdefault((row["breaker"], row["vantage"]), []).append(row)
    return [
        row | {"chosen": row["counted_by"] == believed}
        for rows in by_place.values()
        for population in _populations(rows)
        if (believed := chosen(population)) != METRICS or len({row["counted_by"] for row in population}) > 1
        for row in population
    ]


def chosen(population: Iterable[Row]) -> str:
    """Return the witness to believe: the fullest, but lines before counters where they tell nearly as much.

    Neither invents a call, so the one that saw more is nearer to the truth; a line says more of each call.
    """
    totals: dict[str, int] = {}
    for row in population:
        totals[row["counted_by"]] = totals.get(row["counted_by"], 0) + row["count"]
    enough = COMPLETE * max(totals.values())
    full = {witness: count for witness, count in totals.items() if count >= enough}
    return min(full, key=lambda witness: (witness == METRICS, -full[witness], witness))


def _populations(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows apart by calls they cannot share: those whose labels contradict each other, or whose operations.

    Rows of one witness under different labels count different calls and stay side by side.
    """
    found: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (row["counted_by"], pairs(row["labels"]), row["operation"])):
        touching = [group for group in found if any(_may_share(row, other) for other in group)]
        merged = [row, *(other for group in touching for other in group)]
        found = [group for group in found if group not in touching] + [merged]
    return found


def _may_share(one: Row, other: Row) -> bool:
    if one["counted_by"] == other["counted_by"]:
        return False
    operations = {row["operation"] for row in (one, other) if row["operation"]}
    if len(operations) > 1:
        return False
    left: Pairs = pairs(one["labels"])
    return all(other["labels"].get(key, value) == value for key, value in left)
