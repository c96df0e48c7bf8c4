from __future__ import annotations

import random
from itertools import pairwise
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from breakwatch.clock import MINUTE_US, SECOND_US
from breakwatch.config import Config, PrometheusSource
from breakwatch.model import Batch, Track, Window
from collectors.prometheus import PrometheusCollector
from collectors.prometheus_api import PrometheusApi
from tests.collectors.fakes import FakeApi
from tests.collectors.union import Run, united

T0 = 1_795_174_430_779_000


def history(seed: int) -> FakeApi:
    """Return a server with two targets: jitter, failed and missing scrapes, restarts, births, a new interval, gaps."""
    chance = random.Random(seed)
    api = FakeApi()
    for instance in ("a", "b"):
        interval_us = chance.choice([5, 15, 30]) * SECOND_US
        stamps: list[int] = []
        up: dict[int, float] = {}
        now = T0 + chance.randrange(interval_us)
        for _ in range(120):
            if chance.random() < 0.02:
                now += chance.randrange(2, 30) * interval_us
            if chance.random() < 0.01:
                interval_us = chance.choice([5, 15, 60]) * SECOND_US
            if chance.random() > 0.03:
                stamps.append(now)
                up[now] = 0.0 if chance.random() < 0.05 else 1.0
            now += interval_us + chance.choice([0, 0, 0, 1000, 2000])
        who = {"job": "app", "instance": instance}
        api.add("up", list(up.items()), **who)
        api.add("scrape_duration_seconds", [(stamp, chance.random() / 10) for stamp in stamps], **who)
        _add_breaker(api, chance, [stamp for stamp in stamps if up[stamp]], who)
    return api


def _add_breaker(api: FakeApi, chance: random.Random, stamps: list[int], who: dict[str, str]) -> None:
    states = ("closed", "open", "half_open")
    state = "closed"
    present: dict[int, str] = {}
    for stamp in stamps:
        if chance.random() < 0.1:
            state = chance.choice(states)
        present[stamp] = state
    for one in states:
        rows = [(stamp, float(now == one)) for stamp, now in present.items()]
        api.add("resilience4j_circuitbreaker_state", rows, name="pay", state=one, **who)
    for kind in ("successful", "failed"):
        count, rows, there = 0.0, [], False
        for stamp in stamps:
            there = there or chance.random() < 0.1
            if chance.random() < 0.02:
                there, count = False, 0.0
            count += chance.choice([0, 0, 0, 1])
            if there:
                rows.append((stamp, count))
        api.add("resilience4j_circuitbreaker_calls_seconds_count", rows, name="pay", kind=kind, **who)


def collected(api: FakeApi, cuts: list[int]) -> dict[Track, list[Run]]:
    """Return what collecting live, a window at each cut, comes to."""
    source = PrometheusSource(name="p", url="http://localhost:1")
    collector = PrometheusCollector(source, Config(), lambda: api.now_us, cast("PrometheusApi", api))
    batches: list[Batch] = []
    for start, end in pairwise(cuts):
        api.now_us = end
        batches += collector.collect(Window(start, end), {})
    return united(batches)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_windows_do_not_matter(seed: int, data: st.DataObject) -> None:
    """A history collected live in any windows comes to the same runs as collected at once afterwards."""
    api = history(seed)
    stamps = [stamp for _, rows in api.series_samples for stamp, _ in rows]
    first, last = min(stamps), max(stamps) + 1
    at_once = collected(api, [first, last])
    middle = data.draw(st.lists(st.integers(first + 1, last - 1), max_size=30, unique=True))
    assert collected(api, [first, *sorted(middle), last]) == at_once


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_steady_rhythm_does_not_matter(seed: int) -> None:
    """Collecting every 30 s comes to the same runs as collecting once."""
    api = history(seed)
    stamps = [stamp for _, rows in api.series_samples for stamp, _ in rows]
    first, last = min(stamps), max(stamps) + 1
    assert collected(api, [*range(first, last, MINUTE_US // 2), last]) == collected(api, [first, last])
