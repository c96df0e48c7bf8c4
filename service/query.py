"""Ad hoc SQL from the command line: over the published file, in the asked form, to stdout or a file."""

from __future__ import annotations

import sys
from pathlib import Path

from breakwatch.errors import UsageError
from service.forms import Format
from store import sql_readonly


def answer(published: Path, statement: str, form: Format, out: Path | None) -> None:
    """Run one read-only query and write its answer; UsageError with DuckDB's own words when it cannot be run."""
    if form is Format.PARQUET and out is None and sys.stdout.isatty():
        raise UsageError("parquet is no text for a terminal", "add --out answer.parquet")
    data = sql_readonly(published, statement, form.value)
    if out is not None:
        try:
            out.write_bytes(data)
        except OSError as error:
            raise UsageError(f"{out}: cannot be written: {error.strerror}", "choose another --out") from error
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
