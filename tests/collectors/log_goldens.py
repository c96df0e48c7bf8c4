"""What profiles make of logs that libraries really wrote; ``python -m tests.collectors.log_goldens`` does it anew.

``NAME.log`` (text) and ``NAME.jsonl`` were recorded from the running library, its other lines included. Beside each
stands what it comes to, ``.told``: one line for each sighting, then how many lines were nobody's or were refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from breakwatch.clock import fixed_clock
from breakwatch.config import Config, LogsSource
from breakwatch.model import Window
from collectors.logs.collector import LogCollector
from collectors.logs.times import iso

if TYPE_CHECKING:
    from breakwatch.model import Batch, Sighting

GOLDEN = Path(__file__).parents[1] / "golden" / "profiles"
NOW = fixed_clock(1_795_262_400_000_000)
LOGS = tuple(sorted(path for suffix in ("log", "jsonl") for path in GOLDEN.glob(f"*.{suffix}")))
_FIELDS = ("service", "operation", "breaker", "component", "target", "instance")


def read(log: Path) -> list[Batch]:
    """Return what a log comes to with the profile of its name."""
    form: Literal["json", "regex"] = "json" if log.suffix == ".jsonl" else "regex"
    collector = LogCollector(LogsSource(name="log", paths=(log,), format=form, profile=log.stem), Config(), NOW)
    try:
        return list(collector.collect(Window(None, NOW()), {}))
    finally:
        collector.close()


def rendered(log: Path) -> str:
    """Return the golden of a log."""
    batches = read(log)
    told = [_sighting(one) for batch in batches for one in batch.sightings]
    refused = [
        f"refused: {one.reason.partition(' (')[0]}: {one.content}" for batch in batches for one in batch.rejected
    ]
    skipped = sum(batch.skipped for batch in batches)
    return "\n".join([*told, *refused, f"nobody's: {skipped} lines"]) + "\n"


def _sighting(one: Sighting) -> str:
    who = [f"{name}={text}" for name in _FIELDS if (text := getattr(one.subject, name))]
    move = [f"{one.from_state or '?'} to {one.to_state}"] if one.to_state else []
    return f"{iso(one.occurred_us)} {one.kind}: {', '.join([*who, *move, *(f'{k}={v}' for k, v in one.detail)])}"


def main() -> None:
    """Write every golden anew."""
    for log in LOGS:
        log.with_name(f"{log.name}.told").write_text(rendered(log), encoding="utf-8")


if __name__ == "__main__":
    main()
