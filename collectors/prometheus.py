"""A Prometheus server as a source: raw samples of the metrics that some profile wants, span by span.

Each span is read a little into its past: two scrapes, or back to a pair of scrapes that could not be judged before, so
that the union of what any spans yield is the same (see ``collectors.scrapes``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US, Clock, Instant
from breakwatch.config import Config, PrometheusSource
from breakwatch.model import COUNTERS, STATES, Batch, Rejected, TrackKind, Window
from collectors import profiles
from collectors.calm import Calm
from collectors.claims import NAME, Claims
from collectors.covered import WATERMARK, Covered
from collectors.encode import Encoded, Encoder
from collectors.fetching import STEADY_US, Fetcher
from collectors.identity import Resolver
from collectors.packed import side_by_side, without_samples
from collectors.prometheus_api import NotSpokenError, PrometheusApi, TooHeavyError
from collectors.scrapes import CONTEXT_US, LOOKBACK_US
from collectors.targets import OF_TARGETS, Outlook, Targets, encode_all, jobs_of, over_us, targets_of, wanted_series

__all__ = ["WATERMARK", "PrometheusCollector"]

BACKFILL_US = 15 * DAY_US
"""How far back "all there is" reaches: Prometheus' own default retention."""

RECENT_US = 6 * HOUR_US
"""What is fetched first, so that there is something to see while the rest comes."""

LATE_US = MINUTE_US
"""A scrape is stored when it is over, at most its timeout after its stamp."""

FUTURE_US = 5 * MINUTE_US
FAR_FUTURE_US = 366 * DAY_US
LOOK_AHEAD_EVERY_US = MINUTE_US


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What one step reads: a span, and the series of it that are wanted."""

    start_us: Instant
    end_us: Instant
    series: Sequence[Mapping[str, str]]
    refused: Sequence[Rejected]


class PrometheusCollector:
    """Reads one Prometheus; see ``collectors.Collector``."""

    def __init__(
        self, source: PrometheusSource, config: Config, clock: Clock, api: PrometheusApi | None = None
    ) -> None:
        self._source = source
        self._clock = clock
        self.api = PrometheusApi(source) if api is None else api
        self._claims = Claims(profiles.load(source.profiles))
        resolver = Resolver(config.services, source.labels)
        self._encoder = Encoder(source.name, source.replica_group, self._claims, resolver)
        self._fetcher = Fetcher(self.api)
        self._calm = Calm(self._encoder, self._fetcher)
        self._looked_ahead_us = 0

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        """Yield the window's spans. Without a start: from the watermark on, then what is missing of the last 15 days.

        The first time that is the last hours, and then backwards. The watermark moves on only where a window begins at
        or before it: a hole is never passed over. SourceError when the server cannot be read.
        """
        covered = Covered.of(checkpoints)
        end_us = min(window.end_us, self._clock())
        start_us = window.start_us if window.start_us is not None else covered.until_us
        if start_us is None:
            start_us = end_us - RECENT_US
            covered = covered.begun(start_us, end_us - BACKFILL_US)
        back = window.start_us is None and covered.down_to_us is not None
        names = self._names(min(start_us, covered.goal_us) if back else start_us)
        self._fetcher.ready(end_us)
        yield from self._from_the_future(names)
        before = Covered.of(checkpoints)
        while start_us < end_us:
            chunk, batch = self._calmly(names, start_us, end_us) or self._read(names, start_us, end_us)
            known = covered.forward(start_us, self._known_until(chunk, batch))
            if covered.until_us is None or start_us <= covered.until_us:
                batch = replace(batch, checkpoints=known.checkpoints(before))
            yield batch
            covered = before = known
            start_us = chunk.end_us
        while window.start_us is None and covered.down_to_us is not None:
            chunk, batch = self._read(names, covered.goal_us, covered.down_to_us, backwards=True)
            covered = covered.backward(chunk.start_us)
            yield replace(batch, checkpoints=covered.checkpoints(before))
            before = covered

    def close(self) -> None:
        """Give the connections back."""
        self._fetcher.close()
        self.api.close()

    @property
    def streams(self) -> bool | None:
        """Whether the server's samples come by remote read; None while that is not known."""
        return self._fetcher.streams

    def _names(self, start_us: Instant) -> list[str]:
        """Return the wanted metrics that had samples from ``start_us`` on, or have any ahead of time."""
        found = self.api.metric_names(start_us - LOOKBACK_US, self._clock() + FAR_FUTURE_US)
        return [name for name in self._claims.wanted_of(found) if name not in OF_TARGETS]

    def _read(
        self, names: Sequence[str], start_us: Instant, end_us: Instant, *, backwards: bool = False
    ) -> tuple[_Chunk, Batch]:
        """Read as much of a span, from its start or its end, as one step should carry."""
        while True:
            chunk = self._chunk(names, start_us, end_us, backwards=backwards)
            try:
                return chunk, self._batch(names, chunk)
            except NotSpokenError:
                self._fetcher.without_remote_read()
            except TooHeavyError:
                if not self._fetcher.less(chunk.end_us - chunk.start_us):
                    raise

    def _calmly(self, names: Sequence[str], start_us: Instant, end_us: Instant) -> tuple[_Chunk, Batch] | None:
        """Read a span by what changed in it; None where it has to be read as a whole."""
        chunk = _Chunk(start_us, end_us, (), ())
        looked = self._calm.look(names, (start_us, end_us), self._around(chunk), self._outlook(chunk))
        return None if looked is None else (chunk, self._told(chunk, looked.targets, looked.encoded, looked.samples))

    def _known_until(self, chunk: _Chunk, batch: Batch) -> Instant:
        """Return up to when nothing is missing; near the present that is the last scrape seen."""
        if chunk.end_us < self._clock() - 10 * MINUTE_US:
            return chunk.end_us
        return chunk.start_us if batch.seen_until_us is None else min(chunk.end_us, batch.seen_until_us + 1)

    def _chunk(self, names: Sequence[str], start_us: Instant, end_us: Instant, *, backwards: bool) -> _Chunk:
        """Return the first (or last) part of a span that holds no more samples than one request should carry."""
        span_us = self._fetcher.next_us(end_us - start_us)
        while True:
            begin_us = end_us - span_us if backwards else start_us
            series = self.api.series(names, begin_us - LOOKBACK_US, begin_us + span_us)
            kept, refused = self._within_cap(series)
            fitting_us = self._fetcher.fitting_us(kept, begin_us, span_us, self._source.scrape_interval_s)
            if fitting_us >= span_us:
                return _Chunk(begin_us, begin_us + span_us, kept, refused)
            span_us = fitting_us

    def _within_cap(self, series: Sequence[Mapping[str, str]]) -> tuple[list[Mapping[str, str]], list[Rejected]]:
        """Return the wanted series of the metrics that fit under the cap, and those metrics that do not.

        A metric is in as a whole or not at all, for half a one-hot group says nothing; states come first, then
        counters, the small before the large.
        """
        wanted = [one for one, own in zip(series, wanted_series(self._encoder, series), strict=True) if own]
        counts = Counter(one[NAME] for one in wanted)
        one_of = {one[NAME]: one for one in reversed(wanted)}
        kinds = {name: self._encoder.tracks_of(one)[0][0].kind for name, one in one_of.items()}
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

    def _batch(self, names: Sequence[str], chunk: _Chunk) -> Batch:
        if not chunk.series:
            return Batch(source=self._source.name, rejected=chunk.refused)
        outlook = self._outlook(chunk)
        health = self._fetcher.whole(OF_TARGETS, *self._around(chunk), jobs_of(chunk.series))
        targets = targets_of(self._encoder, side_by_side([health, without_samples(chunk.series)]), outlook)
        since_us = self._since(chunk, targets)
        carried = self._fetcher.whole(sorted({one[NAME] for one in chunk.series}), since_us, chunk.end_us)
        samples = side_by_side([health, carried])
        if targets.without_up:
            targets = targets_of(self._encoder, samples, outlook)
        encoded = encode_all(self._encoder, samples, targets, since_us, chunk.end_us, over_us=over_us(targets))
        if chunk.end_us - chunk.start_us <= STEADY_US and not chunk.refused:
            self._calm.learn(names, carried, targets, encoded, since_us=since_us, end_us=chunk.end_us)
        return self._told(chunk, targets, encoded, int(samples.lengths().sum()))

    def _outlook(self, chunk: _Chunk) -> Outlook:
        return Outlook(
            known_until_us=min(chunk.end_us + CONTEXT_US, self._clock() - LATE_US),
            interval_s=self._source.scrape_interval_s,
            timeout_s=self._source.scrape_timeout_s,
        )

    def _told(self, chunk: _Chunk, targets: Targets, encoded: Encoded, samples: int) -> Batch:
        last = [int(target.stamps_us.max()) for target in targets.by_name.values() if len(target.stamps_us)]
        return Batch(
            source=self._source.name,
            tracks=encoded.tracks,
            runs=encoded.runs,
            rejected=[*chunk.refused, *encoded.rejected],
            samples=samples,
            skipped=encoded.skipped,
            seen_until_us=min(max(last), chunk.end_us - 1) if last else None,
            notes=self._fetcher.notes(),
        )

    def _since(self, chunk: _Chunk, targets: Targets) -> Instant:
        """Return from when on a chunk's series must be read, so that nothing stays half judged."""
        if targets.without_up:
            return chunk.start_us - LOOKBACK_US
        unsettled = (target.unsettled_from_us(chunk.start_us) for target in targets.by_name.values())
        return min([chunk.start_us, *unsettled])

    def _around(self, chunk: _Chunk) -> tuple[Instant, Instant]:
        """Return the span in which a chunk's targets are looked at: far enough to judge its gaps."""
        return chunk.start_us - LOOKBACK_US, min(chunk.end_us + CONTEXT_US, max(self._clock(), chunk.end_us))

    def _from_the_future(self, names: Sequence[str]) -> Iterator[Batch]:
        """Yield what has stamps that our clock cannot explain: said and kept aside, and no sample before its time.

        Once a minute: what comes in until then is still ahead of time.
        """
        now_us = self._clock()
        if self._looked_ahead_us <= now_us < self._looked_ahead_us + LOOK_AHEAD_EVERY_US:
            return
        found = self.api.series(names, now_us + FUTURE_US, now_us + FAR_FUTURE_US)
        self._looked_ahead_us = now_us
        wanted = [one for one, own in zip(found, wanted_series(self._encoder, found), strict=True) if own]
        if wanted:
            reason = f"samples more than {FUTURE_US // MINUTE_US} min in the future"
            counts = Counter(one[NAME] for one in wanted)
            refused = [
                Rejected(self._source.name, f"{metric}: {reason}", reason, f"{count} series")
                for metric, count in sorted(counts.items())
            ]
            yield Batch(source=self._source.name, rejected=refused)


def _importance(kind: TrackKind) -> int:
    if kind in STATES or kind is TrackKind.TRANSITIONS:
        return 0
    if kind is TrackKind.LATENCY:
        return 3
    return 1 if kind in COUNTERS else 2
