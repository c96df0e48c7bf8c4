"""kill -9 at any point of the whole flow, from files to the published file, loses nothing and doubles nothing."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store import Reader, Store, catalog
from store.trace import POINTS
from tests.real.growing_world import ROUNDS, World
from tests.real.killed_collection import INSIDE_ROWS, REFRESH_POINTS, main

AIMED_KILLS = 4
RANDOM_KILLS = 8
WORLD_MOVES_ON = 0.1
MOST_WORLDS = 8
HIGHEST_HIT = {"append.begin": 6, "append.before_commit": 6, "append.after_commit": 6, "refresh.write": 30}
"""Up to which hit of a point kills are aimed, where it is reached several times in a round; elsewhere the first."""

INSIDE = {"append.before_commit", "publish.begin", "publish.before_rename", "compact.begin", "compact.before_commit"}
INSIDE |= set(REFRESH_POINTS)
"""The last point of a process that died inside a commit, a publication or a compaction."""

RUN_TIMES = {"row_id", "seen_us", "seen_at"}
OF_RUNS = ("raw.collection_runs", "collection_runs")
HASH_OF = "SELECT count(*) AS n, sum(hash(told)) AS hashed FROM"
CONTENT_OF_RUNS = """
SELECT DISTINCT environment, source, labels,
    nullif(regexp_replace(error, '^[0-9,]+ pieces? of input rejected$', ''), '') AS failure
FROM"""
KEPT_VIEWS = tuple(view.name for view in catalog.views() if "kept." in view.query and "raw." not in view.query)

Content = dict[str, Counter[str]]
Fingerprint = tuple[tuple[Any, ...], ...]


class Owners:
    """Starts owners one after the other and knows how they ended."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.real.killed_collection"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, world: World, trace: Path, *aim: str) -> int:
        """Let an owner go on with the collection; return its exit code, negative for the signal that killed it."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([str(world.folder), str(trace), *aim]) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def stop(self) -> None:
        """Let the server end."""
        self._server.communicate()


@pytest.fixture
def owners() -> Iterator[Owners]:
    """Return a server of owners, stopped at the end."""
    started = Owners()
    yield started
    started.stop()


def rows_of(rows: Store | Reader, relation: str) -> Counter[str]:
    """Return the rows of a relation as a multiset, without run times."""
    sql = f"{CONTENT_OF_RUNS} {relation}" if relation in OF_RUNS else f"FROM {relation}"
    found = rows.rows(sql)
    if relation == "raw.checkpoints":
        found = [{**row, "key": inode_apart(row["key"]), "value": tail_apart(row["value"])} for row in found]
    if relation == "publication":
        found = [{"as_of": row["as_of"], "recorded": row["recorded"]} for row in found]
    return Counter(repr({name: value for name, value in row.items() if name not in RUN_TIMES}) for row in found)


def inode_apart(key: str) -> str:
    """Return a checkpoint's key without the number that the file system gave a log file."""
    return "file" if key.startswith("file:") else key


def tail_apart(value: str) -> str:
    """Return a checkpoint without the hash of the bytes before it, which reach back to where that pass began."""
    if not value.startswith("{"):
        return value
    return repr({name: said for name, said in json.loads(value).items() if not name.startswith("tail")})


def content(world: World) -> Content:
    """Return everything that a collection leaves: raw tables, every view of the owner and of the published file."""
    with Store.open(world.published, inside_rows=INSIDE_ROWS) as store, Reader.open(world.published) as reader:
        tables = store.rows("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'raw'")
        raw = {f"raw.{row['name']}" for row in tables} - {"raw.settled_runs", "raw.latest_runs"}  # raw.runs is both
        found = {name: rows_of(store, name) for name in sorted(raw)}
        for view in catalog.views():
            found[f"owner {view.name}"] = rows_of(store, view.name)
            found[f"published {view.name}"] = rows_of(reader, view.name)
            assert found[f"owner {view.name}"] == found[f"published {view.name}"], view.name
    return found


def published(world: World) -> Fingerprint:
    """Read every row of every view of the published file; return a fingerprint of the views that a refresh makes."""
    with Reader.open(world.published) as reader:
        found = {view.name: reader.rows(f"{HASH_OF} {view.name} AS told") for view in catalog.views()}
    return tuple((name, row["n"], row["hashed"]) for name in KEPT_VIEWS for row in found[name])


def unheard_of(found: Fingerprint, publications: set[Fingerprint]) -> list[str]:
    """Return the views that were never published like this; none where they only do not belong together."""
    heard_of = {view for publication in publications for view in publication}
    return [view[0] for view in found if view not in heard_of]


def last_point(trace: Path) -> str:
    """Return the point at which the process stood when it died."""
    lines = trace.read_text().split() if trace.exists() else []
    return lines[-1] if lines else "before any"


def plans(chance: random.Random) -> list[tuple[str, ...]]:
    """Return the kills to come: aimed at every point, and at any time, in any order.

    The last comes first. Those inside compactions come three in a row: it takes rounds until a month is over.
    """
    compacting = [point for point in POINTS if point.startswith("compact.")]
    found = [[(point, "1") for point in compacting] for _ in range(AIMED_KILLS)]
    for point in (*POINTS, *REFRESH_POINTS):
        if point not in compacting:
            highest = HIGHEST_HIT.get(point, 1)
            found += [[(point, str(chance.randint(1, highest)))] for _ in range(AIMED_KILLS)]
    found += [[("after", f"{chance.uniform(0.05, 1.0):.3f}")] for _ in range(RANDOM_KILLS)]
    chance.shuffle(found)
    return [plan for group in found for plan in reversed(group)]  # they are taken from the end


def differences(found: Content, expected: Content) -> dict[str, tuple[list[str], list[str]]]:
    """Return by relation what is there and should not be, and what is missing."""
    return {
        name: (
            sorted((found[name] - expected[name]).elements())[:3],
            sorted((expected[name] - found[name]).elements())[:3],
        )
        for name in expected
        if found[name] != expected[name]
    }


def undisturbed(world: World, trace: Path) -> tuple[Content, set[Fingerprint]]:
    """Return what a collection leaves that nobody kills, and the fingerprint of each of its publications."""
    publications: set[Fingerprint] = set()
    main(str(world.folder), str(trace), told=lambda: publications.add(published(world)))
    return content(world), publications


@pytest.mark.timeout(280)
def test_killed_anywhere_the_whole_flow_ends_like_an_undisturbed_run(tmp_path: Path, owners: Owners) -> None:
    """At least 50 kills, 15 of them inside commits, publications and compactions, change nothing in the end.

    Real collectors read files that grow; after a kill the world sometimes moves on before the next process starts.
    After each kill the published file, where there is one, is one that the undisturbed run published too, whole.

    Compared are all raw tables and all views, row by row, except what tells of the running itself: when rejected input
    was first seen (a round that died is read in a later one), number and time of the publication, numbers of rows, the
    inode of a log, and the hash of the bytes before a log's offset, which reaches back to where that pass began. Of
    collection runs only whose they were and what failed: a killed one leaves none, a repeated one finds nothing new,
    neither events nor input to reject.
    """
    world = World(tmp_path / "world")  # always the same place, so that positions and checkpoints can be compared
    world.folder.mkdir()
    expected, publications = undisturbed(world, tmp_path / "undisturbed.trace")
    assert len(publications) == ROUNDS
    start_anew(world)
    chance = random.Random(20261120)
    died: Counter[str] = Counter()
    ended = 0
    todo = plans(chance)
    while todo:
        trace = tmp_path / f"{died.total()}-{ended}.trace"
        code = owners.run(world, trace, *todo[-1])
        if code == 0:  # the world ended before the kill: compare, and begin another one
            ended += 1
            assert ended <= MOST_WORLDS, f"{todo[-1]} is never reached"
            assert differences(content(world), expected) == {}
            start_anew(world)
            continue
        assert code == -signal.SIGKILL
        point, _ = todo.pop()
        died[last_point(trace)] += 1
        assert point in {"after", last_point(trace)}
        if world.published.exists():
            found = published(world)
            assert found in publications, f"{last_point(trace)}: {unheard_of(found, publications)}"
        if chance.random() < WORLD_MOVES_ON and not world.is_last:
            world.move_on()
    assert owners.run(world, tmp_path / "last.trace") == 0
    assert differences(content(world), expected) == {}
    assert died.total() >= 50, died
    assert sum(died[point] for point in INSIDE) >= 15, died


def start_anew(world: World) -> None:
    """Let nothing have happened yet."""
    shutil.rmtree(world.folder)
    world.folder.mkdir()
