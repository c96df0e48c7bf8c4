"""Writes the simulated part of the sample anew: ``python -m sample_data.generate [--out DIR]``.

The same revision of this code writes the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sample_data.generator.build import Sample, simulate
from sample_data.generator.openmetrics import days, exposition, packed
from sample_data.generator.timeline import END_US, START_US


def write_texts(sample: Sample, out: Path) -> None:
    """Write the logs of each service and the truth."""
    (out / "logs").mkdir(parents=True, exist_ok=True)
    for service, book in sample.books.items():
        (out / "logs" / f"{service}.jsonl").write_text(book.text(), encoding="utf-8")
    (out / "truth.jsonl").write_text(sample.truth.text(), encoding="utf-8")


def write_metrics(sample: Sample, out: Path, only: str = "") -> None:
    """Write the scrapes, one file for each day, or for one day only."""
    (out / "metrics").mkdir(parents=True, exist_ok=True)
    lines = sample.lines()
    for name, start_us, end_us in days(START_US, END_US):
        if only in {"", name}:
            (out / "metrics" / f"{name}.om.gz").write_bytes(packed(exposition(lines, start_us, end_us)))
            sys.stderr.write(f"{name}\n")


def main() -> None:
    """Write everything."""
    parser = argparse.ArgumentParser(description="Write the simulated sample anew.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to write")
    parser.add_argument("--day", default="", help="write the scrapes of this day only (YYYY-MM-DD)")
    chosen = parser.parse_args()
    sample = simulate()
    write_texts(sample, chosen.out)
    write_metrics(sample, chosen.out, chosen.day)


if __name__ == "__main__":
    main()
