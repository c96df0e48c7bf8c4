"""Counters that prove a state, through a real store: few of their runs are read, and none is missed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis import refresh
from analysis.evidence import Run, SampledTrack, Witness, sighted_changes
from breakwatch.config import Config
from breakwatch.model import Batch, Runs, Subject, Track, TrackKind, pairs
from store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRAPE_US = 15_000_000
START_US = 1_795_000_000_000_000
SUBJECT = Subject(environment="prod", service="llm", breaker="a", instance="i")
OPENED = {"domain": "breaker", "to_state": "open", "binary": "true"}
SERVED = {"domain": "breaker", "to_state": "closed", "each": "proof", "binary": "true"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(tmp_path / "breakwatch.duckdb")
    yield opened
    opened.close()


def history(seed: int, scrapes: int = 300) -> dict[str, list[float]]:
    """Return counters of openings and of successes of two keys; no success while it is open."""
    chance = random.Random(seed)
    values: dict[str, list[float]] = {"opened": [], "one": [], "other": []}
    opened, one, other, wait = 0, 0, 0, 0
    for _ in range(scrapes):
        if wait == 0 and chance.random() < 0.03:
            opened, wait = opened + 1, chance.randint(1, 6)
        elif wait:
            wait -= 1
        else:
            one += chance.choice([0, 1, 5])
            other += chance.choice([0, 0, 2])
        values["opened"].append(opened)
        values["one"].append(one)
        values["other"].append(other)
    return values


def runs_of(values: list[float], begin: int, end: int) -> list[Run]:
    """Return a counter's runs between two scrapes."""
    found: list[Run] = []
    for at in range(begin, end):
        stamp_us = START_US + at * SCRAPE_US
        if found and found[-1].value == values[at]:
            found[-1] = found[-1]._replace(last_us=stamp_us)
        else:
            found.append(Run(stamp_us, stamp_us, values[at], 0.1, assumed=False))
    return found


def batch(values: dict[str, list[float]], begin: int, end: int) -> Batch:
    """Return what is seen of the counters from one scrape to another."""
    tracks, rows = [], []
    for number, (name, counted) in enumerate(values.items()):
        detail = pairs({**(OPENED if name == "opened" else SERVED), "series": name})
        tracks.append(Track("prom", TrackKind.TRANSITIONS, SUBJECT, "j/i", detail=detail))
        rows += [(number, run) for run in runs_of(counted, begin, end)]
    return Batch(
        "prom",
        tracks,
        Runs(
            np.array([number for number, _ in rows], np.int32),
            np.array([run.first_us for _, run in rows], np.int64),
            np.array([run.last_us for _, run in rows], np.int64),
            np.array([run.value for _, run in rows], np.float64),
            np.array([run.read_s for _, run in rows], np.float64),
            np.array([run.assumed for _, run in rows], np.bool_),
        ),
    )


def told(store: Store) -> list[tuple[str, int]]:
    """Return the transitions that the store shows, as (state, scrape)."""
    found = store.rows("SELECT to_state, epoch_us(occurred_latest) AS at_us FROM breaker_transitions ORDER BY ALL")
    return sorted(((row["to_state"], (row["at_us"] - START_US) // SCRAPE_US) for row in found), key=lambda one: one[1])


def expected(values: dict[str, list[float]]) -> list[tuple[str, int]]:
    """Return the same from all runs, as the evidence alone tells them."""
    whole = {name: runs_of(counted, 0, len(counted)) for name, counted in values.items()}
    tracks = [
        SampledTrack(number, "transitions", "prom", "i", (), "j/i", OPENED if name == "opened" else SERVED, runs)
        for number, (name, runs) in enumerate(whole.items())
    ]
    changes = sighted_changes(Witness("prom", "i", (), tracks), TrackKind.BREAKER_STATE)
    return [(change.to_state, (change.bounds.latest_us - START_US) // SCRAPE_US) for change in changes]


@pytest.mark.parametrize("seed", range(4))
def test_few_runs_tell_the_whole_story(store: Store, seed: int) -> None:
    """Stored at once, piece by piece, or the newest first: the transitions are those of all runs together."""
    values = history(seed)
    pieces = [(begin, min(begin + 51, 300)) for begin in range(0, 300, 50)]
    if seed % 2:
        random.Random(seed).shuffle(pieces)
    for begin, end in pieces if seed else [(0, 300)]:
        store.append(batch(values, begin, end))
        refresh(store, Config())
    assert told(store) == expected(values)
    assert len(told(store)) > 4


def test_successes_of_a_closed_breaker_change_nothing(store: Store) -> None:
    """While it is known to be closed more successes make no figure stale; after an opening the next one does."""
    values = {"opened": [0.0] * 4 + [1.0] * 4, "one": [1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 5.0, 6.0]}
    stale = []
    for begin in range(0, 8, 2):
        store.append(batch(values, max(begin - 1, 0), begin + 2))
        stale.append(len(store.rows("SELECT * FROM raw.stale_subjects")))
        refresh(store, Config())
    assert stale == [1, 0, 1, 1]
    (row,) = store.rows("SELECT state FROM breaker_states")
    assert row["state"] == "closed"
    assert told(store) == [("open", 4), ("closed", 6)]


def test_a_breaker_that_only_served_is_closed(store: Store) -> None:
    """What answered well and never cooled down is shown, and closed."""
    store.append(batch({"one": [1.0, 2.0, 3.0]}, 0, 3))
    refresh(store, Config())
    assert [row["state"] for row in store.rows("SELECT state FROM breaker_states")] == ["closed"]
