"""How fast a day of a Prometheus becomes transitions, beside prometheus-api-client: ``python -m bench.prometheus``.

Makes the data at the first call (some minutes; kept in the temporary folder), starts a real Prometheus on them, and
runs each way in fresh processes. Prints a table for RESULTS.md, and writes all figures as JSON beside this file.
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


def day(what: str, url: str, times: int, expected: list[list[Any]]) -> dict[str, Any]:
    """Return how long a day took (the median of several runs), its memory, and that all transitions are right."""
    runs = [run(what, url) for _ in range(times)]
    for one in runs:
        if sorted(one["done"]["edges"]) != expected:
            raise AssertionError(f"{what}: {len(one['done']['edges'])} transitions that are not those of the data")
        order = sorted(expected, key=lambda edge: (edge[0], edge[2]))
        if "kept" in one["done"] and one["done"]["kept"] != [edge[:2] for edge in order]:
            raise AssertionError(f"{what}: what was committed is not what is in the data")
    ends = [one.get("committed", one["done"]) for one in runs]
    figures = {
        "seconds": statistics.median(end["after_s"] for end in ends),
        "cpu_seconds": statistics.median(end["cpu_s"] for end in ends),
        "peak_mb": max(one["done"]["peak_kb"] - one["start"]["rss_kb"] for one in runs) / 1024,
        "transitions": len(expected),
        "runs": times,
    }
    if "published" in runs[0]:
        figures["seconds_with_publish"] = statistics.median(one["published"]["after_s"] for one in runs)
    print(f"  {what}: {figures['seconds']:.2f} s, +{figures['peak_mb']:.0f} MB", flush=True)
    return figures


def cycle(what: str, url: str) -> dict[str, Any]:
    """Return how long 15 minutes take in a process that is warm: the median."""
    taken = [one["took_s"] for one in run(what, url)["cycles"][1:]]
    print(f"  {what}: {statistics.median(taken):.3f} s", flush=True)
    return {"seconds": statistics.median(taken), "all": taken}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=3, help="runs of ours; the other way runs once")
    times = parser.parse_args().times
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name) for name in PACKAGES}
        | {"python": platform.python_version(), "prometheus": _prometheus_version()},
    }
    for jitter_ms in (0, 10):
        expected = sorted([edge.breaker, edge.to_state, edge.seen_ms] for edge in truth(jitter_ms))
        with prometheus(tsdb(jitter_ms)) as url:
            print(f"jitter ±{jitter_ms} ms, {len(expected)} transitions", flush=True)
            found = {"ours": day("ours", url, times, expected), "peer": day("peer", url, 1, expected)}
            if not jitter_ms:
                found["fallback"] = day("ours-fallback", url, 1, expected)
                for what in ("ours-cycle", "ours-fallback-cycle", "peer-cycle"):
                    found[what] = cycle(what, url)
        results[f"jitter_{jitter_ms}ms"] = found
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(table(results))


def table(results: dict[str, Any]) -> str:
    """Return the results as a table of RESULTS.md."""
    even, uneven = results["jitter_0ms"], results["jitter_10ms"]
    rows = [
        ("a day, whole process, to commit", even["peer"], even["ours"], 30),
        ("the same with ±10 ms of jitter", uneven["peer"], uneven["ours"], 10),
        ("a day without remote read", even["peer"], even["fallback"], 3),
        ("15 minutes, warm", even["peer-cycle"], even["ours-cycle"], 4),
        ("15 minutes, warm, without remote read", even["peer-cycle"], even["ours-fallback-cycle"], 4),
    ]
    lines = [
        "| what | prometheus-api-client + MetricRangeDataFrame | Breakwatch | times faster (bar) |",
        "|---|---|---|---|",
    ]
    for what, other, own, bar in rows:
        ratio = other["seconds"] / own["seconds"]
        lines.append(f"| {what} | {_figure(other)} | {_figure(own)} | **{ratio:.1f}** ({bar}) |")
    named = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    return "\n".join([f"{results['date']}; {named}.", "", *lines])


def _figure(one: dict[str, Any]) -> str:
    memory = f", +{one['peak_mb']:,.0f} MB" if "peak_mb" in one else ""
    return f"{one['seconds']:.2f} s{memory}"


def _prometheus_version() -> str:
    said = subprocess.run(["prometheus", "--version"], check=True, capture_output=True, text=True).stdout
    return said.split()[2]


if __name__ == "__main__":
    main()
