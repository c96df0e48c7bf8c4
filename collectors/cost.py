"""What a cycle costs a Prometheus: one is carried out as the service would, counted, and thrown away."""

from __future__ import annotations

import time
from dataclasses import dataclass

from breakwatch.clock import MINUTE_US, Clock
from breakwatch.config import Config, PrometheusSource
from breakwatch.model import Window
from collectors.prometheus import WATERMARK, PrometheusCollector

BEFORE_US = 5 * MINUTE_US


@dataclass(frozen=True, slots=True)
class Cost:
    """One cycle in the steady state.

    Attributes:
        received_bytes: as they came over the wire.
        seconds: of waiting and reading, on this side.
        streams: whether samples come by remote read, packed; else by queries.
    """

    requests: int
    received_bytes: int
    samples: int
    seconds: float
    streams: bool


def cycle_cost(source: PrometheusSource, config: Config, clock: Clock, interval_s: float) -> Cost:
    """Return what reading the last interval costs a collector that has read all before it; SourceError as it does."""
    now_us = clock()
    begin_us = now_us - round(interval_s * 1e6)
    collector = PrometheusCollector(source, config, clock)
    try:
        for _ in collector.collect(Window(begin_us - BEFORE_US, begin_us), {}):
            pass
        before, begun = collector.api.traffic, time.monotonic()
        samples = sum(batch.samples for batch in collector.collect(Window(None, now_us), {WATERMARK: str(begin_us)}))
        took_s = time.monotonic() - begun
        after = collector.api.traffic
        return Cost(after[0] - before[0], after[1] - before[1], samples, took_s, bool(collector.streams))
    finally:
        collector.close()
