"""Makes the files of this folder from a recorded run: ``python -m sample_data.capture.make TSDB LOGS [--out DIR]``.

TSDB is the run's Prometheus data directory, LOGS the folder of ``opossum_events.jsonl``, ``haproxy.log`` and
``truth.jsonl``. The logs are copied byte for byte. The samples are dumped with ``promtool``, with their stamps to the
millisecond; those are kept that Breakwatch reads. No stamp and no value is changed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from sample_data.generator.openmetrics import packed

ABOUT = "recorded run, see sample_data/README.md"
LOGS = ("opossum_events.jsonl", "haproxy.log", "truth.jsonl")
WANTED = {
    "opossum": ("circuit", "up", "scrape_duration_seconds"),
    "haproxy": (
        "haproxy_backend_http_responses_total",
        "haproxy_backend_status",
        "haproxy_process_start_time_seconds",
        "haproxy_server_check_up_down_total",
        "haproxy_server_http_responses_total",
        "haproxy_server_redispatch_warnings_total",
        "haproxy_server_retry_warnings_total",
        "haproxy_server_status",
        "scrape_duration_seconds",
        "up",
    ),
}
_DUMPED = re.compile(r'\{__name__="(?P<name>[^"]+)", (?P<labels>.*)\} (?P<value>\S+) (?P<stamp_ms>\d+)')


def dump(tsdb: Path) -> list[str]:
    """Return every sample of a Prometheus data directory, one line each, as promtool prints them."""
    command = ["promtool", "tsdb", "dump", str(tsdb)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  the user's own folder
    return done.stdout.splitlines()


def exposition(dumped: Iterable[str], job: str) -> str:
    """Return the wanted samples of one job as OpenMetrics text.

    Stale markers (NaN) become what they stand for: no sample. Types are not kept by a database, so all are unknown.
    """
    series: dict[tuple[str, str], list[str]] = {}
    for line in dumped:
        found = _DUMPED.fullmatch(line)
        if found is None or f'job="{job}"' not in found["labels"] or found["name"] not in WANTED[job]:
            continue
        if found["value"] != "NaN":
            stamp_ms = int(found["stamp_ms"])
            sample = f"{found['value']} {stamp_ms // 1000}.{stamp_ms % 1000:03d}"
            series.setdefault((found["name"], found["labels"].replace('", ', '",')), []).append(sample)
    parts: list[str] = []
    previous = ""
    for (name, labels), samples in sorted(series.items()):
        if name != previous:
            parts += [f"# HELP {name} ({ABOUT})", f"# TYPE {name} unknown"]
            previous = name
        parts += [f"{name}{{{labels}}} {sample}" for sample in samples]
    return "\n".join([*parts, "# EOF", ""])


def make(tsdb: Path, logs: Path, out: Path) -> None:
    """Write the samples of each job and the logs, all as recorded."""
    dumped = dump(tsdb)
    for job in WANTED:
        (out / f"{job}.om.gz").write_bytes(packed(exposition(dumped, job)))
    for name in LOGS:
        shutil.copyfile(logs / name, out / name)


def main() -> None:
    """Write everything."""
    parser = argparse.ArgumentParser(description="Make the capture from a recorded run.")
    parser.add_argument("tsdb", type=Path, help="Prometheus data directory of the run")
    parser.add_argument("logs", type=Path, help="folder of its logs and its truth")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to write")
    chosen = parser.parse_args()
    make(chosen.tsdb, chosen.logs, chosen.out)


if __name__ == "__main__":
    main()
