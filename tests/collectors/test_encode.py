from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwatch.clock import SECOND_US
from breakwatch.model import STATE_WORDS, TrackKind
from collectors import profiles
from collectors.claims import NAME, Claims
from collectors.encode import Encoded, Encoder
from collectors.identity import Resolver
from collectors.samples import Samples
from collectors.scrapes import ScrapeTarget
from collectors.targets import Outlook, encode_all, targets_of
from tests.collectors.union import Run, runs_of

T0 = 1_795_174_430_000_000
WHO = {"job": "j", "instance": "i"}
EVER = np.iinfo(np.int64)
Series = tuple[Mapping[str, str], Sequence[tuple[int, float]]]


def at(number: float) -> int:
    """Return the stamp of a scrape, every 15 s."""
    return T0 + round(15 * number * SECOND_US)


def series(metric: str, rows: Mapping[float, float] | Mapping[int, float], **labels: str) -> Series:
    """Return a series of the one target; rows are scrape number → value."""
    return {NAME: metric, **WHO, **labels}, [(at(number), value) for number, value in rows.items()]


def up(numbers: Sequence[float], failed: Sequence[float] = ()) -> Series:
    """Return the target's ``up`` at some scrapes."""
    return series("up", {number: float(number not in failed) for number in numbers})


def samples(*given_series: Series) -> Samples:
    """Return series as columns."""
    flat = [(number, *row) for number, (_, rows) in enumerate(given_series) for row in rows]
    return Samples(
        [labels for labels, _ in given_series],
        np.array([row[0] for row in flat], np.int32),
        np.array([row[1] for row in flat], np.int64),
        np.array([row[2] for row in flat], np.float64),
    )


def encode(all_samples: Samples, *wanted: str) -> Encoded:
    """Return what samples come to, with the named profiles or all."""
    encoder = Encoder("s", "", Claims(profiles.load(wanted)), Resolver((), {}))
    targets = targets_of(encoder, all_samples, Outlook(context_us=None))
    return encode_all(encoder, all_samples, targets, int(EVER.min), int(EVER.max))


def runs(encoded: Encoded, kind: TrackKind) -> list[Run]:
    """Return the runs of the one track of a kind."""
    (number,) = [index for index, track in enumerate(encoded.tracks) if track.kind is kind]
    return runs_of(number, encoded.runs)


def spans(found: Sequence[Run]) -> list[tuple[float, float, float | None]]:
    """Return runs as (first scrape, last scrape, value)."""
    return [((run.first_us - T0) / SECOND_US / 15, (run.last_us - T0) / SECOND_US / 15, run.value) for run in found]


def one_hot(present: Mapping[float, str] | Mapping[int, str], *more: Series) -> Samples:
    """Return a breaker's one-hot group that is in some state at each scrape (a word of no state: in none)."""
    states = ("closed", "open", "half_open")
    group = [
        series(
            "breakwatch_breaker_state",
            {number: float(state == now) for number, now in present.items()},
            breaker="b",
            state=state,
        )
        for state in states
    ]
    return samples(*group, *more)


OPEN, CLOSED, HALF_OPEN = (float(STATE_WORDS.index(word)) for word in ("open", "closed", "half_open"))


def test_a_group_becomes_one_state() -> None:
    """The one series that is 1 says the state; equal neighbours are one run."""
    found = encode(one_hot({0: "closed", 1: "closed", 2: "open", 3: "half_open", 4: "closed"}))
    assert spans(runs(found, TrackKind.BREAKER_STATE)) == [
        (0, 1, CLOSED), (2, 2, OPEN), (3, 3, HALF_OPEN), (4, 4, CLOSED)
    ]  # fmt: skip


def test_no_state_and_two_states_are_refused() -> None:
    """Where none or two of a group are 1 there is no state, and that is said once each, with when and how often."""
    extra = series("breakwatch_breaker_state", {3: 1.0}, breaker="b", state="disabled")
    found = encode(one_hot({0: "closed", 1: "?", 2: "?", 3: "open", 4: "closed"}, extra))
    assert spans(runs(found, TrackKind.BREAKER_STATE)) == [(0, 0, CLOSED), (4, 4, CLOSED)]
    assert sorted((one.reason, one.content.partition(",")[0]) for one in found.rejected) == [
        ("more than one state of the group is 1", "1 samples"),
        ("no state of the group is 1", "2 samples"),
    ]


def test_a_word_nobody_knows_is_refused() -> None:
    """A present state the profile has no word for is no state of ours."""
    extra = series("breakwatch_breaker_state", {2: 1.0}, breaker="b", state="melted")
    found = encode(one_hot({0: "closed", 1: "closed", 2: "?"}, extra))
    assert spans(runs(found, TrackKind.BREAKER_STATE)) == [(0, 1, CLOSED)]
    assert [one.reason for one in found.rejected] == ["the present state is a word the profile does not know"]


def test_unknown_codes_are_refused_once() -> None:
    """A number without a meaning is refused once, however often it comes, and the others are read."""
    found = encode(samples(series("haproxy_server_status", {0: 1, 1: 9, 2: 9, 3: 0}, proxy="p", server="s")))
    assert [STATE_WORDS[int(run.value or 0)] for run in runs(found, TrackKind.HEALTH_STATE)] == ["up", "down"]
    assert [one.reason for one in found.rejected] == ["no state has the code 9"]


def test_nan_wrapped_and_infinite_numbers_are_unseen() -> None:
    """A gauge that is NaN, infinite or a wrapped unsigned number says nothing, which is not 0."""
    rows = {0: 3.0, 1: math.nan, 2: 18446744073709551614.0, 3: math.inf, 4: 3.0}
    found = encode(samples(series("queue_depth", rows, queue="q", kind="main"), up([0, 1, 2, 3, 4])))
    assert [value for _, _, value in spans(runs(found, TrackKind.QUEUE))] == [3.0, 3.0]


def test_a_counter_born_later_is_marked_absent_before() -> None:
    """A series that appears while its target is seen has the scrape before marked; one there from the start not."""
    found = encode(
        samples(
            up([0, 1, 2, 3]),
            series("circuit", {2: 1, 3: 1}, name="b", event="open"),
        )
    )
    assert spans(runs(found, TrackKind.TRANSITIONS)) == [(1, 1, None), (2, 3, 1)]
    found = encode(samples(up([0, 1, 2]), series("circuit", {0: 1, 1: 1, 2: 2}, name="b", event="open")))
    assert spans(runs(found, TrackKind.TRANSITIONS)) == [(0, 1, 1), (2, 2, 2)]


def test_a_failed_scrape_is_no_proof_of_absence() -> None:
    """Where the scrape before failed nothing is known of the series: no mark."""
    found = encode(samples(up([0, 1, 2, 3], failed=[1]), series("circuit", {2: 1, 3: 1}, name="b", event="open")))
    assert spans(runs(found, TrackKind.TRANSITIONS)) == [(2, 3, 1)]


def test_a_gauge_is_never_marked_absent() -> None:
    """Only counters need to know whether they were there before."""
    found = encode(samples(up([0, 1, 2]), series("sessions_alive", {1: 5, 2: 5}, kind="session")))
    assert spans(runs(found, TrackKind.SESSIONS)) == [(1, 2, 5)]


def test_runs_break_at_gaps() -> None:
    """One missed scrape is no gap; more than 2.5 intervals without one is, for the target and all it carries."""
    numbers = [0, 1, 2, 3, 5, 6, 7, 8, 11, 12, 13]
    found = encode(samples(up(numbers), series("sessions_alive", dict.fromkeys(numbers, 5.0), kind="session")))
    assert spans(runs(found, TrackKind.SCRAPE)) == [(0, 8, 1), (11, 13, 1)]
    assert spans(runs(found, TrackKind.SESSIONS)) == [(0, 8, 5), (11, 13, 5)]


def test_a_slower_rhythm_is_no_gap() -> None:
    """Where the interval grows for good, the first long distance is judged by the ones that follow."""
    numbers = [0, 1, 2, 3, 7, 11, 15, 19]
    found = encode(samples(up(numbers), series("sessions_alive", dict.fromkeys(numbers, 5.0), kind="session")))
    assert spans(runs(found, TrackKind.SCRAPE)) == [(0, 19, 1)]


def test_read_times_are_measured_where_they_can_be() -> None:
    """The duration of that very scrape bounds when a value was read; without it a tenth of the interval, marked."""
    durations = series("scrape_duration_seconds", {0: 0.2, 2: 0.7})
    gauge = series("sessions_alive", {0: 1, 1: 2, 2: 3}, kind="session")
    found = encode(samples(up([0, 1, 2]), durations, gauge))
    (number,) = [index for index, track in enumerate(found.tracks) if track.kind is TrackKind.SESSIONS]
    mine = found.runs.track == number
    assert found.runs.read_s[mine].tolist() == [0.2, 1.5, 0.7]
    assert found.runs.assumed[mine].tolist() == [False, True, False]


def test_twins_are_one_series() -> None:
    """Answers that differ only in the replica's name are one track."""
    first = series("sessions_alive", {0: 5, 1: 5}, kind="session", prometheus_replica="a")
    second = series("sessions_alive", {0.5: 5, 1.5: 6}, kind="session", prometheus_replica="b")
    found = encode(samples(first, second))
    assert spans(runs(found, TrackKind.SESSIONS)) == [(0, 1, 5), (1.5, 1.5, 6)]


def test_counters_that_differ_in_any_label_stay_apart() -> None:
    """Two series of one meaning are two tracks: a sum of counters could not be told from a restart."""
    first = series("haproxy_backend_http_responses_total", {0: 5}, proxy="p", code="2xx")
    second = series("haproxy_backend_http_responses_total", {0: 5}, proxy="p", code="3xx")
    found = encode(samples(first, second))
    tracks = [track for track in found.tracks if track.kind is TrackKind.REQUESTS]
    assert [dict(track.detail)["outcome"] for track in tracks] == ["success", "success"]
    assert tracks[0].track_id != tracks[1].track_id


def test_targets_nobody_wants_are_left_out() -> None:
    """The scrapes of a target that carries nothing of ours are not our business."""
    other = ({NAME: "up", "job": "x", "instance": "x"}, [(at(0), 1.0)])
    found = encode(samples(up([0]), series("sessions_alive", {0: 5}, kind="session"), other))
    assert {track.scrape_target for track in found.tracks} == {"j/i"}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_order_and_repetition_do_not_matter(seed: int) -> None:
    """The same samples in any order, some of them twice, come to the same runs."""
    chance = random.Random(seed)
    present = {
        number: chance.choice(["closed", "open", "half_open", "?"]) for number in range(30) if chance.random() < 0.9
    }
    counter = series("circuit", {number: float(number // 4) for number in range(9, 30)}, name="b", event="open")
    plain = one_hot(present, counter, up(range(30)))
    places = [*range(len(plain.series)), *(chance.randrange(len(plain.series)) for _ in range(20))]
    chance.shuffle(places)
    shuffled = Samples(plain.labels, plain.series[places], plain.stamps_us[places], plain.values[places])
    one, other = encode(plain), encode(shuffled)
    assert one.tracks == other.tracks
    for name in ("track", "first_us", "last_us", "value", "read_s", "assumed"):
        assert np.array_equal(getattr(one.runs, name), getattr(other.runs, name), equal_nan=name == "value"), name


@pytest.mark.parametrize(("neighbours", "median"), [([15], 15), ([10, 20], 15), ([1, 2, 90], 2)])
def test_the_local_interval_is_the_median_of_its_neighbours(neighbours: list[int], median: float) -> None:
    """Up to nine distances count, and a single odd one does not."""
    stamps = T0 + np.cumsum([0, *neighbours]) * SECOND_US
    ones = np.ones(len(stamps))
    target = ScrapeTarget("t", stamps, ones, ones, context_us=None)
    assert target.before_us[-1] == median * SECOND_US
    assert target.after_us[0] == median * SECOND_US
