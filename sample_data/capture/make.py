"""Makes the files of this folder from a recorded run: ``python -m sample_data.capture.make RUN [--out DIR]``.

RUN is the folder of the run: its Prometheus data directory ``tsdb`` (unpacked), ``opossum_events.jsonl``,
``haproxy.log`` and ``truth.jsonl``. The samples are dumped with ``promtool``, with their stamps to the millisecond; of
HAProxy's metrics those are kept that Breakwatch reads.

The run was recorded on 2026-11-20 at 11:32, two hours after the simulated month ends. So that it lies inside that
month, every stamp is moved back by whole days (``--days-back``, one by default). Nothing else is changed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from breakwatch.clock import DAY_US, MILLISECOND_US
from sample_data.generator.openmetrics import packed

RECORDED = date(2026, 11, 20)
ABOUT = "recorded run, see sample_data/README.md"
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
_DAY_MS = DAY_US // MILLISECOND_US


def dump(tsdb: Path) -> list[str]:
    """Return every sample of a Prometheus data directory, one line each, as promtool prints them."""
    command = ["promtool", "tsdb", "dump", str(tsdb)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  the user's own folder
    return done.stdout.splitlines()


def exposition(dumped: Iterable[str], job: str, days_back: int) -> str:
    """Return the wanted samples of one job as OpenMetrics text.

    Stale markers (NaN) become what they stand for: no sample. Types are not kept by a database, so all are unknown.
    """
    series: dict[tuple[str, str], list[str]] = {}
    for line in dumped:
        found = _DUMPED.fullmatch(line)
        if found is None or f'job="{job}"' not in found["labels"] or found["name"] not in WANTED[job]:
            continue
        if found["value"] != "NaN":
            stamp_ms = int(found["stamp_ms"]) - days_back * _DAY_MS
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


def moved(text: str, days_back: int) -> str:
    """Return a log with its day moved back, in both spellings: 2026-11-20 and 20/Nov/2026."""
    day = RECORDED - timedelta(days=days_back)
    text = text.replace(f"{RECORDED:%Y-%m-%d}T", f"{day:%Y-%m-%d}T")
    return text.replace(f"{RECORDED:%d/%b/%Y}:", f"{day:%d/%b/%Y}:")


def main() -> None:
    """Write everything."""
    parser = argparse.ArgumentParser(description="Make the capture from a recorded run.")
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to write")
    parser.add_argument("--days-back", type=int, default=1, help="by how many whole days stamps are moved back")
    chosen = parser.parse_args()
    dumped = dump(chosen.run / "tsdb")
    for job in WANTED:
        (chosen.out / f"{job}.om.gz").write_bytes(packed(exposition(dumped, job, chosen.days_back)))
    for name in ("opossum_events.jsonl", "haproxy.log", "truth.jsonl"):
        text = (chosen.run / name).read_bytes().decode()
        (chosen.out / name).write_bytes(moved(text, chosen.days_back).encode())


if __name__ == "__main__":
    main()
