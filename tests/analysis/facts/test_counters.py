"""Counts from counters: what each kind of neighbouring samples adds, and to which minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import SECOND_US, from_us
from breakwatch.model import TrackKind
from tests.analysis.facts.evidence import (
    START_US,
    Evidence,
    Samples,
    absent,
    at,
    refresh,
    refreshed,
    requests,
    table,
    total,
    track,
)

if TYPE_CHECKING:
    from store import Store


def samples(*pairs: tuple[float, float]) -> Samples:
    """Return samples by seconds of the story."""
    return [(at(seconds), value) for seconds, value in pairs]


def test_a_rise_counts_the_difference_in_the_minute_of_the_later_sample(store: Store) -> None:
    """10 at 50 s, 13 at 65 s: three requests, in the second minute."""
    evidence = Evidence()
    evidence.add(requests(), samples((50, 10), (65, 13)))
    refreshed(store, evidence.batch())
    (row,) = store.rows("from request_counts")
    assert (row["count"], row["bucket_s"], row["bucket_start"]) == (3, 60.0, from_us(START_US + 60_000_000))
    assert (row["environment"], row["service"], row["instance"], row["outcome"]) == ("prod", "shop", "a", "success")


def test_the_first_value_ever_seen_counts_nothing(store: Store) -> None:
    """Nobody knows when those requests were: history before the first scrape is no news."""
    evidence = Evidence()
    evidence.add(requests(), samples((0, 57), (15, 57)))
    refreshed(store, evidence.batch())
    assert store.rows("from request_counts") == []


def test_a_fall_counts_the_new_value(store: Store) -> None:
    """562, then 5: the counter began anew and counted five."""
    evidence = Evidence()
    evidence.add(requests(), samples((0, 560), (15, 562), (30, 5)))
    refreshed(store, evidence.batch())
    assert total(store) == 7


def test_a_series_born_between_two_scrapes_counts_whole(store: Store) -> None:
    """The target was seen without the series, then with it at 3: three requests since."""
    evidence = Evidence()
    evidence.add(requests("failure"), [*absent(at(0)), *samples((15, 3), (30, 4))])
    refreshed(store, evidence.batch())
    assert total(store) == 4


def test_a_series_that_comes_back_without_a_restart_counts_the_difference(store: Store) -> None:
    """Missing for a scrape, then higher: the same counter went on."""
    evidence = Evidence()
    evidence.add(requests(), [*samples((0, 10)), *absent(at(15)), *samples((30, 12))])
    refreshed(store, evidence.batch())
    assert total(store) == 2


def test_a_restarted_process_counts_in_full_even_where_the_counter_is_higher(store: Store) -> None:
    """10 before, 12 after, but another process: twelve requests, not two."""
    evidence = Evidence()
    evidence.add(requests(), samples((0, 10), (15, 12)))
    evidence.add(track(TrackKind.PROCESS_START), samples((0, 1_790_000_000), (15, 1_790_000_050)))
    refreshed(store, evidence.batch())
    assert total(store) == 12


def test_a_counter_that_is_equal_before_and_after_a_restart_counts_in_full(store: Store) -> None:
    """5 before and 5 after look like one run; the start time says that five new ones were counted."""
    evidence = Evidence()
    evidence.add(requests(), samples((0, 5), (15, 5), (30, 5), (45, 5)))
    evidence.add(track(TrackKind.PROCESS_START), samples((0, 100), (15, 100), (30, 900), (45, 900)))
    refreshed(store, evidence.batch())
    assert total(store) == 5


def test_another_counter_of_the_target_that_fell_tells_of_the_restart(store: Store) -> None:
    """Without a start time, one counter's fall makes the others of its scrape target count in full."""
    evidence = Evidence()
    evidence.add(requests("success"), samples((0, 100), (15, 4)))
    evidence.add(requests("failure"), samples((0, 1), (15, 3)))
    refreshed(store, evidence.batch())
    assert total(store, {"outcome": "success"}) == 4
    assert total(store, {"outcome": "failure"}) == 3


def test_a_fall_under_an_unchanged_start_time_concerns_that_counter_alone(store: Store) -> None:
    """A target that speaks for many lost one of them; its own process did not restart."""
    evidence = Evidence()
    evidence.add(requests("success"), samples((0, 100), (15, 4)))
    evidence.add(requests("failure"), samples((0, 1000), (15, 1003)))
    evidence.add(track(TrackKind.PROCESS_START), samples((0, 100), (15, 100)))
    refreshed(store, evidence.batch())
    assert total(store, {"outcome": "success"}) == 4
    assert total(store, {"outcome": "failure"}) == 3


def test_one_restart_counts_once_although_a_counter_came_back_late(store: Store) -> None:
    """A counter missing for a while after the restart does not make the others count anew when it falls."""
    evidence = Evidence()
    evidence.add(requests("success"), samples((0, 100), (15, 4), (30, 6), (45, 9)))
    evidence.add(requests("failure"), [*samples((0, 50)), *absent(at(15), at(30)), *samples((45, 2))])
    refreshed(store, evidence.batch())
    assert total(store, {"outcome": "success"}) == 9
    assert total(store, {"outcome": "failure"}) == 2


def test_restarts_of_one_target_leave_the_others_alone(store: Store) -> None:
    """Instance a restarted, instance b did not."""
    evidence = Evidence()
    evidence.add(requests(instance="a"), samples((0, 100), (15, 4)))
    evidence.add(requests(instance="b"), samples((0, 100), (15, 104)))
    refreshed(store, evidence.batch())
    assert total(store, {"instance": "a"}) == 4
    assert total(store, {"instance": "b"}) == 4


def test_over_a_gap_the_row_says_which_span_it_covers(store: Store) -> None:
    """Ten minutes without a scrape blur when, not how many: one row over the minutes from one sample to the other."""
    evidence = Evidence(gap_us=60_000_000)
    evidence.add(requests(), samples((30, 10), (45, 10), (650, 17)))
    refreshed(store, evidence.batch())
    (row,) = store.rows("from request_counts")
    assert (row["count"], row["bucket_start"], row["bucket_s"]) == (7, from_us(START_US), 660.0)


def test_a_sample_found_later_inside_a_gap_splits_its_row(store: Store) -> None:
    """What the gap's row said is forgotten, also where it began in a minute of its own."""
    evidence = Evidence(gap_us=60_000_000)
    evidence.add(requests(), samples((30, 10), (650, 17)))
    refreshed(store, evidence.batch())
    evidence.add(requests(), samples((600, 16)))
    refreshed(store, evidence.batch(at(600), at(600)))
    rows = sorted((row["bucket_s"], row["count"]) for row in store.rows("from request_counts"))
    assert rows == [(60.0, 1), (660.0, 6)]


def test_counts_of_one_key_add_up_over_series(store: Store) -> None:
    """1xx and 2xx are both successes: two series, one row."""
    evidence = Evidence()
    evidence.add(requests(series="2xx"), samples((0, 1), (15, 4)))
    evidence.add(requests(series="3xx"), samples((0, 1), (15, 3)))
    refreshed(store, evidence.batch())
    assert [row["count"] for row in store.rows("from request_counts")] == [5]


def test_counters_of_the_same_calls_once_more_stay_out(store: Store) -> None:
    """The total of all calls, and calls counted besides, would double a plain sum."""
    evidence = Evidence()
    evidence.add(requests("success"), samples((0, 0), (15, 4)))
    evidence.add(requests("", role="fire"), samples((0, 0), (15, 4)))
    evidence.add(requests("success", role="besides", target="primary"), samples((0, 0), (15, 4)))
    refreshed(store, evidence.batch())
    assert total(store) == 4


def test_of_a_whole_only_the_rest_stands_beside_its_parts(store: Store) -> None:
    """Nine failures: four by a server, two refused at a limit, so three by the proxy itself; a plain sum is nine."""
    evidence = Evidence()
    evidence.add(requests("failure", whole="failed"), samples((0, 10), (15, 19)))
    evidence.add(requests("failure", part_of="failed", target="one"), samples((0, 1), (15, 5)))
    evidence.add(requests("not_permitted", part_of="failed"), samples((0, 0), (15, 2)))
    evidence.add(requests("success", whole="good"), samples((0, 0), (15, 7)))
    evidence.add(requests("success", part_of="good", target="one"), samples((0, 0), (15, 7)))
    refreshed(store, evidence.batch())
    rows = store.rows("select target, outcome, count from request_counts order by count")
    assert [(row["target"], row["outcome"], row["count"]) for row in rows] == [
        (None, "not_permitted", 2),
        (None, "failure", 3),
        ("one", "failure", 4),
        ("one", "success", 7),
    ]


def test_a_whole_that_lags_behind_its_parts_leaves_no_rest(store: Store) -> None:
    """A busy server counted two more calls between showing the whole and showing the part: less than none is none."""
    evidence = Evidence()
    evidence.add(requests("success", whole="all"), samples((0, 0), (15, 5)))
    evidence.add(requests("success", part_of="all", target="one"), samples((0, 0), (15, 7)))
    refreshed(store, evidence.batch())
    assert [(row["target"], row["count"]) for row in store.rows("from request_counts")] == [("one", 7)]


def test_a_breakers_calls_carry_its_name_as_target(store: Store) -> None:
    """A breaker is named after what it guards."""
    evidence = Evidence()
    evidence.add(requests(breaker="payments"), samples((0, 0), (15, 4)))
    refreshed(store, evidence.batch())
    assert [row["target"] for row in store.rows("from request_counts")] == ["payments"]


def test_retries_keep_their_unit_and_latency_its_bounds(store: Store) -> None:
    """Calls and attempts are different units; buckets stay cumulative, infinity included."""
    evidence = Evidence()
    evidence.add(track(TrackKind.RETRIES, unit="attempts"), samples((0, 0), (15, 7)))
    evidence.add(track(TrackKind.RETRIES, unit="calls", outcome="success"), samples((0, 0), (15, 5)))
    evidence.add(track(TrackKind.LATENCY, upper_bound_s="0.5"), samples((0, 0), (15, 3)))
    evidence.add(track(TrackKind.LATENCY, upper_bound_s="+Inf"), samples((0, 0), (15, 5)))
    refreshed(store, evidence.batch())
    retries = {(row["unit"], row["outcome"], row["count"]) for row in store.rows("from retry_counts")}
    assert retries == {("attempts", None, 7), ("calls", "success", 5)}
    latency = {(row["upper_bound_s"], row["count"]) for row in store.rows("from latency_histograms")}
    assert latency == {(0.5, 3), (float("inf"), 5)}


def test_replicas_of_one_group_count_once(store: Store) -> None:
    """Two servers scrape the same process at different moments: its requests are not doubled."""
    for source, shift in (("eu-1", 0), ("eu-2", 3)):
        evidence = Evidence(source=source)
        line = [(at(second + shift), 10.0 + second + shift) for second in range(0, 120, 15)]
        evidence.add(requests(source=source, group="eu"), line)
        refreshed(store, evidence.batch())
    assert total(store) == 105


def test_when_one_replica_dies_the_other_goes_on_counting_exactly(store: Store) -> None:
    """The first stops at 60 s; what the second saw after that is added, from the value where the first stopped."""
    for source, shift, until in (("eu-1", 0, 61), ("eu-2", 3, 181)):
        evidence = Evidence(source=source)
        line = [(at(second + shift), 10.0 + second + shift) for second in range(0, until, 15)]
        evidence.add(requests(source=source, group="eu"), line)
        refreshed(store, evidence.batch())
    assert total(store) == 183


def seen_by(source: str, *spans: tuple[int, int], shift: int, dies_at: int) -> Evidence:
    """Return what a replica saw every 15 s in some spans of a counter of a call a second; the process is replaced."""
    evidence = Evidence(source=source, gap_us=40 * SECOND_US)
    moments = [second + shift for start, end in spans for second in range(start, end, 15)]
    values = [(at(second), float(second if second < dies_at else second - dies_at)) for second in moments]
    began = [(at(second), 0.0 if second < dies_at else float(dies_at)) for second in moments]
    evidence.add(requests(source=source, group="eu"), values)
    evidence.add(track(TrackKind.PROCESS_START, source=source, group="eu"), began)
    evidence.add(track(TrackKind.SCRAPE, source=source, group="eu"), [(at(second), 1.0) for second in moments])
    return evidence


@pytest.mark.parametrize("away", ["eu-1", "eu-2"])
def test_while_one_replica_is_away_the_other_counts_on(store: Store, away: str) -> None:
    """Away for four minutes in which the process is replaced: each minute is known, nothing is lost or doubled."""
    for source, shift in (("eu-1", 0), ("eu-2", 3)):
        spans = ((0, 121), (361, 481)) if source == away else ((0, 481),)
        refreshed(store, seen_by(source, *spans, shift=shift, dies_at=250).batch())
    rows = store.rows("SELECT bucket_start, bucket_s, count FROM request_counts ORDER BY bucket_start")
    assert {row["bucket_s"] for row in rows} == {60.0}
    assert len(rows) == len({row["bucket_start"] for row in rows})
    # Up to the last sample of the old process, and of the new one, by whoever looked: 243 and 483 s, or 240 and 480 s.
    assert total(store) == {"eu-1": 243 + 483 - 250, "eu-2": 240 + 480 - 250}[away]


def test_servers_without_a_group_are_different_systems(store: Store) -> None:
    """Equal names behind two servers with labels of their own are counted apart, both."""
    for source in ("eu", "us"):
        evidence = Evidence(source=source)
        evidence.add(requests(source=source), samples((0, 0), (15, 4)))
        refreshed(store, evidence.batch())
    assert total(store) == 8


def test_refreshing_again_changes_nothing(store: Store) -> None:
    """The same batch twice, and a refresh without news, leave every row where it was."""
    evidence = Evidence()
    evidence.add(requests(), samples((0, 1), (15, 4), (70, 9)))
    refreshed(store, evidence.batch())
    before = table(store, "request_counts")
    marks = store.rows("from meta.changed_spans")
    refreshed(store, evidence.batch())
    refresh(store)
    assert table(store, "request_counts") == before
    assert store.rows("from meta.changed_spans") == marks
