"""Answers of DuckDB as plain Python and numpy values."""

from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from store.values import Params


def fetch_rows(connection: duckdb.DuckDBPyConnection, sql: str, params: Params) -> list[dict[str, Any]]:
    """Return the answer as dicts, times as aware UTC datetimes."""
    answer = connection.execute(sql, dict(params)) if params else connection.execute(sql)
    described = answer.description or []
    names = [column[0] for column in described]
    times = [place for place, column in enumerate(described) if "TIME ZONE" in str(column[1])]
    if not times:
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return [dict(zip(names, _in_utc(row, times), strict=True)) for row in answer.fetchall()]


def _in_utc(row: tuple[Any, ...], times: list[int]) -> list[Any]:
    values = list(row)
    for place in times:
        if isinstance(values[place], datetime):
            values[place] = values[place].astimezone(UTC)
    return values


def fetch_columns(connection: duckdb.DuckDBPyConnection, sql: str, params: Params) -> dict[str, NDArray[Any]]:
    """Return the answer as arrays; see ``Rows.columns`` for how NULL shows."""
    answer = connection.execute(sql, dict(params)) if params else connection.execute(sql)
    return {name: _plain(values) for name, values in answer.fetchnumpy().items()}


def _plain(values: Any) -> NDArray[Any]:  # fetchnumpy is untyped: arrays, masked arrays, categories
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values)
    array = np.asarray(values)
    return array.astype("datetime64[us]") if array.dtype.kind == "M" else array


def _unmasked(values: Any) -> NDArray[Any]:  # numpy types masked arrays only in part
    kind = values.dtype.kind
    found: NDArray[Any] = values
    if kind == "M":
        found = values.astype("datetime64[us]").filled(np.datetime64("NaT", "us"))
    elif not values.mask.any():
        found = values.data
    elif kind == "f":
        found = values.filled(np.nan)
    elif kind == "O":
        found = values.data.copy()
        found[values.mask] = None  # filled(None) would mean numpy's own filling, "?"
    return found
