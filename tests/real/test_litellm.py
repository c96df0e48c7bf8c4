"""The proof with LiteLLM: a real proxy whose deployments fail, cool down and come back, against what truly happened.

The recording of one such run is judged with every change, a run of its own every night.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import to_us
from tests.real import litellm_proxy
from tests.real.harness import Setup, prometheus_source
from tests.real.judging import check_edges, check_incidents
from tests.real.litellm_proxy import GROUP_OF, JOB
from tests.real.recordings import replay
from tests.real.truth import CLOSED, OPEN, Edge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNTED_LATE_US = 250_000
"""The proxy counts after it has answered."""


@dataclass(frozen=True)
class Call:
    """What became of one call of the client."""

    begun_us: int
    ended_us: int
    status: int
    by: str


class Truth:
    """What the endpoints were asked and what the client got."""

    def __init__(self, path: Path) -> None:
        records = [json.loads(line) for line in path.read_text().splitlines()]
        self.calls = [
            Call(one["begun_us"], one["ended_us"], one["status"], one["by"])
            for one in records
            if one["event"] == "call"
        ]
        self.asked = sorted(
            (one["at_us"], one["deployment"], one["mode"]) for one in records if one["event"] == "asked"
        )

    def edges(self, deployment: str) -> list[Edge]:
        """Return when the deployment was cooled down (each failure does it) and when it next answered well."""
        edges: list[Edge] = []
        state = CLOSED
        for at_us, name, mode in self.asked:
            to_state = CLOSED if mode == "ok" else OPEN
            if name == deployment and (state, to_state) != (CLOSED, CLOSED):
                ended_us = next(call.ended_us for call in self.calls if call.begun_us <= at_us <= call.ended_us)
                edges.append(Edge(deployment, state, to_state, at_us, ended_us + COUNTED_LATE_US, 0))
                state = to_state
        return edges


@dataclass(frozen=True)
class Judged:
    """A story, and what was made of it."""

    truth: Truth
    setup: Setup


@pytest.fixture(scope="module", params=["recorded", pytest.param("live", marks=pytest.mark.nightly)])
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """The metrics and the log of a proxy, collected twice through the ordinary path."""
    folder = tmp_path_factory.mktemp("litellm")
    story = replay("litellm", folder) if request.param == "recorded" else litellm_proxy.live(folder)
    with story as lived:
        log = {
            "name": "log",
            "kind": "logs",
            "paths": [str(folder / "litellm.log")],
            "format": "json",
            "profile": "litellm-proxy",
            "labels": {"environment": "test", "job": JOB},
        }
        setup = Setup(folder / "store", (prometheus_source(lived.server, profiles=["litellm-proxy"]), log), (JOB,))
        for _ in range(2):
            assert setup.collect().problems() == ()
        yield Judged(Truth(folder / "truth.jsonl"), setup)


def sums(judged: Judged, query: str) -> Counter[tuple[str, ...]]:
    """Return the counts that a query yields as its last column, by the columns before it."""
    return Counter({tuple(values[:-1]): values[-1] for row in judged.setup.rows(query) if (values := [*row.values()])})


def test_the_story_is_hard_enough(judged: Judged) -> None:
    """Cooled down once, again and again, by a timeout, all at once; calls answered by the spare, and calls refused."""
    again = [edge for name in GROUP_OF for edge in judged.truth.edges(name) if edge.move == (OPEN, OPEN)]
    assert len(again) >= 3
    assert {mode for _, _, mode in judged.truth.asked} == {"ok", "500", "503", "429", "hang"}
    assert sum(call.by == "spare-c" for call in judged.truth.calls) >= 20
    assert sum(call.status == 429 for call in judged.truth.calls) >= 5


@pytest.mark.parametrize("deployment", GROUP_OF)
def test_cooldowns_and_recoveries_are_found_within_bounds(judged: Judged, deployment: str) -> None:
    """Each cooldown and each first good answer after one, its true time inside the bounds, and no other."""
    true = judged.truth.edges(deployment)
    check_edges(true, judged.setup.transitions(JOB)[deployment])
    check_incidents(true, judged.setup.incidents(JOB)[deployment])


def test_the_stuck_two_is_no_outage(judged: Judged) -> None:
    """Its own gauge says 2 for both chat deployments until the end, though they have long answered again: closed."""
    states = {row["breaker"]: row["state"] for row in judged.setup.rows("from breaker_states")}
    assert states == {"chat-a": "closed", "chat-b": "closed", "spare-c": "open"}
    open_since = judged.setup.rows("select breaker from breaker_incidents where status = 'ongoing'")
    assert [row["breaker"] for row in open_since] == ["spare-c"]  # not called since, so nothing shows that it is back


def test_cooling_down_twice_is_no_unlawful_move(judged: Judged) -> None:
    """A deployment that fails its first call after a cooldown opens again; nothing about that is odd."""
    assert judged.setup.rows("from findings") == []


def test_calls_are_counted_as_the_client_saw_them(judged: Judged) -> None:
    """By outcome, to the integer; a call that no deployment was left for was not permitted, whatever status it got."""
    refused = Counter(call.status for call in judged.truth.calls if not call.by)
    good = Counter(GROUP_OF[call.by] for call in judged.truth.calls if call.by)
    found = sums(
        judged, "select operation, outcome, sum(count)::bigint as n from request_counts group by all order by all"
    )
    assert {key: n for key, n in found.items() if key[1] == "success"} == {
        (group, "success"): n for group, n in good.items()
    }
    assert found["chat", "rate_limited"] + found["chat", "not_permitted"] == refused[429]
    assert found["chat", "not_permitted"] > found["chat", "rate_limited"] > 0
    assert sum(found.values()) == len(judged.truth.calls)


def test_fallbacks_are_counted_beside_the_calls(judged: Judged) -> None:
    """Each call that the spare answered was a fallback; each that failed had tried one in vain."""
    found = sums(
        judged,
        "select outcome, sum(count)::bigint as n from request_counts_besides"
        " where operation = 'chat' and target = 'spare' group by all",
    )
    answered = Counter(call.by == "spare-c" for call in judged.truth.calls)
    failed = sum(call.status != 200 for call in judged.truth.calls)
    assert found == Counter({("fallback",): answered[True], ("failure",): failed})


def test_a_group_last_served_when_it_last_answered(judged: Judged) -> None:
    """Both groups that chat was answered by, the spare by its fallbacks: within the scrape that showed it."""
    rows = judged.setup.rows("from targets where operation = 'chat'")
    served_us = {row["target"]: to_us(row["last_served_at"]) for row in rows}
    for group in ("chat", "spare"):
        last_us = max(call.ended_us for call in judged.truth.calls if call.by and GROUP_OF[call.by] == group)
        assert 0 <= served_us[group] - last_us <= 1_100_000 + COUNTED_LATE_US


def test_deployments_answers_are_attempts_beside_the_calls(judged: Judged) -> None:
    """What each deployment answered well, to the integer."""
    found = sums(
        judged,
        "select breaker, sum(count)::bigint as n from request_counts_besides"
        " where outcome = 'success' and breaker is not null group by all",
    )
    assert found == Counter({(call.by,): 0 for call in judged.truth.calls if call.by}) + Counter(
        (call.by,) for call in judged.truth.calls if call.by
    )


def test_an_announced_fallback_is_no_failover(judged: Judged) -> None:
    """The log announces fallbacks that then fail: none of its lines becomes a failover."""
    assert judged.setup.rows("from failovers where list_contains(sources, 'log')") == []
    assert judged.setup.rows("from rejected_inputs") == []
