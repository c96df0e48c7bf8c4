"""What a profile can say, reading by reading, on samples made for it."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
import pytest

from breakwatch.errors import ConfigError
from breakwatch.model import STATE_WORDS, TrackKind
from collectors import profiles
from collectors.claims import NAME, Claims
from collectors.encode import Encoded, Encoder
from collectors.identity import Resolver
from collectors.samples import Samples
from collectors.targets import Outlook, encode_all, targets_of
from collectors.words import Domain, state_word
from tests.collectors.test_encode import EVER, runs, samples, series, spans, up

HEAD = "name: own\ntitle: Own\norigin: test\nverified: run\nreadings:\n"
HEALTHY = """
  - reads: level_counts
    parts: {healthy: hosts_healthy, total: hosts_total}
    levels:
      - {level: full, part: healthy, of: total, at_least: 1}
      - {level: degraded, part: healthy, above: 0}
      - {level: unavailable}
    labels: {service: cluster}
"""
SERVERS = """
  - reads: level_counts
    any_prefix: true
    parts: {active: active_servers, backup: backup_servers}
    levels: [{level: full, part: active, above: 0}, {level: degraded, part: backup, above: 0}, {level: unavailable}]
"""


def encode(readings: str, all_samples: Samples) -> Encoded:
    """Return what samples come to with a profile of some readings."""
    encoder = Encoder("s", "", Claims([profiles.parse(HEAD + readings, "own.yaml")]), Resolver((), {}))
    targets = targets_of(encoder, all_samples, Outlook(context_us=None))
    return encode_all(encoder, all_samples, targets, int(EVER.min), int(EVER.max))


def detail(readings: str, metric: str, **labels: str) -> dict[str, str]:
    """Return the detail of the one claim on a series, without its text."""
    (claim,) = Claims([profiles.parse(HEAD + readings, "own.yaml")]).of({NAME: metric, **labels})
    return {name: text for name, text in claim.detail if name != "series"}


@pytest.mark.parametrize(
    "word",
    [
        "half_open",
        "half-open",
        "halfOpen",
        "halfopen",
        "HalfOpen",
        "HALF_OPEN",
        "half-opened",
        "OnCircuitHalfOpened",
        "recovering",
        "probation",
        "Half Open",
        "circuit_half_open",
    ],
)
def test_every_spelling_of_half_open_is_one_word(word: str) -> None:
    """Case, separators and the field's synonyms do not matter."""
    assert state_word("breaker", word) == "half_open"


@pytest.mark.parametrize(
    ("domain", "word", "ours"),
    [
        ("breaker", "OPENED", "open"),
        ("breaker", "OnCircuitClosed", "closed"),
        ("breaker", "circuit_open", "open"),
        ("breaker", "forced-open", "forced_open"),
        ("breaker", "melted", ""),
        ("breaker", "up", ""),
        ("health", "MAINT", "maintenance"),
        ("health", "open", ""),
        ("level", "cacheOnly", "cache_only"),
    ],
)
def test_words_belong_to_their_domain(domain: Domain, word: str, ours: str) -> None:
    """A breaker's word is no state of a health signal, and an unknown word is unknown."""
    assert state_word(domain, word) == ours


def test_a_profile_overrides_the_fields_words() -> None:
    """Linkerd's gate is open when traffic is let through: its own map counts, and nothing else does."""
    states = {"open": "closed", "shut": "open"}
    assert state_word("breaker", "Open", states) == "closed"
    assert state_word("breaker", "shut", states) == "open"
    assert state_word("breaker", "closed", states) == ""


def test_a_state_in_the_metrics_name_is_one_hot() -> None:
    """The pattern's group names the state, and the series of a group are one track although their names differ."""
    readings = """
  - reads: breaker_state
    pattern: "cb_(?P<word>[a-z_]+)_flag"
    encoding: one_hot
    state_label: word
    labels: {breaker: id}
"""
    found = encode(
        readings,
        samples(
            series("cb_closed_flag", {0: 1, 1: 0, 2: 0}, id="x"),
            series("cb_opened_flag", {0: 0, 1: 1, 2: 0}, id="x"),
            series("cb_half_opened_flag", {0: 0, 1: 0, 2: 1}, id="x"),
        ),
    )
    words = [STATE_WORDS[int(run.value or 0)] for run in runs(found, TrackKind.BREAKER_STATE)]
    assert words == ["closed", "open", "half_open"]


def levels(found: Encoded) -> list[tuple[float, str]]:
    """Return from which scrape on which level holds."""
    return [(begin, STATE_WORDS[int(value or 0)]) for begin, _, value in spans(runs(found, TrackKind.LEVEL_STATE))]


def test_two_gauges_make_a_level() -> None:
    """All healthy is full, some is degraded, none is unavailable; the runs join where the level does not change."""
    found = encode(
        HEALTHY,
        samples(
            series("hosts_healthy", {0: 3, 1: 3, 2: 2, 3: 1, 4: 0, 5: 4}, cluster="c"),
            series("hosts_total", {0: 3, 1: 3, 2: 3, 3: 3, 4: 3, 5: 4}, cluster="c"),
        ),
    )
    assert levels(found) == [(0, "full"), (2, "degraded"), (4, "unavailable"), (5, "full")]
    (track,) = [track for track in found.tracks if track.kind is TrackKind.LEVEL_STATE]
    assert track.subject.service == "c"


def test_a_level_needs_all_its_numbers() -> None:
    """A scrape that lacks one number, or says NaN or a wrapped one, or shares by nothing at all, says no level."""
    found = encode(
        HEALTHY,
        samples(
            up(range(6)),
            series("hosts_healthy", {0: 3, 1: 3, 2: float("nan"), 3: 2.0**64 - 2, 4: 0, 5: 3}, cluster="c"),
            series("hosts_total", {0: 3, 2: 3, 3: 3, 4: 0, 5: 3}, cluster="c"),
        ),
    )
    assert spans(runs(found, TrackKind.LEVEL_STATE)) == [
        (0, 0, STATE_WORDS.index("full")), (5, 5, STATE_WORDS.index("full"))
    ]  # fmt: skip


def test_backup_servers_alone_are_a_degraded_service_behind_any_prefix() -> None:
    """No active server and some backup is degraded, neither is unavailable; any prefix may stand before."""
    found = encode(
        SERVERS,
        samples(
            series("shop_active_servers", {0: 2, 1: 0, 2: 0}, proxy="p"),
            series("shop_backup_servers", {0: 1, 1: 1, 2: 0}, proxy="p"),
        ),
    )
    assert levels(found) == [(0, "full"), (1, "degraded"), (2, "unavailable")]


def test_one_metrics_label_tells_the_numbers_apart() -> None:
    """Where one metric counts by a label, its values are the numbers; others of its values are left alone."""
    readings = """
  - reads: level_counts
    metric: endpoints
    part_label: how
    parts: {ready: ready, pending: pending}
    levels: [{level: unavailable, part: ready, at_most: 0}, {level: degraded, part: pending, above: 0}, {level: full}]
"""
    found = encode(
        readings,
        samples(
            series("endpoints", {0: 2, 1: 1, 2: 0}, how="ready"),
            series("endpoints", {0: 0, 1: 1, 2: 2}, how="pending"),
            series("endpoints", {0: 9, 1: 9, 2: 9}, how="gone"),
        ),
    )
    assert levels(found) == [(0, "full"), (1, "degraded"), (2, "unavailable")]
    assert found.skipped == 3


def test_a_library_may_say_that_it_does_not_know() -> None:
    """Its own word for not knowing is no state and no error; the series was there."""
    readings = """
  - reads: breaker_state
    metric: cb
    encoding: one_hot
    state_label: status
    unsaid: [unknown]
    labels: {breaker: name}
"""
    found = encode(
        readings,
        samples(
            series("cb", {0: 1, 1: 0, 2: 0}, name="b", status="unknown"),
            series("cb", {0: 0, 1: 1, 2: 0}, name="b", status="half-open"),
            series("cb", {0: 0, 1: 0, 2: 1}, name="b", status="closed"),
        ),
    )
    assert [STATE_WORDS[int(run.value or 0)] for run in runs(found, TrackKind.BREAKER_STATE)] == ["half_open", "closed"]
    assert found.rejected == []


def test_a_level_does_not_depend_on_the_order_of_samples() -> None:
    """The two numbers of many groups may come in any order and twice."""
    given = []
    for cluster in "abc":
        given.append(series("hosts_healthy", {at: (at * 7 + ord(cluster)) % 4 for at in range(20)}, cluster=cluster))
        given.append(series("hosts_total", dict.fromkeys(range(20), 3), cluster=cluster))
    plain = samples(*given)
    places = [*range(len(plain.series)), *range(0, len(plain.series), 3)]
    random.Random(7).shuffle(places)
    shuffled = Samples(plain.labels, plain.series[places], plain.stamps_us[places], plain.values[places])
    one, other = encode(HEALTHY, plain), encode(HEALTHY, shuffled)
    assert one.tracks == other.tracks
    assert len([track for track in one.tracks if track.kind is TrackKind.LEVEL_STATE]) == 3
    for column in ("track", "first_us", "last_us", "value"):
        assert np.array_equal(getattr(one.runs, column), getattr(other.runs, column))


@pytest.mark.parametrize(
    ("readings", "metric", "labels", "said"),
    [
        (
            "  - {reads: transitions, metric: t, to_label: to, from_label: from}",
            "t",
            {"to": "HalfOpen", "from": "OPEN"},
            {"domain": "breaker", "to_state": "half_open", "from_state": "open"},
        ),
        (
            "  - {reads: transitions, metric: t, to_state: closed, each: proof, binary: true}",
            "t",
            {},
            {"domain": "breaker", "to_state": "closed", "each": "proof", "binary": "true"},
        ),
        (
            "  - {reads: retries, metric: r, unit: attempts, first_attempts: included}",
            "r",
            {},
            {"unit": "attempts", "first_attempts": "included"},
        ),
        (
            "  - {reads: experiment, metric: e, signal: running, experiment: name, fault: kind, phase: phase}",
            "e",
            {"name": "x", "kind": "NetworkChaos", "phase": "Injecting"},
            {"signal": "running", "experiment": "x", "fault": "NetworkChaos", "phase": "Injecting"},
        ),
        (
            "  - {reads: experiment, metric: e_total, signal: injected, fault: kind}",
            "e_total",
            {"kind": "latency"},
            {"signal": "injected", "fault": "latency"},
        ),
        (
            "  - {reads: requests, metric: q, any_prefix: true, outcome: success}",
            "my_own_q",
            {},
            {"outcome": "success"},
        ),
        (
            "  - {reads: requests, metric: q, outcome: failure, whole: failed}",
            "q",
            {},
            {"outcome": "failure", "whole": "failed"},
        ),
        (
            "  - {reads: requests, metric: q, outcome: not_permitted, part_of: failed}",
            "q",
            {},
            {"outcome": "not_permitted", "part_of": "failed"},
        ),
    ],
)
def test_readings_say(readings: str, metric: str, labels: Mapping[str, str], said: Mapping[str, str]) -> None:
    """Each kind of reading gives its track the detail that is documented for it."""
    assert detail(readings, metric, **labels) == said


def test_a_prefix_ends_at_a_words_end() -> None:
    """any_prefix asks for a whole word before: ``xcircuit`` is no prefixed ``circuit``."""
    claims = Claims(
        [profiles.parse(HEAD + "  - {reads: requests, metric: q, any_prefix: true, outcome: success}", "x")]
    )
    assert claims.wanted("a_q")
    assert claims.wanted("a:q")
    assert not claims.wanted("aq")
    assert not claims.wanted("q_a")


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        (
            "  - {reads: level_counts, parts: {a: m}, levels: [{level: full, part: b, above: 0}, {level: degraded}]}",
            "parts",
        ),
        ("  - {reads: level_counts, parts: {a: m}, levels: [{level: full, part: a, above: 0}]}", "last rule"),
        ("  - {reads: level_counts, parts: {a: m}, levels: [{level: full}, {level: degraded}]}", "last rule"),
        ("  - {reads: level_counts, parts: {a: m}, levels: [{level: full, part: a}, {level: degraded}]}", "at_least"),
        ("  - {reads: level_counts, parts: {a: m}, levels: [{level: unknown}]}", "no level unknown"),
        ("  - {reads: queue, pattern: 'a', any_prefix: true}", "any_prefix"),
        ("  - {reads: requests, metric: q, outcome: failure, whole: a, part_of: b}", "one of role"),
        ("  - {reads: requests, metric: q, outcome_label: c, outcomes: {a: failure}, whole: a}", "one outcome"),
        ("  - {reads: transitions, metric: t, states: {a: open}, to_state: open}", "to_state or to_label"),
    ],
)
def test_what_makes_no_sense_is_refused(readings: str, said: str) -> None:
    """A reading that contradicts itself is a ConfigError that says how."""
    with pytest.raises(ConfigError, match=said):
        profiles.parse(HEAD + readings, "own.yaml")
