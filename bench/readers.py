"""What readers cost the owner: its cycle time alone and beside two readers that ask without pause.

    python bench/readers.py [--seconds 120]

Alternates stretches with and without readers, so that whatever else the machine does falls on both. The readers are two
other processes with the working directory ``/``: one with DuckDB 2.0.0 reopening the file for every query, one with
1.1.3 holding its first connection. Prints the median cycle of both, their ratio (bar: 1.10) and the readers' errors.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.store.strangers import report_of, start_reader  # noqa: E402 - the path above comes first
from tests.store.working_owner import cycles, opened  # noqa: E402

STRETCH_S = 10.0
BAR = 1.10


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of each cycle alone and beside readers, and what the readers met."""

    alone: list[float]
    beside: list[float]
    queries: int
    errors: list[str]

    @property
    def ratio(self) -> float:
        """The median cycle beside readers over the one alone."""
        return statistics.median(self.beside) / statistics.median(self.alone)

    def __str__(self) -> str:
        lines = [
            f"cycles alone           {len(self.alone):6d}   median {statistics.median(self.alone) * 1e3:7.1f} ms",
            f"cycles beside readers  {len(self.beside):6d}   median {statistics.median(self.beside) * 1e3:7.1f} ms",
            f"ratio                  {self.ratio:.3f}   (bar {BAR:.2f})",
            f"reader queries         {self.queries}   errors {len(self.errors)}",
            *(f"  {error}" for error in self.errors[:5]),
        ]
        return "\n".join(lines)


def measure(seconds: float) -> Measured:
    """Return the cycles of an owner for so many seconds, alone and beside readers in turn."""
    script = ROOT / "scripts" / "ensure-duckdb-1.1.3.sh"
    environment = os.environ | {"PYTHON": sys.executable}
    old = ROOT / subprocess.run([script], check=True, capture_output=True, text=True, env=environment).stdout.strip()
    alone: list[float] = []
    beside: list[float] = []
    errors: list[str] = []
    queries = 0
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "b.duckdb") as store:
        cycles(store, 3.0, 1)  # caches warm
        for _ in range(round(seconds / STRETCH_S / 2)):
            done = 100 + len(alone) + len(beside)
            alone += cycles(store, STRETCH_S, done, every_s=0.5)
            done = 100 + len(alone) + len(beside)
            strangers = [
                start_reader(store.path, STRETCH_S + 0.5, "reopen", None),
                start_reader(store.path, STRETCH_S + 0.5, "hold", old),
            ]
            beside += cycles(store, STRETCH_S, done, every_s=0.5)[2:]  # the first two while the readers start
            reports = [report_of(stranger) for stranger in strangers]
            errors += [error for report in reports for error in report["errors"]]
            queries += sum(report["queries"] for report in reports)
    return Measured(alone, beside, queries, errors)


def main() -> int:
    """Measure and print; the exit code says whether the bar is met and no reader met an error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=120.0)
    measured = measure(parser.parse_args().seconds)
    print(measured)
    return 0 if measured.ratio <= BAR and not measured.errors else 1


if __name__ == "__main__":
    sys.exit(main())
