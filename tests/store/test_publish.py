"""The published file: what it says, that it says the same as the owner, and that only changes are written."""

import shutil
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest

from breakwatch.errors import StoreError
from breakwatch.model import Batch
from store import CollectionRun, Reader, Rows, Store
from store.catalog import DENSE, views
from tests.store.samples import rejected

DAY_US = 86_400_000_000
START_US = 1_793_491_200_000_000  # 2026-11-01


def content(rows: Rows) -> dict[str, list[str]]:
    """Return what every view shows, in order, apart from the publication itself."""
    return {
        view.name: sorted(map(repr, rows.rows(f"FROM {view.name}"))) for view in views() if view.name != "publication"
    }


def counts(days: range, value: int = 1) -> list[dict[str, Any]]:
    """Return one row of request counts per hour of these days."""
    return [
        {
            "environment": "prod",
            "service": "s",
            "bucket_start": START_US + day * DAY_US + hour * 3_600_000_000,
            "bucket_s": 60.0,
            "outcome": "success",
            "count": value,
            "labels": {"cluster": "eu"},
        }
        for day in days
        for hour in range(24)
    ]


def parts(path: Path) -> set[str]:
    """Return the names of the part files."""
    return {part.name for part in (path.parent / f".{path.name}.d" / "parts").iterdir()}


def replace_day(store: Store, day: int, value: int) -> None:
    """Change one row of a day."""
    row = counts(range(day, day + 1), value)[0]
    store.replace("request_counts", {"bucket_start": row["bucket_start"]}, [row])


def test_the_publication_says_as_of_when(store: Store, path: Path) -> None:
    """Generation counts up; as_of and recorded are what the owner said."""
    assert store.publish(START_US).generation == 1
    assert store.publish(START_US + 1, recorded=True).generation == 2
    with Reader.open(path) as reader:
        (row,) = reader.rows("FROM publication")
    assert (row["generation"], row["recorded"]) == (2, True)
    assert row["as_of"].timestamp() == pytest.approx(START_US / 1e6)
    assert store.rows("FROM publication") == [row]


def test_owner_and_published_file_show_the_same(store: Store, path: Path) -> None:
    """After every kind of change the published views equal the owner's, though only the change was written."""
    store.publish(1)
    store.append(Batch("logs", rejected=[rejected("f:1")]))
    store.record_run(CollectionRun("prom", 1, 2, error="x", status="failed"))
    store.replace("targets", {}, [{"service": "a", "target": "x"}, {"service": "b", "target": "y"}])
    store.replace("request_counts", {}, counts(range(2)))
    assert not store.publish(2).whole
    store.replace("targets", {"service": "a"}, [])
    store.append(Batch("logs", rejected=[rejected("f:2")]))
    with store.transaction():
        store.execute("UPDATE kept.targets SET role = 'fallback'")
    replace_day(store, 1, 9)
    assert not store.publish(3).whole
    with Reader.open(path) as reader:
        assert content(reader) == content(store)
        assert reader.rows("SELECT role FROM targets") == [{"role": "fallback"}]
        assert reader.rows("SELECT sum(count)::BIGINT AS total FROM request_counts") == [{"total": 56}]


def test_a_large_dense_relation_spills_its_older_days(path: Path) -> None:
    """Old days go to parts, complete months as one; the newest two stay inside; the views show it all."""
    with Store.open(path, inside_rows=100) as store:
        store.replace("request_counts", {}, counts(range(-40, 10)))
        store.publish(1)
        names = sorted(name.rsplit("-", 1)[0] for name in parts(path))
        assert names[:3] == ["request_counts-2026-09", "request_counts-2026-10", "request_counts-2026-11-01"]
        assert names[-1] == "request_counts-2026-11-08"
        with Reader.open(path) as reader:
            assert content(reader) == content(store)


def test_only_the_changed_day_is_written_anew(path: Path) -> None:
    """A late change rewrites one part; the superseded one stays for the grace time."""
    with Store.open(path, inside_rows=100) as store:
        store.replace("request_counts", {}, counts(range(10)))
        store.publish(1)
        before = parts(path)
        replace_day(store, 3, 7)
        assert store.publish(2).parts == 1
        assert before < parts(path)
        assert len(parts(path)) == len(before) + 1
        with Reader.open(path) as reader:
            assert content(reader) == content(store)


def test_late_data_for_an_empty_day_get_a_part(path: Path) -> None:
    """A day that was empty when its neighbours went out gets its own part."""
    with Store.open(path, inside_rows=100) as store:
        store.replace("request_counts", {}, counts(range(3)) + counts(range(5, 10)))
        store.publish(1)
        row = counts(range(4, 5))[0]
        store.replace("request_counts", {"bucket_start": row["bucket_start"]}, [row])
        assert store.publish(2).parts == 1
        with Reader.open(path) as reader:
            assert content(reader) == content(store)


def test_a_complete_month_becomes_one_part(path: Path) -> None:
    """Once the month is over its day parts are compacted."""
    with Store.open(path, inside_rows=100) as store:
        store.replace("request_counts", {}, counts(range(25)))
        store.publish(1)
        with store.transaction():
            for day in range(25, 35):
                for row in counts(range(day, day + 1)):
                    store.replace("request_counts", {"bucket_start": row["bucket_start"]}, [row])
        store.publish(2)
        live = store.rows("SELECT start_us FROM meta.parts WHERE NOT superseded ORDER BY ALL")
        assert [row["start_us"] for row in live] == [START_US, *(START_US + day * DAY_US for day in (30, 31, 32))]
        with Reader.open(path) as reader:
            assert content(reader) == content(store)


def test_superseded_parts_outlive_the_grace(path: Path) -> None:
    """A connection held open keeps answering for the grace time; then the old part goes."""
    now_us = START_US
    with Store.open(path, inside_rows=100, grace_s=60.0, clock=lambda: now_us) as store:
        store.replace("request_counts", {}, counts(range(10)))
        store.publish(1)
        first = parts(path)
        with Reader.open(path) as held:
            replace_day(store, 3, 7)
            store.publish(2)
            now_us += 59_000_000
            store.publish(3)
            assert held.rows("SELECT sum(count)::BIGINT AS total FROM request_counts") == [{"total": 240}]
        now_us += 2_000_000
        store.publish(4)
        assert len(first - parts(path)) == 1


def test_an_unchanged_store_is_carried_forward(store: Store, path: Path) -> None:
    """Nothing new: the file is continued, not written from the ground."""
    store.publish(1)
    again = store.publish(2)
    assert (again.whole, again.parts) == (False, 0)


def test_a_file_that_somebody_touched_is_not_continued(store: Store, path: Path) -> None:
    """Whatever is not exactly what we left is written anew from the owner's data."""
    store.replace("targets", {}, [{"service": "a"}])
    store.publish(1)
    path.chmod(0o644)
    with duckdb.connect(str(path)) as other:
        other.execute("DELETE FROM kept.targets")
    assert store.publish(2).whole
    with Reader.open(path) as reader:
        assert reader.rows("SELECT service FROM targets") == [{"service": "a"}]


def test_the_owner_heals_a_missing_or_old_file(path: Path) -> None:
    """On opening, a missing published file or an older copy is published anew, as of the same instant."""
    with Store.open(path) as store:
        store.publish(5)
        old = path.with_suffix(".old")
        shutil.copy2(path, old)
        store.replace("targets", {}, [{"service": "a"}])
        store.publish(6, recorded=True)
    for spoil in (path.unlink, lambda: shutil.copy2(old, path)):
        spoil()
        with Store.open(path), Reader.open(path) as reader:
            assert reader.rows("SELECT epoch_us(as_of) AS us, recorded FROM publication") == [
                {"us": 6, "recorded": True}
            ]
            assert len(reader.rows("FROM targets")) == 1


def test_a_moved_store_is_healed_when_its_owner_opens_it(tmp_path: Path) -> None:
    """Views name parts by absolute path; the owner points them to the new place, a public base to another one."""
    first = tmp_path / "first" / "b.duckdb"
    with Store.open(first, inside_rows=100) as store:
        store.replace("request_counts", {}, counts(range(10)))
        store.publish(1)
    second = tmp_path / "second" / "b.duckdb"
    shutil.move(first.parent, second.parent)
    with Reader.open(second) as reader, pytest.raises(StoreError) as caught:
        reader.rows("FROM request_counts")
    assert "breakwatch publish" in caught.value.remedy
    with Store.open(second, inside_rows=100), Reader.open(second) as reader:
        assert len(reader.rows("FROM request_counts")) == 240
    mounted = tmp_path / "mounted"
    mounted.symlink_to(second.parent / ".b.duckdb.d" / "parts")
    with Store.open(second, public_base=str(mounted)), Reader.open(second) as reader:
        assert {row["path"].rpartition("/")[0] for row in reader.rows("FROM meta.part_files")} == {str(mounted)}
        assert len(reader.rows("FROM request_counts")) == 240


def test_publishing_inside_a_transaction_is_refused(store: Store) -> None:
    """It shows what is committed, so it cannot be part of what is not."""
    with pytest.raises(RuntimeError, match="outside"), store.transaction():
        store.publish(1)


def test_the_published_file_refuses_to_be_written(store: Store, path: Path) -> None:
    """A client that opens for writing by default would lock out all others: the file is read-only for everyone."""
    store.publish(1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_marking_a_sparse_relation_by_span_is_refused(store: Store) -> None:
    """Only dense relations are published by span."""
    with pytest.raises(ValueError, match="not a dense relation"):
        store.mark_changed("targets", 0, 1)
    for name in DENSE:
        store.mark_changed(name, 0, 1)


def test_attempts_that_went_well_are_forgotten_after_a_week(path: Path) -> None:
    """What failed stays, and of each source the last attempt; the published file follows."""
    now_us = START_US
    with Store.open(path, clock=lambda: now_us) as store:
        for source, age_days, status in (
            ("prom", 9, "ok"),
            ("prom", 9, "failed"),
            ("prom", 6, "ok"),
            ("gone", 9, "ok"),
            ("gone", 8, "ok"),
        ):
            at_us = START_US - age_days * DAY_US
            store.record_run(CollectionRun(source, at_us, at_us, status=status))
        store.publish(now_us)
        now_us += DAY_US // 2
        store.record_run(CollectionRun("prom", now_us, now_us))
        assert not store.publish(now_us).whole
        with Reader.open(path) as reader:
            kept = reader.rows("SELECT source, status, started_at FROM collection_runs ORDER BY source, started_at")
            assert content(reader) == content(store)
    ages = [
        (row["source"], row["status"], round((START_US / 1e6 - row["started_at"].timestamp()) / 86400, 1))
        for row in kept
    ]
    assert ages == [("gone", "ok", 8.0), ("prom", "failed", 9.0), ("prom", "ok", 6.0), ("prom", "ok", -0.5)]
