"""Ten million transitions to the recovery of breakers by service and day, beside pandas.

    python -m bench.recovery [--transitions 10000000] [--record]

The transitions are those of 10,000 breakers over 30 days, each incident with one reopening, in a published file. Three
ways, in one process and one after the other: from the view ``breaker_transitions`` with nothing precomputed; from
``breaker_incidents``, which are kept ready; and in pandas, from a data frame that is in memory already, its columns as
they were loaded (and for comparison with all texts made categories beforehand). All must find the same. Exits with 1
when they do not, or when the first is less than 3.5 times or the second less than 30 times faster than pandas.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from analysis.questions.recovery_by_day import Recovery, recovery_by_day
from bench.results import record
from breakwatch.clock import DAY_US, to_us
from store import Reader, Rows, Store

START = datetime(2026, 10, 1, tzinfo=UTC)
BREAKERS = 10_000
STEPS = 5
"""Transitions of an incident: open, half_open, open again, half_open, closed."""

SERIES = ["environment", "cluster", "service", "breaker", "instance"]
"""What makes a breaker's instance one, in pandas as in the question: clusters may use the same names."""
TEXTS = (*SERIES, "to_state")
BARS = {"from breaker_transitions": 3.5, "from breaker_incidents": 30.0}

_TRANSITIONS = """
insert into kept.breaker_transitions
    (environment, service, operation, breaker, instance, from_state, to_state, occurred_at, occurred_earliest,
     occurred_latest, sources, inferred, clock_skew, assumed, transition_id, position, labels)
select
    'prod', 'service-' || series % 100, '', 'breaker-' || series // 100 % 10, 'instance-' || series // 1000,
    ['closed', 'open', 'half_open', 'open', 'half_open'][1 + step],
    ['open', 'half_open', 'open', 'half_open', 'closed'][1 + step],
    make_timestamptz(at_us), make_timestamptz(at_us), make_timestamptz(at_us), ['metrics'], false, false, false,
    (series * $incidents::bigint + incident) * 5 + step, incident * 5 + step, map {'cluster': 'eu'}
from (
    select
        series, incident, step,
        $start_us::bigint + incident * ($length_us::bigint // $incidents::bigint) + series * 1000
        + step * (5000000 + (incident * 7919 + series * 104729) % 20000000) as at_us
    from range($breakers::bigint) as breakers(series)
    cross join range($incidents::bigint) as incidents(incident)
    cross join range(5) as steps(step)
)
order by series, incident, step
"""
_INCIDENTS = """
insert into kept.breaker_incidents
    (environment, incident_id, episode_id, service, operation, breaker, instance, opened_at, closed_at, duration_s,
     reopenings, status, labels)
select
    environment, transition_id, transition_id, service, operation, breaker, instance, occurred_at, closed_at,
    (epoch_us(closed_at) - epoch_us(occurred_at)) / 1e6, 1, 'resolved', labels
from (
    select *, lead(occurred_at, 4) over (partition by service, breaker, instance order by position) as closed_at
    from kept.breaker_transitions
)
where to_state = 'open' and from_state = 'closed'
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the figures: the best seconds of some rounds, and what it found."""

    name: str
    seconds: float
    found: Sequence[Recovery]


def fill(store: Store, transitions: int) -> None:
    """Keep so many transitions and the incidents they make."""
    incidents = transitions // STEPS // BREAKERS
    params = {"start_us": to_us(START), "length_us": 30 * DAY_US, "incidents": incidents, "breakers": BREAKERS}
    with store.transaction():
        store.execute(_TRANSITIONS, params)
    with store.transaction():
        store.execute(_INCIDENTS)


def frame(rows: Rows) -> pd.DataFrame:
    """Return the transitions as somebody would load them for pandas: only the columns it takes."""
    loaded = pd.DataFrame(
        rows.columns(
            "select environment, labels['cluster'] as cluster, service, breaker, instance, to_state, occurred_at,"
            " position from breaker_transitions"
        )
    )
    return loaded.astype(dict.fromkeys(TEXTS, "str"))


def in_pandas(transitions: pd.DataFrame) -> Sequence[Recovery]:
    """Return the same as the question does: sorted once, then shifted within each breaker."""
    edges = transitions[transitions["to_state"].isin(["open", "closed"])]
    edges = edges.sort_values([*SERIES, "position"])
    series = edges.groupby(SERIES, observed=True, sort=False)
    opens = edges["to_state"] == "open"
    first = opens & (series["to_state"].shift() != "open")
    kept = edges[first | ~opens]
    series = kept.groupby(SERIES, observed=True, sort=False)
    closed_at = series["occurred_at"].shift(-1)
    opened = kept["to_state"] == "open"
    incidents = kept[opened].assign(lasted_s=(closed_at[opened] - kept["occurred_at"][opened]).dt.total_seconds())
    incidents["day"] = incidents["occurred_at"].dt.floor("D")
    found = incidents.groupby(["environment", "service", "day"], observed=True)["lasted_s"].agg(
        ["count", "mean", "median", "max"]
    )
    found = found.reset_index().sort_values(["environment", "service", "day"])
    days = found["day"].dt.date.tolist()
    figures = [found[name].tolist() for name in ("count", "mean", "median", "max")]
    return [
        Recovery("prod", service, day, int(count), 0, mean_s, median_s, longest_s)
        for service, day, count, mean_s, median_s, longest_s in zip(
            found["service"].tolist(), days, *figures, strict=True
        )
    ]


def timed(name: str, find: Callable[[], Sequence[Recovery]], rounds: int) -> Way:
    """Return the best of some rounds."""
    best_s = float("inf")
    found: Sequence[Recovery] = ()
    for _ in range(rounds):
        began = time.perf_counter()
        found = find()
        best_s = min(best_s, time.perf_counter() - began)
    return Way(name, best_s, found)


def same(one: Sequence[Recovery], other: Sequence[Recovery]) -> bool:
    """Return whether two ways found the same, to the microsecond."""
    return len(one) == len(other) and all(
        (a.service, a.day, a.recovered) == (b.service, b.day, b.recovered)
        and abs((a.mean_s or 0) - (b.mean_s or 0)) < 1e-6
        and abs((a.median_s or 0) - (b.median_s or 0)) < 1e-6
        for a, b in zip(one, other, strict=True)
    )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transitions", type=int, default=10_000_000)
    parser.add_argument("--record", action="store_true", help="write the table into RESULTS.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "b.duckdb") as store:
        fill(store, given.transitions)
        store.publish(to_us(START) + 31 * DAY_US)
        reader = Reader.open(store.path)
        ours = [
            timed("from breaker_transitions", lambda: recovery_by_day(reader, from_transitions=True), 5),
            timed("from breaker_incidents", lambda: recovery_by_day(reader), 5),
        ]
        transitions = frame(reader)
        reader.close()
        theirs = timed("pandas, from memory", lambda: in_pandas(transitions), 3)
        transitions = transitions.astype(dict.fromkeys(TEXTS, "category"))
        prepared = timed("pandas, texts made categories before", lambda: in_pandas(transitions), 3)
    lines = [
        f"`python -m bench.recovery`: {given.transitions:,} transitions of {BREAKERS:,} breakers to",
        f"{len(theirs.found):,} days of services; the best of 5 (pandas {pd.__version__}: of 3) by the clock.",
        "",
        "| way | seconds | times faster | aim |",
        "|---|---|---|---|",
        f"| {theirs.name} | {theirs.seconds:.2f} | | |",
        f"| {prepared.name} | {prepared.seconds:.2f} | {theirs.seconds / prepared.seconds:.1f} | |",
        *(
            f"| {way.name} | {way.seconds:.2f} | {theirs.seconds / way.seconds:.1f} | {BARS[way.name]} |"
            for way in ours
        ),
    ]
    print("\n".join(lines))
    if given.record:
        record("Recovery by day", "\n".join(lines))
    wrong = [f"{way.name} found something else" for way in ours if not same(way.found, theirs.found)]
    wrong += [
        f"{way.name}: {theirs.seconds / way.seconds:.1f} times faster, at least {BARS[way.name]}"
        for way in ours
        if theirs.seconds / way.seconds < BARS[way.name]
    ]
    for one in wrong:
        print(f"missed: {one}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
