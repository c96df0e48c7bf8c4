"""Series of benchmark runs: one metric of one benchmark in one run environment, run by run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import Instant
from breakwatch.model import Pairs, pairs, stable_id

Better = Literal["lower", "higher"]

COUNTED = frozenset({"count", "counts", "errors", "events", "failures", "requests", "retries", "calls", "incidents"})
"""Units of things that are counted: their noise is that of counts, not of durations."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What makes a series one; runs on another machine or in another unit are another series."""

    environment: str = ""
    suite: str = ""
    benchmark: str = ""
    metric: str = ""
    unit: str = ""
    run_environment: str = ""
    labels: Pairs = ()

    def columns(self) -> dict[str, Any]:
        """Return the key as columns of a kept table."""
        return {name: getattr(self, name) for name in KEY[:-1]} | {"labels": dict(self.labels)}

    def number(self, *more: str) -> int:
        """Return a number of the key, and of what else is given."""
        return stable_id(*(str(getattr(self, name)) for name in KEY), *more)


KEY = ("environment", "suite", "benchmark", "metric", "unit", "run_environment", "labels")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when, of which version, and its repetitions."""

    run_at_us: Instant
    revision: str
    values: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median of the repetitions: one value for each run, since repetitions share what disturbed the run."""
        return self.values[0] if len(self.values) == 1 else median(self.values)


@dataclass(frozen=True, slots=True)
class Series:
    """The runs of a series, in the order of time.

    Attributes:
        content: a fingerprint of the runs.
    """

    key: Key
    better: Better = "lower"
    runs: Sequence[Run] = ()
    content: str = ""
    _cache: dict[str, NDArray[np.float64]] = field(default_factory=dict, compare=False)

    @property
    def values(self) -> NDArray[np.float64]:
        """The medians of its runs."""
        if "values" not in self._cache:
            self._cache["values"] = np.array([run.value for run in self.runs], dtype=np.float64)
        return self._cache["values"]

    @property
    def counted(self) -> bool:
        """Whether its values are counts of something."""
        if self.key.unit not in COUNTED:
            return False
        return all(value >= 0 and value == int(value) for run in self.runs for value in run.values)

    def worse_by(self, before: float, after: float) -> float:
        """Return by which share of ``before`` a level is worse; below 0 where it is better."""
        if before == after:
            return 0.0
        change = after - before if self.better == "lower" else before - after
        return change / abs(before) if before else float(np.copysign(np.inf, change))


def key_of(row: Mapping[str, Any]) -> Key:
    """Return the key of a row."""
    return Key(**{name: row[name] for name in KEY[:-1]}, labels=pairs(row["labels"]))


def series_of(rows: Iterable[Mapping[str, Any]]) -> list[Series]:
    """Return the series of rows that hold one each: its key, its fingerprint, and its runs in the order of time."""
    found = []
    for row in rows:
        runs = map(Run, row["run_at_us"], row["revisions"], map(tuple, row["repeated"]))
        found.append(Series(key_of(row), row["better"], tuple(runs), row["content"]))
    return found
