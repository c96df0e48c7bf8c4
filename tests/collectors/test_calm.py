from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwatch.clock import SECOND_US
from breakwatch.errors import SourceError
from breakwatch.model import Batch, Window
from collectors.calm import Calm
from collectors.samples import Samples
from tests.collectors.fakes import FakeApi
from tests.collectors.test_windows import T0, collector_of, history, span
from tests.collectors.union import united

EVERY_US = 15 * SECOND_US
STATES = ("closed", "open", "half_open")
STATE = "resilience4j_circuitbreaker_state"
CALLS = "resilience4j_circuitbreaker_calls_seconds_count"


class Watched:
    """Counts how many windows were read by what changed in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calm = 0
        look = Calm.look

        def counted(calm: Calm, *arguments: object) -> object:
            found = look(calm, *arguments)  # type: ignore[arg-type]
            self.calm += found is not None
            return found

        monkeypatch.setattr(Calm, "look", counted)


def quiet_server(scrapes: int, breakers: int = 12) -> FakeApi:
    """Return a server whose breakers seldom move, beside counters that always do."""
    api = FakeApi(streams=True)
    chance = random.Random(3)
    stamps = [T0 + number * EVERY_US for number in range(scrapes)]
    who = {"job": "app", "instance": "a"}
    api.add("up", [(stamp, 1.0) for stamp in stamps], **who)
    api.add("scrape_duration_seconds", [(stamp, 0.01) for stamp in stamps], **who)
    for breaker in range(breakers):
        named = {**who, "name": f"b{breaker}"}
        states = [STATES[chance.random() < 0.002] for _ in stamps]
        for one in STATES:
            rows = [(stamp, float(state == one)) for stamp, state in zip(stamps, states, strict=True)]
            api.add(STATE, rows, state=one, **named)
        api.add(CALLS, [(stamp, float(number)) for number, stamp in enumerate(stamps)], kind="failed", **named)
    return api


def live(api: FakeApi, cuts: list[int], *, whole: bool = False) -> list[Batch]:
    """Return what one collector yields that reads a window at each cut; or all of each window, and never less."""
    collector = collector_of(api)
    collector._calm._refused = whole
    found: list[Batch] = []
    for start, end in pairwise(cuts):
        api.now_us = end
        found += collector.collect(Window(start, end), {})
    collector.close()
    return found


@pytest.mark.parametrize("streams", [False, True], ids=["queries", "remote read"])
def test_what_stays_as_it_is_is_not_read(streams: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """Once the series are known, every window is read by what changed in it, to the same runs and the same counts."""
    watched = Watched(monkeypatch)
    api = quiet_server(200)
    api.streams = streams
    first, last = span(api)
    cuts = [first, *range(first + 30 * EVERY_US, last, 4 * EVERY_US), last]
    found = live(api, cuts)
    assert watched.calm == len(cuts) - 2
    whole = live(api, cuts, whole=True)
    assert [one.samples for one in found] == [one.samples for one in whole]
    assert united(found) == united(whole)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), every=st.integers(3, 40))
def test_any_rhythm_comes_to_the_same(seed: int, every: int) -> None:
    """Targets that fail, restart and fall silent, series that come and go: the same runs as when all is read."""
    api = history(seed)
    api.streams = bool(seed % 2)
    first, last = span(api)
    cuts = [*range(first, last, every * 7 * SECOND_US), last]
    assert united(live(api, cuts)) == united(live(api, cuts, whole=True))


@pytest.mark.parametrize("what", ["a series", "a metric", "a target"])
def test_what_is_new_is_seen_at_once(what: str) -> None:
    """A series, a metric or a target that was not there before is read in the very window in which it comes."""
    api = quiet_server(80)
    first, last = span(api)
    born = [(T0 + number * EVERY_US, 1.0) for number in range(60, 80)]
    who = {"job": "app", "instance": "z" if what == "a target" else "a"}
    if what == "a target":
        api.add("up", born, **who)
    metric = "resilience4j_circuitbreaker_not_permitted_calls_total" if what == "a metric" else STATE
    api.add(metric, born, name="new", state="open", kind="not_permitted", **who)
    cuts = [first, *range(first + 30 * EVERY_US, last, 4 * EVERY_US), last]
    found = live(api, cuts)
    assert united(found) == united(live(api, [first, last]))
    assert any("new" in str(track) for batch in found for track in batch.tracks)


def test_a_server_that_refuses_such_questions_is_read_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server cannot say what changed it is not asked again, and nothing is missing."""
    api = quiet_server(60)
    first, last = span(api)
    asked: list[int] = []

    def refused(_: object, *span: object) -> list[dict[str, str]]:
        asked.append(len(span))
        raise SourceError("no such function", "ask otherwise")

    monkeypatch.setattr(FakeApi, "changed", refused)
    found = live(api, [first, *range(first + 30 * EVERY_US, last, 4 * EVERY_US), last])
    assert len(asked) == 1
    assert united(found) == united(live(api, [first, last]))


def test_one_more_scrape_while_we_ask_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scrape that ends after the targets were looked at makes the counts differ: the window is read as a whole."""
    watched = Watched(monkeypatch)
    api = quiet_server(60)
    first, last = span(api)
    collector = collector_of(api)
    api.now_us = first + 40 * EVERY_US
    batches = list(collector.collect(Window(first, api.now_us), {}))
    samples = api.samples

    def later(metrics: Sequence[str], *more: Any) -> Samples:
        found = samples(metrics, *more)
        if "up" in metrics:
            api.now_us = last
        return found

    monkeypatch.setattr(api, "samples", later)
    api.now_us = first + 44 * EVERY_US
    collector._clock = lambda: last
    batches += collector.collect(Window(first + 40 * EVERY_US, last), {})
    assert watched.calm == 0
    monkeypatch.undo()
    assert united(batches) == united(live(api, [first, first + 40 * EVERY_US, last]))
