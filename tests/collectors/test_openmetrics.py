from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from breakwatch.clock import SECOND_US, fixed_clock
from breakwatch.config import Config, OpenMetricsSource
from breakwatch.errors import SourceError
from breakwatch.model import TrackKind, Window
from collectors import openmetrics, openmetrics_text
from collectors.claims import NAME
from collectors.openmetrics import OpenMetricsCollector
from collectors.openmetrics_text import BadLine, TextReader
from tests.collectors.union import runs_of

NOW = fixed_clock(1_795_200_000_000_000)


def read(path: Path) -> tuple[list[tuple[tuple[tuple[str, str], ...], int, float]], list[BadLine]]:
    """Return a file's samples (labels, stamp, value) and its bad lines."""
    reader = TextReader(lambda _metric: True)
    rows = []
    bad = []
    for block, refused in reader.blocks(path):
        bad += refused
        for series, stamp, value in zip(block.series, block.stamps_us, block.values, strict=True):
            rows.append((tuple(sorted(reader.labels[series].items())), int(stamp), float(value)))
    return rows, bad


def collector(*paths: Path) -> OpenMetricsCollector:
    """Return the collector of some files."""
    return OpenMetricsCollector(OpenMetricsSource(name="file", paths=paths), Config(), NOW)


names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
numbers = st.one_of(
    st.integers(-(10**6), 10**6).map(float), st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf])
)
labels = st.dictionaries(names.filter(lambda name: not name.startswith("__")), texts, max_size=3)
samples = st.tuples(labels, st.integers(1_700_000_000_000, 1_795_000_000_000), numbers)


def written(rows: Sequence[tuple[dict[str, str], int, float]]) -> str:
    """Return rows as OpenMetrics text of one gauge."""
    lines = ["# TYPE g gauge"]
    for label_set, stamp_ms, value in rows:
        inner = ",".join(
            f'{name}="' + text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") + '"'
            for name, text in label_set.items()
        )
        line = f"g{{{inner}}} {value!r} {stamp_ms / 1000:.3f}".replace("nan", "NaN").replace("inf", "Inf")
        lines.append(line)
    return "\n".join([*lines, "# EOF", ""])


@given(st.lists(samples, max_size=12, unique_by=lambda row: str(sorted(row[0].items()))))
def test_reads_what_the_reference_parser_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[dict[str, str], int, float]]
) -> None:
    """Names, labels, values and times agree with prometheus_client's own parser, escapes and braces included."""
    text = written(rows)
    path = tmp_path_factory.mktemp("oracle") / "page.om"
    path.write_text(text, encoding="utf-8")
    found, bad = read(path)
    expected = [
        (tuple(sorted({NAME: one.name, **one.labels}.items())), round(float(one.timestamp) * 1e6), one.value)
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for one in family.samples
    ]
    assert bad == []
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert np.array_equal([row[2] for row in found], [row[2] for row in expected], equal_nan=True)


def test_slow_and_fast_agree(tmp_path: Path) -> None:
    """A block read line by line, because of one bad line, gives what it gives read at once."""
    lines = [f'm{{a="{number % 7}}} x"}} {number / 3} {1795174430 + number}.25' for number in range(500)]
    fast, slow = tmp_path / "fast", tmp_path / "slow"
    fast.write_text("\n".join(lines))
    slow.write_text("\n".join([*lines, 'm{a="b} 1 2']))
    rows, bad = read(slow)
    assert rows == read(fast)[0]
    assert [(one.line, one.reason) for one in bad] == [(501, "the labels cannot be read")]


def test_blocks_may_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is never cut by the end of a block, nor lost at the end of a file without a newline."""
    path = tmp_path / "page"
    path.write_text("\n".join(f'm{{a="{number % 3}"}} {number} 1795174430' for number in range(100)))
    whole = read(path)
    monkeypatch.setattr(openmetrics_text, "BLOCK_BYTES", 17)
    assert read(path) == whole
    assert len(whole[0]) == 100


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("m 1", "the sample has no time"),
        ("m x 1795174430", "the value or the time is not a number"),
        ("m 1 NaN", "the time is not a number"),
        ("9m 1 1795174430", "the line does not begin with a metric's name"),
        ('m{a="1"', "the labels cannot be read"),
        ('m{a="1",a="2"} 1 1795174430', "the label a stands there twice"),
        ("m 1 1795174430 7", "the value and the time cannot be told apart"),
        ('m{a="1"}x 1 1795174430', "the value and the time cannot be told apart"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, reason: str) -> None:
    """A line that is no sample is refused with its number and why, its neighbours are read."""
    path = tmp_path / "page"
    path.write_text(f"m 1 1795174430\n{line}\nm 2 1795174431\n")
    rows, bad = read(path)
    assert [row[2] for row in rows] == [1, 2]
    assert bad == [BadLine(2, reason, line)]


def test_exemplars_are_passed_over(tmp_path: Path) -> None:
    """What stands after a # on a sample's line is no part of the sample."""
    path = tmp_path / "page"
    path.write_text('m_bucket{le="1"} 5 1795174430 # {trace_id="a b"} 0.5 1795174429\n')
    assert read(path) == ([((("__name__", "m_bucket"), ("le", "1")), 1795174430 * SECOND_US, 5.0)], [])


@pytest.mark.parametrize("stamp", ["1795174430.779", "1795174430779"])
def test_seconds_and_milliseconds_are_told_apart(tmp_path: Path, stamp: str) -> None:
    """A stamp of 1e11 or more is milliseconds, a smaller one seconds."""
    path = tmp_path / "page"
    path.write_text(f"m 1 {stamp}\n")
    assert read(path)[0][0][1] == 1_795_174_430_779_000


def test_gzip_is_read_like_text(tmp_path: Path) -> None:
    """A packed file gives what the plain one gives, and a cut one is a SourceError that says so."""
    text = "\n".join(f'circuit{{name="a",event="open",job="j"}} {number} {1795174430 + number}' for number in range(50))
    plain, packed, cut = tmp_path / "a.om", tmp_path / "a.om.gz", tmp_path / "cut.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    cut.write_bytes(packed.read_bytes()[:-20])
    one, two = collector(plain, packed).collect(Window(None, NOW()), {})
    assert np.array_equal(one.runs.value, two.runs.value)
    with pytest.raises(SourceError, match="cannot be read"):
        list(collector(cut).collect(Window(None, NOW()), {}))


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    """The checkpoint of a file is what it looked like; the same file is not read again, a changed one as a whole."""
    path = tmp_path / "a.om"
    path.write_text('circuit{name="a",event="open",job="j"} 1 1795174430\n')
    (first,) = collector(path).collect(Window(None, NOW()), {})
    assert list(collector(path).collect(Window(None, NOW()), first.checkpoints)) == []
    path.write_text(path.read_text() + 'circuit{name="a",event="open",job="j"} 2 1795174445\n')
    (again,) = collector(path).collect(Window(None, NOW()), first.checkpoints)
    assert again.samples == 2


def test_patterns_name_files_and_missing_ones_are_an_error(tmp_path: Path) -> None:
    """A path may be a pattern; one that names nothing is a SourceError with the path."""
    for name in ("a.om", "b.om"):
        (tmp_path / name).write_text("up 1 1795174430\n")
    assert len(list(collector(tmp_path / "*.om").collect(Window(None, NOW()), {}))) == 2
    with pytest.raises(SourceError, match="no such file"):
        list(collector(tmp_path / "*.txt").collect(Window(None, NOW()), {}))


def test_the_future_is_refused(tmp_path: Path) -> None:
    """A sample more than 5 min ahead of our clock is refused, not stored."""
    path = tmp_path / "a.om"
    ahead = NOW() // SECOND_US + 301
    path.write_text(f'circuit{{name="a",event="open",job="j"}} 1 {ahead}\n')
    (batch,) = collector(path).collect(Window(None, NOW()), {})
    assert [one.reason for one in batch.rejected] == ["more than 5 min in the future"]
    assert len(batch.runs) == 0


def test_many_bad_lines_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first bad lines are kept each, the rest as a number."""
    monkeypatch.setattr(openmetrics, "MOST_BAD_LINES", 3)
    path = tmp_path / "a.om"
    path.write_text('circuit{name="a",event="open",job="j"} 1\n' * 10)
    (batch,) = collector(path).collect(Window(None, NOW()), {})
    assert [one.position for one in batch.rejected][:3] == [f"{path}:{line}" for line in (1, 2, 3)]
    assert batch.rejected[3].content == "7"


def test_scrapes_without_up_are_known_by_what_they_carried(tmp_path: Path) -> None:
    """A file that holds no up has a scrape wherever one of its wanted series has a sample; read times are assumed."""
    path = tmp_path / "a.om"
    stamps = [1795174430 + 15 * number for number in range(12) if number != 7]
    path.write_text("\n".join(f'circuit{{name="a",event="open",job="j"}} 1 {stamp}' for stamp in stamps))
    (batch,) = collector(path).collect(Window(None, NOW()), {})
    (number,) = [index for index, track in enumerate(batch.tracks) if track.kind is TrackKind.SCRAPE]
    (run,) = runs_of(number, batch.runs)
    assert (run.first_us, run.last_us) == (stamps[0] * SECOND_US, stamps[-1] * SECOND_US)
    assert run.read_s == 1.5
    assert batch.runs.assumed.all()


def test_too_many_samples_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that would not fit into memory is a SourceError that says what to do."""
    monkeypatch.setattr(openmetrics, "MOST_SAMPLES", 5)
    path = tmp_path / "a.om"
    path.write_text("\n".join(f'circuit{{name="a",event="open"}} 1 {1795174430 + one}' for one in range(6)))
    with pytest.raises(SourceError) as caught:
        list(collector(path).collect(Window(None, NOW()), {}))
    assert "split" in caught.value.remedy
