"""Ad hoc SQL from the command line: over the published file, in the asked form, to stdout or a file."""

from __future__ import annotations

import sys
from pathlib import Path

from service.forms import Format
from store import sql_readonly


def answer(published: Path, statement: str, form: Format, out: Path | None) -> None:
    """Run one read-only query and write its answer; UsageError with DuckDB's own words when it cannot be run."""
    text = sql_readonly(published, statement, form.value, out)
    if out is None:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()
