"""The real capture in the sample is the recorded run, as recorded."""

from __future__ import annotations

import gzip
import json
from importlib.resources import as_file
from pathlib import Path

import pytest

import sample_data
from breakwatch.clock import SECOND_US, Instant
from sample_data.capture.make import LOGS, exposition, make
from sample_data.generator.timeline import at
from tests.real.recorded import unpack_recording

RUN = Path(__file__).parent.parent / "golden" / "captures"
BEGAN_US, ENDED_US = at("11-20 11:32:35"), at("11-20 11:33:42")
DUMP = (
    '{__name__="up", instance="a:1", job="opossum"} 1 1795174396454',
    '{__name__="circuit", event="open", instance="a:1", job="opossum", name="p"} 1 1795174396454',
    '{__name__="circuit", event="open", instance="a:1", job="opossum", name="p"} NaN 1795174397454',
    '{__name__="circuit_perf_sum", instance="a:1", job="opossum"} 9 1795174396454',
    '{__name__="up", instance="b:1", job="haproxy"} 1 1795174396454',
)


@pytest.fixture(scope="module")
def folder() -> Path:
    """Return the folder of the capture."""
    with as_file(sample_data.DATA / "capture") as path:
        return Path(path)


def _text(folder: Path, job: str) -> str:
    return gzip.decompress((folder / f"{job}.om.gz").read_bytes()).decode()


def _stamp_us(sample: str) -> Instant:
    return round(float(sample.rpartition(" ")[2]) * SECOND_US)


def test_only_wanted_samples_are_kept_with_their_stamps() -> None:
    """Of a dump the wanted metrics of one job remain, without stale markers, their stamps to the millisecond."""
    lines = [line for line in exposition(DUMP, "opossum").splitlines() if not line.startswith("#")]
    assert lines == [
        'circuit{event="open",instance="a:1",job="opossum",name="p"} 1 1795174396.454',
        'up{instance="a:1",job="opossum"} 1 1795174396.454',
    ]


def test_files_are_the_recording_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    """Logs and truth are the recorded run's own, byte for byte; its samples, dumped again, are the same."""
    unpacked, out = tmp_path / "run", tmp_path / "out"
    out.mkdir()
    make(unpack_recording(unpacked), RUN, out)
    assert sorted(path.name for path in out.iterdir()) == sorted([*LOGS, "haproxy.om.gz", "opossum.om.gz"])
    for name in LOGS:
        assert (folder / name).read_bytes() == (RUN / name).read_bytes() == (out / name).read_bytes()
    for job in ("opossum", "haproxy"):
        assert _text(folder, job) == _text(out, job)


def test_breaker_log_holds_the_four_openings(folder: Path) -> None:
    """The breaker's own log says four openings, the first at 11:32:56.305, closed at 11:33:16.358."""
    events = [json.loads(line) for line in (folder / "opossum_events.jsonl").read_text().splitlines()]
    opened = [one["ts"] for one in events if one["event"] == "open"]
    assert len(opened) == 4
    assert opened[0] == "2026-11-20T11:32:56.305Z"
    assert [one["ts"] for one in events if one["event"] == "close"] == ["2026-11-20T11:33:16.358Z"]


def test_counter_of_openings_is_born_at_one_and_grows_to_four(folder: Path) -> None:
    """The scraped counter begins at 1, the fact that makes an extrapolated increase miss an opening."""
    lines = _text(folder, "opossum").splitlines()
    values = [float(line.split()[-2]) for line in lines if line.startswith('circuit{event="open"')]
    assert values[0] == 1
    assert max(values) == 4


def test_the_recording_lies_inside_the_sample_at_its_own_time(folder: Path) -> None:
    """Every sample has a stamp of the recorded minute, and that minute is before the end of the simulated month."""
    assert ENDED_US < sample_data.AS_OF_US
    for job in ("opossum", "haproxy"):
        stamps_us = [_stamp_us(line) for line in _text(folder, job).splitlines() if not line.startswith("#")]
        assert len(stamps_us) > 400
        assert BEGAN_US < min(stamps_us) < max(stamps_us) < ENDED_US
