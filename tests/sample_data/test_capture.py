"""The real capture in the sample is the recorded run, moved by one day and otherwise untouched."""

from __future__ import annotations

import gzip
import json
from importlib.resources import as_file
from pathlib import Path

import pytest

import sample_data
from sample_data.capture.make import exposition, moved

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


def test_only_wanted_samples_are_kept_and_moved_by_whole_days() -> None:
    """Of a dump the wanted metrics of one job remain, without stale markers, their stamps one day earlier."""
    lines = [line for line in exposition(DUMP, "opossum", 1).splitlines() if not line.startswith("#")]
    assert lines == [
        'circuit{event="open",instance="a:1",job="opossum",name="p"} 1 1795087996.454',
        'up{instance="a:1",job="opossum"} 1 1795087996.454',
    ]


def test_log_days_move_in_both_spellings() -> None:
    """The day of a log line moves, its time of day does not, and days back 0 changes nothing."""
    line = "<134>1 2026-11-20T11:32:36.6 [20/Nov/2026:11:32:36.608] be/primary"
    assert moved(line, 1) == "<134>1 2026-11-19T11:32:36.6 [19/Nov/2026:11:32:36.608] be/primary"
    assert moved(line, 0) == line


def test_breaker_log_holds_the_four_openings(folder: Path) -> None:
    """The breaker's own log says four openings, the first at 11:32:56.305, closed at 11:33:16.358."""
    events = [json.loads(line) for line in (folder / "opossum_events.jsonl").read_text().splitlines()]
    opened = [one["ts"] for one in events if one["event"] == "open"]
    assert len(opened) == 4
    assert opened[0] == "2026-11-19T11:32:56.305Z"
    assert [one["ts"] for one in events if one["event"] == "close"] == ["2026-11-19T11:33:16.358Z"]


def test_counter_of_openings_is_born_at_one_and_grows_to_four(folder: Path) -> None:
    """The scraped counter begins at 1, the fact that makes an extrapolated increase miss an opening."""
    text = gzip.decompress((folder / "opossum.om.gz").read_bytes()).decode()
    values = [float(line.split()[-2]) for line in text.splitlines() if line.startswith('circuit{event="open"')]
    assert values[0] == 1
    assert max(values) == 4


def test_everything_lies_before_the_end_of_the_sample(folder: Path) -> None:
    """Every stamp of the capture lies inside the simulated month."""
    for job in ("opossum", "haproxy"):
        text = gzip.decompress((folder / f"{job}.om.gz").read_bytes()).decode()
        stamps = [float(line.split()[-1]) for line in text.splitlines() if not line.startswith("#")]
        assert len(stamps) > 400
        assert max(stamps) * 1e6 < sample_data.AS_OF_US
