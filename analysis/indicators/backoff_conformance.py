"""``backoff_conformance``: the share of waits between attempts that follow the policy, or else grow and differ."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql
from breakwatch.config_services import ServiceConfig

_SQL = read_sql("analysis.indicators", "backoff_conformance.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the share of waits between attempts of one call that conform.

    Where a policy is declared for the operation or its target (``expected.retries``), the n-th wait has to be
    ``initial_delay x factor^(n-1)``, at most ``max_delay``: within a tenth without jitter, up to one and a half times
    that with it, differing from call to call and no less than a fifth of it in the mean (full jitter draws from nothing
    up to the delay). No attempt goes beyond ``max_attempts``. Without a declared policy waits have to grow within a
    call, or in the median of five calls, and to differ from call to call.

    A wait of which that cannot be told (its place in the call is not known, or only the time between two lines is) adds
    to the upper bound alone.
    """
    params = asked(asks, _SQL) | policies(ground.config.services)
    found = {row["ask"]: row for row in ground.rows.rows(_SQL, params)}
    return [_answer(found.get(place)) for place in range(len(asks))]


def _answer(row: dict[str, int] | None) -> Measured:
    if row is None:
        return Measured(
            note="no wait between attempts was seen",
            remedy="add the log of what retries as a source: counters do not tell waits",
        )
    waits, kept, broken = row["waits"], row["kept"], row["broken"]
    told = kept + broken
    return Measured(
        kept / told if told else None,
        kept / waits,
        (waits - broken) / waits,
        n=waits,
        note="" if told == waits else f"of {waits - told} waits nobody says which of their call they were",
        remedy="" if told == waits else "log a call_id with each attempt, or declare the policy in expected.retries",
    )


def policies(services: Sequence[ServiceConfig]) -> dict[str, list[object]]:
    """Return the declared retry policies as parallel lists."""
    rows = [(one.name, name, policy) for one in services for name, policy in one.expected.retries.items()]
    return {
        "policy_service": [row[0] for row in rows],
        "policy_name": [row[1] for row in rows],
        "initial_s": [row[2].initial_delay_s for row in rows],
        "factor": [row[2].factor for row in rows],
        "max_delay_s": [row[2].max_delay_s for row in rows],
        "max_attempts": [row[2].max_attempts for row in rows],
        "jitter": [row[2].jitter for row in rows],
    }


INDICATOR = Indicator(
    "backoff_conformance",
    unit="ratio",
    measures="share of waits between attempts that follow the declared policy, or else grow and differ between calls",
    formula="waits that conform / waits between attempts of one call",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="retry_attempts",
)
