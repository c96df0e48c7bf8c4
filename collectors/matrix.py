"""Raw samples as Prometheus' queries answer with them: ``[[1795174430.779,"0"],…]`` for each series.

Making an object of each number would cost many times what the numbers are. So an answer of the usual form is not parsed
as JSON as a whole: the label sets are, and the rest is read as a list of numbers. Any other form of the same JSON goes
the long way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from breakwatch.clock import MILLISECOND_US
from collectors.samples import Samples, no_samples

_HEAD = b'{"status":"success","data":{"resultType":"matrix","result":['
_FIRST, _NEXT = b'{"metric":', b'},{"metric":'
_VALUES = b',"values":[['
_NO_NUMBERS = b'[]"'


def matrix_of(body: bytes) -> Samples | None:
    """Return the samples in an answer to a range selector; None for one of another form."""
    # Inside of a label's value a quotation mark has a backslash before it: this divides nothing but series.
    parts = body.split(_VALUES)
    if not parts[0].startswith(_HEAD + _FIRST) or len(parts) == 1:
        return None
    labels = [parts[0][len(_HEAD) + len(_FIRST) :]]
    numbers = []
    for part in parts[1:]:
        end = part.find(b"]]")
        numbers.append(part[:end])
        labels.append(part[end + 2 :])
    if end < 0 or not labels.pop().startswith(b"}]}") or not all(one.startswith(_NEXT) for one in labels[1:]):
        return None
    labels[1:] = [one[len(_NEXT) :] for one in labels[1:]]
    counts = [text.count(b"],[") + 1 for text in numbers]
    try:
        flat = np.fromstring(b",".join(numbers).translate(None, _NO_NUMBERS), np.float64, sep=",")
        named = orjson.loads(b"[" + b",".join(labels) + b"]")
    except ValueError:  # no numbers, or no JSON
        return None
    if len(flat) != 2 * sum(counts):
        return None
    return _columns(named, counts, flat[::2], flat[1::2].copy())


def samples_of(result: Sequence[Mapping[str, Any]]) -> Samples:
    """Return the samples in a parsed answer to a range selector."""
    if not result:
        return no_samples()
    counts = [len(one["values"]) for one in result]
    stamps = np.fromiter((pair[0] for one in result for pair in one["values"]), np.float64, sum(counts))
    texts = [pair[1] for one in result for pair in one["values"]]
    values = np.array(texts, dtype=np.str_).astype(np.float64) if texts else np.empty(0, np.float64)
    return _columns([one["metric"] for one in result], counts, stamps, values)


def _columns(
    labels: Sequence[Mapping[str, str]], counts: Sequence[int], stamps_s: np.typing.NDArray[np.float64],
    values: np.typing.NDArray[np.float64],
) -> Samples:  # fmt: skip
    series = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return Samples(labels, series, np.rint(stamps_s * 1000).astype(np.int64) * MILLISECOND_US, values)
