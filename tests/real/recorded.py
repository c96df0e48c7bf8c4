"""The recorded run as a real Prometheus serves it."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real.processes import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE = Path(__file__).parents[1] / "golden" / "captures" / "prometheus_tsdb.tgz"


def unpack_recording(folder: Path) -> Path:
    """Unpack the recorded data directory into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    # tar and not tarfile: Debian 12's Python 3.11.2 knows no extraction filters, and later ones warn without
    subprocess.run(["tar", "-xzf", str(ARCHIVE), "-C", str(folder)], check=True)
    return folder / "tsdb"


@contextmanager
def recorded_prometheus(folder: Path) -> Iterator[Prometheus]:
    """Run a real Prometheus without scrape jobs on a copy of the recorded data."""
    unpack_recording(folder)
    server = Prometheus(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
