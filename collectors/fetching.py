"""How raw samples are fetched from one server: by remote read where it is spoken, else by queries, in fitting spans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Instant
from collectors.claims import NAME
from collectors.packed import Packed, pack
from collectors.prometheus_api import Count, NotSpokenError, PrometheusApi, TooHeavyError
from collectors.targets import UP

T = TypeVar("T")

SAMPLES_PER_REQUEST = 1_000_000
"""Of a query: each is some twenty bytes of text, on both sides."""

SAMPLES_PER_STREAM = 12_000_000
"""Of a remote read: each is a bit or a few bytes."""

LONGEST_US = 6 * HOUR_US
LONGEST_STREAM_US = DAY_US
STEADY_US = HOUR_US
SURE_US = 15 * MINUTE_US
SHORTEST_US = MINUTE_US
USUAL_INTERVAL_S = 15.0


@dataclass(slots=True)
class Fetcher:
    """Knows what a server speaks and how much it can be asked for at once.

    Attributes:
        api: the server.
        streams: whether it speaks remote read with streamed chunks; None while that is not known.
        longest_us: the longest span that is asked for at once.
    """

    api: PrometheusApi
    streams: bool | None = None
    longest_us: int = LONGEST_STREAM_US
    _fitted_us: int = LONGEST_STREAM_US
    _histograms: int = 0
    _told: set[str] = field(default_factory=set)
    _asking: ThreadPoolExecutor | None = None

    def ready(self, now_us: Instant) -> None:
        """Find out what the server speaks, by a small question; once."""
        if self.streams is None:
            self.streams = True
            try:
                self.api.packed([UP], now_us - MINUTE_US, now_us)
            except NotSpokenError:
                self.without_remote_read()

    def without_remote_read(self) -> None:
        """Ask by queries from now on."""
        self.streams = False
        self.longest_us = min(self.longest_us, LONGEST_US)

    def less(self, span_us: int) -> bool:
        """Ask for shorter spans from now on; false where that cannot help."""
        if span_us <= SHORTEST_US:
            return False
        self.longest_us = max(SHORTEST_US, span_us // 2)
        return True

    def next_us(self, left_us: int) -> int:
        """Return how much to ask for next of what is left: no small rest is left over for a question of its own."""
        most_us = min(self.longest_us, self._fitted_us)
        return left_us if left_us <= most_us * 5 // 4 else most_us

    def fitting_us(
        self, series: Sequence[Mapping[str, str]], start_us: Instant, span_us: int, interval_s: float | None
    ) -> int:
        """Return how much of a span should be asked for at once: all of it, or less."""
        if span_us <= SURE_US or not series:
            return span_us
        if self.streams:
            most_us = SAMPLES_PER_STREAM / len(series) * (interval_s or USUAL_INTERVAL_S) * SECOND_US
            return min(span_us, max(SURE_US, int(most_us)))
        count = self._count(sorted({one[NAME] for one in series}), start_us, start_us + span_us)
        if count <= SAMPLES_PER_REQUEST:
            # What fitted will fit again: the next span need not be found by trying.
            self._fitted_us = span_us if 2 * count > SAMPLES_PER_REQUEST else LONGEST_STREAM_US
            return span_us
        return max(SHORTEST_US, min(span_us // 2, int(span_us * 0.9 * SAMPLES_PER_REQUEST / count)))

    def _count(self, metrics: Sequence[str], start_us: Instant, end_us: Instant) -> int:
        # One sum for each metric: without their names two metrics may have the same labels, which PromQL refuses.
        span_ms = (end_us - start_us) // 1000
        sums = " or ".join(
            f'label_replace(sum(count_over_time({metric}[{span_ms}ms])),"metric","{metric}","","")'
            for metric in metrics
        )
        try:
            return sum(int(float(one["value"][1])) for one in self.api.instant(sums, end_us))
        except TooHeavyError:
            # Even to count them is too much for the server: a shorter span may not be.
            return 2 * SAMPLES_PER_REQUEST

    def whole(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> Packed:
        """Return all samples of some metrics in ``[start_us, end_us)``; see ``PrometheusApi.samples``."""
        return self.fetched(metrics, start_us, end_us, matchers)()

    def fetched(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> Callable[[], Packed]:
        """Fetch all of that; what is returned decodes it, while the server is asked something else."""
        if not self.streams:
            samples = self.api.samples(metrics, start_us, end_us, matchers)
            return lambda: pack(samples)
        chunks = self.api.chunks(metrics, start_us, end_us, matchers)

        def decoded() -> Packed:
            packed, histograms = chunks()
            self._histograms += histograms
            return packed

        return decoded

    def changes(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        then: Callable[[Callable[[], Sequence[Mapping[str, str]]]], T],
    ) -> tuple[T, Sequence[Count]]:
        """Ask which series changed in ``[start_us, end_us)``, and how many have how many samples.

        Both are asked at once, each over a connection of its own. Meanwhile ``then`` is done; it is given a function
        that waits for what changed.
        """
        if self._asking is None:
            self._asking = ThreadPoolExecutor(max_workers=2, thread_name_prefix="ask")
        changed = self._asking.submit(self.api.changed, metrics, start_us, end_us)
        counted = self._asking.submit(self.api.second().counted, metrics, start_us, end_us)
        try:
            done = then(changed.result)
        finally:
            for one in (changed, counted):
                one.exception()  # waits: nobody else may use their connections before
        return done, counted.result()

    def close(self) -> None:
        """Let the threads go that ask beside us."""
        if self._asking is not None:
            self._asking.shutdown()
            self._asking = None

    def notes(self) -> Sequence[str]:
        """Return what a person may want to know, each thing once."""
        found = []
        if self._histograms:
            found.append("native histograms are not read; their classic buckets are, where the server keeps them")
        fresh = [note for note in found if note not in self._told]
        self._told.update(fresh)
        return fresh
