from __future__ import annotations

from pathlib import Path

import pytest

from breakwatch.clock import fixed_clock
from breakwatch.config import Config, OpenMetricsSource
from breakwatch.errors import ConfigError
from breakwatch.model import STATE_WORDS, Batch, TrackKind, Window
from collectors import profiles
from collectors.claims import Claims
from collectors.openmetrics import OpenMetricsCollector
from collectors.openmetrics_text import TextReader

GOLDEN = Path(__file__).parents[1] / "golden" / "profiles"
CAPTURES = GOLDEN.parent / "captures"
WITH_READINGS = [name for name, profile in profiles.shipped().items() if profile.readings]
NOW = fixed_clock(1_795_174_500_000_000)


def read(path: Path, *wanted: str) -> Batch:
    """Return what one file comes to."""
    source = OpenMetricsSource(name="file", paths=(path,), profiles=wanted)
    (batch,) = OpenMetricsCollector(source, Config(), NOW).collect(Window(None, NOW()), {})
    return batch


def values(batch: Batch, kind: TrackKind) -> dict[tuple[str, ...], float]:
    """Return the first value of each track of a kind, by service, breaker or component, and detail without series."""
    found = {}
    for number, track in enumerate(batch.tracks):
        if track.kind is kind:
            detail = tuple(text for name, text in track.detail if name != "series")
            subject = track.subject
            key = (subject.service, subject.breaker or subject.component or subject.operation, *detail)
            found[key] = float(batch.runs.value[batch.runs.track == number][0])
    return found


@pytest.mark.parametrize("name", WITH_READINGS)
def test_every_reading_meets_its_exposition(name: str) -> None:
    """Each shipped profile has an exposition, and each of its readings claims a series of it."""
    reader = TextReader(lambda _metric: True)
    for _block, bad in reader.blocks(GOLDEN / f"{name}.om"):
        assert bad == []
    for reading in profiles.shipped()[name].readings:
        alone = profiles.shipped()[name].model_copy(update={"readings": (reading,)})
        claims = Claims([alone])
        claimed = [claim for labels in reader.labels for claim in claims.of(labels) if claim.profile == name]
        assert claimed, f"{name}: nothing is read by {reading.metric or reading.pattern}"


@pytest.mark.parametrize("name", WITH_READINGS)
def test_expositions_are_understood(name: str) -> None:
    """Nothing of a profile's exposition is refused, but the number that generic cannot know."""
    batch = read(GOLDEN / f"{name}.om", name)
    refused = [one.reason for one in batch.rejected]
    if name == "generic":
        assert len(refused) == 1
        assert "generic-open-is-1" in refused[0]
    else:
        assert refused == []
    assert {track.profile for track in batch.tracks} <= {name, "target", ""}


def test_every_golden_exposition_has_its_profile() -> None:
    """No exposition is left over from a profile that is gone."""
    assert {path.stem for path in GOLDEN.glob("*.om")} == set(WITH_READINGS)


def test_resilience4j_says_state_calls_and_retries() -> None:
    """States, outcomes and retried calls of resilience4j come out in our words."""
    batch = read(GOLDEN / "resilience4j.om", "resilience4j")
    assert values(batch, TrackKind.BREAKER_STATE) == {("checkout", "payments"): STATE_WORDS.index("closed")}
    assert values(batch, TrackKind.REQUESTS) == {
        ("checkout", "payments", "success"): 12,
        ("checkout", "payments", "failure"): 3,
        ("checkout", "payments", "client_error"): 1,
        ("checkout", "payments", "not_permitted"): 4,
        ("checkout", "quote", "timeout", "besides"): 2,
    }
    assert values(batch, TrackKind.RETRIES) == {
        ("checkout", "quote", "success", "calls"): 7,
        ("checkout", "quote", "failure", "calls"): 1,
    }
    bounds = {dict(track.detail).get("upper_bound_s") for track in batch.tracks if track.kind is TrackKind.LATENCY}
    assert bounds == {"0.1", "inf"}


def test_haproxy_versions_are_told_apart() -> None:
    """One metric name, two encodings: with the label state it is one-hot, without it a number."""
    new = values(read(GOLDEN / "haproxy.om"), TrackKind.HEALTH_STATE)
    old = values(read(GOLDEN / "haproxy-2.0.om"), TrackKind.HEALTH_STATE)
    assert new[("be_app", "primary")] == STATE_WORDS.index("down")
    assert old == {
        ("be_app", "primary"): STATE_WORDS.index("down"),
        ("be_app", "standby"): STATE_WORDS.index("draining"),
        ("be_app", ""): STATE_WORDS.index("up"),
    }


@pytest.mark.parametrize(("name", "word"), [("generic-open-is-1", "open"), ("generic-open-is-2", "half_open")])
def test_a_number_means_what_the_named_profile_says(name: str, word: str) -> None:
    """The same 1 is open or half_open, by the profile that was named."""
    batch = read(GOLDEN / f"{name}.om", name)
    states = [
        STATE_WORDS[int(batch.runs.value[batch.runs.track == number][0])]
        for number, track in enumerate(batch.tracks)
        if track.kind is TrackKind.BREAKER_STATE and track.subject.instance == "a:1"
    ]
    assert states == [word]


def test_guesses_are_not_looked_for_unasked() -> None:
    """Profiles that would be a guess are only used when named, and the generic one comes last."""
    chosen = [profile.name for profile in profiles.load([])]
    assert "generic-open-is-1" not in chosen
    assert chosen[-1] == "generic"


def test_each_profile_stands_in_a_file_of_its_name() -> None:
    """A profile is found by its file's name, so that asking for one reads one file."""
    assert {name: profile.name for name, profile in profiles.shipped().items()} == {
        name: name for name in profiles.names()
    }


def test_unknown_names_are_answered_with_the_nearest() -> None:
    """A misspelt profile is a ConfigError that names the right one."""
    with pytest.raises(ConfigError) as caught:
        profiles.load(["resilience4"])
    assert "resilience4j" in caught.value.remedy


def test_a_profile_is_one_data_file(tmp_path: Path) -> None:
    """A profile of the user's own is named by its path and reads metrics nobody here has heard of."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "name: own\ntitle: Own\norigin: test\nverified: run\nreadings:\n"
        "  - {reads: breaker_state, metric: cb, encoding: coded, codes: {7: open, 8: closed}, labels: {breaker: id}}\n"
    )
    page = tmp_path / "page.om"
    page.write_text('cb{id="x",job="j"} 7 1795174430\ncb{id="x",job="j"} 9 1795174445\n')
    batch = read(page, str(own))
    assert values(batch, TrackKind.BREAKER_STATE) == {("j", "x"): STATE_WORDS.index("open")}
    assert [one.reason for one in batch.rejected] == ["no state has the code 9"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\ntitle: t\norigin: o\nverified: run\nreadings: [{reads: queue}]", "one of metric and pattern"),
        (
            (
                "name: x\ntitle: t\norigin: o\nverified: run\n"
                "readings: [{reads: transitions, metric: m, to_state: opened}]"
            ),
            "is mapped to 'opened'",
        ),
        (
            (
                "name: x\ntitle: t\norigin: o\nverified: run\n"
                "readings: [{reads: requests, pattern: '(?=a)', outcome: success}]"
            ),
            "not an RE2 pattern",
        ),
        ("name: x\n  title: [", "not YAML"),
        ("name: x\ntitle: t\norigin: o\nverified: run\nredings: []", "unknown key"),
    ],
)
def test_wrong_profiles_are_refused(text: str, said: str) -> None:
    """A file that is no profile is a ConfigError that says where and why."""
    with pytest.raises(ConfigError) as caught:
        profiles.parse(text, "own.yaml")
    assert "own.yaml" in caught.value.problem
    assert said in caught.value.problem


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.prom")), ids=lambda path: path.name)
def test_real_pages_without_times_do_not_crash(path: Path) -> None:
    """A page of a real exporter has no times: every wanted sample is refused with its line, nothing else happens."""
    batch = read(path)
    assert {one.reason for one in batch.rejected} <= {"the sample has no time"}
    assert len(batch.runs) == 0
    stamped = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert len(batch.rejected) + batch.skipped == len(stamped)


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.prom")), ids=lambda path: path.name)
def test_real_pages_with_times_are_read(path: Path, tmp_path: Path) -> None:
    """The same page with times is understood in full, unset and wrapped numbers included."""
    stamped = tmp_path / path.name
    lines = [f"{line} 1795174430.779" for line in path.read_text().splitlines() if line and not line.startswith("#")]
    stamped.write_text("\n".join(lines))
    batch = read(stamped)
    assert batch.rejected == []
    assert batch.tracks
