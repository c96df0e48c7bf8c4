"""The proof with a real HAProxy: what it held of its servers, whom it sent calls to, and what clients got."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import to_us
from tests.real.backends import Backend, Call, Caller
from tests.real.haproxy import PROXY, SERVER_TIMEOUT_S, HAProxy, Turn, Watcher
from tests.real.harness import Setup, health_changes, level_changes, prometheus_source
from tests.real.processes import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.harness import Found

WORDS = {"UP": "up", "DOWN": "down"}
CLOCK_US = 2_000
"""How finely HAProxy tells times: in milliseconds, some of them of a moment before."""
OUTCOMES = {2: "success", 5: "failure"}


@dataclass(frozen=True)
class Story:
    """What was lived through, and what is known of it."""

    folder: Path
    server: Prometheus
    haproxy: HAProxy
    turns: tuple[Turn, ...]
    calls: tuple[Call, ...]
    stat: dict[str, dict[str, str]]


def suffer(watcher: Watcher, server: Prometheus, backends: dict[str, Backend]) -> None:
    """Refuse, fail, hang, run on the backup, be all gone, and flap between two scrapes."""
    one, two, backup = (backends[name] for name in ("one", "two", "spare"))
    time.sleep(1)
    one.stop()
    watcher.is_seen("one", "DOWN")
    time.sleep(1.2)
    one.start()
    watcher.is_seen("one", "UP")
    two.answer(500)
    watcher.is_seen("two", "DOWN")
    time.sleep(0.7)
    one.hang()
    watcher.is_seen("one", "DOWN")  # from now on the backup serves
    time.sleep(1.5)
    backup.stop()
    watcher.is_seen("BACKEND", "DOWN")
    time.sleep(1.3)
    backup.start()
    watcher.is_seen("BACKEND", "UP")
    time.sleep(1.3)
    two.recover()
    one.recover()
    watcher.is_seen("one", "UP")
    watcher.is_seen("two", "UP")
    time.sleep(1)
    server.wait_for_scrape("haproxy")
    two.stop()  # down and up again before the next scrape, unless the machine is busy
    watcher.is_seen("two", "DOWN")
    two.start()
    watcher.is_seen("two", "UP")
    time.sleep(1)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One HAProxy, two servers and a backup, a client that calls all the time, and a Prometheus."""
    folder = tmp_path_factory.mktemp("haproxy")
    with ExitStack() as stack:
        backends = {name: stack.enter_context(Backend(name)) for name in ("one", "two", "spare")}
        haproxy = HAProxy(folder, tuple(backends.values()))
        stack.enter_context(haproxy.program.running())
        server = Prometheus(folder, {"haproxy": haproxy.metrics_address})
        stack.callback(server.stop)
        server.start()
        watcher = stack.enter_context(Watcher(haproxy))
        server.wait_for_scrape("haproxy")
        server.wait_for_scrape("haproxy")  # the first is stored: what it did not show is counted from there
        with Caller(haproxy.port) as caller:
            suffer(watcher, server, backends)
        stat = haproxy.stat()
        server.wait_for_scrape("haproxy")
        server.wait_for_scrape("haproxy")
        yield Story(folder, server, haproxy, tuple(watcher.turns), tuple(caller.calls), stat)


def log_source(story: Story) -> dict[str, object]:
    """Return the configuration of HAProxy's log as a source."""
    return {
        "name": "haproxy-log",
        "kind": "logs",
        "paths": [str(story.haproxy.log_file)],
        "format": "regex",
        "profile": "haproxy",
        "labels": {"environment": "test"},
    }


@pytest.fixture(scope="module")
def by_metrics(story: Story) -> Setup:
    """What the server alone tells."""
    setup = Setup(story.folder / "metrics", (prometheus_source(story.server, profiles=["haproxy"]),), ())
    assert setup.collect().problems() == ()
    return setup


@pytest.fixture(scope="module")
def by_metrics_and_log(story: Story) -> Setup:
    """What the server and the log tell together."""
    sources = (prometheus_source(story.server, profiles=["haproxy"]), log_source(story))
    setup = Setup(story.folder / "both", sources, ())
    assert setup.collect().problems() == ()
    return setup


def true_turns(story: Story) -> dict[str, list[Turn]]:
    """Return by component what HAProxy's own words were; the backend's own is the empty component."""
    found: dict[str, list[Turn]] = defaultdict(list)
    for turn in story.turns:
        found["" if turn.name == "BACKEND" else turn.name].append(turn)
    return found


def check(true: list[Turn], found: list[Found]) -> None:
    """Fail unless the found moves are the true ones in order, each true time inside its bounds."""
    expected = [(WORDS[turn.from_word], WORDS[turn.to_word]) for turn in true]
    assert [(move.from_state, move.to_state) for move in found] == expected
    for turn, move in zip(true, found, strict=True):
        assert move.holds(turn.low_us, turn.high_us), move.misses(turn.low_us, turn.high_us)


def test_the_story_is_hard_enough(story: Story) -> None:
    """Every server went down at least once, the backend too; clients got errors, and calls were retried elsewhere."""
    turns = Counter((turn.name, turn.to_word) for turn in story.turns)
    assert {name for name, word in turns if word == "DOWN"} == {"one", "two", "spare", "BACKEND"}
    assert min(turns["one", "DOWN"], turns["two", "DOWN"]) >= 2
    assert {call.target for call in story.calls} == {"one", "two", "spare", ""}
    assert {call.status // 100 for call in story.calls} == {2, 5}
    assert sum(int(row["wretr"]) + int(row["wredis"]) for name, row in story.stat.items() if name != "BACKEND") > 0


@pytest.mark.parametrize("component", ["", "one", "two", "spare"])
def test_metrics_alone_bound_every_turn_of_health(story: Story, by_metrics: Setup, component: str) -> None:
    """Each time a server or the backend went down or up is found once, the true time inside its bounds."""
    check(true_turns(story)[component], health_changes(by_metrics, PROXY, component))


@pytest.mark.parametrize("component", ["", "one", "two", "spare"])
def test_with_the_log_every_turn_of_health_is_exact(story: Story, by_metrics_and_log: Setup, component: str) -> None:
    """With the log each has the time of its line, and none is doubled by the metrics."""
    found = health_changes(by_metrics_and_log, PROXY, component)
    check(true_turns(story)[component], found)
    assert [move.latest_us - move.earliest_us for move in found] == [0] * len(found)


def counted(setup: Setup) -> Counter[tuple[str, str]]:
    """Return the requests by target and outcome, as the view has them; a plain sum counts each call once."""
    rows = setup.rows(
        "select coalesce(target, '') as target, outcome, sum(count)::bigint as n from request_counts "
        "where service = $service and count > 0 group by all",
        service=PROXY,
    )
    return Counter({(row["target"], row["outcome"]): row["n"] for row in rows})


def test_requests_are_what_the_client_saw(story: Story, by_metrics: Setup) -> None:
    """Every call once, by outcome and by the server that answered; what HAProxy answered itself has no target."""
    assert counted(by_metrics) == Counter((call.target, OUTCOMES[call.status // 100]) for call in story.calls)


def test_with_the_log_no_call_counts_twice(story: Story, by_metrics_and_log: Setup) -> None:
    """The log tells each call too: by outcome, and by server where a call went well, it is what the client saw."""
    saw = Counter((call.target, OUTCOMES[call.status // 100]) for call in story.calls)
    found = counted(by_metrics_and_log)
    assert {key: count for key, count in found.items() if key[1] == "success"} == {
        key: count for key, count in saw.items() if key[1] == "success"
    }
    failed = {outcome: sum(n for (_, one), n in found.items() if one == outcome) for outcome in ("failure", "timeout")}
    assert sum(failed.values()) == sum(call.status >= 500 for call in story.calls)
    assert failed["timeout"] == sum(call.status == 504 for call in story.calls)


def test_the_log_tells_each_failover(story: Story, by_metrics_and_log: Setup) -> None:
    """Refused, hung, refused: from the start of the first call that one failed to the end of the other's answer.

    A refused call is answered by the other server within the same call. A hung one is failed by HAProxy. Where two
    share the work and one answers 500, the other just goes on.
    """
    rows = by_metrics_and_log.rows("from failovers where service = $service order by served_at", service=PROXY)
    assert [(row["from_target"], row["to_target"], row["trigger"]) for row in rows] == [
        ("one", "two", "health"),
        ("one", "spare", "health"),
        ("two", "one", "health"),
    ]
    hung = next(call for call in story.calls if call.status == 504)
    for row in rows:
        failed_us, served_us = to_us(row["failed_at"]), to_us(row["served_at"])
        good = next(
            call
            for call in story.calls
            if call.target == row["to_target"] and call.status == 200 and call.ended_us >= served_us - CLOCK_US
        )
        bad = hung if row["to_target"] == "spare" else good
        assert good.started_us - CLOCK_US <= served_us <= good.ended_us + CLOCK_US
        assert bad.started_us - CLOCK_US <= failed_us <= bad.ended_us + CLOCK_US
        assert row["duration_high_s"] - row["duration_low_s"] < 0.0011
    assert rows[1]["duration_low_s"] > SERVER_TIMEOUT_S


def test_metrics_alone_invent_no_failover(by_metrics: Setup) -> None:
    """Counters cannot tell where a call was moved to, nor that one hung: rather nothing is said than a wrong thing."""
    assert by_metrics.rows("from failovers") == []


def true_levels(story: Story) -> list[tuple[str, int, int]]:
    """Return each change of level between which instants, from which servers were up."""
    up = {"one": True, "two": True, "spare": True}
    found: list[tuple[str, int, int]] = []
    level = "full"
    for turn in sorted(story.turns, key=lambda turn: turn.high_us):
        if turn.name not in up:
            continue
        up[turn.name] = turn.to_word == "UP"
        now = "full" if up["one"] or up["two"] else "degraded" if up["spare"] else "unavailable"
        if now != level:
            found.append((now, turn.low_us, turn.high_us))
        level = now
    return found


@pytest.mark.parametrize("witness", ["metrics", "metrics and log"])
def test_running_on_the_backup_is_a_level_of_its_own(
    story: Story, by_metrics: Setup, by_metrics_and_log: Setup, witness: str
) -> None:
    """Degraded when only the backup is left, unavailable without it, full again with the first server."""
    found = level_changes(by_metrics if witness == "metrics" else by_metrics_and_log, PROXY)
    true = true_levels(story)
    assert [level for level, _, _ in true] == ["degraded", "unavailable", "degraded", "full"]
    assert [move.to_state for move in found] == [level for level, _, _ in true]
    for (_, low_us, high_us), move in zip(true, found, strict=True):
        assert move.holds(low_us, high_us), move.misses(low_us, high_us)
        assert witness == "metrics" or move.earliest_us == move.latest_us


def test_retries_are_what_haproxy_did(story: Story, by_metrics: Setup) -> None:
    """Attempts by server, on the same one and on another: as the admin socket has them, and the log in sum."""
    rows = by_metrics.rows(
        "select target, unit, sum(count)::bigint as n from retry_counts where service = $service "
        "and count > 0 group by all",
        service=PROXY,
    )
    expected = {
        name: int(row["wretr"]) + int(row["wredis"])
        for name, row in story.stat.items()
        if name != "BACKEND" and int(row["wretr"]) + int(row["wredis"])
    }
    assert {row["target"]: row["n"] for row in rows} == expected
    assert {row["unit"] for row in rows} == {"attempts"}
