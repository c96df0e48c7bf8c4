"""Raw text is not kept for ever; what it told is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwatch.clock import DAY_US, SECOND_US
from breakwatch.model import Batch
from store import CollectionRun, Expired, Reader, Store
from tests.store.samples import rejected, sighting

if TYPE_CHECKING:
    from pathlib import Path

NOW_US = 1_795_000_000 * SECOND_US
SECRET = "planted-secret-in-a-line"


def test_texts_are_emptied_and_rows_stay(store: Store) -> None:
    """Only what is older than asked is emptied, once; the sighting itself, and its place in the file, stay."""
    old, young = (sighting(name, NOW_US - days * DAY_US, raw=SECRET) for name, days in (("old", 20), ("young", 3)))
    store.append(Batch("logs", sightings=[old, young]))
    before = store.rows("SELECT * EXCLUDE (raw_text) FROM raw.sightings ORDER BY position")
    assert store.expire(NOW_US - 14 * DAY_US, 0) == Expired(1, 0)
    assert store.expire(NOW_US - 14 * DAY_US, 0) == Expired(0, 0)
    assert store.rows("SELECT * EXCLUDE (raw_text) FROM raw.sightings ORDER BY position") == before
    texts = store.rows("SELECT position, raw_text FROM raw.sightings ORDER BY position")
    assert texts == [{"position": "old", "raw_text": ""}, {"position": "young", "raw_text": SECRET}]


def test_what_is_read_again_stays_empty(store: Store) -> None:
    """Neither an old line nor old rejected input that is met once more comes back with its text, or as new."""
    store.append(Batch("logs", sightings=[sighting("old", 1, raw=SECRET)], rejected=[rejected("bad")]))
    store.expire(NOW_US * 2, 0)
    again = store.append(Batch("logs", sightings=[sighting("old", 1, raw=SECRET)], rejected=[rejected("bad")]))
    assert (again.sightings, again.rejected) == (0, 0)
    assert store.rows("SELECT raw_text FROM raw.sightings") == [{"raw_text": ""}]
    assert store.rows("SELECT content, reason FROM rejected_inputs") == [{"content": "", "reason": "no time in it"}]


def test_the_published_file_holds_nothing_of_it(path: Path) -> None:
    """Rejected input is emptied for readers too, row by row, and its bytes are gone from the file."""
    clock = [NOW_US - 20 * DAY_US]
    with Store.open(path, clock=lambda: clock[0]) as store:
        bad = rejected("bad")
        planted = type(bad)(bad.source, bad.position, bad.reason, SECRET)
        store.append(Batch("logs", rejected=[planted]))
        store.publish(clock[0])
        assert SECRET.encode() in path.read_bytes()
        clock[0] = NOW_US
        store.append(Batch("logs", rejected=[rejected("young")]))
        assert store.expire(NOW_US - 14 * DAY_US, 0) == Expired(0, 1)
        store.publish(NOW_US)
        with Reader.open(path) as reader:
            rows = reader.rows("SELECT position, content FROM rejected_inputs ORDER BY position")
        assert rows == [{"position": "bad", "content": ""}, {"position": "young", "content": "?!"}]
        assert SECRET.encode() not in path.read_bytes()


def test_failures_are_forgotten_with_the_samples_they_missed(store: Store) -> None:
    """Attempts that failed before samples are kept go; the last one of a source stays, whatever its age."""
    for source, days in (("a", 100), ("a", 50), ("b", 200)):
        at_us = NOW_US - days * DAY_US
        store.record_run(CollectionRun(source, at_us, at_us, status="failed", error="down"))
    store.expire(0, NOW_US - 90 * DAY_US)
    left = store.rows("SELECT source, started_us FROM raw.collection_runs ORDER BY source")
    assert [(row["source"], (NOW_US - row["started_us"]) // DAY_US) for row in left] == [("a", 50), ("b", 200)]
