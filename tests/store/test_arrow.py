from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from store.arrow import PAIRS, TEXT, TEXTS, column

MOMENT = datetime(2026, 11, 20, 11, 33, 50, 779_000, UTC)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, -(2**62)], pa.int64()),
        ([1.5, None, float("inf")], pa.float64()),
        ([True, None, False, *[True] * 9], pa.bool_()),
        ([MOMENT, None], pa.timestamp("us", tz="UTC")),
        (["", None, "äöü", "x" * 1000], TEXT),
        ([["a", "b"], None, [], ["c"]], TEXTS),
        ([[("a", "1"), ("b", "")], None, [], [("c", "2")]], PAIRS),
        ([], PAIRS),
        ([], TEXT),
        ([], TEXTS),
    ],
)
def test_columns_are_those_of_pyarrow(values: list[object], kind: pa.DataType) -> None:
    """Every kind of column holds what pyarrow itself would make of the values, NULLs included."""
    made = column(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))


def test_arrays_are_taken_as_they_are() -> None:
    """Numpy columns become columns, also those that are not of our width, or every other element of another."""
    assert column(np.arange(5, dtype=np.int32), pa.int64()).to_pylist() == [0, 1, 2, 3, 4]
    assert column(np.arange(10, dtype=np.int64)[::2], pa.int64()).to_pylist() == [0, 2, 4, 6, 8]
    assert column(np.array([True, False]), pa.bool_()).to_pylist() == [True, False]
    assert column({"a": "b"}.items(), TEXTS).to_pylist() == [["a", "b"]]


def test_mappings_are_maps() -> None:
    """A mapping is taken for its pairs."""
    assert column([{"a": "b"}, {}], PAIRS).to_pylist() == [[("a", "b")], []]


def test_pandas_is_not_loaded() -> None:
    """Making columns and handing them to DuckDB loads no pandas, which takes longer than writing a day."""
    code = (
        "import sys, duckdb, numpy, pyarrow as pa\n"
        "from store import arrow\n"
        "table = arrow.table({'a': (numpy.arange(3), pa.int64()), 'b': (['x', None, 'y'], arrow.TEXT)})\n"
        "connection = duckdb.connect()\n"
        "connection.register('given', table)\n"
        "assert connection.execute('select * from given').fetchall() == [(0, 'x'), (1, None), (2, 'y')]\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
