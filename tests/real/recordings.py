"""Recorded runs of real programs: what a Prometheus stored of them, their logs, and what truly happened.

What takes long runs every night, and what it recorded is replayed with every change. ``python -m tests.real.recordings
litellm`` lives through a story and records it anew.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.real.processes import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RECORDINGS = Path(__file__).parents[1] / "golden" / "recordings"
LARGEST_BYTES = 300_000
STORIES = {"litellm": "tests.real.litellm_proxy"}
"""Recording → the module whose ``live(folder)`` lives through it."""


class Lived(Protocol):
    """What a story leaves behind: a server that scrapes no more, and files beside it."""

    @property
    def server(self) -> Prometheus:
        """The server that holds what was scraped."""

    @property
    def files(self) -> Sequence[Path]:
        """Logs and truth."""


@dataclass(frozen=True)
class Replayed:
    """A recording as it is served again; the files lie in ``folder`` under their old names."""

    server: Prometheus
    folder: Path


def record(name: str, lived: Lived) -> None:
    """Keep what a story left behind; refuses more than a repository should hold."""
    lived.server.stop()
    target = RECORDINGS / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # The write-ahead log alone: no block has been cut of a run of minutes, and chunks_head is made anew from it.
    subprocess.run(
        ["tar", "-czf", str(target / "tsdb.tgz"), "-C", str(lived.server.folder), "tsdb/wal"],
        check=True,
    )
    for file in lived.files:
        with gzip.GzipFile(target / f"{file.name}.gz", "wb", mtime=0) as packed:
            packed.write(file.read_bytes())
    size_bytes = sum(file.stat().st_size for file in target.iterdir())
    if size_bytes > LARGEST_BYTES:
        raise RuntimeError(f"the recording {name} takes {size_bytes} bytes, more than {LARGEST_BYTES}")


@contextmanager
def replay(name: str, folder: Path) -> Iterator[Replayed]:
    """Run a real Prometheus without scrape jobs on a recording, its files unpacked beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-xzf", str(RECORDINGS / name / "tsdb.tgz"), "-C", str(folder)], check=True)
    for packed in (RECORDINGS / name).glob("*.gz"):
        (folder / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    server = Prometheus(folder)
    server.start()
    try:
        yield Replayed(server, folder)
    finally:
        server.stop()


def main(names: Sequence[str]) -> None:
    """Record the named stories anew."""
    for name in names:
        with tempfile.TemporaryDirectory() as folder, import_module(STORIES[name]).live(Path(folder)) as lived:
            record(name, lived)


if __name__ == "__main__":
    main(sys.argv[1:])
