from __future__ import annotations

import random
from itertools import islice, pairwise
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from breakwatch.config import Config, PrometheusSource
from breakwatch.model import Batch, Track, Window
from collectors.covered import BACKFILL
from collectors.prometheus import WATERMARK, PrometheusCollector
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
    collector = collector_of(api)
    batches: list[Batch] = []
    for start, end in pairwise(cuts):
        api.now_us = end
        batches += collector.collect(Window(start, end), {})
    return united(batches)


def collector_of(api: FakeApi) -> PrometheusCollector:
    """Return a collector that asks a server in memory."""
    source = PrometheusSource(name="p", url="http://localhost:1")
    return PrometheusCollector(source, Config(), lambda: api.now_us, cast("PrometheusApi", api))


def span(api: FakeApi) -> tuple[int, int]:
    """Return the span of all that a server will ever have."""
    stamps = [stamp for _, rows in api.series_samples for stamp, _ in rows]
    return min(stamps), max(stamps) + 1


@pytest.mark.parametrize("streams", [False, True], ids=["queries", "remote read"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_windows_do_not_matter(streams: bool, seed: int, data: st.DataObject) -> None:  # noqa: FBT001 - a parameter
    """A history collected live in any windows comes to the same runs as collected at once afterwards."""
    api = history(seed)
    api.streams = streams
    first, last = span(api)
    at_once = collected(api, [first, last])
    middle = data.draw(st.lists(st.integers(first + 1, last - 1), max_size=30, unique=True))
    assert collected(api, [first, *sorted(middle), last]) == at_once


@pytest.mark.parametrize("streams", [False, True], ids=["queries", "remote read"])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_steady_rhythm_does_not_matter(streams: bool, seed: int) -> None:  # noqa: FBT001
    """Collecting every 30 s comes to the same runs as collecting once."""
    api = history(seed)
    api.streams = streams
    first, last = span(api)
    assert collected(api, [*range(first, last, MINUTE_US // 2), last]) == collected(api, [first, last])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_both_ways_come_to_the_same(seed: int, data: st.DataObject) -> None:
    """Remote read and queries yield the same batches, window by window."""
    api = history(seed)
    first, last = span(api)
    start = data.draw(st.integers(first, last - MINUTE_US))
    api.now_us = end = data.draw(st.integers(start + 1, last))
    found = []
    for api.streams in (True, False):
        found.append(united(collector_of(api).collect(Window(start, end), {})))
    assert found[0] == found[1]


def test_a_hundred_orders_and_repetitions_come_to_the_same() -> None:
    """The past in shuffled windows, some of them three times, comes to the same runs as at once."""
    api = history(7)
    first, last = span(api)
    api.now_us = last + DAY_US
    at_once = united(collector_of(api).collect(Window(first, last), {}))
    chance = random.Random(7)
    for order in range(100):
        api.streams = bool(order % 2)
        cuts = [first, *sorted(chance.sample(range(first + 1, last), 3)), last]
        windows = [*pairwise(cuts), *chance.choices(list(pairwise(cuts)), k=2)]
        chance.shuffle(windows)
        collector = collector_of(api)
        assert united(b for one in windows for b in collector.collect(Window(*one), {})) == at_once


@pytest.mark.parametrize("streams", [False, True], ids=["queries", "remote read"])
def test_the_first_look_back_comes_to_the_same(streams: bool) -> None:  # noqa: FBT001
    """The last hours first and then backwards, stopped after every batch and gone on with: the same as at once."""
    api = history(11)
    api.streams = streams
    first, last = span(api)
    # Stretched over days: the history itself lies some days back, an idle target keeps on being scraped.
    shift = 30 * HOUR_US
    api.add("up", [(stamp, 1.0) for stamp in range(first, last + shift, 4 * MINUTE_US)], job="idle", instance="i")
    idle = [(stamp, 5.0) for stamp in range(first, last + shift, 4 * MINUTE_US)]
    api.add("sessions_alive", idle, kind="session", job="idle", instance="i")
    api.now_us = now = last + shift
    at_once = united(collector_of(api).collect(Window(first - DAY_US, now), {}))
    checkpoints: dict[str, str] = {}
    batches: list[Batch] = []
    starts: list[int] = []
    for _ in range(100):
        # A cycle looks at what is new first; stopped after two batches, it has read one span of the past.
        for batch in islice(collector_of(api).collect(Window(None, now), checkpoints), 2):
            batches.append(batch)
            checkpoints = {key: text for key, text in (checkpoints | dict(batch.checkpoints)).items() if text}
            starts += [int(batch.runs.first_us.min())] if len(batch.runs) else []
        if BACKFILL not in checkpoints:
            break
    assert united(batches) == at_once
    assert starts[0] > last + shift - DAY_US, "the last hours come first"
    assert set(checkpoints) == {WATERMARK}, "nothing is left to fetch"
