"""One owner, and clear words for everything that is not a store of ours."""

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from breakwatch.errors import ExitCode, StoreError
from store import Reader, Store, catalog

HOLDER = """
import sys, time
from store import Store
store = Store.open(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


def refusal(path: Path) -> StoreError:
    """Return how opening is refused."""
    with pytest.raises(StoreError) as caught:
        Store.open(path)
    assert caught.value.exit_code is ExitCode.STORE
    assert "\n" not in caught.value.problem + caught.value.remedy
    return caught.value


def test_a_second_owner_is_refused_and_told_who_holds_it(path: Path) -> None:
    """Another process is refused within seconds, with the holder's pid; when the holder is killed the store opens."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        started = time.monotonic()
        refused = refusal(path)
        assert time.monotonic() - started < 5
        assert str(holder.pid) in refused.problem
        holder.kill()
    Store.open(path).close()


def test_a_second_owner_in_the_same_process_is_refused(store: Store, path: Path) -> None:
    """Two owners in one process are two owners."""
    assert "already owned" in refusal(path).problem


@pytest.mark.parametrize("content", [b"", b"not a database\n" * 400, b"SQLite format 3\x00" + bytes(4096)])
def test_a_file_that_is_no_duckdb_file_is_left_alone(path: Path, content: bytes) -> None:
    """Somebody's file in the place of the published one is refused, never overwritten."""
    path.write_bytes(content)
    assert "is not a DuckDB file" in refusal(path).problem
    assert path.read_bytes() == content


def test_somebodys_database_is_left_alone(path: Path) -> None:
    """A DuckDB database that we did not publish is refused."""
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE mine (i INTEGER)")
    assert "none that Breakwatch published" in refusal(path).problem


def test_a_damaged_store_says_move_aside(path: Path) -> None:
    """A flipped byte in the owner's database is found and told with the advice to move it aside, not to delete it."""
    with Store.open(path) as store:
        store.replace("targets", {}, [{"service": "a" * 50}] * 3)
        with_checkpoint = "CHECKPOINT"
        store.rows(with_checkpoint)
    database = path.parent / f".{path.name}.d" / "owner.duckdb"
    content = bytearray(database.read_bytes())
    for place in range(4096, len(content), 4096):
        content[place] ^= 0xFF
    database.write_bytes(content)
    refused = refusal(path)
    assert "damaged" in refused.problem
    assert "aside" in refused.remedy
    assert "do not delete" in refused.remedy


def test_an_owners_file_that_is_no_database_is_told(path: Path) -> None:
    """Garbage in place of the owner's database has the same plain words."""
    Store.open(path).close()
    (path.parent / f".{path.name}.d" / "owner.duckdb").write_bytes(b"garbage " * 2000)
    assert "is not a DuckDB file" in refusal(path).problem


def test_a_newer_store_is_refused_with_a_remedy(path: Path) -> None:
    """A store written by a later version is not touched."""
    with Store.open(path) as store, store.transaction():
        store.execute("INSERT INTO meta.migrations VALUES (9999, '9999_future', 0)")
    refused = refusal(path)
    assert "newer version" in refused.problem
    assert "upgrade" in refused.remedy


def test_a_migration_killed_midway_leaves_the_old_state(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration and its record are one transaction: after a failure the store is as before, and opens as before."""
    Store.open(path).close()
    known = catalog.migrations()
    broken = (*known, (9000, "9000_broken", "CREATE TABLE raw.half (i INTEGER); SELECT error('power cut')"))
    with monkeypatch.context() as patched:
        patched.setattr(catalog, "migrations", lambda: broken)
        with pytest.raises(duckdb.Error, match="power cut"):
            Store.open(path)
    with Store.open(path) as store:
        assert store.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'half'") == []
        assert len(store.rows("FROM meta.migrations")) == len(known)


def test_every_migration_has_a_number_of_its_own() -> None:
    """Two of one number, and a store that knows the one would never get the other."""
    numbers = [number for number, _, _ in catalog.migrations()]
    assert len(set(numbers)) == len(numbers)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in place of the folder is a problem with a remedy."""
    (tmp_path / "file").write_text("")
    assert "cannot be used" in refusal(tmp_path / "file" / "b.duckdb").problem


def test_reading_what_is_not_there_is_told(path: Path) -> None:
    """A reader without a published file learns what to do first."""
    with pytest.raises(StoreError, match="no store at") as caught:
        Reader.open(path)
    assert "collect" in caught.value.remedy


FULL_DISK = """
import os, resource, sys
from breakwatch.errors import StoreError
from store import Store
with Store.open(sys.argv[1]) as store:
    store.replace("targets", {}, [{"service": "before"}])
    store.publish(1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
    rows = [{"service": os.urandom(100).hex()} for n in range(100_000)]
    for work in (lambda: store.replace("targets", {"environment": "x"}, rows), lambda: store.publish(2)):
        try:
            work()
        except StoreError as error:
            print(error.exit_code.value, error.problem, "|", error.remedy)
            break
"""


def test_a_full_disk_is_told_and_harms_nothing(path: Path) -> None:
    """Without room the owner says so; what was committed and published stays, and works again with room."""
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("5 the disk"), done.stderr
    assert "is full" in done.stdout
    with Reader.open(path) as reader:
        assert reader.rows("SELECT service FROM targets") == [{"service": "before"}]
    with Store.open(path) as store:
        assert store.rows("SELECT service FROM targets LIMIT 1") == [{"service": "before"}]
        store.replace("targets", {}, [{"service": "after"}])
        store.publish(3)
