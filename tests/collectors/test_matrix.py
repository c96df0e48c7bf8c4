from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.matrix import matrix_of, samples_of
from collectors.samples import Samples

VALUES = st.one_of(
    st.sampled_from(["0", "1", "NaN", "+Inf", "-Inf", "1e+06", "5e-324", "1.7976931348623157e+308", "-0"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
STAMPS = st.integers(0, 4_000_000_000_000).map(lambda stamp_ms: stamp_ms / 1000)
MEAN = ['"values":[[', "]]", '},{"metric":', 'a"],[1,"2', "\\", "\n", '{"', "é", "[]"]
TEXTS = st.one_of(st.text(max_size=10), st.sampled_from(MEAN))
SERIES = st.tuples(
    st.dictionaries(TEXTS, TEXTS, max_size=4), st.lists(st.tuples(STAMPS, VALUES), min_size=1, max_size=8)
)


def body_of(series: Sequence[tuple[dict[str, str], list[tuple[float, str]]]]) -> bytes:
    """Return an answer as Prometheus writes it."""
    result = [{"metric": labels, "values": [list(row) for row in rows]} for labels, rows in series]
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def same(one: Samples, other: Samples) -> bool:
    """Return whether two hold the same."""
    return list(one.labels) == list(other.labels) and all(
        np.array_equal(mine, theirs, equal_nan=mine.dtype == np.float64)
        for mine, theirs in (
            (one.series, other.series), (one.stamps_us, other.stamps_us), (one.values, other.values)
        )
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(SERIES, min_size=1, max_size=5))
def test_numbers_are_read_as_json_would(series: list[tuple[dict[str, str], list[tuple[float, str]]]]) -> None:
    """Whatever labels and numbers an answer holds, the short way reads it exactly as parsing all of it does."""
    body = body_of(series)
    found = matrix_of(body)
    assert found is not None
    assert same(found, samples_of(orjson.loads(body)["data"]["result"]))


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":"success","data":{"resultType":"matrix","result":[]}}',
        b'{"status":"error","error":"no"}',
        b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}',
        b'{"status":"success", "data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]]}]}}',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"values":[[1,"2"]],"metric":{}}]}}',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"two"]]}]}}',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a},"values":[[1,"2"]]}]}}',
        b"<html>",
        b"",
    ],
)
def test_other_forms_go_the_long_way(body: bytes) -> None:
    """An answer of another form, cut, or with something else than numbers, is not guessed at."""
    assert matrix_of(body) is None
