"""One measured run in a process of its own: ``python -m bench.prometheus_runs WHAT URL …``; prints JSON lines.

Ours goes from a configuration to transitions committed in the store, the other way is prometheus-api-client with its
MetricRangeDataFrame, from which pandas finds the same transitions.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.prometheus_data import DAY_MS, INTERVAL_MS, METRIC, T0_MS

QUARTER_MS = 15 * 60_000
CYCLES = 9


def memory_kb(name: str) -> int:
    """Return what the kernel says of our memory: VmRSS now, VmHWM at most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def say(what: str, **more: object) -> None:
    """Print one line for the process that measures us."""
    print(json.dumps({"what": what, "cpu_s": time.process_time(), **more}), flush=True)


def starts() -> Iterator[int]:
    """Yield where the windows of 15 minutes begin: one to warm up, then those that count."""
    yield from range(T0_MS + 6 * 3_600_000, T0_MS + 6 * 3_600_000 + (CYCLES + 1) * QUARTER_MS, QUARTER_MS)


def peer(url: str, folder: str, *, cycles: bool) -> None:
    """Find the transitions with prometheus-api-client and pandas; in cycles commit them to a database, too."""
    import duckdb
    from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect

    def transitions(start_ms: int, end_ms: int) -> Any:  # noqa: ANN401 - a data frame
        span = {"start_time": moment(start_ms), "end_time": moment(end_ms)}
        frame = MetricRangeDataFrame(connect.get_metric_range_data(METRIC, chunk_size=None, **span))
        present = frame[frame["value"].astype(float) == 1].reset_index().sort_values(["name", "timestamp"])
        before = present.groupby("name")["state"].shift()
        return present[before.notna() & (before != present["state"])]

    connect = PrometheusConnect(url=url)
    say("start", rss_kb=memory_kb("VmRSS"))
    if not cycles:
        found = transitions(T0_MS, T0_MS + DAY_MS + INTERVAL_MS)
        edges = zip(found["name"], found["state"], found["timestamp"], strict=True)
        stamps = sorted([name, state, round(stamp.timestamp() * 1000)] for name, state, stamp in edges)
        say("done", peak_kb=memory_kb("VmHWM"), edges=stamps)
        return
    with duckdb.connect(str(Path(folder) / "peer.duckdb")) as database:
        database.execute("CREATE TABLE transitions (name VARCHAR, state VARCHAR, seen TIMESTAMPTZ)")
        for start in starts():
            began, cpu_s = time.perf_counter(), time.process_time()
            edges = transitions(start, start + QUARTER_MS)[["name", "state", "timestamp"]]
            found_s = time.perf_counter() - began
            database.register("edges", edges)
            database.execute("INSERT INTO transitions SELECT * FROM edges")
            took_s = time.perf_counter() - began
            say("cycle", took_s=took_s, found_s=found_s, own_cpu_s=time.process_time() - cpu_s, edges=len(edges))


def ours(url: str, folder: str, *, cycles: bool, streams: bool) -> None:
    """Collect into a store until the transitions are committed."""
    from service import collecting  # isort: skip - first, as the command line does: it prepares the process

    import analysis
    from breakwatch.config import Config
    from breakwatch.model import Window
    from service.ingest import Ingest

    say("start", rss_kb=memory_kb("VmRSS"))
    if not streams:
        from collectors.fetching import Fetcher

        Fetcher.ready = lambda self, now_us: self.without_remote_read()  # type: ignore[method-assign]  # noqa: ARG005
    source = {"name": "bench", "kind": "prometheus", "url": url, "timeout": "60s", "profiles": ["resilience4j"]}
    config = Config.model_validate({"store": {"path": str(Path(folder) / "b.duckdb")}, "sources": [source]})
    now_ms = T0_MS + 2 * DAY_MS
    with collecting.open_store(config, lambda: now_ms * 1000) as store:
        ingest = Ingest(config, store, lambda: now_ms * 1000)
        if not cycles:
            outcome = ingest.collect(config.sources[0], Window(T0_MS * 1000, (T0_MS + DAY_MS + INTERVAL_MS) * 1000))
            committed = commits_of(store)
            analysis.refresh(store, config)
            # The first transaction of a refresh is that of the transitions; what follows from them has the second.
            ago_s, cpu_s = time.perf_counter() - committed[0][0], committed[0][1]
            say("committed", ago_s=ago_s, cpu_s=cpu_s, problem=repr(outcome.error), samples=outcome.samples)
            store.publish(now_ms * 1000)
            say("published")
            say("done", peak_kb=memory_kb("VmHWM"), edges=edges_of(store), kept=kept_of(store))
            return
        committed = commits_of(store)
        for start in starts():
            began, cpu_s = time.perf_counter(), time.process_time()
            outcome = ingest.collect(config.sources[0], Window(start * 1000, (start + QUARTER_MS) * 1000))
            committed.clear()
            analysis.refresh(store, config)
            whole_s, own_cpu_s = time.perf_counter() - began, time.process_time() - cpu_s
            took_s, committed_cpu_s = committed[0][0] - began, committed[0][1] - cpu_s
            figures = {"took_s": took_s, "whole_s": whole_s, "own_cpu_s": committed_cpu_s, "whole_cpu_s": own_cpu_s}
            say("cycle", **figures, edges=outcome.events, problem=repr(outcome.error))
        say("done", kept=kept_of(store))


def commits_of(store: Any) -> list[tuple[float, float]]:  # noqa: ANN401 - imported where it is needed
    """Return a list that a store will fill: when its transactions were committed, by the clock and the processor."""
    ends: list[tuple[float, float]] = []
    transaction = store.transaction

    @contextmanager
    def watched() -> Iterator[None]:
        with transaction():
            yield
        if not store._depth:  # noqa: SLF001 - the outermost
            ends.append((time.perf_counter(), time.process_time()))

    store.transaction = watched
    return ends


def edges_of(store: Any) -> list[list[Any]]:  # noqa: ANN401 - imported where it is needed
    """Return (breaker, state, stamp in ms) of every run of a state but the first of its breaker."""
    from breakwatch.model import STATE_WORDS

    runs = store.rows(
        "SELECT breaker, value, first_us FROM raw.runs JOIN raw.tracks USING (track_id) "
        "WHERE kind = 'breaker_state' ORDER BY breaker, first_us"
    )
    last: dict[str, float] = {}
    found = []
    for run in runs:
        if last.get(run["breaker"], run["value"]) != run["value"]:
            found.append([run["breaker"], STATE_WORDS[int(run["value"])], run["first_us"] // 1000])
        last[run["breaker"]] = run["value"]
    return sorted(found)


def kept_of(store: Any) -> list[list[Any]]:  # noqa: ANN401
    """Return (breaker, state) of every committed transition, in order."""
    sql = "SELECT breaker, to_state FROM kept.breaker_transitions ORDER BY breaker, position"
    return [[row["breaker"], row["to_state"]] for row in store.rows(sql)]


def moment(stamp_ms: int) -> datetime:
    """Return a stamp as the other client wants it."""
    return datetime.fromtimestamp(stamp_ms / 1000, UTC)


def main() -> None:
    """Do what the command line says."""
    what, url, *more = sys.argv[1:]
    if what.startswith("peer"):
        peer(url, more[0], cycles=what == "peer-cycle")
    else:
        ours(url, more[0], cycles="cycle" in what, streams="fallback" not in what)


if __name__ == "__main__":
    main()
