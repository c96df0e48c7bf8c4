"""How fast a day of a Prometheus becomes transitions, beside prometheus-api-client: ``python -m bench.prometheus``.

Makes the data at the first call (some minutes; kept in the temporary folder), starts a real Prometheus on them, and
runs each way in fresh processes. Prints a table for RESULTS.md, and writes all figures as JSON beside this file. Exits
1 when a bar is missed, and says which: how many times faster ours has to be, and how much memory it may take above what
the process has after its imports.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.prometheus_data import truth, tsdb
from tests.real.processes import free_port, wait_for

RESULTS = Path(__file__).with_name("prometheus-results.json")
PACKAGES = ("prometheus-api-client", "pandas", "numpy", "duckdb", "cramjam", "protobuf", "orjson")


@contextmanager
def prometheus(blocks: Path) -> Iterator[str]:
    """Serve blocks from a real Prometheus that scrapes nothing and deletes nothing; yields its address."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="breakwatch-bench-"))
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={blocks}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/-/ready", process, 60.0)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
    shutil.rmtree(folder)


def run(what: str, url: str) -> dict[str, Any]:
    """Run one way in a fresh process; return what it said, with seconds since the process was started."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [sys.executable, "-m", "bench.prometheus_runs", what, url, folder]
        said: dict[str, Any] = {"cycles": []}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            for line in process.stdout:
                word = json.loads(line) | {"after_s": time.perf_counter() - began}
                said["cycles"].append(word) if word["what"] == "cycle" else said.setdefault(word["what"], word)
        if process.returncode:
            raise RuntimeError(f"{what} ended with {process.returncode}")
    return said


def checked(what: str, url: str, expected: list[list[Any]]) -> dict[str, Any]:
    """Run a day once; return its figures, or fail where not all transitions are right."""
    one = run(what, url)
    if sorted(one["done"]["edges"]) != expected:
        raise AssertionError(f"{what}: {len(one['done']['edges'])} transitions that are not those of the data")
    order = sorted(expected, key=lambda edge: (edge[0], edge[2]))
    if "kept" in one["done"] and one["done"]["kept"] != [edge[:2] for edge in order]:
        raise AssertionError(f"{what}: what was committed is not what is in the data")
    end = one.get("committed", one["done"])
    figures = {
        "seconds": end["after_s"] - end.get("ago_s", 0.0),
        "cpu_seconds": end["cpu_s"],
        "peak_mb": (one["done"]["peak_kb"] - one["start"]["rss_kb"]) / 1024,
        "transitions": len(expected),
    }
    if "published" in one:
        figures["seconds_with_all_that_follows"] = end["after_s"]
        figures["seconds_with_publish"] = one["published"]["after_s"]
    print(f"  {what}: {figures['seconds']:.2f} s, +{figures['peak_mb']:.0f} MB", flush=True)
    return figures


def cycle(what: str, url: str) -> dict[str, Any]:
    """Return how long 15 minutes take in a process that is warm, to committed transitions: the median of its cycles.

    Beside it ours says how long the whole cycle takes, with all that follows from the transitions, and the other way
    how long it takes until they are in its data frame.
    """
    taken = run(what, url)["cycles"][1:]
    median = {name: statistics.median(one[name] for one in taken) for name in taken[0] if name.endswith("_s")}
    figures = {"seconds": median["took_s"], "cpu_seconds": median["own_cpu_s"], "all": [one["took_s"] for one in taken]}
    for name, said in (("whole_s", "seconds_with_all_that_follows"), ("found_s", "seconds_without_commit")):
        if name in median:
            figures[said] = median[name]
    print(f"  {what}: {figures['seconds']:.3f} s ({figures['cpu_seconds']:.3f} s of processor)", flush=True)
    return figures


def measured(jitter_ms: int, times: int) -> dict[str, Any]:
    """Run all ways by turns, for what else the machine does to weigh on all of them; return the best run of each."""
    expected = sorted([edge.breaker, edge.to_state, edge.seen_ms] for edge in truth(jitter_ms))
    found: dict[str, list[dict[str, Any]]] = {}
    print(f"jitter ±{jitter_ms} ms, {len(expected)} transitions", flush=True)
    with prometheus(tsdb(jitter_ms)) as url:
        for _ in range(times):
            for what in ("ours", "peer", "ours-fallback") if not jitter_ms else ("ours", "peer"):
                found.setdefault(what, []).append(checked(what, url, expected))
            for what in ("ours-cycle", "peer-cycle", "ours-fallback-cycle") if not jitter_ms else ():
                found.setdefault(what, []).append(cycle(what, url))
    return {what: _best(runs) for what, runs in found.items()}


def _best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of the fastest run, with the most memory that any took."""
    best = dict(min(runs, key=lambda one: float(one["seconds"])))
    if "peak_mb" in best:
        best["peak_mb"] = max(one["peak_mb"] for one in runs)
    return best | {"runs": len(runs)}


@dataclass(frozen=True)
class Bar:
    """A row of the table and what ours must reach in it: so many times the speed, and at most so much memory."""

    title: str
    jitter_ms: int
    way: str
    times: float
    most_mb: float | None = None


BARS = (
    Bar("a day, whole process, to commit", 0, "", 30, 250),
    Bar("the same with ±10 ms of jitter", 10, "", 10, 250),
    Bar("a day without remote read", 0, "-fallback", 3, 500),
    Bar("15 minutes, warm, to commit", 0, "-cycle", 4),
    Bar("15 minutes, warm, without remote read", 0, "-fallback-cycle", 4),
)


def main() -> int:
    """Measure, print, write; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=2, help="how often each way is run; the best run counts")
    parser.add_argument("--jitter", type=int, nargs="*", default=[0, 10], help="in ms; the others stay as they were")
    arguments = parser.parse_args()
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results: dict[str, Any] = before | {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name) for name in PACKAGES}
        | {"python": platform.python_version(), "prometheus": _prometheus_version()},
    }
    for jitter_ms in arguments.jitter:
        results[_key(jitter_ms)] = measured(jitter_ms, arguments.times)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(table(results))
    found = [miss for bar in BARS if bar.jitter_ms in arguments.jitter for miss in missed(bar, results)]
    print("\n".join(["", *found] if found else ["", "every bar is kept"]))
    return 1 if found else 0


def missed(bar: Bar, results: dict[str, Any]) -> Iterator[str]:
    """Yield in what a bar is missed."""
    other, own = _both(bar, results)
    ratio = other["seconds"] / own["seconds"]
    if ratio < bar.times:
        yield f"MISSED: {bar.title}: {ratio:.1f} times faster, must be {bar.times:g}"
    if bar.most_mb is not None and own["peak_mb"] > bar.most_mb:
        yield f"MISSED: {bar.title}: {own['peak_mb']:,.0f} MB above the start, may be {bar.most_mb:,.0f}"


def table(results: dict[str, Any]) -> str:
    """Return the results as a table of RESULTS.md."""
    lines = [
        "| what | prometheus-api-client + MetricRangeDataFrame | Breakwatch | times faster (bar) |",
        "|---|---|---|---|",
    ]
    for bar in BARS:
        other, own = _both(bar, results)
        ratio = other["seconds"] / own["seconds"]
        lines.append(f"| {bar.title} | {_figure(other)} | {_figure(own)} | **{ratio:.1f}** ({bar.times:g}) |")
    named = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    return "\n".join([f"{results['date']}; {named}.", "", *lines])


def _both(bar: Bar, results: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the other's figures and ours for a row."""
    found = results[_key(bar.jitter_ms)]
    return found["peer-cycle" if bar.way.endswith("cycle") else "peer"], found[f"ours{bar.way}"]


def _key(jitter_ms: int) -> str:
    return f"jitter_{jitter_ms}ms"


def _figure(one: dict[str, Any]) -> str:
    memory = f", +{one['peak_mb']:,.0f} MB" if "peak_mb" in one else ""
    return f"{one['seconds']:.2f} s{memory}"


def _prometheus_version() -> str:
    said = subprocess.run(["prometheus", "--version"], check=True, capture_output=True, text=True).stdout
    return said.split()[2]


if __name__ == "__main__":
    sys.exit(main())
