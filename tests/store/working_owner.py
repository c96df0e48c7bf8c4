"""An owner at work: a believable store, and one cycle after the other with measured times."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US
from breakwatch.model import Subject, Track, TrackKind
from store import Store
from tests.store.samples import batch_of, sighting

BREAKERS = 300
DAYS = 6
START_US = 1_793_491_200_000_000  # 2026-11-01
NOW_US = START_US + DAYS * DAY_US
SCRAPE_US = 1_000_000

TRACKS = [
    Track(
        "prom", TrackKind.BREAKER_STATE, Subject("prod", f"s{n % 20}", breaker=f"b{n}"), scrape_target=f"app:{n % 20}"
    )
    for n in range(BREAKERS)
]


def count_row(minute_us: int, service: int, value: int) -> dict[str, object]:
    """Return the requests of one service in one minute."""
    return {
        "environment": "prod",
        "service": f"s{service}",
        "bucket_start": minute_us,
        "bucket_s": 60.0,
        "outcome": "success",
        "count": value,
        "labels": {"cluster": "eu"},
    }


def fill(store: Store) -> None:
    """Give the store some days of history: counts in parts and inside, transitions, targets."""
    minutes = range(START_US, NOW_US, MINUTE_US)
    store.replace("request_counts", {}, [count_row(at, n, 1) for at in minutes for n in range(4)])
    moves = [
        {
            "environment": "prod",
            "service": f"s{n % 20}",
            "breaker": f"b{n % BREAKERS}",
            "to_state": "open",
            "occurred_at": START_US + n * HOUR_US // 40,
            "sources": ["prom"],
            "labels": {"cluster": "eu"},
            "position": n,
        }
        for n in range(5_000)
    ]
    store.replace("breaker_transitions", {}, moves)
    store.replace("targets", {}, [{"service": f"s{n}", "target": "t", "last_served_at": NOW_US} for n in range(20)])


def cycle(store: Store, number: int) -> float:
    """Collect, refresh and publish once, with a late change in a part now and then; return the seconds it took."""
    stamps = (NOW_US + (number - 1) * SCRAPE_US, NOW_US + number * SCRAPE_US)
    history = {track: [(at, float(at // SCRAPE_US // 50 % 3)) for at in stamps] for track in TRACKS}
    batch = batch_of(history, sightings=[sighting(f"f:{number}", stamps[1])], checkpoints={"next": str(number)})
    started = time.perf_counter()
    with store.cycle():
        store.append(batch)
        with store.transaction():
            _refresh(store, number, stamps[1])
        store.publish(stamps[1])
    return time.perf_counter() - started


def _refresh(store: Store, number: int, now_us: int) -> None:
    minute_us = NOW_US + number * SCRAPE_US // MINUTE_US * MINUTE_US
    scope = {"service": "s0", "bucket_start": minute_us}
    store.replace("request_counts", scope, [count_row(minute_us, 0, number)])
    if number % 5 == 0:
        late_us = START_US + number % 3 * DAY_US
        store.replace("request_counts", {"service": "s0", "bucket_start": late_us}, [count_row(late_us, 0, number)])
    move = {"environment": "prod", "service": "s0", "breaker": "b0", "position": -number}
    store.replace("breaker_transitions", move, [{"occurred_at": now_us, "sources": ["prom"]}])
    store.replace("targets", {"service": "s1"}, [{"target": "t", "last_served_at": now_us}])
    store.execute("DELETE FROM raw.stale_subjects")


def cycles(store: Store, seconds: float, first: int, every_s: float = 1.0) -> list[float]:
    """Run one cycle every second for so many seconds; return how long each took."""
    taken: list[float] = []
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        taken.append(cycle(store, first + len(taken)))
        time.sleep(max(0.0, every_s - taken[-1]))
    return taken


@contextmanager
def opened(path: Path, grace_s: float = 30.0) -> Iterator[Store]:
    """Open a filled store whose superseded parts stay for ``grace_s``."""
    with Store.open(path, grace_s=grace_s, inside_rows=10_000) as store:
        fill(store)
        store.publish(NOW_US)
        yield store
