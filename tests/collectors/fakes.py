"""A Prometheus in memory, and series to put into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from breakwatch.clock import MILLISECOND_US, Instant
from collectors.claims import NAME
from collectors.encode import scrape_target
from collectors.packed import Packed, pack
from collectors.prometheus_api import Count, NotSpokenError
from collectors.samples import Samples


@dataclass
class FakeApi:
    """Answers like collectors.prometheus_api.PrometheusApi, knowing nothing after ``now_us``.

    Attributes:
        streams: whether it speaks remote read.
        sees_the_future: whether it has samples after ``now_us`` all the same, and says so when asked.
    """

    series_samples: list[tuple[Mapping[str, str], Sequence[tuple[Instant, float]]]] = field(default_factory=list)
    now_us: Instant = 0
    streams: bool = False
    sees_the_future: bool = False
    asked: list[tuple[Instant, Instant]] = field(default_factory=list)

    def add(self, metric: str, samples: Sequence[tuple[Instant, float]], /, **labels: str) -> None:
        self.series_samples.append(({NAME: metric, **labels}, samples))

    def metric_names(self, start_us: Instant | None = None, end_us: Instant | None = None) -> list[str]:
        """Return those of the span and, as a server may, those of the blocks around it."""
        del start_us, end_us
        return sorted({labels[NAME] for labels, _ in self.series_samples})

    def series(self, metrics: Sequence[str], start_us: Instant, end_us: Instant) -> list[dict[str, str]]:
        found = self.samples(metrics, start_us, end_us)
        return [dict(found.labels[number]) for number in sorted(set(found.series.tolist()))]

    def instant(self, query: str, at_us: Instant) -> list[dict[str, Any]]:
        """Return no counts: nothing is too much."""
        del query, at_us
        return []

    def second(self) -> FakeApi:
        """Return what answers like another connection to the same server."""
        return self

    def close(self) -> None:
        """Have nothing to give back."""

    def changed(self, metrics: Sequence[str], start_us: Instant, end_us: Instant) -> list[dict[str, str]]:
        """Answer like a Prometheus whose ranges begin a millisecond early."""
        found = self.samples(metrics, start_us - MILLISECOND_US, end_us)
        by_series = [found.values[found.series == number] for number in range(len(found.labels))]
        return [dict(one) for one, values in zip(found.labels, by_series, strict=True) if len(set(values.tolist())) > 1]

    def counted(self, metrics: Sequence[str], start_us: Instant, end_us: Instant) -> list[Count]:
        """Answer like a Prometheus whose ranges begin a millisecond early."""
        found = self.samples(metrics, start_us - MILLISECOND_US, end_us)
        numbers = np.bincount(found.series, minlength=len(found.labels)).tolist()
        said = Counter(
            ((one[NAME], scrape_target(one)), number) for one, number in zip(found.labels, numbers, strict=True)
        )
        return [(carried, number, series) for (carried, number), series in said.items()]

    def packed(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> tuple[Packed, int]:
        if not self.streams:
            raise NotSpokenError("no remote read", "ask by queries")
        return pack(self.samples(metrics, start_us, end_us, matchers)), 0

    def chunks(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> Callable[[], tuple[Packed, int]]:
        found = self.packed(metrics, start_us, end_us, matchers)
        return lambda: found

    def samples(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> Samples:
        self.asked.append((start_us, end_us))
        labels: list[Mapping[str, str]] = []
        numbers: list[int] = []
        rows: list[tuple[Instant, float]] = []
        for one, samples in self.series_samples:
            matching = all(one.get(label, "") in values for label, values in (matchers or {}).items())
            if one[NAME] not in metrics or not matching:
                continue
            chosen = [
                row
                for row in samples
                if start_us <= row[0] < (end_us if self.sees_the_future else min(end_us, self.now_us))
            ]
            if not chosen:
                continue
            numbers += [len(labels)] * len(chosen)
            rows += chosen
            labels.append(one)
        return Samples(
            labels,
            np.array(numbers, np.int32),
            np.array([stamp for stamp, _ in rows], np.int64),
            np.array([value for _, value in rows], np.float64),
        )
