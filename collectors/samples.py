"""Raw samples of many series, as parallel columns: what every metric source is turned into first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collectors.identity import without_replica
from collectors.scrapes import Numbers, Stamps


@dataclass(frozen=True, slots=True)
class Samples:
    """Raw samples of many series, as parallel columns.

    Attributes:
        labels: the label set of each series, with ``__name__``; the same set may stand there twice.
        series: index into ``labels`` of each sample.
    """

    labels: Sequence[Mapping[str, str]]
    series: NDArray[np.int32]
    stamps_us: Stamps
    values: NDArray[np.float64]


def no_samples() -> Samples:
    """Return no samples."""
    return Samples([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


def concatenated(parts: Iterable[Samples]) -> Samples:
    """Return several samples as one."""
    labels: list[Mapping[str, str]] = []
    series = []
    chosen = list(parts)
    for part in chosen:
        series.append(part.series + np.int32(len(labels)))
        labels.extend(part.labels)
    if not chosen:
        return no_samples()
    return Samples(
        labels,
        np.concatenate(series),
        np.concatenate([part.stamps_us for part in chosen]),
        np.concatenate([part.values for part in chosen]),
    )


def distinct(samples: Samples) -> Samples:
    """Return the samples with every label set named once; twins of an HA pair are one series."""
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    distinct: list[Mapping[str, str]] = []
    renumbered = np.empty(len(samples.labels), np.int32)
    for index, labels in enumerate(samples.labels):
        own = without_replica(labels)
        number = numbers.setdefault(tuple(sorted(own.items())), len(distinct))
        if number == len(distinct):
            distinct.append(own)
        renumbered[index] = number
    if len(distinct) == len(samples.labels):
        return Samples(distinct, samples.series, samples.stamps_us, samples.values)
    return Samples(distinct, renumbered[samples.series], samples.stamps_us, samples.values)


def by_series(samples: Samples, chosen: NDArray[np.intp] | None = None) -> Iterator[tuple[Stamps, Numbers]]:
    """Yield the stamps and values of each series, or of some, in the order of ``labels``."""
    wanted = np.arange(len(samples.labels)) if chosen is None else chosen
    order = np.argsort(samples.series, kind="stable")
    sorted_by = samples.series[order]
    bounds = np.searchsorted(sorted_by, wanted), np.searchsorted(sorted_by, wanted, side="right")
    for low, high in zip(*(side.tolist() for side in bounds), strict=True):
        mine = order[low:high]
        yield samples.stamps_us[mine], samples.values[mine]
