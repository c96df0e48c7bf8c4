"""kill -9 at any point loses nothing, doubles nothing, and never leaves half a publication."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from store import Reader, Store
from store.trace import POINTS
from tests.store.killed_owner import INSIDE_ROWS, ROWS_A_STEP, main

RANDOM_KILLS = 16
AIMED_KILLS = 4
INSIDE = {"append.before_commit", "publish.begin", "publish.before_rename", "compact.begin", "compact.before_commit"}
"""The last point of a process that died inside a commit, a publication or a compaction."""

TABLES = ("tracks", "runs", "sightings", "checkpoints", "seen", "stale_subjects", "stale_counters")


class Owners:
    """Starts owners one after the other and knows how they ended."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.store.killed_owner"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, path: Path, trace: Path, *aim: str) -> int:
        """Let an owner go on with the sequence; return its exit code, negative for the signal that killed it."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([str(path), str(trace), *aim]) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def stop(self) -> None:
        """Let the server end."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()
        assert self._server.stdout is not None
        self._server.stdout.close()


def last_point(trace: Path) -> str:
    """Return the point at which the process stood when it died."""
    lines = trace.read_text().split() if trace.exists() else []
    return lines[-1] if lines else "before any"


def content(path: Path) -> dict[str, list[str]]:
    """Return everything that a run leaves, apart from times of running and numbers of rows."""
    with Store.open(path, inside_rows=INSIDE_ROWS) as store, Reader.open(path) as reader:
        queries: dict[str, tuple[Any, str]] = {f"raw.{name}": (store, f"FROM raw.{name}") for name in TABLES}
        for name in ("targets", "request_counts", "collection_runs"):
            queries[f"owner {name}"] = (store, f"FROM {name}")
            queries[f"published {name}"] = (reader, f"FROM {name}")
        queries["rejected"] = (reader, "SELECT source, position, reason, content FROM rejected_inputs")
        queries["as_of"] = (reader, "SELECT as_of FROM publication")
        queries["parts"] = (store, "SELECT relation, start_us, end_us, row_count FROM meta.parts WHERE NOT superseded")
        return {name: sorted(map(repr, rows.rows(sql))) for name, (rows, sql) in queries.items()}


def published_is_whole(path: Path) -> None:
    """Read every row of the published file, if there is one: each step is in it as a whole or not at all."""
    if path.exists():
        with Reader.open(path) as reader:
            found = reader.rows("SELECT count(*) AS n FROM request_counts WHERE service <> 'late' GROUP BY service")
            assert {row["n"] for row in found} <= {ROWS_A_STEP}


@pytest.mark.timeout(280)
def test_killed_anywhere_it_ends_like_an_undisturbed_run(tmp_path: Path) -> None:
    """At least 50 kills, 15 of them inside commits, publications and compactions, change nothing in the end."""
    undisturbed = tmp_path / "undisturbed.duckdb"
    main(str(undisturbed), str(tmp_path / "undisturbed.trace"))
    expected = content(undisturbed)
    chance = random.Random(20261120)
    plans: list[tuple[str, ...]] = [*((point, "1") for point in POINTS for _ in range(AIMED_KILLS))]
    plans += [()] * RANDOM_KILLS
    chance.shuffle(plans)
    died: Counter[str] = Counter()
    rounds = 1
    owners = Owners()
    while plans:
        path = tmp_path / f"killed-{rounds}.duckdb"
        trace = tmp_path / f"{rounds}-{len(plans)}.trace"
        aim = plans.pop()
        code = owners.run(path, trace, *(aim or ("after", f"{chance.uniform(0.02, 0.8):.3f}")))
        if code == 0:  # the sequence ended before the kill: compare, and begin another one
            assert content(path) == expected
            rounds += 1
            plans.append(aim)
            continue
        assert code == -signal.SIGKILL
        died[last_point(trace)] += 1
        assert not aim or last_point(trace) == aim[0]
        published_is_whole(path)
    owners.stop()
    path = tmp_path / f"killed-{rounds}.duckdb"
    main(str(path), str(tmp_path / "last.trace"))
    assert content(path) == expected
    assert died.total() >= 50, died
    assert sum(died[point] for point in INSIDE) >= 15, died
