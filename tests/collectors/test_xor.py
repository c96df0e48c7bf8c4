from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import xor
from collectors.xor import STALE, DamagedChunkError, decode
from tests.collectors.chunks import Sample, bits_of, chunk

DISTANCES = [15_000, 15_000, 15_000, 15_010, 14_993, 1, 0, 8_192, 8_193, 65_536, 524_288, 524_289, 10**10]
STAMPS = st.integers(-(2**40), 2**42)
VALUES = st.one_of(
    st.sampled_from([0.0, 1.0, -0.0, 2.5, float("inf"), float("nan")]).map(bits_of),
    st.just(STALE),
    st.integers(0, 2**64 - 1),
)
STEPS = st.tuples(st.one_of(st.sampled_from(DISTANCES), st.integers(0, 2**36)), st.one_of(st.none(), VALUES))


def samples_of(start: int, first: int, steps: list[tuple[int, int | None]]) -> list[Sample]:
    """Return samples: each step says how far the next stamp is, and its value, if it is another one."""
    found = [(start, first)]
    for distance, value in steps:
        found.append((found[-1][0] + distance, found[-1][1] if value is None else value))
    return found


def decoded(chunks: list[bytes]) -> list[list[Sample]]:
    """Return the samples of each chunk, one by one."""
    out = decode(chunks)
    found: list[list[Sample]] = []
    for number, grid in enumerate(out.grid.tolist()):
        mine = out.chunk == number
        stamps = out.grids[grid] if grid >= 0 else np.empty(0, np.int64)
        lengths = np.diff(np.append(out.at[mine], len(stamps)))
        found.append(list(zip(stamps.tolist(), np.repeat(out.bits[mine], lengths).tolist(), strict=True)))
    return found


STEADY = st.tuples(STAMPS, VALUES, st.integers(0, 130))
SAMPLES: st.SearchStrategy[list[Sample]] = st.one_of(
    st.builds(list[Sample]),
    st.builds(samples_of, STAMPS, VALUES, st.lists(STEPS, max_size=40)),
    STEADY.map(lambda one: samples_of(one[0], one[1], [(15_000, None)] * one[2])),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(SAMPLES, max_size=12))
def test_chunks_hold_what_was_written(many: list[list[Sample]]) -> None:
    """Whatever stamps and values are written bit by bit, many chunks at once are read as they were written."""
    assert decoded([chunk(samples) for samples in many]) == many


def test_more_chunks_than_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are numbered through where they are decoded in several rounds."""
    monkeypatch.setattr(xor, "LOCKSTEP", 3)
    monkeypatch.setattr(xor, "AT_ONCE", 7)
    chance = random.Random(1)
    many = [
        samples_of(
            10**12, bits_of(1.0), [(15_000 + chance.choice([0, 0, 7]), None) for _ in range(chance.randrange(9))]
        )
        for _ in range(20)
    ]
    assert decoded([chunk(samples) for samples in many]) == many


def test_stamps_are_told_apart_where_their_checksums_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Different stamps stay different though a checksum over them is the same."""
    monkeypatch.setattr(xor, "_MIXING", np.uint64(0))
    many = [
        samples_of(10**12, bits_of(1.0), [(distance, None), (more, None)])
        for distance, more in ((15_000, 15_000), (15_000, 16_000), (10_000, 10_000), (9_000, 11_000), (15_000, 15_000))
    ]
    assert decoded([chunk(samples) for samples in many]) == many


def test_series_of_one_scrape_share_their_stamps() -> None:
    """Stamps that chunks have in common are kept once, jittered ones too."""
    chance = random.Random(2)
    steps = [15_000 + chance.randrange(-10, 11) for _ in range(119)]
    many = [
        samples_of(10**12, bits_of(float(one)), [(step, bits_of(chance.choice([0.0, 1.0]))) for step in steps])
        for one in range(30)
    ]
    out = decode([chunk(samples) for samples in many])
    assert len(out.grids) == 1
    assert set(out.grid.tolist()) == {0}


@settings(max_examples=100, deadline=None)
@given(samples=st.builds(samples_of, STAMPS, VALUES, st.lists(STEPS, min_size=2, max_size=20)), data=st.data())
def test_a_chunk_that_ends_early_is_refused(samples: list[Sample], data: st.DataObject) -> None:
    """A chunk that was cut, wherever, is said to be damaged; nothing is made up in place of what is missing."""
    whole = chunk(samples)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(DamagedChunkError):
        decode([chunk(samples_of(0, 0, [(1, None)] * 5)), cut])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_garbage_is_refused_or_read_but_never_a_crash(many: list[bytes]) -> None:
    """Bytes that are no chunk end in a DamagedChunkError, or in samples as many as they claim."""
    try:
        found = decoded(many)
    except DamagedChunkError:
        return
    assert [len(samples) for samples in found] == [int.from_bytes(one[:2], "big") for one in many]
