"""Files that other tools have written, turned into batches. A new format is one module and one line in ``FORMATS``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from breakwatch.errors import UsageError
from breakwatch.model import Batch, Rejected
from breakwatch.records import Record
from collectors.imports.chaostoolkit import CHAOSTOOLKIT
from collectors.imports.google_benchmark import GOOGLE_BENCHMARK
from collectors.imports.hyperfine import HYPERFINE
from collectors.imports.jmh import JMH
from collectors.imports.junit import JUNIT
from collectors.imports.k6 import K6
from collectors.imports.litmus import LITMUS
from collectors.imports.opening import Document, found_in, opened
from collectors.imports.own import BENCHMARKS, INCIDENTS, MEASUREMENTS
from collectors.imports.pytest_benchmark import PYTEST_BENCHMARK
from collectors.imports.shape import Asked, Format, Left, Refused

__all__ = ["FORMATS", "Asked", "Format", "batch_of", "described"]

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        INCIDENTS,
        BENCHMARKS,
        MEASUREMENTS,
        JUNIT,
        PYTEST_BENCHMARK,
        GOOGLE_BENCHMARK,
        JMH,
        K6,
        HYPERFINE,
        CHAOSTOOLKIT,
        LITMUS,
    )
}

MOST_SHOWN_CHARS = 2_000


def batch_of(form: Format, path: Path, asked: Asked) -> Batch:
    """Return what a file says, as one batch of the source ``import:<format>``.

    Raises:
        UsageError: the file cannot be read, or has another shape; says which was expected and which was found.
    """
    document = opened(path)
    if not form.fits(document):
        raise UsageError(
            f"{document.name}: expected {form.expected}; found {found_in(document)}", _instead(document, form)
        )
    source = f"import:{form.name}"
    records: list[Record] = []
    rejected: list[Rejected] = []
    left: Counter[str] = Counter()
    twins: Counter[tuple[object, ...]] = Counter()
    for piece in form.read(document, asked):
        if isinstance(piece, Left):
            left[piece.why] += 1
        elif isinstance(piece, Refused):
            where = f"{document.digest}:{piece.position}"
            reason = f"{document.name}: {piece.position}: {piece.reason}"
            rejected.append(Rejected(source, where, reason, piece.content[:MOST_SHOWN_CHARS]))
        else:
            records.append(replace(piece, source=source, twin=twins[piece.content]))
            twins[piece.content] += 1
    notes = [f"{document.name}: {count:,} left out: {why}" for why, count in left.items()]
    return Batch(source, records=records, rejected=rejected, skipped=sum(left.values()), notes=notes)


def described(path: Path) -> tuple[str, str | None]:
    """Return what a file is, for a person who thought it was something else, and the kind that reads it, if any."""
    try:
        document = opened(path)
    except UsageError as error:
        return f"a file that {error.problem.removeprefix(f'{path}: ')}", None
    return found_in(document), _reader(document)


def _reader(document: Document, but: Format | None = None) -> str | None:
    return next((form.name for form in FORMATS.values() if form is not but and form.fits(document)), None)


def _instead(document: Document, form: Format) -> str:
    other = _reader(document, form)
    return f"breakwatch import {other} reads such files" if other else f"breakwatch import {form.name} --help"
