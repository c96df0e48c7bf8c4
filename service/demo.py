"""The demo: the recorded sample through the ordinary collectors into a store of its own, then the dashboard."""

from __future__ import annotations

import hashlib
import shutil
from importlib.resources import as_file
from pathlib import Path

import sample_data
from breakwatch.clock import fixed_clock
from breakwatch.config import Config, data_home, load
from breakwatch.errors import SourceError
from breakwatch.model import Window
from service import collecting, console, progress
from service.ingest import Ingest

STORE_FILE = "breakwatch-demo.duckdb"


def build(folder: Path | None) -> Path:
    """Collect the sample into a folder's store and return the published file; quick when it is there already."""
    folder = (folder or data_home() / "demo").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    clock = fixed_clock(sample_data.AS_OF_US)
    with as_file(sample_data.DATA) as data:
        config = load(data / "breakwatch.yaml")
        place = config.store.model_copy(update={"path": folder / STORE_FILE})
        config = config.model_copy(update={"store": place})
        _forget_another_sample(config, _fingerprint(data))
        console.say(f"Collecting the recorded sample into {place.path}")
        store = collecting.open_store(config, clock)
        try:
            with progress.shown([source.name for source in config.sources]) as told:
                ingest = Ingest(config, store, clock, recorded=True)
                done = ingest.once(config.sources, Window(None, clock()), told)
        finally:
            store.close()
    failed = [outcome for outcome in done.outcomes if outcome.error is not None]
    if failed:
        raise SourceError(
            f"{failed[0].source}: the recorded sample could not be read: {failed[0].error}",
            "install Breakwatch anew: its sample data look damaged",
        )
    events = sum(outcome.events for outcome in done.outcomes)
    console.say(f"{events:,} new observations, published as generation {done.publication.generation}")
    return place.path


def _fingerprint(data: Path) -> str:
    """Return what tells one sample from another: the content of every file a source may read."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(
        file for file in data.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc", ".md"}
    ):
        digest.update(f"{file.relative_to(data)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _forget_another_sample(config: Config, fingerprint: str) -> None:
    """Remove a demo store that was made from other data: two samples in one store would be neither."""
    published = config.store.path
    private = published.with_name(f".{published.name}.d")
    mark = published.with_name(f".{published.name}.sample")
    if mark.exists() and mark.read_text(encoding="utf-8") == fingerprint:
        return
    if private.exists():
        collecting.open_store(config).close()  # StoreError while somebody owns it: then it is not ours to remove
        shutil.rmtree(private)
    published.unlink(missing_ok=True)
    mark.write_text(fingerprint, encoding="utf-8")
