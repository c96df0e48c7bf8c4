"""Columns for DuckDB, made without ``pyarrow.array``: that one loads all of pandas to ask whether it was given some.

Loading pandas takes longer than writing a day of transitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from breakwatch.clock import to_us

TEXT = pa.string()
TEXTS = pa.list_(pa.string())
PAIRS = pa.map_(pa.string(), pa.string())

_NUMBERS: dict[pa.DataType, type[np.generic]] = {
    pa.int64(): np.int64,
    pa.int32(): np.int32,
    pa.float64(): np.float64,
}


_Given = Sequence[Any] | NDArray[Any]


def table(columns: Mapping[str, tuple[Iterable[Any] | NDArray[Any], pa.DataType]]) -> pa.Table:
    """Return columns (values, kind) as a table."""
    return pa.table({name: column(values, kind) for name, (values, kind) in columns.items()})


def column(values: Iterable[Any] | NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Return values of one of the kinds that our tables have as an array; ``None`` is NULL.

    Kinds: whole numbers, numbers, truths, moments (aware), texts, lists of texts, maps of texts to texts (pairs, or a
    mapping).
    """
    given = values if isinstance(values, (np.ndarray, list, tuple)) else list(values)
    if kind in _NUMBERS:
        return _numbers(given, kind, _NUMBERS[kind])
    if pa.types.is_timestamp(kind):
        # Moments, or whole microseconds, or None.
        whole = not any(issubclass(one, datetime) for one in set(map(type, given)))
        stamps = given if whole else [to_us(one) if isinstance(one, datetime) else one for one in given]
        return _numbers(stamps, kind, np.int64)
    if pa.types.is_boolean(kind):
        truths = np.array([bool(one) for one in given], np.bool_)
        bits = pa.py_buffer(np.packbits(truths, bitorder="little"))
        return pa.Array.from_buffers(kind, len(truths), [_validity(given), bits])
    if kind == TEXT:
        return _texts(given)
    if kind == TEXTS:
        return _nested(given, kind, _texts(list(chain.from_iterable(one for one in given if one is not None))))
    if kind == PAIRS:
        return _maps(given)
    raise TypeError(f"no column of the kind {kind}")


def _numbers(given: _Given, kind: pa.DataType, own: type[np.generic]) -> pa.Array:
    if isinstance(given, np.ndarray):
        return pa.Array.from_buffers(kind, len(given), [None, pa.py_buffer(np.ascontiguousarray(given, own))])
    validity = _validity(given)
    numbers = np.array(given if validity is None else [0 if one is None else one for one in given], own)
    return pa.Array.from_buffers(kind, len(numbers), [validity, pa.py_buffer(numbers)])


def _validity(given: _Given) -> pa.Buffer | None:
    if isinstance(given, np.ndarray):
        return None
    if None not in given:
        return None
    there = [one is not None for one in given]
    return pa.py_buffer(np.packbits(np.array(there, np.bool_), bitorder="little"))


def _offsets(lengths: Sequence[int]) -> pa.Buffer:
    return pa.py_buffer(np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int32))


def _texts(given: _Given) -> pa.Array:
    validity = _validity(given)
    texts: _Given = given if validity is None else ["" if one is None else one for one in given]
    try:
        whole = "".join(texts)
    except TypeError:  # some are no texts yet
        texts = ["" if one is None else str(one) for one in texts]
        whole = "".join(texts)
    # Nearly all of our texts are ASCII: then each is as many bytes as characters.
    lengths = list(map(len, texts if whole.isascii() else map(str.encode, texts)))
    buffers = [validity, _offsets(lengths), pa.py_buffer(whole.encode())]
    return pa.Array.from_buffers(TEXT, len(texts), buffers)


def _nested(given: _Given, kind: pa.DataType, inner: pa.Array) -> pa.Array:
    lengths = [0 if one is None else len(one) for one in given]
    return pa.Array.from_buffers(kind, len(lengths), [_validity(given), _offsets(lengths)], children=[inner])


def _maps(given: _Given) -> pa.Array:
    # Most are tuples of pairs already, and to ask what is a mapping takes longer than all else.
    pairs = [one if one is None or type(one) is tuple else _pairs(one) for one in given]
    flat = [pair for one in pairs if one for pair in one]
    fields = [_texts([key for key, _ in flat]), _texts([value for _, value in flat])]
    inner = pa.StructArray.from_arrays(fields, fields=[PAIRS.key_field, PAIRS.item_field])
    return _nested(pairs, PAIRS, inner)


def _pairs(given: Any) -> Sequence[tuple[str, str]]:
    return list(given.items() if isinstance(given, Mapping) else given)
