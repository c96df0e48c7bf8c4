from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Instant, fixed_clock, to_us
from breakwatch.config import Config, OpenMetricsSource, PrometheusSource
from breakwatch.model import STATE_WORDS, Batch, Track, TrackKind, Window
from collectors import fetching, make
from collectors.claims import series_text
from collectors.covered import BACKFILL
from collectors.discover import discover
from collectors.openmetrics import OpenMetricsCollector
from collectors.packed import Packed
from collectors.prometheus import WATERMARK, PrometheusCollector
from collectors.prometheus_api import PrometheusApi, TooHeavyError
from collectors.samples import Samples
from tests.collectors.fakes import FakeApi
from tests.collectors.union import Run, united
from tests.real.recorded import recorded_prometheus

CAPTURES = Path(__file__).parents[1] / "golden" / "captures"
NOW = to_us(datetime.fromisoformat("2026-11-20T11:40:00+00:00"))
START = NOW - 10 * MINUTE_US
# A stamp is the start of a scrape, aligned by up to 2 ms; the value is read up to the scrape's duration later.
ALIGNED_US = 2_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the recorded run from a real Prometheus."""
    with recorded_prometheus(tmp_path_factory.mktemp("prometheus")) as recorded:
        yield recorded.url


def collect(url: str, *cuts: Instant) -> dict[Track, list[Run]]:
    """Return what collecting the windows between cuts comes to."""
    collector = PrometheusCollector(PrometheusSource(name="p", url=url), Config(), fixed_clock(NOW))
    batches: list[Batch] = []
    for start, end in pairwise(cuts):
        batches += collector.collect(Window(start, end), {})
    return united(batches)


def truth(name: str) -> list[tuple[Instant, str]]:
    """Return what a file of the recorded run says happened, and when."""
    lines = (json.loads(line) for line in (CAPTURES / name).read_text().splitlines())
    return [(to_us(datetime.fromisoformat(one["ts"])), one["event"]) for one in lines]


def bounds(earlier: Run, later: Run) -> tuple[Instant, Instant]:
    """Return between which instants a change from one run to the next happened."""
    return earlier.last_us - ALIGNED_US, later.first_us + ALIGNED_US + round(later.read_s * SECOND_US)


def states(found: dict[Track, list[Run]], component: str) -> list[Run]:
    """Return the runs of one component's health."""
    (runs,) = [
        runs
        for track, runs in found.items()
        if track.kind is TrackKind.HEALTH_STATE and track.subject.component == component
    ]
    return runs


def words(runs: list[Run]) -> list[str]:
    """Return the states of runs."""
    return [STATE_WORDS[int(run.value)] for run in runs if run.value is not None]


def test_server_states_are_those_of_the_log(server: str) -> None:
    """Both servers of the recorded run go down and up when HAProxy's log says, within the bounds of the scrapes."""
    found = collect(server, START, NOW)
    logged = {
        "primary": ["2026-11-20T11:32:52.548+00:00", "2026-11-20T11:33:12.571+00:00"],
        "standby": ["2026-11-20T11:33:03.076+00:00", "2026-11-20T11:33:28.5+00:00"],
    }
    for component, moments in logged.items():
        runs = states(found, component)
        assert words(runs) == ["up", "down", "up"]
        for number, moment in enumerate(moments):
            earliest, latest = bounds(runs[number], runs[number + 1])
            assert earliest <= to_us(datetime.fromisoformat(moment)) <= latest
            assert latest - earliest < 1.01 * SECOND_US


def test_the_breaker_opened_four_times(server: str) -> None:
    """Openings, born at 1 and counted on, are the 4 of the breaker's own log, each inside its scrape's bounds."""
    found = collect(server, START, NOW)
    for event, state in (("open", "open"), ("halfOpen", "half_open"), ("close", "closed")):
        (runs,) = [
            runs
            for track, runs in found.items()
            if track.kind is TrackKind.TRANSITIONS
            and dict(track.detail) | {"to_state": state} == dict(track.detail)
            and track.subject.breaker == "payments"
        ]
        assert runs[0].value is None, "the scrape before the birth shows that the series was not there"
        happened = [moment for moment, one in truth("opossum_events.jsonl") if one == event]
        assert [run.value for run in runs[1:]] == [number + 1 for number in range(len(happened))]
        for moment, earlier, later in zip(happened, runs[:-1], runs[1:], strict=True):
            earliest, latest = bounds(earlier, later)
            assert earliest <= moment <= latest


def test_targets_are_seen_without_gaps(server: str) -> None:
    """Each scrape target is one stretch of scrapes, but for the one that failed when its process restarted."""
    found = collect(server, START, NOW)
    seen = {
        track.scrape_target: [run.value for run in runs]
        for track, runs in found.items()
        if track.kind is TrackKind.SCRAPE
    }
    assert seen == {"haproxy/127.0.0.1:18405": [1.0], "opossum/127.0.0.1:18500": [1.0, 0.0, 1.0]}


def test_windows_of_real_data_do_not_matter(server: str) -> None:
    """The recorded run in windows of 7 s comes to the same as at once."""
    first = to_us(datetime.fromisoformat("2026-11-20T11:32:30+00:00"))
    cuts = [*range(first, first + 80 * SECOND_US, 7 * SECOND_US)]
    assert collect(server, *cuts) == collect(server, cuts[0], cuts[-1])


def test_every_way_to_read_says_the_same(server: str) -> None:
    """Remote read and queries, all of a window or what changed in it: the same runs from a real server."""
    first = to_us(datetime.fromisoformat("2026-11-20T11:32:20+00:00"))
    cuts = [*range(first, first + 120 * SECOND_US, 30 * SECOND_US)]
    found = []
    for streams, whole in ((True, True), (True, False), (False, True), (False, False)):
        collector = PrometheusCollector(PrometheusSource(name="p", url=server), Config(), fixed_clock(NOW))
        collector._fetcher.streams, collector._calm._refused = streams, whole
        found.append([united(collector.collect(Window(start, end), {})) for start, end in pairwise(cuts)])
    assert all(one == found[0] for one in found)


def test_steady_series_are_not_read(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the series are known, those that stayed as they were are not read again, and are counted all the same."""
    read: list[int] = []
    real = PrometheusApi.samples

    def counted(self: PrometheusApi, *args: Any) -> Samples:
        found = real(self, *args)
        read.append(len(found.series))
        return found

    monkeypatch.setattr(PrometheusApi, "samples", counted)
    end = to_us(datetime.fromisoformat("2026-11-20T11:33:10+00:00"))
    totals = []
    for whole in (False, True):
        collector = PrometheusCollector(PrometheusSource(name="p", url=server), Config(), fixed_clock(NOW))
        collector._fetcher.streams, collector._calm._refused = False, whole
        list(collector.collect(Window(end - 40 * SECOND_US, end - 20 * SECOND_US), {}))
        read.clear()
        (batch,) = collector.collect(Window(end - 20 * SECOND_US, end), {})
        totals.append((batch.samples, sum(read[1:])))  # the first of them is about the targets
    (known, some), (counted_all, every) = totals
    assert known == counted_all > 500
    assert some < 0.8 * every  # counters that always move are read


def test_text_and_server_say_the_same(server: str, tmp_path: Path) -> None:
    """The recorded run written as text exposition comes to the same runs as read from the server."""
    api = PrometheusApi(PrometheusSource(name="p", url=server))
    samples = api.samples(api.metric_names(), START, NOW)
    page = tmp_path / "page.om"
    with page.open("w") as file:
        for series, stamp, value in zip(samples.series, samples.stamps_us, samples.values, strict=True):
            file.write(f"{series_text(samples.labels[series])} {float(value)!r} {stamp / SECOND_US:.3f}\n")
    source = OpenMetricsSource(name="p", paths=(page,))
    by_text = united(OpenMetricsCollector(source, Config(), fixed_clock(NOW)).collect(Window(None, NOW), {}))
    assert by_text == collect(server, START, NOW)


def test_discover_says_what_is_there(server: str) -> None:
    """Profiles with their series, services, breakers and the scrape interval are found without being named."""
    found = discover(PrometheusSource(name="p", url=server), Config(), fixed_clock(NOW))
    assert set(found.profiles) == {"haproxy", "opossum"}
    # Servers: 2 x 5 states, 2 x 5 codes, 2 x 3 counters; the backend: 2 states, 5 codes, 2 counts; the process' start.
    assert found.profiles["haproxy"] == 36
    assert set(found.services) == {"be_app", "opossum"}
    assert [(one.service, one.breaker, one.instances) for one in found.breakers] == [("opossum", "payments", 1)]
    assert found.scrape_interval_s == 1.0
    assert [(one.job, one.targets, one.interval_s) for one in found.jobs] == [("haproxy", 1, 1.0), ("opossum", 1, 1.0)]
    assert found.build["version"].startswith("2.")


def test_make_knows_every_kind(server: str) -> None:
    """A configured source gets the collector of its kind."""
    collector = make(PrometheusSource(name="p", url=server), Config(), fixed_clock(NOW))
    assert isinstance(collector, PrometheusCollector)


def faked(api: FakeApi, now_us: Instant, **settings: object) -> PrometheusCollector:
    """Return a collector that asks a server in memory."""
    source = PrometheusSource.model_validate({"name": "p", "url": "http://localhost:1", **settings})
    api.now_us = now_us
    return PrometheusCollector(source, Config(), lambda: api.now_us, cast("PrometheusApi", api))


def steady(count: int, series: int = 1) -> FakeApi:
    """Return a server with one target, scraped every 15 s up to START, and some counters."""
    api = FakeApi()
    stamps = [START - 15 * SECOND_US * number for number in range(count)][::-1]
    api.add("up", [(stamp, 1.0) for stamp in stamps], job="j", instance="i")
    for number in range(series):
        api.add("circuit", [(stamp, 1.0) for stamp in stamps], job="j", instance="i", name=str(number), event="open")
    return api


def test_the_watermark_is_the_last_scrape_seen() -> None:
    """Near the present the watermark stays at the last scrape, so that a server whose clock lags loses nothing."""
    api = steady(100)
    collector = faked(api, START + 5 * SECOND_US)
    (batch,) = collector.collect(Window(START - MINUTE_US, START + 5 * SECOND_US), {})
    assert batch.checkpoints == {WATERMARK: str(START + 1)}
    assert list(collector.collect(Window(None, START + 1), batch.checkpoints)) == []


def test_a_hole_is_never_passed_over() -> None:
    """A window that begins after the watermark leaves it where it is; one that reaches it moves it on."""
    api = steady(100)
    collector = faked(api, START + DAY_US)
    stored = {WATERMARK: str(START - 10 * MINUTE_US)}
    later = list(collector.collect(Window(START - 5 * MINUTE_US, START), stored))
    assert all(not batch.checkpoints for batch in later)
    reaching = list(collector.collect(Window(START - 15 * MINUTE_US, START), stored))
    assert reaching[-1].checkpoints == {WATERMARK: str(START)}


def test_an_old_window_does_not_move_the_watermark_back() -> None:
    """Collecting the past again leaves the watermark where it was."""
    api = steady(100)
    collector = faked(api, START + DAY_US)
    batches = list(collector.collect(Window(START - 15 * MINUTE_US, START - 10 * MINUTE_US), {WATERMARK: str(START)}))
    assert batches[-1].checkpoints == {WATERMARK: str(START)}


def test_a_steady_cycle_reads_little() -> None:
    """Of the counters a cycle reads its window and two scrapes, not the past that the gaps are judged by."""
    api = steady(400)
    collector = faked(api, START + SECOND_US)
    list(collector.collect(Window(START - 29 * SECOND_US, START + SECOND_US), {}))
    begin, end = api.asked[-1]
    assert end - begin <= 70 * SECOND_US


def test_long_windows_are_read_in_bounded_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that holds more samples than one request should carry is cut, and the cuts do not show."""
    api = steady(2000, series=3)
    monkeypatch.setattr(fetching, "SAMPLES_PER_REQUEST", 1000)

    def count(_query: str, at_us: Instant) -> list[dict[str, Any]]:
        begin, _ = asked[-1]
        held = sum(begin <= stamp < at_us for _, rows in api.series_samples[1:] for stamp, _ in rows)
        return [{"value": [0, str(held)]}]

    asked: list[tuple[Instant, Instant]] = []
    real = api.series

    def series(metrics: list[str], start_us: Instant, end_us: Instant) -> list[dict[str, str]]:
        asked.append((start_us, end_us))
        return real(metrics, start_us, end_us)

    api.series = series  # type: ignore[method-assign, assignment]
    api.instant = count  # type: ignore[method-assign, assignment]
    window = Window(START - 9 * HOUR_US, START + 1)
    batches = list(faked(api, START + DAY_US).collect(window, {}))
    assert len(batches) > 5
    (runs,) = {tuple(runs) for track, runs in united(batches).items() if track.kind is TrackKind.TRANSITIONS}
    assert len(runs) == 1


def test_a_server_that_cannot_even_count_is_asked_for_less() -> None:
    """A count that is too heavy for the server shortens the span until it is not."""
    api = steady(400)
    refused: list[Instant] = []

    def count(_query: str, at_us: Instant) -> list[dict[str, Any]]:
        if len(refused) < 2:
            refused.append(at_us)
            raise TooHeavyError("too many samples", "ask for less")
        return []

    api.instant = count  # type: ignore[method-assign, assignment]
    batches = list(faked(api, START + DAY_US).collect(Window(START - 90 * MINUTE_US, START + 1), {}))
    assert len(refused) == 2
    assert len(batches) > 1
    (runs,) = [runs for track, runs in united(batches).items() if track.kind is TrackKind.TRANSITIONS]
    assert len(runs) == 1


def test_too_many_series_are_refused_by_metric() -> None:
    """Over the cap the states stay, the large metric is left out as a whole, and that is said with its size."""
    api = steady(20)
    stamps = [START - 15 * SECOND_US * number for number in range(20)]
    for number in range(30):
        api.add(
            "resilience4j_circuitbreaker_calls_seconds_bucket",
            [(stamp, 1.0) for stamp in stamps],
            job="j",
            instance="i",
            name="b",
            le=str(number),
        )
    (batch,) = faked(api, START + SECOND_US, max_series=10).collect(Window(START - MINUTE_US, START + SECOND_US), {})
    assert [(one.position, one.content) for one in batch.rejected] == [
        ("resilience4j_circuitbreaker_calls_seconds_bucket", "30 series")
    ]
    assert {track.kind for track in batch.tracks} == {TrackKind.SCRAPE, TrackKind.TRANSITIONS}


def test_without_a_start_all_there_is_is_read() -> None:
    """Without a watermark the last 15 days are read, the last hours first; empty days cost no more than a look."""
    api = steady(20)
    batches = list(faked(api, START + HOUR_US).collect(Window(None, START + HOUR_US), {}))
    assert [batch.samples > 0 for batch in batches] == [True, *[False] * (len(batches) - 1)]
    assert batches[0].checkpoints == {
        WATERMARK: str(START + 1),
        BACKFILL: f"{START - 5 * HOUR_US}:{START + HOUR_US - 15 * DAY_US}",
    }
    assert batches[-1].checkpoints == {WATERMARK: str(START + 1), BACKFILL: ""}
    assert (
        list(faked(api, START + HOUR_US).collect(Window(None, START + HOUR_US), {WATERMARK: str(START + HOUR_US)}))
        == []
    )


def test_a_backfill_goes_on_where_it_was() -> None:
    """With a backfill under way a cycle first reads what is new, and then goes on downwards to its old goal."""
    api = steady(5000)
    stored = {WATERMARK: str(START), BACKFILL: f"{START - 2 * HOUR_US}:{START - 10 * HOUR_US}"}
    batches = list(faked(api, START + HOUR_US).collect(Window(None, START + HOUR_US), stored))
    assert batches[0].checkpoints == {WATERMARK: str(START + 1)}
    assert [batch.checkpoints[BACKFILL] for batch in batches[1:]] == [
        f"{START - 8 * HOUR_US}:{START - 10 * HOUR_US}",
        "",
    ]
    first_us = min(int(batch.runs.first_us.min()) for batch in batches)
    assert 0 <= START - 10 * HOUR_US - first_us <= 30 * SECOND_US, "two scrapes more, to judge the seam"


def test_a_window_with_a_start_leaves_the_backfill_alone() -> None:
    """Filling a range by hand does not go on with the backfill, and does not forget it."""
    api = steady(5000)
    stored = {WATERMARK: str(START), BACKFILL: f"{START - 2 * HOUR_US}:{START - 10 * HOUR_US}"}
    batches = list(faked(api, START + HOUR_US).collect(Window(START - HOUR_US, START), stored))
    assert [batch.checkpoints for batch in batches] == [{WATERMARK: str(START)}]


def test_stamps_from_the_future_are_kept_aside() -> None:
    """Samples more than 5 minutes ahead of our clock are refused, once for each metric, and move no watermark."""
    api = steady(100)
    ahead = [(START + 10 * MINUTE_US + 15 * SECOND_US * number, 9.0) for number in range(20)]
    api.add("circuit", ahead, job="j", instance="ahead", name="ahead", event="open")
    api.sees_the_future = True
    batches = list(faked(api, START + SECOND_US).collect(Window(START - MINUTE_US, START + SECOND_US), {}))
    assert [(one.position, one.content) for batch in batches for one in batch.rejected] == [
        ("circuit: samples more than 5 min in the future", "1 series")
    ]
    assert batches[-1].checkpoints == {WATERMARK: str(START + 1)}
    assert all((batch.runs.last_us <= START).all() for batch in batches)


def test_what_comes_ahead_of_time_later_is_seen_within_a_minute() -> None:
    """A collector that found nothing ahead of time looks again after a minute, not in every cycle."""
    api = steady(100)
    collector = faked(api, START)
    refused = []
    for api.now_us in (START, START + 15 * SECOND_US, START + MINUTE_US):
        batches = collector.collect(Window(START - SECOND_US, START), {})
        refused.append(sum(len(batch.rejected) for batch in batches))
        api.add("circuit", [(START + HOUR_US, 9.0)], job="j", instance="ahead", name="ahead", event="open")
        api.sees_the_future = True
    assert refused == [0, 0, 1]


def test_too_large_a_stream_is_asked_for_in_parts() -> None:
    """Where an answer is more than may be taken, shorter spans are asked for; the result does not show it."""
    api = steady(3000)
    api.streams = True
    whole = united(faked(api, START + DAY_US).collect(Window(START - 10 * HOUR_US, START + 1), {}))
    real = api.packed

    def limited(metrics: list[str], start_us: Instant, end_us: Instant, matchers: object = None) -> tuple[Packed, int]:
        if end_us - start_us > 3 * HOUR_US:
            raise TooHeavyError("too large", "ask for less")
        return real(metrics, start_us, end_us, matchers)  # type: ignore[arg-type]

    api.packed = limited  # type: ignore[method-assign, assignment]
    batches = list(faked(api, START + DAY_US).collect(Window(START - 10 * HOUR_US, START + 1), {}))
    assert len(batches) > 3
    assert united(batches) == whole
