"""Reading by the block: exactly the lines that reading one by one would find, with the same meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwatch.sightings import SightingRows
from collectors.logs.prefilter import LineCounter, Prefilter
from collectors.logs.regexes import compile_for_blocks, compile_regex
from store import append
from tests.collectors.logs.following import NOON_US, at, lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.logs.conftest import Follow

LETTERS = st.text('ab"é\t', max_size=8)
LOGS = st.lists(LETTERS, max_size=30).map(lambda parts: "".join(f"{part}\n" for part in parts).encode())
PATTERNS = [
    "^a",
    "b$",
    "^$",
    "a.*b",
    "(?P<to>a+)b",
    "[^a]b",
    r"\sb",
    r"(?s)a.b",
    '(?i)A"',
    r"\bb\b",
    "é",
    r"^[^b]*$",
    "(?:a|^b)[^b]",
]


@given(data=LOGS, literals=st.frozensets(st.text('ab"é', min_size=1, max_size=4), min_size=1, max_size=7))
def test_every_line_with_a_literal_is_found_once(data: bytes, literals: frozenset[str]) -> None:
    """However many texts are searched for, in whatever way: the same lines, and where they begin."""
    wanted = frozenset(literal.encode() for literal in literals)
    search = Prefilter(wanted)
    for _ in range(2):  # it remembers which bytes were rare
        found, starts = search.lines(data, 0, len(data))
        assert found == [line for line in data.split(b"\n") if any(one in line for one in wanted)]
        assert [data[start : start + len(line)] for start, line in zip(starts, found, strict=True)] == found
        assert all(start == 0 or data[start - 1 : start] == b"\n" for start in starts)


def test_a_byte_that_was_rare_may_become_common() -> None:
    """Looked for alone where nothing else has it, and together with another where every line does: the same lines."""
    search = Prefilter(frozenset({b"break"}))
    ours, quiet, noisy = b"a break\n", b"nothing here\n" * 20_000, b"kkkk kkkk bbbb\n" * 20_000
    for data in (quiet + ours, noisy + ours, ours + noisy, quiet, noisy, ours + quiet + ours):
        for _ in range(2):
            found, starts = search.lines(data, 0, len(data))
            assert found == [ours.rstrip()] * data.count(ours)
            assert [data[start : start + len(ours)] for start in starts] == [ours] * len(found)


@given(data=LOGS, patterns=st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
def test_no_line_that_a_pattern_matches_is_missed(data: bytes, patterns: list[str]) -> None:
    """Lines found in a block are tried again one by one, so there may be more, never fewer; none runs over its end."""
    found, _ = Prefilter(frozenset(), patterns).lines(data, 0, len(data))
    regexes = [compile_regex(pattern) for pattern in patterns]
    every = data.decode().splitlines()
    matching = [line.encode() for line in every if any(one.search(line) for one in regexes)]
    assert [line for line in found if any(one.search(line.decode()) for one in regexes)] == matching


@pytest.mark.parametrize("pattern", [r"\Aa", r"a\z", "(?-m)^a", "(?i-s)a"])
def test_patterns_that_speak_of_the_whole_text_are_tried_line_by_line(pattern: str) -> None:
    """A block's begin and end are no line's."""
    assert compile_for_blocks([pattern]) is None
    assert Prefilter(frozenset(), [pattern]).lines(b"x\na\n", 0, 4)[0] == [b"x", b"a"]


@pytest.mark.parametrize("data", [b"a\r\nb\r\n", b"\xef\xbb\xbfa\nb\n", b"a\xff\nb\n"])
def test_what_looks_different_in_a_block_is_tried_line_by_line(data: bytes) -> None:
    """Windows line ends, a mark, and bytes that become other characters."""
    assert len(Prefilter(frozenset(), ["^z"]).lines(data, 0, len(data))[0]) == 2


@given(data=st.binary(max_size=60), end=st.integers(0, 60))
def test_lines_are_counted_as_they_are_split(data: bytes, end: int) -> None:
    """A last line without its end counts."""
    part = data[:end]
    assert LineCounter().count(data, len(part)) == len(part.split(b"\n")) - (part.endswith(b"\n") or not part)


def test_values_that_only_python_takes_for_equal_are_told_apart(tmp_path: Path, follow: Follow) -> None:
    """1, 1.0, true and "1" are other words in a log, also where what a word means is remembered."""
    log = tmp_path / "app.log"
    values = ["1", "1.0", "true", '"1"', '"true"', "1", "null", "[1]", '{"a":1}'] * 2
    told = '"ts":"2026-11-20T11:00:00Z","event":"failover","to_target"'
    log.write_text("".join(f"{{{told}:{value}}}\n" for value in values), encoding="utf-8")
    ledger = follow(log).read()
    targets = [dict(one.detail)["to_target"] for one in ledger.sightings.values()]
    assert targets == ["1", "1.0", "true", "1", "true", "1"] * 2
    assert len(ledger.rejected) == 6


def test_what_is_remembered_is_what_would_be_read(tmp_path: Path, follow: Follow) -> None:
    """Lines of one shape that differ in time and detail only keep their own."""
    log = tmp_path / "app.log"
    log.write_text(
        "".join(
            f'{{"ts":"2026-11-20T11:00:0{second}+01:00","event":"retry","operation":"o","attempt":"{second}"}}\n'
            for second in range(1, 9)
        ),
        encoding="utf-8",
    )
    ledger = follow(log).read()
    assert [dict(one.detail)["attempt"] for one in ledger.sightings.values()] == list("12345678")
    first_us = at("2026-11-20T10:00:00Z")
    assert [one.occurred_us - first_us for one in ledger.sightings.values()] == [n * 1_000_000 for n in range(1, 9)]


def test_rows_are_a_sequence_and_become_the_same_table(tmp_path: Path, follow: Follow) -> None:
    """Columns are how sightings travel, not what they are."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(50)))
    (batch,) = follow(log).read().batches
    rows = batch.sightings
    assert isinstance(rows, SightingRows)
    assert (len(rows), rows[0], rows[-1], rows[1:3]) == (50, next(iter(rows)), list(rows)[-1], [rows[1], rows[2]])
    assert rows[0].occurred_us < NOON_US
    table, same = append._sightings_table(rows), append._sightings_table(list(rows))
    assert table.to_pylist() == same.to_pylist()
    with pytest.raises(IndexError):
        rows[50]
