"""Refresh through a real store: from batches to the views."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analysis import refresh
from breakwatch.clock import DAY_US, from_us
from breakwatch.config import Config
from breakwatch.model import Batch, Runs, Sighting, SightingKind, Subject, Track, TrackKind, pairs
from store import Store
from tests.analysis import worlds
from tests.analysis.worlds import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analysis.evidence import SampledTrack

START = 20_000 * DAY_US


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(tmp_path / "breakwatch.duckdb")
    yield opened
    opened.close()


def _subject(instance: str = "a", breaker: str = "payments") -> Subject:
    return Subject(environment="prod", service="checkout", breaker=breaker, instance=instance)


def _batch(tracks: list[SampledTrack], source: str = "prom", instance: str = "a") -> Batch:
    made = [
        Track(source, TrackKind(t.kind), _subject(instance), f"job/{instance}", detail=pairs(dict(t.detail)))
        for t in tracks
    ]
    rows = [(place, run) for place, track in enumerate(tracks) for run in track.runs]
    runs = Runs(
        np.array([place for place, _ in rows], np.int32),
        np.array([START + run.first_us for _, run in rows], np.int64),
        np.array([START + run.last_us for _, run in rows], np.int64),
        np.array([run.value for _, run in rows], np.float64),
        np.array([run.read_s for _, run in rows], np.float64),
        np.array([run.assumed for _, run in rows], np.bool_),
    )
    return Batch(source, made, runs)


def _log(truth: worlds.Truth, source: str = "log", instance: str = "") -> Batch:
    sightings = [
        Sighting(
            source,
            SightingKind.BREAKER_TRANSITION,
            START + at_us,
            _subject(instance),
            f"file:{place * 100}",
            before,
            after,
        )
        for place, (at_us, before, after) in enumerate(truth.moves)
    ]
    return Batch(source, sightings=sightings)


def _all(store: Store, view: str) -> list[dict[str, Any]]:
    return store.rows(f"SELECT * EXCLUDE (labels) FROM {view} ORDER BY ALL")  # noqa: S608 (a name of ours)


def test_scrapes_and_log_become_one_exact_incident(store: Store) -> None:
    """A gauge and a log without instance names agree on one incident, exact, with both sources."""
    truth = worlds.Truth(
        (
            (10_300_000, "closed", "open"),
            (15_300_000, "open", "half_open"),
            (15_320_000, "half_open", "open"),
            (20_330_000, "open", "half_open"),
            (20_350_000, "half_open", "closed"),
        )
    )
    seen = worlds.scrapes(random.Random(1), 40 * SECOND)
    store.append(_batch([worlds.gauge(truth, seen), *worlds.move_counters(truth, seen)]))
    store.append(_log(truth))
    refresh(store, Config())
    [incident] = _all(store, "breaker_incidents")
    assert (incident["status"], incident["reopenings"], incident["duration_s"]) == ("resolved", 1, 10.05)
    assert incident["duration_low_s"] == incident["duration_high_s"] == 10.05
    assert incident["opened_sources"] == ["log", "prom"]
    [episode] = _all(store, "breaker_episodes")
    assert (episode["openings"], episode["instances_hit"], episode["instances_seen"]) == (2, 1, 1)
    assert episode["healed_by"] == "self"
    [state] = _all(store, "breaker_states")
    assert (state["state"], state["since"]) == ("closed", from_us(START + 20_350_000))


def test_an_open_breaker_lasts_as_long_as_it_was_seen(store: Store) -> None:
    """An ongoing incident's lower bound grows with every scrape that still shows it open; there is no upper bound."""
    truth = worlds.Truth(((10_300_000, "closed", "open"),))
    seen = worlds.scrapes(random.Random(1), 60 * SECOND)
    for until in (30, 60):
        store.append(_batch([worlds.gauge(truth, seen[:until])]))
        refresh(store, Config())
        [incident] = _all(store, "breaker_incidents")
        [episode] = _all(store, "breaker_episodes")
        assert (incident["status"], incident["duration_s"], incident["duration_high_s"]) == ("ongoing", None, None)
        assert until - 12.5 < incident["duration_low_s"] < until - 10.3
        assert episode["duration_low_s"] == incident["duration_low_s"]


def test_order_and_repetition_change_nothing(store: Store, tmp_path: Path) -> None:
    """The same evidence in any order, in pieces, twice: the same views."""
    rng = random.Random(7)
    truth = worlds.random_truth(rng, 40, SECOND // 20, 4 * SECOND)
    seen = worlds.scrapes(rng, truth.moves[-1][0] + 4 * SECOND)
    pieces = []
    for start in range(0, len(seen), 9):
        part = seen[max(0, start - 1) : start + 9]
        pieces.append(_batch([worlds.gauge(truth, part), *worlds.move_counters(truth, part)]))
    pieces.append(_log(worlds.Truth(truth.moves[::2])))
    for piece in pieces:
        store.append(piece)
    refresh(store, Config())
    views = ("breaker_transitions", "breaker_incidents", "breaker_episodes", "breaker_states", "findings")
    expected = {view: _all(store, view) for view in views}
    other = Store.open(tmp_path / "other.duckdb")
    rng.shuffle(pieces)
    for piece in [*pieces, *pieces[:3]]:
        other.append(piece)
        refresh(other, Config())
    assert {view: _all(other, view) for view in views} == expected
    other.close()
    assert expected["breaker_incidents"]


def test_clusters_stay_apart_and_a_nameless_sighting_between_two_is_a_finding(store: Store) -> None:
    """A log line without an instance, with two instances seen, stays apart and is reported."""
    truth = worlds.Truth(((10_300_000, "closed", "open"), (12_400_000, "open", "closed")))
    quiet = worlds.Truth(())
    seen = worlds.scrapes(random.Random(1), 30 * SECOND)
    store.append(_batch([worlds.gauge(truth, seen)], instance="a"))
    store.append(_batch([worlds.gauge(quiet, seen)], instance="b"))
    store.append(_log(truth))
    refresh(store, Config())
    assert [row["instance"] for row in _all(store, "breaker_incidents")] == [None, "a"] or {
        row["instance"] for row in _all(store, "breaker_incidents")
    } == {None, "a"}
    assert "instance_not_named" in {row["kind"] for row in _all(store, "findings")}
    assert len(_all(store, "breaker_episodes")) == 1


def test_what_an_older_version_kept_is_made_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a new version of the analysis everything is fused again from the evidence, without collecting again."""
    truth = worlds.Truth(((10_300_000, "closed", "open"), (12_400_000, "open", "half_open")))
    store.append(_log(truth, instance="a"))
    refresh(store, Config())
    with store.transaction():
        store.replace("breaker_transitions", {}, [])
    refresh(store, Config())
    assert _all(store, "breaker_transitions") == []
    monkeypatch.setattr(sys.modules["analysis.refresh"], "ANALYSIS_VERSION", "next")
    refresh(store, Config())
    assert len(_all(store, "breaker_transitions")) == 2
