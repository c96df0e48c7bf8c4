"""The property that everything rests on: the order and number of collections cannot matter."""

import itertools
from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from breakwatch.model import Track
from store import Store
from tests.store.samples import COUNTER, SCRAPE, STATE, Sample, batch_of

TRACKS = (STATE, COUNTER, SCRAPE)
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
