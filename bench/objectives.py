"""How fast objectives are judged: by the evaluator, over 30 days of minute counts.

    python -m bench.objectives [--services 100] [--record]

Each objective is judged over four windows (1 h, 6 h, 1 d, 30 d), of calls in three ways: their availability, the
success of one operation, and the rate at which the error budget burns. Prints evaluations per second for 100, 1,000
and 10,000 objectives; exits with 1 when 1,000 objectives make less than 500 a second, or the time grows faster than
their number.
``--record`` writes the table into RESULTS.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from analysis.verdicts.judge import evaluate
from bench.results import record
from breakwatch.clock import DAY_US, Instant, to_us
from breakwatch.config import Config
from breakwatch.config_objectives import Indicator, Objective, RollingWindow, Where
from breakwatch.config_services import ServiceConfig
from breakwatch.config_units import Target
from store import Store

START = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 30
NOW_US = to_us(START) + DAYS * DAY_US
WINDOWS_S = (3600.0, 6 * 3600.0, 86_400.0, DAYS * 86_400.0)
COUNTS = (100, 1_000, 10_000)

LEAST_PER_S = 500.0
"""Evaluations per second of 1,000 objectives in four windows."""

_FILL = """
insert into kept.request_counts
    (environment, service, operation, target, instance, bucket_start, bucket_s, outcome, count, labels, breaker,
     counted_by, role, vantage)
select
    'prod', 'service-' || service, if(service % 2 = 0, 'read', 'write'), '', 'a',
    make_timestamptz($start_us::bigint + minute * 60000000), 60.0, ending.outcome,
    ending.calls + (minute * 7 + service) % 5, map {}, '', 'metrics', '', 'server'
from range($services::bigint) as services(service)
cross join range($minutes::bigint) as minutes(minute)
cross join (values ('success', 990), ('failure', 3)) as ending(outcome, calls)
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """How long it took to judge so many objectives in four windows, and how many were met."""

    objectives: int
    evaluations: int
    seconds: float
    met: int

    @property
    def per_s(self) -> float:
        """Evaluations per second."""
        return self.evaluations / self.seconds


def fill(store: Store, services: int) -> int:
    """Keep minute counts of services, and that they were seen; return how many rows."""
    with store.transaction():
        store.execute(_FILL, {"start_us": to_us(START), "services": services, "minutes": DAYS * 1440})
    seen = [
        {
            "environment": "prod", "source": "metrics", "service": f"service-{number}", "instance": "a",
            "started_at": START, "ended_at": START + timedelta(days=DAYS), "covered": True, "labels": {},
        }
        for number in range(services)
    ]  # fmt: skip
    store.replace("coverage", {}, seen)
    return int(store.rows("select count(*) as n from request_counts")[0]["n"])


def objectives(count: int, services: int) -> list[Objective]:
    """Return so many objectives of different services and limits, each once for every window."""
    found = []
    for number in range(count):
        limit = 0.99 - (number % 97) / 1e4
        service = f"service-{number % services}"
        where = Where(operation="read" if number % services % 2 == 0 else "write") if number % 3 == 1 else Where()
        for window_s in WINDOWS_S:
            name, window = f"o{number}-{window_s:g}", RollingWindow(length_s=window_s)
            if number % 3 == 2:
                found.append(
                    Objective(
                        name=name, indicator="burn_rate", service=service, window=window, at_most=Target(14.4),
                        of=f"o{number - 2}-{window_s:g}",
                    )
                )  # fmt: skip
            else:
                indicator: Indicator = "success_ratio" if number % 3 else "availability_requests"
                found.append(
                    Objective(
                        name=name, indicator=indicator, service=service, window=window, where=where,
                        at_least=Target(limit, "ratio"),
                    )
                )  # fmt: skip
    return found


def judged(store: Store, count: int, services: int, now_us: Instant = NOW_US) -> Judged:
    """Judge so many objectives in four windows; the best of three times."""
    asked = objectives(count, services)
    config = Config(
        services=tuple(ServiceConfig(name=f"service-{number}") for number in range(services)), objectives=tuple(asked)
    )
    best_s, met = float("inf"), 0
    for _ in range(3):
        began = time.perf_counter()
        found = evaluate(store, config, now_us)
        best_s = min(best_s, time.perf_counter() - began)
        met = sum(one.verdict == "met" for one in found)
    return Judged(count, len(found), best_s, met)


def table(rows: int, found: Sequence[Judged]) -> str:
    """Return the results as Markdown."""
    lines = [
        f"`python -m bench.objectives`: {rows:,} rows of minute counts over {DAYS} days; the best of 3 by the clock.",
        "",
        "| objectives | evaluations (4 windows) | seconds | evaluations/s |",
        "|---|---|---|---|",
        *(f"| {one.objectives:,} | {one.evaluations:,} | {one.seconds:.2f} | {one.per_s:,.0f} |" for one in found),
    ]
    return "\n".join(lines)


def bars(found: Sequence[Judged]) -> list[str]:
    """Return which bars were missed."""
    by_count = {one.objectives: one for one in found}
    missed = []
    if by_count[1_000].per_s < LEAST_PER_S:
        missed.append(f"{by_count[1_000].per_s:.0f} evaluations/s of 1,000 objectives, at least {LEAST_PER_S:.0f}")
    for fewer, more in pairwise(COUNTS):
        times = by_count[more].seconds / by_count[fewer].seconds
        if times > more / fewer:
            missed.append(f"{times:.1f} times as long for {more // fewer} times as many objectives ({more:,})")
    return missed


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--record", action="store_true", help="write the table into RESULTS.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "b.duckdb") as store:
        rows = fill(store, given.services)
        found = [judged(store, count, given.services) for count in COUNTS]
    text = table(rows, found)
    print(text)
    if given.record:
        record("Objectives", text)
    missed = bars(found)
    for one in missed:
        print(f"missed: {one}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
