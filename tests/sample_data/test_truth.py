"""What the sample says was seen agrees with what it says was true."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from breakwatch.clock import MILLISECOND_US, SECOND_US
from sample_data.generator.app import App
from sample_data.generator.build import Sample
from sample_data.generator.fleet import CART_AHEAD_US, Instance
from sample_data.generator.logbook import Fields
from sample_data.generator.machines import CLOSED, OPEN
from sample_data.generator.recorder import Key, Scraped, key, scrape
from sample_data.generator.timeline import END_US, at, iso

STATES = {
    "checkout": ("resilience4j_circuitbreaker_state", "name"),
    "search": ("resilience4j_circuitbreaker_state", "name"),
    "cart": ("breakwatch_breaker_state", "breaker"),
    "assistant": ("breakwatch_breaker_state", "breaker"),
    "accounts": ("breakwatch_breaker_state", "breaker"),
}
LOGGED = {"payments", "cart", "search", "assistant"}


def _moves(sample: Sample, instance: str = "") -> list[tuple[int, dict[str, Fields]]]:
    """Return the true transitions by time, of one instance or of all."""
    found = [(now_us, entry) for now_us, _, entry in sample.truth.entries if entry["what"] == "breaker_transition"]
    return sorted(
        ((now_us, entry) for now_us, entry in found if instance in {"", entry["instance"]}), key=lambda one: one[0]
    )


def _states(sample: Sample, app: App) -> tuple[list[int], list[str]]:
    """Return when the state of an instance's breaker changed, and to what; a new process begins closed."""
    changes = [(life.start_us, CLOSED) for life in app.recorder.lives]
    changes += [(now_us, str(entry["to"])) for now_us, entry in _moves(sample, app.instance)]
    changes.sort(key=lambda change: change[0])
    return [now_us for now_us, _ in changes], [state for _, state in changes]


def _scraped(sample: Sample, instance: Instance, app: App, one: Key) -> Scraped:
    return scrape(app.recorder, sample.scrapes[instance.name], one)


def _app(sample: Sample, name: str) -> tuple[Instance, App]:
    return next((instance, app) for instance, app in sample.apps if instance.name == name)


@pytest.mark.parametrize("service", sorted(STATES))
def test_gauges_show_the_true_state_when_read(sample: Sample, service: str) -> None:
    """Every scrape of a state gauge shows the state that the breaker truly had when the scrape read it."""
    seen = 0.0
    for instance, app in sample.apps:
        if instance.service != service:
            continue
        metric, label = STATES[service]
        changed_us, states = _states(sample, app)
        (breaker,) = app.states()
        scrapes = sample.scrapes[instance.name]
        read_of = dict(zip(scrapes.stamps_us.tolist(), scrapes.read_us.tolist(), strict=True))
        shown = {
            word: _scraped(sample, instance, app, key(metric, **{label: breaker, "state": word}))
            for word in (CLOSED, OPEN, "half_open")
        }
        for word, series in shown.items():
            read_us = [read_of[stamp] for stamp in series.stamps_us.tolist()]
            true = [states[bisect_right(changed_us, now) - 1] == word for now in read_us]
            assert series.values.tolist() == [float(one) for one in true]
        seen += shown[OPEN].values.sum()
    assert seen > 0


def test_transition_counters_count_the_truth(sample: Sample) -> None:
    """The counters of accounts, over all its processes, count each true transition once."""
    _, app = _app(sample, "accounts-0")
    true = Counter((str(one["from"]), str(one["to"])) for _, one in _moves(sample, "accounts-0"))
    for (from_state, to_state), count in true.items():
        name = "breakwatch_breaker_transitions_total"
        counter = key(name, breaker="ldap", from_state=from_state, to_state=to_state)
        assert app.recorder.total(counter) == count


@pytest.mark.parametrize("service", sorted({*LOGGED, "checkout", "accounts"}))
def test_logs_say_each_transition_once_by_their_own_clock(sample: Sample, service: str) -> None:
    """A service that logs its breaker logs each true transition once, cart 120 ms fast; the others log none."""
    ahead_us = CART_AHEAD_US if service == "cart" else 0
    true = sorted(
        (iso(now_us + ahead_us), str(one["instance"]), str(one["from"]), str(one["to"]))
        for now_us, one in _moves(sample)
        if one["service"] == service
    )
    written = []
    for line in sample.books[service].text().splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        if one.get("event") == "breaker_transition":
            written.append((one["ts"], one["instance"], one["from"], one["to"]))
    assert sorted(written) == (true if service in LOGGED else [])


def test_calls_are_kept_apart_by_how_they_ended(sample: Sample) -> None:
    """While a breaker is open its rejected calls grow, and every call of cart ends in exactly one way."""
    _, app = _app(sample, "cart-0")
    name = "breakwatch_breaker_calls_total"
    by_outcome = {
        outcome: app.recorder.total(key(name, breaker="redis", outcome=outcome))
        for outcome in ("success", "failure", "not_permitted")
    }
    served = app.recorder.total(key("http_requests_total", operation="get", outcome="success"))
    stale = app.recorder.total(key("http_requests_total", operation="get", outcome="cache_stale"))
    assert by_outcome["not_permitted"] > by_outcome["failure"] > 0
    assert served == by_outcome["success"]
    assert stale == by_outcome["failure"] + by_outcome["not_permitted"]


def test_counters_fall_only_where_a_process_began(sample: Sample) -> None:
    """Between two scrapes a counter falls only if a new process started between them."""
    for instance, app in sample.apps:
        starts = [life.start_us for life in app.recorder.lives[1:]]
        for one in app.recorder.all_series():
            if not one[0].endswith(("_total", "_count", "_bucket")):
                continue
            series = _scraped(sample, instance, app, one)
            for place in np.flatnonzero(np.diff(series.values) < 0).tolist():
                before, after = series.stamps_us[place], series.stamps_us[place + 1]
                assert any(before < start_us < after + SECOND_US for start_us in starts)


def test_episode_of_less_than_half_a_second_is_in_the_counters_only(sample: Sample) -> None:
    """On 11 Nov accounts' breaker was open for under 0.4 s: no scrape saw it, the counter grew by one."""
    instance, app = _app(sample, "accounts-0")
    start_us, end_us = at("11-11 17:07:00"), at("11-11 17:07:30")
    moves = [now_us for now_us, _ in _moves(sample, "accounts-0") if start_us < now_us < end_us]
    assert len(moves) == 3
    assert moves[-1] - moves[0] < 400 * MILLISECOND_US
    gauge = _scraped(sample, instance, app, key("breakwatch_breaker_state", breaker="ldap", state=OPEN))
    near = (gauge.stamps_us > at("11-11 17:05:00")) & (gauge.stamps_us < at("11-11 17:09:00"))
    assert gauge.values[near].max() == 0
    counter = key("breakwatch_breaker_transitions_total", breaker="ldap", from_state=CLOSED, to_state=OPEN)
    seen = _scraped(sample, instance, app, counter)
    assert seen.values[near].max() - seen.values[near].min() == 1


def test_one_episode_is_open_at_the_end(sample: Sample) -> None:
    """At the end only checkout's breaker is open, on two of three instances, for about 6 min 20 s after a deploy."""
    still = {app.instance for _, app in sample.apps if not app.settled()}
    assert still == {"checkout-0", "checkout-1"}
    for name in still:
        opened_us = [now_us for now_us, one in _moves(sample, name) if one["from"] == CLOSED][-1]
        assert abs(END_US - opened_us - 380 * SECOND_US) < 10 * SECOND_US
        assert 225 * SECOND_US < opened_us - at("11-20 11:31:10") < 240 * SECOND_US


def test_fast_clock_contradicts_a_scrape_by_less_than_the_tolerance(sample: Sample) -> None:
    """On 20 Nov cart's log says open after a scrape that saw it open already, by less than 250 ms."""
    instance, app = _app(sample, "cart-0")
    moved_us = next(now_us for now_us, one in _moves(sample, "cart-0") if now_us > at("11-20 00:40:00"))
    gauge = _scraped(sample, instance, app, key("breakwatch_breaker_state", breaker="redis", state=OPEN))
    place = int(np.searchsorted(gauge.stamps_us, moved_us))
    assert gauge.values[place - 1 : place + 1].tolist() == [0, 1]
    latest_us = int(gauge.stamps_us[place]) + 30 * MILLISECOND_US
    assert latest_us < moved_us + CART_AHEAD_US < latest_us + 250 * MILLISECOND_US


def test_restart_loses_an_open_breaker(sample: Sample) -> None:
    """On 16 Nov cart's process dies with its breaker open, and the new one begins closed."""
    ends = [entry for _, _, entry in sample.truth.entries if entry["what"] == "process_end" and entry["found"]]
    assert ("cart-0", ["redis open"]) in [(one["instance"], one["found"]) for one in ends]
    back_us = at("11-16 11:31:17.020")
    _, first = next(one for one in _moves(sample, "cart-0") if one[0] > back_us)
    assert first["from"] == CLOSED


def test_nobody_scraped_accounts_for_two_hours(sample: Sample) -> None:
    """The scrape gap of 14 Nov is two hours long, and the breaker opened in it."""
    gap_s = max(int(two) - int(one) for one, two in pairwise(sample.scrapes["accounts-0"].stamps_us)) / SECOND_US
    assert gap_s == pytest.approx(7200, abs=60)
    inside = [now for now, _ in _moves(sample, "accounts-0") if at("11-14 20:00:00") < now < at("11-14 22:00:00")]
    assert inside


def test_sessions_fell_and_the_queue_drained(sample: Sample) -> None:
    """On 17 Nov sessions fall to under two fifths; on 31 Oct the queue passes 1,000 and is empty again the same day."""
    instance, app = _app(sample, "accounts-0")
    sessions = _scraped(sample, instance, app, key("sessions_alive", kind="session"))
    hours = (sessions.stamps_us > at("11-17 10:16:00")) & (sessions.stamps_us < at("11-17 13:40:00"))
    assert sessions.values[hours].min() < sessions.values[hours].max() * 0.4
    instance, app = _app(sample, "cart-0")
    queue = key("queue_depth", kind="main", queue="cart-events", priority="normal")
    depth = _scraped(sample, instance, app, queue)
    assert depth.values.max() > 1000
    assert depth.values[depth.stamps_us > at("10-31 17:00:00")].max() == 0
