"""The formats of our own: incidents, benchmarks and measurements, as CSV, a JSON list of objects, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from breakwatch.clock import Instant
from breakwatch.records import Record, RecordKind
from collectors.imports.opening import MORE, Document, Table
from collectors.imports.shape import Asked, Format, NotReadableError, Piece, Refused, instant, number, words

Row = Mapping[str, Any]

_SEVERITIES = ("S1", "S2", "S3", "S4")
_KINDS = ("down", "degraded")
_BETTER = ("lower", "higher")


def _rows(document: Document) -> list[tuple[str, int, Row]] | None:
    """Return the rows of a document with where they stand; None for a document of another shape."""
    content = document.content
    if isinstance(content, Table):
        return [(f"line {line}", line, row) for line, row in content.rows]
    if document.form in {"json", "jsonlines"} and isinstance(content, list):
        return [(f"[{index}]", index, row) for index, row in enumerate(content)]
    return None


def _fits(*needed: str) -> Callable[[Document], bool]:
    def fits(document: Document) -> bool:
        if isinstance(document.content, Table):
            return set(needed) <= set(document.content.columns)
        rows = _rows(document)
        if rows is None:
            return False
        # One row that names them is enough: what the others lack is said row by row. No row at all says nothing.
        return not rows or any(isinstance(row, dict) and set(needed) <= row.keys() for _, _, row in rows)

    return fits


def _each(document: Document, known: Iterable[str], read: Callable[[Row, int], Record]) -> Iterator[Piece]:
    for position, line, row in _rows(document) or ():
        content = json.dumps(row, ensure_ascii=False, default=str)
        if not isinstance(row, dict):
            yield Refused(position, "is no object", content)
        elif MORE in row:
            yield Refused(position, f"has {MORE}", content)
        elif unknown := sorted(row.keys() - set(known)):
            yield Refused(position, f"nobody knows {', '.join(unknown)}; known: {', '.join(known)}", content)
        else:
            try:
                yield read(row, line)
            except NotReadableError as error:
                yield Refused(position, str(error), content)


def _text(row: Row, name: str, *, needed: bool = False) -> str:
    value = row.get(name)
    if value is None or value == "":
        if needed:
            raise NotReadableError(f"{name}: is missing")
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise NotReadableError(f"{name}: {value!r} is no text")


def _one_of(row: Row, name: str, lawful: tuple[str, ...], otherwise: str) -> str:
    value = _text(row, name) or otherwise
    for word in lawful:
        if value.lower() == word.lower():
            return word
    if not value:
        return ""
    raise NotReadableError(f"{name}: {value!r} is none of {', '.join(lawful)}")


def _time(row: Row, name: str, asked: Asked) -> Instant:
    try:
        return instant(row.get(name), asked.timezone)
    except NotReadableError as error:
        raise NotReadableError(f"{name}: {error}") from error


def _value(row: Row) -> float:
    try:
        return number(row.get("value"))
    except NotReadableError as error:
        raise NotReadableError(f"value: {error}") from error


_OF_INCIDENTS = ("service", "started_at", "ended_at", "component", "severity", "kind", "id", "cause", "environment")


def _incidents(document: Document, asked: Asked) -> Iterator[Piece]:
    spans: dict[tuple[str, str], Instant] = {}

    def read(row: Row, line: int) -> Record:
        started_us = _time(row, "started_at", asked)
        ended_us = _time(row, "ended_at", asked) if _text(row, "ended_at") else None
        if ended_us is not None and ended_us < started_us:
            raise NotReadableError("ended_at: is before started_at")
        if started_us > asked.now_us:
            raise NotReadableError("started_at: is in the future")
        service = _text(row, "service") or asked.service
        if not service:
            raise NotReadableError("service: is missing; name it, or say --service")
        environment = _text(row, "environment") or asked.environment
        known_us = spans.get((environment, service), started_us)
        spans[environment, service] = min(known_us, started_us)
        detail = words(
            kind=_one_of(row, "kind", _KINDS, "down"),
            component=_text(row, "component"),
            severity=_one_of(row, "severity", _SEVERITIES, ""),
            id=_text(row, "id"),
            cause=_text(row, "cause"),
        )
        return Record(
            "", RecordKind.INCIDENT, started_us, ended_us,
            environment=environment, service=service, labels=asked.labels, detail=detail, row=line,
        )  # fmt: skip

    yield from _each(document, _OF_INCIDENTS, read)
    yield from _covered(document, asked, spans)


def _covered(document: Document, asked: Asked, spans: Mapping[tuple[str, str], Instant]) -> Iterator[Record]:
    """Yield for which span the file tells all there is to tell of each of its services.

    Where nobody says so, that is from the file's first incident to the first time the file was seen: its digest keeps
    a second import of the same file from stretching it.
    """
    services = set(spans) | ({(asked.environment, asked.service)} if asked.service else set())
    first_us = min(spans.values(), default=None)
    for environment, service in sorted(services):
        if asked.covers is not None:
            start_us, end_us, detail = *asked.covers, words()
        elif first_us is not None:
            start_us, end_us, detail = first_us, asked.now_us, words(file=document.digest)
        else:
            continue
        yield Record(
            "", RecordKind.COVERED, start_us, end_us,
            environment=environment, service=service, labels=asked.labels, detail=detail,
        )  # fmt: skip


_OF_BENCHMARKS = (
    "suite", "benchmark", "metric", "unit", "better", "run_at", "revision", "value", "run_environment", "environment",
)  # fmt: skip


def _benchmarks(document: Document, asked: Asked) -> Iterator[Piece]:
    def read(row: Row, line: int) -> Record:
        better = _one_of(row, "better", _BETTER, "")
        if not better:
            raise NotReadableError("better: is missing; write lower or higher")
        run_us = _time(row, "run_at", asked) if _text(row, "run_at") or asked.at_us is None else asked.at_us
        detail = words(
            suite=_text(row, "suite") or asked.suite or _text(row, "suite", needed=True),
            benchmark=_text(row, "benchmark", needed=True),
            metric=_text(row, "metric", needed=True),
            unit=_text(row, "unit"),
            better=better,
            revision=_text(row, "revision") or asked.revision,
            run_environment=_text(row, "run_environment") or asked.run_environment,
        )
        environment = _text(row, "environment") or asked.environment
        return Record(
            "", RecordKind.BENCHMARK, run_us, value=_value(row),
            environment=environment, labels=asked.labels, detail=detail, row=line,
        )  # fmt: skip

    yield from _each(document, _OF_BENCHMARKS, read)


_OF_MEASUREMENTS = ("service", "name", "value", "unit", "measured_at", "experiment_id", "environment")


def _measurements(document: Document, asked: Asked) -> Iterator[Piece]:
    def read(row: Row, line: int) -> Record:
        service = _text(row, "service") or asked.service
        if not service:
            raise NotReadableError("service: is missing; name it, or say --service")
        detail = words(
            name=_text(row, "name", needed=True), unit=_text(row, "unit"), experiment_id=_text(row, "experiment_id")
        )
        return Record(
            "", RecordKind.MEASUREMENT, _time(row, "measured_at", asked), value=_value(row),
            environment=_text(row, "environment") or asked.environment, service=service, labels=asked.labels,
            detail=detail, row=line,
        )  # fmt: skip

    yield from _each(document, _OF_MEASUREMENTS, read)


INCIDENTS = Format(
    name="incidents",
    title="Incidents written down elsewhere, as CSV or JSON: they become outages of origin imported",
    expected="CSV, JSON lines or a JSON list of objects with service, started_at, ended_at",
    fits=_fits("service", "started_at", "ended_at"),
    read=_incidents,
    example="breakwatch import incidents status-page.csv --covers 2026-01-01..2026-07-01",
    options=("service", "covers", "timezone"),
)
BENCHMARKS = Format(
    name="benchmarks",
    title="Benchmark results, as CSV or JSON, a row for each repetition",
    expected="CSV, JSON lines or a JSON list of objects with benchmark, metric, better, value",
    fits=_fits("benchmark", "metric", "better", "value"),
    read=_benchmarks,
    example="breakwatch import benchmarks nightly.csv --revision 4f2a91c",
    options=("suite", "revision", "run_environment", "at", "timezone"),
)
MEASUREMENTS = Format(
    name="measurements",
    title="Values measured outside, as CSV or JSON",
    expected="CSV, JSON lines or a JSON list of objects with name, value, measured_at",
    fits=_fits("name", "value", "measured_at"),
    read=_measurements,
    example="breakwatch import measurements probes.json --service checkout",
    options=("service", "timezone"),
)
