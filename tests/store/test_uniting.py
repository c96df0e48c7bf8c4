"""The property that everything rests on: the order and number of collections cannot matter."""

import itertools
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from breakwatch.model import Batch, Runs, Subject, Track, TrackKind
from store import Store, append
from store.append_few import FEW_RUNS
from tests.store.samples import COUNTER, SCRAPE, STATE, Sample, batch_of

TRACKS = (STATE, COUNTER, SCRAPE)
ABOUT = Subject(service="shop", breaker="pay", component="db", instance="a")
EVERY_KIND = (
    *TRACKS,
    *(Track("prom", kind, ABOUT, scrape_target="app/a") for kind in TrackKind if kind is not TrackKind.TRANSITIONS),
    *(
        Track("prom", TrackKind.TRANSITIONS, ABOUT, scrape_target="app/a", detail=(*more, ("to_state", to)))
        for to in ("open", "closed")
        for more in ((), (("domain", "health"),), (("each", "proof"),))
    ),
)
VALUES = st.sampled_from([0.0, 1.0, 2.0, float("nan")])
History = dict[Track, list[Sample]]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Samples of a few tracks on one grid of scrapes, some of them missing."""
    stamps = sorted(draw(st.sets(st.integers(0, 60), min_size=2, max_size=14)))
    return {track: [(stamp, draw(VALUES)) for stamp in stamps] for track in TRACKS}


@st.composite
def windows(draw: st.DrawFn, size: int) -> list[tuple[int, int]]:
    """Spans of sample places that share boundary samples and cover all, in any order, with repetitions."""
    cuts = sorted({0, size - 1, *draw(st.sets(st.integers(0, size - 1)))})
    spans = list(itertools.pairwise(cuts))
    return draw(st.permutations([*spans, *draw(st.lists(st.sampled_from(spans), max_size=4))]))


def content(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return everything raw, in order; nan as text, for it does not equal itself."""
    found = {
        name: store.rows(f"SELECT * FROM raw.{name} ORDER BY ALL")  # noqa: S608 - names of this test
        for name in ("tracks", "runs", "seen", "checkpoints")
    }
    return {name: [{key: str(value) for key, value in row.items()} for row in rows] for name, rows in found.items()}


MARKS = ("settled_runs", "latest_runs", "stale_subjects", "stale_counters")


def marked(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return everything raw, what is settled apart from what is not, and what is marked stale."""
    found = {name: store.rows(f"SELECT * FROM raw.{name} ORDER BY ALL") for name in MARKS}  # noqa: S608 - as above
    return content(store) | {
        name: [{key: str(value) for key, value in row.items()} for row in rows] for name, rows in found.items()
    }


def collect(store: Store, histories_in_order: Sequence[History]) -> dict[str, list[dict[str, Any]]]:
    """Return what an empty store holds after these histories were collected one after the other."""
    with store.transaction():
        for name in (
            "tracks",
            "settled_runs",
            "latest_runs",
            "seen",
            "checkpoints",
            "stale_subjects",
            "stale_counters",
        ):
            store.execute(f"DELETE FROM raw.{name}")  # noqa: S608 - names of this test
    for history in histories_in_order:
        store.append(batch_of(history))
    return content(store)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_split_order_and_repetition_gives_the_same_store(store: Store, data: st.DataObject) -> None:
    """Windows that share a boundary sample, in any order and however often, leave what one window leaves."""
    history = data.draw(histories())
    spans = data.draw(windows(len(history[STATE])))
    pieces = [{track: samples[low : high + 1] for track, samples in history.items()} for low, high in spans]
    assert collect(store, pieces) == collect(store, [history])


@st.composite
def loose_runs(draw: st.DrawFn) -> Batch:
    """A batch of runs that no window would yield: overlapping each other, of any length, read in any time."""
    tracks = draw(st.lists(st.sampled_from(EVERY_KIND), min_size=1, max_size=4, unique=True))
    size = draw(st.integers(0, 8))
    track = draw(st.lists(st.integers(0, len(tracks) - 1), min_size=size, max_size=size))
    first = draw(st.lists(st.integers(0, 30), min_size=size, max_size=size))
    length = draw(st.lists(st.integers(0, 8), min_size=size, max_size=size))
    runs = Runs(
        np.array(track, np.int32),
        np.array(first, np.int64),
        np.array(first, np.int64) + np.array(length, np.int64),
        np.array(draw(st.lists(VALUES, min_size=size, max_size=size)), np.float64),
        np.array(draw(st.lists(st.sampled_from([0.0, 0.1]), min_size=size, max_size=size)), np.float64),
        np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), np.bool_),
    )
    return Batch("prom", tracks=tracks, runs=runs)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(loose_runs(), max_size=6))
def test_few_runs_are_united_as_many_are(store: Store, batches: list[Batch]) -> None:
    """A small batch, united without statements, leaves the same runs and marks as one that is united by them."""
    found = []
    for most in (FEW_RUNS, -1):
        collect(store, [])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(append, "FEW_RUNS", most)
            came = [store.append(batch).runs for batch in batches]
        found.append((came, marked(store)))
    assert found[0] == found[1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.tuples(loose_runs(), st.sampled_from(["", "", "undone", "many"])), max_size=6))
def test_what_is_remembered_of_runs_is_what_is_stored(store: Store, batches: list[tuple[Batch, str]]) -> None:
    """Batches that are undone, or united by statements in between, leave what they leave to an owner that forgets."""
    found = []
    for forgetful in (False, True):
        collect(store, [])
        for batch, how in batches:
            if forgetful:
                store._standings.forget()
            with pytest.MonkeyPatch.context() as patch, suppress(KeyError), store.transaction():
                patch.setattr(append, "FEW_RUNS", -1 if how == "many" else FEW_RUNS)
                store.append(batch)
                if how == "undone":
                    raise KeyError
        found.append(marked(store))
    assert found[0] == found[1]
