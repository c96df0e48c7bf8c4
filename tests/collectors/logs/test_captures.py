"""The logs of a real run: what they say is found exactly, everything else is counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from breakwatch.clock import from_us
from breakwatch.model import Sighting, SightingKind, TrackKind
from tests.collectors.logs.following import at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.collectors.logs.conftest import Follow

CAPTURES = Path(__file__).parents[2] / "golden" / "captures"


def of_kind(sightings: Iterable[Sighting], kind: SightingKind) -> list[Sighting]:
    """Return those of one kind, in order."""
    return [one for one in sightings if one.kind == kind]


def told(sightings: Iterable[Sighting]) -> list[tuple[str, str, str, str]]:
    """Return time of day, service, breaker or component, and state."""
    return [
        (
            from_us(one.occurred_us).strftime("%H:%M:%S.%f"),
            one.subject.service,
            one.subject.breaker or one.subject.component,
            one.to_state,
        )
        for one in sightings
    ]


def test_opossum_tells_its_nine_transitions(follow: Follow) -> None:
    """Each event is a transition at its own millisecond; a failed probe opens again."""
    follower = follow(
        CAPTURES / "opossum_events.jsonl",
        profile="opossum",
        labels={"environment": "capture", "service": "payments-client"},
    )
    ledger = follower.read()
    states = ["open", "half_open", "open", "half_open", "open", "half_open", "open", "half_open", "closed"]
    times = [
        "32:56.305",
        "33:01.305",
        "33:01.318",
        "33:06.318",
        "33:06.332",
        "33:11.332",
        "33:11.344",
        "33:16.344",
        "33:16.358",
    ]
    assert told(ledger.sightings.values()) == [
        (f"11:{time}000", "payments-client", "payments", state) for time, state in zip(times, states, strict=True)
    ]
    assert {one.subject.environment for one in ledger.sightings.values()} == {"capture"}
    assert ([batch.skipped for batch in ledger.batches], ledger.rejected) == ([0], {})


def test_haproxy_tells_when_servers_and_backend_went_and_came(follow: Follow) -> None:
    """Both servers and the backend, to the microsecond of the log; nothing is refused."""
    ledger = follow(CAPTURES / "haproxy.log", profile="haproxy", format="regex").read()
    assert told(of_kind(ledger.sightings.values(), SightingKind.HEALTH_CHANGE)) == [
        ("11:32:52.548428", "be_app", "primary", "down"),
        ("11:33:03.076321", "be_app", "standby", "down"),
        ("11:33:03.076353", "be_app", "", "down"),
        ("11:33:12.571247", "be_app", "primary", "up"),
        ("11:33:12.571247", "be_app", "", "up"),
        ("11:33:28.109502", "be_app", "standby", "up"),
    ]
    (batch,) = ledger.batches
    assert (batch.lines, batch.skipped, ledger.rejected) == (606, 0, {})


def test_haproxy_tells_each_call_and_the_level(follow: Follow) -> None:
    """601 calls, two of them tried elsewhere first; on the standby it is degraded, without it unavailable."""
    ledger = follow(CAPTURES / "haproxy.log", profile="haproxy", format="regex").read()
    calls = of_kind(ledger.sightings.values(), SightingKind.REQUEST)
    outcomes = Counter((one.subject.target, dict(one.detail)["outcome"]) for one in calls)
    assert outcomes == {
        ("primary", "success"): 426,
        ("standby", "success"): 86,
        ("standby", "failure"): 1,
        ("", "failure"): 88,
    }
    moved = [(one.subject.target, dict(one.detail)["duration_s"]) for one in calls if "moved" in dict(one.detail)]
    assert moved == [("standby", "1.504"), ("", "1.001")]
    levels = of_kind(ledger.sightings.values(), SightingKind.LEVEL_CHANGE)
    assert [(time, level) for time, _, _, level in told(levels)] == [
        ("11:32:52.548428", "degraded"),
        ("11:33:03.076353", "unavailable"),
        ("11:33:12.571247", "full"),
        ("11:33:28.109502", "full"),  # the standby is back too
    ]


def test_a_log_of_other_things_is_only_counted(follow: Follow) -> None:
    """Lines that are none of the profile's are skipped, not rejected."""
    ledger = follow(CAPTURES / "envoy_outlier.jsonl").read()
    (batch,) = ledger.batches
    assert (batch.lines, batch.skipped, len(ledger.sightings), len(ledger.rejected)) == (2, 2, 0, 0)


def test_the_log_is_known_from_its_first_event_on(follow: Follow) -> None:
    """Presence reaches from the first event to where the clock stood when all was read."""
    follower = follow(CAPTURES / "opossum_events.jsonl", profile="opossum")
    (batch,) = follower.read().batches
    (track,) = batch.tracks
    assert (track.kind, track.scrape_target) == (TrackKind.SCRAPE, "log:app")
    assert (batch.runs.first_us[0], batch.runs.last_us[0]) == (at("2026-11-20T11:32:56.305Z"), follower.now_us)
