"""What a batch leaves behind: rows, checkpoints and stale marks, whatever the order and number of batches."""

import os
from collections.abc import Sequence
from typing import Any

import pytest

from breakwatch.model import Batch, SightingKind, Subject, Track, TrackKind
from store import Appended, Store, owner
from tests.store.samples import COUNTER, QUEUE, SCRAPE, START, STATE, Sample, batch_of, rejected, sighting

NAN = float("nan")


def alike(tracks: Sequence[Track], samples: Sequence[Sample]) -> dict[Track, Sequence[Sample]]:
    """Return a history in which all tracks have the same samples."""
    return {track: samples for track in tracks}  # noqa: C420 - fromkeys would share one list, which ruff minds too


def stale_subjects(store: Store) -> set[tuple[str, ...]]:
    """Return the marks and take them away."""
    found = {tuple(row.values()) for row in store.rows("FROM raw.stale_subjects")}
    with store.transaction():
        store.execute("DELETE FROM raw.stale_subjects")
    return found


def stale_counters(store: Store) -> dict[int, tuple[int, int]]:
    """Return the marks and take them away."""
    found = {row["track_id"]: (row["from_us"], row["to_us"]) for row in store.rows("FROM raw.stale_counters")}
    with store.transaction():
        store.execute("DELETE FROM raw.stale_counters")
    return found


def runs(store: Store) -> list[tuple[Any, ...]]:
    """Return the stored runs in order."""
    return [tuple(r.values()) for r in store.rows("SELECT first_us, last_us, value FROM raw.runs ORDER BY ALL")]


def test_a_run_is_extended_by_the_next_window(store: Store) -> None:
    """Windows that share a boundary sample become one run."""
    store.append(batch_of({STATE: [(0, 1), (15, 1)]}))
    store.append(batch_of({STATE: [(15, 1), (30, 1)]}))
    assert runs(store) == [(0, 30, 1)]


def test_runs_that_share_no_instant_stay_apart(store: Store) -> None:
    """A gap between two runs of equal value is evidence and is kept until samples fill it."""
    store.append(batch_of({STATE: [(0, 1), (15, 1)]}))
    store.append(batch_of({STATE: [(30, 1), (45, 1)]}))
    assert runs(store) == [(0, 15, 1), (30, 45, 1)]
    store.append(batch_of({STATE: [(15, 1), (30, 1)]}))
    assert runs(store) == [(0, 45, 1)]


def test_nan_runs_unite_like_any_other_value(store: Store) -> None:
    """NaN (the series was not there) equals NaN."""
    store.append(batch_of({COUNTER: [(0, NAN), (15, NAN)]}))
    store.append(batch_of({COUNTER: [(15, NAN), (30, 4)]}))
    found = runs(store)
    assert [run[:2] for run in found] == [(0, 15), (30, 30)]
    assert found[1][2] == 4


def test_read_time_stays_with_the_first_sample(store: Store) -> None:
    """What was measured at a run's first sample survives uniting, whichever window came first."""
    store.append(batch_of({STATE: [(15, 1), (30, 1)]}))
    store.append(batch_of({STATE: [(1, 1), (15, 1)]}))
    assert store.rows("SELECT read_s, assumed FROM raw.runs") == [{"read_s": 0.1, "assumed": False}]


def test_the_same_batch_twice_changes_nothing(store: Store) -> None:
    """Repetition is counted as known and marks nothing stale."""
    batch = batch_of({STATE: [(0, 1), (15, 2)]}, sightings=[sighting("f:0")], rejected=[rejected("f:9")])
    assert store.append(batch) == Appended(runs=2, sightings=1, rejected=1, duplicates=0)
    stale_subjects(store)
    assert store.append(batch) == Appended(runs=0, sightings=0, rejected=0, duplicates=2)
    assert stale_subjects(store) == set()


def test_duplicates_inside_a_batch_are_one(store: Store) -> None:
    """A line or a track offered twice in one batch is stored once."""
    batch = Batch("logs", [STATE, STATE], sightings=[sighting("f:0"), sighting("f:0")], rejected=[rejected("f:9")] * 2)
    assert store.append(batch) == Appended(runs=0, sightings=1, rejected=1, duplicates=2)
    assert len(store.rows("FROM raw.tracks")) == 1
    assert store.rows("SELECT source, position, reason, content FROM rejected_inputs") == [
        {"source": "logs", "position": "f:9", "reason": "no time in it", "content": "?!"}
    ]


def test_pure_extension_marks_no_state_and_no_counter(store: Store) -> None:
    """What is merely seen longer with the same value changes no figure, except samples of gauges and scrapes."""
    tracks = (STATE, COUNTER, START, QUEUE, SCRAPE)
    store.append(batch_of(alike(tracks, [(0, 1), (15, 1)])))
    stale_subjects(store)
    stale_counters(store)
    store.append(batch_of(alike(tracks, [(15, 1), (30, 1)]), seen_until_us=30))
    assert stale_subjects(store) == set()
    assert stale_counters(store) == {QUEUE.track_id: (15, 30), SCRAPE.track_id: (15, 30)}
    assert store.rows("FROM raw.seen") == [{"source": "prom", "until_us": 30}]


def test_a_new_value_marks_state_and_counter(store: Store) -> None:
    """Only the time that really changed is marked, not the whole of a long run."""
    store.append(batch_of(alike((STATE, COUNTER), [(0, 1), (15, 1)])))
    stale_subjects(store)
    stale_counters(store)
    store.append(batch_of(alike((STATE, COUNTER), [(15, 1), (30, 1), (45, 2)])))
    assert stale_subjects(store) == {("breaker", "prod", "checkout", "pay")}
    assert stale_counters(store) == {COUNTER.track_id: (15, 45)}


@pytest.mark.parametrize("kind", [START, SCRAPE])
def test_a_restart_or_gap_marks_what_the_scrape_carries(store: Store, kind: Track) -> None:
    """A new process start or a hole in the scrapes decides what may hide between two equal states."""
    store.append(batch_of(alike((STATE, kind), [(0, 1), (15, 1)])))
    stale_subjects(store)
    store.append(batch_of({kind: [(30, 1), (45, 1)]}))
    assert stale_subjects(store) == {("breaker", "prod", "checkout", "pay")}


def test_a_run_grown_before_a_later_one_is_no_pure_extension(store: Store) -> None:
    """Filling the time before a change moves the earliest instant of that change: it must be marked."""
    store.append(batch_of({STATE: [(0, 1), (15, 1)]}))
    store.append(batch_of({STATE: [(60, 2)]}))
    stale_subjects(store)
    store.append(batch_of({STATE: [(15, 1), (45, 1)]}))
    assert stale_subjects(store) == {("breaker", "prod", "checkout", "pay")}


def test_each_kind_of_sighting_marks_its_domain(store: Store) -> None:
    """Transitions, health and level go by their subject; everything else is an event of its service."""
    about = Subject("prod", "checkout", breaker="pay", component="redis")
    kinds = list(SightingKind)
    store.append(Batch("logs", sightings=[sighting(f"f:{kind}", kind=kind, subject=about) for kind in kinds]))
    assert stale_subjects(store) == {
        ("breaker", "prod", "checkout", "pay"),
        ("health", "prod", "checkout", "redis"),
        ("level", "prod", "checkout", ""),
        ("event", "prod", "checkout", ""),
    }


def test_a_transition_counter_marks_the_domain_it_declares(store: Store) -> None:
    """A counter of transitions belongs to the breaker or to the health of a component."""
    about = Subject("prod", "checkout", component="redis")
    track = Track("prom", TrackKind.TRANSITIONS, about, detail=(("domain", "health"), ("to_state", "down")))
    store.append(batch_of({track: [(0, 3)]}))
    assert stale_subjects(store) == {("health", "prod", "checkout", "redis")}
    assert stale_counters(store) == {}


def test_a_backfill_uses_every_core_until_it_is_published(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread serves short cycles best; a large batch and the refresh after it get all there are."""
    monkeypatch.setattr(owner, "_BULK_RUNS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    threads = "SELECT current_setting('threads')::BIGINT AS threads"
    assert store.rows(threads) == [{"threads": 1}]
    store.append(batch_of({STATE: [(0, 1), (15, 2)]}))
    assert store.rows(threads) == [{"threads": 3}]
    store.publish(1)
    assert store.rows(threads) == [{"threads": 1}]


def test_checkpoints_are_kept_changed_and_forgotten(store: Store) -> None:
    """An empty text forgets a key; other sources are not touched."""
    store.append(Batch("prom", checkpoints={"a": "1", "b": "2"}))
    store.append(Batch("logs", checkpoints={"a": "9"}))
    store.append(Batch("prom", checkpoints={"a": "3", "b": ""}))
    assert store.checkpoints("prom") == {"a": "3"}
    assert store.checkpoints("logs") == {"a": "9"}


def test_a_batch_is_all_or_nothing(store: Store) -> None:
    """A failure after the rows takes back the checkpoints too: both rewind together."""
    with pytest.raises(RuntimeError, match="power"), store.transaction():
        store.append(batch_of({STATE: [(0, 1)]}, checkpoints={"a": "1"}))
        raise RuntimeError("power cut")
    assert runs(store) == []
    assert store.rows("FROM raw.tracks") == []
    assert store.checkpoints("prom") == {}


def test_subject_and_labels_come_back_as_they_went_in(store: Store) -> None:
    """Labels are a map; what was not said is an empty text in raw."""
    about = Subject("prod", "checkout", instance="a", labels=(("cluster", "eu"),))
    store.append(batch_of({Track("prom", TrackKind.SCRAPE, about, group="eu"): [(0, 1)]}))
    assert store.rows("SELECT environment, breaker, instance, labels, source_group FROM raw.tracks") == [
        {"environment": "prod", "breaker": "", "instance": "a", "labels": {"cluster": "eu"}, "source_group": "eu"}
    ]
