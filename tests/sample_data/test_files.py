"""The committed files are what the generator makes, are small, hold no secrets, and say what they are."""

from __future__ import annotations

import gzip
import json
import re
from importlib.resources import as_file
from itertools import groupby
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import sample_data
from breakwatch.clock import MILLISECOND_US
from breakwatch.config import load
from sample_data.generator.build import Sample
from sample_data.generator.openmetrics import days, exposition, packed
from sample_data.generator.timeline import END_US, START_US

LIMIT_BYTES = 20_000_000
SECRETS = re.compile(
    r"-----BEGIN|AKIA[0-9A-Z]{16}|ghp_\w{20}|sk-\w{20}|xox[bp]-|eyJ[\w-]{20,}\.|(?:password|secret)\s*[:=]",
    re.IGNORECASE,
)
MACHINE = re.compile(r"/(?:root|home|tmp|work)/|https?://(?!runbooks\.example\.org)[\w.]+")


@pytest.fixture(scope="module")
def data() -> Path:
    """Return the folder of the sample."""
    with as_file(sample_data.DATA) as folder:
        return Path(folder)


def _files(data: Path) -> list[Path]:
    return [path for path in sorted(data.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()


def test_committed_logs_and_truth_are_what_the_generator_makes(sample: Sample, data: Path) -> None:
    """Generating again gives the committed logs and truth, byte for byte."""
    for service, book in sample.books.items():
        assert (data / "logs" / f"{service}.jsonl").read_text(encoding="utf-8") == book.text()
    assert (data / "truth.jsonl").read_text(encoding="utf-8") == sample.truth.text()


@pytest.mark.parametrize("day", ["2026-10-21", "2026-11-05", "2026-11-20"])
def test_committed_day_is_what_the_generator_makes(sample: Sample, data: Path, day: str) -> None:
    """Generating a day again gives the committed samples; compared unpacked, for zlib differs between systems."""
    ((start_us, end_us),) = [(start, end) for name, start, end in days(START_US, END_US) if name == day]
    assert _text(data / "metrics" / f"{day}.om.gz") == exposition(sample.lines(), start_us, end_us)


def test_packing_is_deterministic() -> None:
    """The same text is packed to the same bytes, with no time in the header."""
    assert packed("a 1\n") == packed("a 1\n")
    assert packed("a 1\n")[4:8] == b"\0\0\0\0"


def test_there_is_a_file_for_each_day(data: Path) -> None:
    """The thirty days touch 31 UTC days, and each has its file."""
    assert [path.name for path in sorted((data / "metrics").iterdir())] == [
        f"{name}.om.gz" for name, _, _ in days(START_US, END_US)
    ]


def test_series_stand_together_and_in_time_order(data: Path) -> None:
    """In a file each series is one block, its stamps rising, and none lies outside the sample."""
    lines = [line for line in _text(data / "metrics" / "2026-11-20.om.gz").splitlines() if not line.startswith("#")]
    blocks = [list(block) for _, block in groupby(lines, key=lambda line: line.rpartition(" ")[0].rpartition(" ")[0])]
    names = [block[0].partition("} ")[0] for block in blocks]
    assert len(names) == len(set(names)) > 100
    for block in blocks:
        stamps = [float(line.rpartition(" ")[2]) for line in block]
        assert stamps == sorted(set(stamps))
        assert stamps[-1] * 1e6 < END_US


def test_an_independent_parser_reads_a_day(data: Path) -> None:
    """prometheus_client's own OpenMetrics parser takes a file as it is, and every help text says it is simulated."""
    text = _text(data / "metrics" / "2026-10-21.om.gz")
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    read = sum(len(family.samples) for family in families)
    assert read == sum(not line.startswith("#") for line in text.splitlines())
    assert all("simulated" in family.documentation for family in families)


def test_everything_simulated_says_so(data: Path) -> None:
    """The first line of each log and every line of the truth say that they are simulated."""
    for path in sorted((data / "logs").iterdir()):
        with path.open(encoding="utf-8") as file:
            assert json.loads(next(file))["simulated"] is True
    entries = [json.loads(line) for line in _text(data / "truth.jsonl").splitlines()]
    assert entries
    assert all(entry["simulated"] is True for entry in entries)
    assert "simulated" in (data / "README.md").read_text(encoding="utf-8").lower()


def test_the_whole_is_small(data: Path) -> None:
    """All files of the folder together stay under 20 MB."""
    assert sum(path.stat().st_size for path in _files(data)) < LIMIT_BYTES


def test_nothing_secret_and_nobody_real(data: Path) -> None:
    """No file holds what looks like a secret, a path of somebody's machine, or an address outside example.org."""
    for path in _files(data):
        if path.suffix == ".gz" and path.name[:7] in {"2026-10", "2026-11"}:
            continue
        text = _text(path)
        assert not SECRETS.search(text), path
        assert not MACHINE.search(text), path
        assert all(mail.endswith("example.org") for mail in re.findall(r"[\w.]+@([\w.]+\.\w+)", text)), path
    labels = set(re.findall(r'(\w+)="', _text(data / "metrics" / "2026-11-20.om.gz")))
    assert labels == {
        "application", "breaker", "environment", "from_state", "instance", "job", "kind", "le", "level", "name",
        "operation", "outcome", "priority", "queue", "state", "target", "to_state",
    }  # fmt: skip


def test_config_names_files_that_are_there(data: Path) -> None:
    """The demo's configuration is valid, and each of its paths names at least one file of the folder."""
    config = load(data / "breakwatch.yaml")
    patterns = [one for source in config.sources if source.kind in {"logs", "openmetrics"} for one in source.paths]
    named = {path for pattern in patterns for path in _named(Path(pattern))}
    assert named == {path for path in _files(data) if path.name.endswith((".om.gz", ".log", ".jsonl")) and
                     path.name != "truth.jsonl"}  # fmt: skip
    services = {service.name for service in config.services}
    assert {path.stem for path in (data / "logs").iterdir()} <= services


def test_as_of_is_the_end() -> None:
    """The instant that the demo takes for now is the end of the sample, to the millisecond."""
    assert sample_data.AS_OF_US == END_US
    assert END_US % MILLISECOND_US == 0


def _named(pattern: Path) -> list[Path]:
    found = sorted(pattern.parent.glob(pattern.name))
    assert found, pattern
    return found
