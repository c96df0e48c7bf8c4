"""Every format of ``breakwatch import`` on files as its tool writes them, and on those of all the others."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakwatch.clock import to_us
from breakwatch.errors import UsageError
from breakwatch.model import Batch
from breakwatch.records import Record
from collectors.imports import FORMATS, Asked, batch_of
from collectors.imports.shape import instant

FOLDER = Path(__file__).parents[2] / "golden" / "imports"
FILES = {
    "incidents.csv": "incidents",
    "incidents.json": "incidents",
    "benchmarks.csv": "benchmarks",
    "measurements.jsonl": "measurements",
    "junit.xml": "junit",
    "pytest-benchmark.json": "pytest-benchmark",
    "google-benchmark.json": "google-benchmark",
    "jmh.json": "jmh",
    "k6.json": "k6",
    "k6.jsonl": "k6",
    "hyperfine.json": "hyperfine",
    "chaostoolkit.json": "chaostoolkit",
    "litmus.yaml": "litmus",
}
NOW_US = instant("2026-11-20T12:00:00Z")
AT_US = instant("2026-11-20T09:00:00Z")


def asked(name: str) -> Asked:
    """Return what a person says about a file: a time only where the format has none of its own."""
    says_none = name in {"jmh.json", "k6.json", "hyperfine.json"}
    return Asked(NOW_US, service="checkout", at_us=AT_US if says_none else None)


def told(batch: Batch) -> dict[str, Any]:
    """Return a batch as a person would read it."""
    return {
        "records": [_of_record(record) for record in batch.records],
        "rejected": [f"{one.reason}".replace(f"{FOLDER}/", "") for one in batch.rejected],
        "notes": [note.replace(f"{FOLDER}/", "") for note in batch.notes],
    }


def _of_record(record: Record) -> dict[str, Any]:
    from breakwatch.clock import from_us

    ends = "" if record.ended_us is None else f" … {from_us(record.ended_us).isoformat()}"
    shown: dict[str, Any] = {"kind": str(record.kind), "when": from_us(record.started_us).isoformat() + ends}
    if record.value is not None:
        shown["value"] = round(record.value, 12)
    if record.service:
        shown["service"] = record.service
    if record.twin:
        shown["twin"] = record.twin
    return shown | dict(record.detail)


@pytest.mark.parametrize("name", FILES)
def test_a_file_becomes_what_its_golden_says(name: str) -> None:
    """Each tool's file gives the records, the refusals and the notes that were looked at once."""
    golden = FOLDER / f"{name}.expected.json"
    found = told(batch_of(FORMATS[FILES[name]], FOLDER / name, asked(name)))
    if os.environ.get("BREAKWATCH_GOLDEN") == "write":
        golden.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))


def test_every_format_has_a_file() -> None:
    """A format that is added without an example fails here."""
    assert set(FILES.values()) == set(FORMATS)


@pytest.mark.parametrize("name", FILES)
def test_other_shapes_are_refused_with_what_was_expected(name: str) -> None:
    """A file fed to each format it is not of is refused, and the refusal names the format that reads it."""
    for form in FORMATS.values():
        if form.name != FILES[name]:
            with pytest.raises(UsageError) as refusal:
                batch_of(form, FOLDER / name, asked(name))
            assert f"expected {form.expected}; found " in refusal.value.problem
            assert refusal.value.remedy == f"breakwatch import {FILES[name]} reads such files"


@pytest.mark.parametrize("name", FILES)
def test_packing_renaming_and_line_ends_change_nothing(name: str, tmp_path: Path) -> None:
    """The same content gzipped, with a byte order mark and CRLF, under another name, gives the same records."""
    form, path = FORMATS[FILES[name]], FOLDER / name
    other = tmp_path / "renamed.gz"
    other.write_bytes(gzip.compress(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n")))
    first, second = batch_of(form, path, asked(name)), batch_of(form, other, asked(name))
    assert _identities(first) == _identities(second)


def _identities(batch: Batch) -> list[int]:
    """Return the records' numbers, without spans that a file covers: those belong to its very bytes."""
    return [record.record_id for record in batch.records if record.kind != "covered"]


def test_equal_repetitions_stay_two() -> None:
    """Two repetitions of a benchmark with the same value are two records, the same ones each time."""
    batch = batch_of(FORMATS["benchmarks"], FOLDER / "benchmarks.csv", Asked(NOW_US))
    assert len({record.record_id for record in batch.records}) == len(batch.records) == 4
    assert [record.value for record in batch.records][:3] == [0.213, 0.209, 0.213]


def test_a_file_without_its_time_is_not_dated_by_us() -> None:
    """Where neither the file nor the person says when it ran, nothing is imported and the remedy is said."""
    for name in ("jmh.json", "k6.json", "hyperfine.json"):
        batch = batch_of(FORMATS[FILES[name]], FOLDER / name, Asked(NOW_US))
        assert not batch.records
        assert "say --at" in batch.rejected[0].reason


def test_a_file_covers_until_it_was_first_seen() -> None:
    """The span that a file of incidents covers by default is one record, however late it is imported again."""
    early = batch_of(FORMATS["incidents"], FOLDER / "incidents.json", Asked(NOW_US))
    late = batch_of(FORMATS["incidents"], FOLDER / "incidents.json", Asked(NOW_US + 86_400_000_000))
    assert [r.record_id for r in early.records] == [r.record_id for r in late.records]
    told_spans = {r.ended_us for r in early.records if r.kind == "covered"}
    assert told_spans == {NOW_US}


def test_a_span_that_was_said_is_the_one_covered() -> None:
    """With --covers the span is that one, for each service of the file and for the one that was named."""
    span = (instant("2026-01-01T00:00:00Z"), instant("2026-11-20T00:00:00Z"))
    batch = batch_of(FORMATS["incidents"], FOLDER / "incidents.json", replace(asked("x"), service="api", covers=span))
    spans = {(r.service, r.started_us, r.ended_us) for r in batch.records if r.kind == "covered"}
    assert spans == {(service, *span) for service in ("api", "checkout", "search")}


def test_a_stamp_without_a_zone_needs_one() -> None:
    """2026-07-01 12:00 is noon in the zone that was named, summer time included; without a zone it is refused."""
    assert instant("2026-07-01T12:00:00", "Europe/Paris") == instant("2026-07-01T10:00:00Z")
    with pytest.raises(ValueError, match="names no time zone"):
        instant("2026-07-01T12:00:00")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"[1, 2", "is not sound JSON"),
        (b"<testsuite>", "is not sound XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite name="&b;"/>', "is not sound XML"),
        (b"\x1f\x8b\x08", "cannot be read"),
        (b"a,b\n\xff\xfe\n", "is not text in UTF-8"),
        (b"just words", "found text that is no table"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    """Empty, cut, hostile or foreign content is a usage error that names the file and what is wrong."""
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(UsageError) as refusal:
        batch_of(FORMATS["junit"], path, Asked(NOW_US))
    assert str(path) in refusal.value.problem
    assert said in refusal.value.problem


def test_a_shifted_row_is_refused(tmp_path: Path) -> None:
    """A row with more fields than columns is kept aside: an unquoted comma must not move values into other columns."""
    path = tmp_path / "shifted.csv"
    path.write_text("service,name,value,measured_at\nshop,a,b,3,2026-11-20T00:00:00Z\n", encoding="utf-8")
    batch = batch_of(FORMATS["measurements"], path, Asked(NOW_US))
    assert not batch.records
    assert "more fields than columns" in batch.rejected[0].reason


def test_the_clock_of_the_tests_is_utc() -> None:
    """The house's instants and the importer's agree."""
    from datetime import UTC, datetime

    assert instant("2026-11-20T09:00:00Z") == to_us(datetime(2026, 11, 20, 9, tzinfo=UTC))
