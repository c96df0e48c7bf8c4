"""``retry_amplification``: how many attempts a call takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import inf
from typing import Any

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql
from breakwatch.config import Config

_SQL = read_sql("analysis.indicators", "retry_amplification.sql")

UNSEEN = "attempts are not counted, only calls: each has made at least one"


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return attempts over calls, the first attempt of each call included: 1 where nothing is ever repeated.

    Libraries count calls or attempts, seldom both. Where only repeated attempts are counted the calls are all requests
    of the same service, operation and target. Where only calls are, each made at least one attempt, and at most the
    declared ``max_attempts``.
    """
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in ground.rows.rows(_SQL, asked(asks, _SQL)):
        found[row["ask"]].append(row)
    return [_answer(found.get(place, []), ground.config) for place in range(len(asks))]


def _answer(rows: Sequence[dict[str, Any]], config: Config) -> Measured:
    counted = [row for row in rows if row["calls_high"] > 0]
    if not counted:
        return Measured(
            note="retries are counted, but no calls" if rows else "no call that may be repeated was counted",
            remedy="add a source that counts calls and attempts of what retries",
        )
    calls = sum(row["calls"] for row in counted)
    least, most = sum(row["calls_low"] for row in counted), sum(row["calls_high"] for row in counted)
    low = 1 + sum(max(0.0, row["repeated_low"]) for row in counted) / most
    more = sum(_most(row, config) for row in counted)
    high = 1 + more / least if least else (inf if more else 1.0)
    unseen = any(row["uncounted"] for row in counted)
    value = None if unseen or not calls else 1 + sum(max(0.0, row["repeated"]) for row in counted) / calls
    return Measured(
        None if value is None else min(max(value, low), high),
        low,
        high,
        n=round(most),
        note=UNSEEN if unseen else "",
        remedy="add the log of what retries as a source: its lines tell the attempts" if unseen else "",
    )


def _most(row: dict[str, Any], config: Config) -> float:
    """Return how many repeated attempts there were at most."""
    if not row["uncounted"]:
        return max(0.0, float(row["repeated_high"]))
    policies = next((service.expected.retries for service in config.services if service.name == row["service"]), {})
    declared = policies.get(row["operation"] or "") or policies.get(row["target"] or "")
    if declared is None or declared.max_attempts is None:
        return inf
    return float(row["calls_high"]) * (declared.max_attempts - 1)


INDICATOR = Indicator(
    "retry_amplification",
    unit="attempts/call",
    measures="attempts over calls, each call's first attempt included",
    formula="attempts / calls; 1 + repeated attempts / calls where only repeated ones are counted",
    better="lower",
    nothing="unknown",
    compute=compute,
    rows="retry_counts",
)
