"""A Prometheus server as a source: raw samples of the metrics that some profile wants, chunk by chunk.

Each chunk is read a little into its past: two scrapes, or back to a pair of scrapes that could not be judged before, so
that the union of what any chunks yield is the same (see ``collectors.scrapes``).

A later, cheaper way to read the steady state (asking the server which series changed, or its remote-read protocol)
would replace ``_fetch`` and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US, Clock, Instant
from breakwatch.config import Config, PrometheusSource
from breakwatch.model import COUNTERS, STATES, Batch, Rejected, TrackKind, Window
from collectors import profiles
from collectors.claims import NAME, Claims
from collectors.encode import Encoder, scrape_target
from collectors.identity import Resolver
from collectors.prometheus_api import PrometheusApi, TooHeavyError
from collectors.samples import Samples, concatenated, no_samples
from collectors.scrapes import CONTEXT_US, LOOKBACK_US
from collectors.targets import OF_TARGETS, Outlook, Targets, encode_all, targets_of, wanted_series

WATERMARK = "watermark"
BACKFILL_US = 15 * DAY_US
"""How far back "all there is" reaches: Prometheus' own default retention."""

SAMPLES_PER_REQUEST = 500_000
LONGEST_CHUNK_US = 6 * HOUR_US
SURE_CHUNK_US = 15 * MINUTE_US
SHORTEST_CHUNK_US = MINUTE_US
MOST_MATCHED_JOBS = 100
LATE_US = MINUTE_US
"""A scrape is stored when it is over, at most its timeout after its stamp."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What one step reads: a span, and the series of it that are wanted."""

    start_us: Instant
    end_us: Instant
    series: Sequence[Mapping[str, str]]
    metrics: Sequence[str]
    refused: Sequence[Rejected]


class PrometheusCollector:
    """Reads one Prometheus; see ``collectors.Collector``."""

    def __init__(self, source: PrometheusSource, config: Config, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self.api = PrometheusApi(source)
        self._claims = Claims(profiles.load(source.profiles))
        resolver = Resolver(config.services, source.labels)
        self._encoder = Encoder(source.name, source.replica_group, self._claims, resolver)

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        """Yield the window's chunks, oldest first; without a start from the watermark, else the last 15 days.

        The watermark moves on only where a window begins at or before it: a hole is never passed over. SourceError when
        the server cannot be read.
        """
        stored = checkpoints.get(WATERMARK)
        watermark = int(stored) if stored else None
        end_us = min(window.end_us, self._clock())
        start_us = window.start_us
        if start_us is None:
            start_us = end_us - BACKFILL_US if watermark is None else watermark
        names = self._claims.wanted_of(self.api.metric_names())
        names = [name for name in names if name not in OF_TARGETS]
        while start_us < end_us:
            chunk = self._chunk(names, start_us, end_us)
            batch = self._batch(chunk)
            if watermark is None or start_us <= watermark:
                watermark = max(watermark or 0, self._known_until(chunk, batch))
                batch = replace(batch, checkpoints={WATERMARK: str(watermark)})
            yield batch
            start_us = chunk.end_us

    def close(self) -> None:
        """Give the connections back."""
        self.api.close()

    def _known_until(self, chunk: _Chunk, batch: Batch) -> Instant:
        """Return up to when nothing is missing; near the present that is the last scrape seen."""
        if chunk.end_us < self._clock() - 10 * MINUTE_US:
            return chunk.end_us
        return chunk.start_us if batch.seen_until_us is None else min(chunk.end_us, batch.seen_until_us + 1)

    def _chunk(self, names: Sequence[str], start_us: Instant, end_us: Instant) -> _Chunk:
        """Return the next span that holds no more samples than one request should carry."""
        span_us = min(end_us - start_us, LONGEST_CHUNK_US)
        while True:
            series = self.api.series(names, start_us - LOOKBACK_US, start_us + span_us)
            kept, refused = self._within_cap(series)
            metrics = sorted({one[NAME] for one in kept})
            if span_us <= SURE_CHUNK_US or not metrics:
                break
            count = self._count(metrics, start_us, start_us + span_us)
            if count <= SAMPLES_PER_REQUEST or span_us <= SHORTEST_CHUNK_US:
                break
            span_us = max(SHORTEST_CHUNK_US, min(span_us // 2, int(span_us * 0.9 * SAMPLES_PER_REQUEST / count)))
        return _Chunk(start_us, start_us + span_us, kept, metrics, refused)

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
            if end_us - start_us <= SHORTEST_CHUNK_US:
                raise
            return 2 * SAMPLES_PER_REQUEST

    def _within_cap(self, series: Sequence[Mapping[str, str]]) -> tuple[list[Mapping[str, str]], list[Rejected]]:
        """Return the wanted series of the metrics that fit under the cap, and those metrics that do not.

        A metric is in as a whole or not at all, for half a one-hot group says nothing; states come first, then
        counters, the small before the large.
        """
        wanted = [one for one, own in zip(series, wanted_series(self._encoder, series), strict=True) if own]
        counts = Counter(one[NAME] for one in wanted)
        kinds = {one[NAME]: self._encoder.tracks_of(one)[0][0].kind for one in wanted}
        kept: set[str] = set()
        refused: list[Rejected] = []
        total = 0
        for metric in sorted(counts, key=lambda name: (_importance(kinds[name]), counts[name], name)):
            if total + counts[metric] <= self._source.max_series:
                total += counts[metric]
                kept.add(metric)
            else:
                reason = f"over the cap of {self._source.max_series} series (max_series): the metric is left out"
                refused.append(Rejected(self._source.name, metric, reason, f"{counts[metric]} series"))
        return [one for one in wanted if one[NAME] in kept], refused

    def _batch(self, chunk: _Chunk) -> Batch:
        outlook = Outlook(
            known_until_us=min(chunk.end_us + CONTEXT_US, self._clock() - LATE_US),
            interval_s=self._source.scrape_interval_s,
            timeout_s=self._source.scrape_timeout_s,
        )
        samples, targets, since_us = self._fetch(chunk, outlook)
        encoded = encode_all(self._encoder, samples, targets, since_us, chunk.end_us)
        last = [int(target.stamps_us.max()) for target in targets.by_name.values() if len(target.stamps_us)]
        return Batch(
            source=self._source.name,
            tracks=encoded.tracks,
            runs=encoded.runs,
            rejected=[*chunk.refused, *encoded.rejected],
            samples=len(samples.series),
            skipped=encoded.skipped,
            seen_until_us=min(max(last), chunk.end_us - 1) if last else None,
        )

    def _fetch(self, chunk: _Chunk, outlook: Outlook) -> tuple[Samples, Targets, Instant]:
        """Return the chunk's samples with those of its targets, the targets, and from when on runs are made of them."""
        if not chunk.series:
            return no_samples(), Targets({}, {}, frozenset()), chunk.start_us
        health = self._of_targets(chunk)
        wanted = replace(no_samples(), labels=chunk.series)
        targets = targets_of(self._encoder, concatenated([health, wanted]), outlook)
        since_us = min(
            [chunk.start_us, *(target.unsettled_from_us(chunk.start_us) for target in targets.by_name.values())]
        )
        if targets.without_up:
            since_us = chunk.start_us - LOOKBACK_US
        carried = self._complete(self.api.samples(chunk.metrics, since_us, chunk.end_us), targets)
        samples = concatenated([health, carried])
        return samples, targets_of(self._encoder, samples, outlook), since_us

    def _of_targets(self, chunk: _Chunk) -> Samples:
        """Return what the targets' own metrics say around the chunk, far enough to judge its gaps."""
        jobs = sorted({one.get("job", "") for one in chunk.series})
        matchers = {"job": jobs} if len(jobs) <= MOST_MATCHED_JOBS else None
        end_us = min(chunk.end_us + CONTEXT_US, max(self._clock(), chunk.end_us))
        return self.api.samples(OF_TARGETS, chunk.start_us - LOOKBACK_US, end_us, matchers)

    def _complete(self, samples: Samples, targets: Targets) -> Samples:
        """Return the samples of scrapes that are known to be over; the others come whole with the next chunk."""
        if not len(samples.labels):
            return samples
        last = np.full(len(samples.labels), np.iinfo(np.int64).max)
        for index, labels in enumerate(samples.labels):
            target = targets.by_name.get(scrape_target(labels))
            if target is not None and target.name not in targets.without_up and len(target.stamps_us):
                last[index] = target.stamps_us[-1]
        over = samples.stamps_us <= last[samples.series]
        return Samples(samples.labels, samples.series[over], samples.stamps_us[over], samples.values[over])


def _importance(kind: TrackKind) -> int:
    if kind in STATES or kind is TrackKind.TRANSITIONS:
        return 0
    if kind is TrackKind.LATENCY:
        return 3
    return 1 if kind in COUNTERS else 2
