"""The questions on a real published file: statistics with the unended in their bounds, thinning, what was not seen."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from analysis.questions.breakers import breakers, state_lanes
from analysis.questions.calls import calls
from analysis.questions.catalogue import catalogue
from analysis.questions.changes import Change, acts, suspect
from analysis.questions.common import Bounded, Edge, Span
from analysis.questions.coverage import coverage
from analysis.questions.episodes import Episode, EpisodeFilter, episodes, healing
from analysis.questions.incident import incident
from analysis.questions.lanes import unseen
from analysis.questions.now import concerns
from analysis.questions.overview import figures
from analysis.questions.publication import environments, publication
from analysis.questions.services import services
from store import Reader
from tests.dashboard.fixture import AS_OF, Scene, at, busy, capture, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = Span(AS_OF - timedelta(days=1), AS_OF)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Return the busy morning and the recorded run, published and opened."""
    path = publish(tmp_path_factory.mktemp("questions") / "breakwatch.duckdb", busy(), capture())
    with Reader.open(path) as reader:
        yield reader


def episode(low_s: float, high_s: float, *, ongoing: bool = False, healed_by: str = "self") -> Episode:
    """Return an episode of a given length."""
    edge = Edge(AS_OF, AS_OF, AS_OF)
    value = low_s if math.isinf(high_s) else (low_s + high_s) / 2
    length = Bounded(value, low_s, high_s)
    return Episode("1", "a", "b", edge, None if ongoing else edge, length, 1, None, 1, 1, None, healed_by, ongoing)


def test_publication_says_as_of(rows: Reader) -> None:
    """The file says as of when it is and that it is a recording."""
    found = publication(rows)
    assert found is not None
    assert (found.as_of, found.recorded) == (AS_OF, True)


def test_environments_have_their_own_ends(rows: Reader) -> None:
    """Each environment is known from its own first to its own last sight."""
    found = {one.name: one for one in environments(rows)}
    assert found["prod"].last_seen == AS_OF
    assert found["capture"].last_seen == at(11, 33, 39)


def test_a_quiet_log_lengthens_no_recording(tmp_path: Path) -> None:
    """A log that stays quiet after the last scrape is seen, but what was recorded ends with that scrape."""
    scene = Scene("short")
    scene.seen("prom", "shop", at(9, 0), at(9, 1))
    scene.add(
        "coverage", source="log", service="shop", instance="", started_at=at(9, 0, 30), ended_at=AS_OF, covered=True
    )
    with Reader.open(publish(tmp_path / "short.duckdb", scene)) as reader:
        (found,) = environments(reader)
    assert (found.last_seen, found.recorded_until) == (AS_OF, at(9, 1))


def test_ongoing_episodes_count_in_the_bounds_only() -> None:
    """An episode that goes on counts as longer than those that ended; what only it could tell has no value yet."""
    found = healing([episode(10, 12), episode(20, 24), episode(300, math.inf, ongoing=True)])
    assert (found.episodes, found.ongoing, found.resolved) == (3, 1, 2)
    assert found.median == Bounded(22.0, 20.0, 24.0)
    assert found.worst == Bounded(None, 300.0, math.inf)


def test_a_value_never_lies_outside_its_bounds() -> None:
    """A short episode beside a long open one gives no median below what is known for sure."""
    found = healing([episode(14, 16), episode(381, math.inf, ongoing=True)])
    assert (found.median.value, found.median.high) == (None, math.inf)
    assert found.median.low == 197.5


def test_nothing_is_not_zero() -> None:
    """Without episodes there is no median, not one of 0 s."""
    assert healing([]).median == healing([]).mean == Bounded(None, None, None)


def test_the_mean_comes_with_its_interval() -> None:
    """The mean is of those that ended, inside its 95 % interval; under five they are too few to compare."""
    found = healing([episode(length, length) for length in (10, 12, 20, 31)])
    assert found.mean == Bounded(18.25, 18.25, 18.25)
    assert found.mean_low_s is not None
    assert found.mean_high_s is not None
    assert 10 < found.mean_low_s < 18.25 < found.mean_high_s < 31
    assert found.too_few
    assert healing([episode(10, 12)]).mean_low_s is None


def test_filters_of_the_list(rows: Reader) -> None:
    """Service, status, least length and words narrow the episodes; none leaves all that touch the span."""
    assert len(episodes(rows, "prod", DAY, AS_OF)) == 6
    assert [one.service for one in episodes(rows, "prod", DAY, AS_OF, EpisodeFilter(status="ongoing"))] == ["checkout"]
    assert {one.service for one in episodes(rows, "prod", DAY, AS_OF, EpisodeFilter(least_s=1250))} == {
        "search",
        "accounts",
    }
    assert [one.service for one in episodes(rows, "prod", DAY, AS_OF, EpisodeFilter(words="CATALOG-"))] == ["search"]
    assert episodes(rows, "prod", DAY, AS_OF, EpisodeFilter(words="' or true --")) == ()


def test_concerns_are_ordered_and_explained(rows: Reader) -> None:
    """What needs a hand comes worst first, with owner, likely cause and the episode to open."""
    found = concerns(rows, "prod", AS_OF)
    assert [(one.severity, one.kind, one.service) for one in found] == [
        ("S2", "level", "payments"),
        ("S3", "breaker", "checkout"),
        ("S3", "level", "checkout"),
        ("S4", "standby", "accounts"),
        ("S4", "unseen", "notify"),
    ]
    assert {one.cause.revision for one in found[:3] if one.cause} == {"2.14.0"}
    assert found[0].episode_id == found[1].episode_id == "1000"
    assert found[1].owner == "payments"


def test_unavailable_critical_service_is_s1(tmp_path: Path) -> None:
    """A critical service that is unavailable is S1, one that is not critical S2."""
    scene = Scene()
    for name, critical in (("shop", True), ("blog", False)):
        scene.seen("prom", name, at(1, 0), AS_OF)
        scene.levels(name, ("unavailable", at(9, 0)), first=at(1, 0))
        scene.add("services", service=name, critical=critical, depends_on=[])
    with Reader.open(publish(tmp_path / "s1.duckdb", scene)) as reader:
        assert [(one.severity, one.service) for one in concerns(reader, "prod", AS_OF)] == [
            ("S1", "shop"),
            ("S2", "blog"),
        ]


def test_breaker_found_open_has_no_certain_start(tmp_path: Path) -> None:
    """A breaker that was open when we first looked is shown, and its beginning is said to be unseen."""
    scene = Scene()
    scene.seen("prom", "shop", at(9, 0), AS_OF)
    scene.state("shop", "db", "open", None)
    with Reader.open(publish(tmp_path / "found.duckdb", scene)) as reader:
        (found,) = concerns(reader, "prod", AS_OF)
    assert (found.kind, found.since, found.certain_start) == ("breaker", None, False)


def test_a_restart_is_part_of_the_deploy_before_it() -> None:
    """The change to suspect is the deploy, not the restart that it brought; a lone restart is itself suspected."""
    deploy = Change("a", "deploy", at(9, 0), "2", "")
    restart = Change("a", "restart", at(9, 0, 30), "", "")
    assert suspect([restart, deploy]) == deploy
    assert suspect([restart]) == restart
    assert suspect([]) is None


def test_a_change_and_the_restarts_it_brings_are_one_act() -> None:
    """Restarts within two minutes of a deploy are told with it, not beside it; others stand for themselves."""
    deploy = Change("a", "deploy", at(9, 0), "2", "")
    found = acts(
        [
            Change("a", "restart", at(9, 30), "", "by its own start time"),
            Change("b", "restart", at(9, 0, 50), "", ""),
            Change("a", "restart", at(9, 0, 40), "", ""),
            Change("a", "restart", at(9, 0, 30), "", ""),
            deploy,
        ]
    )
    assert [(act.change.service, act.change.kind, act.restarts) for act in found] == [
        ("a", "restart", 1),
        ("b", "restart", 1),
        ("a", "deploy", 2),
    ]


def test_instances_that_restart_together_are_one_act() -> None:
    """A restart of several instances that nobody explains is one act, as of its last instance."""
    (act,) = acts([Change("a", "restart", at(9, 0, 40 - 20 * number), "", "") for number in range(3)])
    assert act.restarts == 3


def test_unseen_is_what_nobody_covered() -> None:
    """The unseen is the rest of a span outside what was covered."""

    def span(start: datetime, end: datetime) -> Span:
        return Span(start, end)

    whole = span(at(9, 0), at(10, 0))
    assert unseen(whole, []) == (whole,)
    assert unseen(whole, [span(at(9, 0), at(9, 20)), span(at(9, 30), at(10, 0))]) == (span(at(9, 20), at(9, 30)),)


def test_coverage_counts_from_a_sources_first_sight(rows: Reader) -> None:
    """A source that fell silent 22 min before the end covered the rest of the day, and no more."""
    found = {one.source: one.share for one in coverage(rows, "prod", DAY)}
    assert found["app-logs"] == 1.0
    assert found["prom-eu-b"] == pytest.approx(1 - (22 * 60 + 10) / 86_400)


def test_calls_not_counted_are_none(rows: Reader) -> None:
    """A service without counts has no calls, which is different from 0 calls."""
    assert calls(rows, "prod", "cart", DAY).failed is None
    assert calls(rows, "prod", "checkout", DAY).failed == 254


def test_open_breaker_counts_from_its_first_opening(rows: Reader) -> None:
    """A breaker that reopened after probes is open since its episode began."""
    first = breakers(rows, "prod", DAY, AS_OF)[0]
    assert first.name == "checkout → payments"
    assert first.since is not None
    assert first.since.at == at(9, 35)
    assert (first.instances_hit, first.instances_seen) == (14, 20)


def test_probes_that_failed_are_reopenings_of_the_same_episode(rows: Reader) -> None:
    """An open breaker says how often it reopened, over its instances, and when last; a closed one does not."""
    found = {one.name: one for one in breakers(rows, "prod", DAY, AS_OF)}
    first = found["checkout → payments"]
    assert first.reopenings == 14 * 5
    assert first.last_reopened is not None
    assert first.last_reopened.at.replace(microsecond=0) == at(9, 40, 18)
    assert found["cart → redis"].last_reopened is None


def test_open_breaker_keeps_its_beginning_in_a_past_range(rows: Reader) -> None:
    """A range that ended before the breaker opened still says since when it is open now."""
    past = Span(AS_OF - timedelta(days=9), AS_OF - timedelta(days=8))
    first = next(one for one in breakers(rows, "prod", past, AS_OF) if one.state == "open")
    assert first.since is not None
    assert first.since.at == at(9, 35)


def test_every_spell_knows_its_episode(rows: Reader) -> None:
    """A spell of a breaker or of one instance leads to the episode it belongs to."""
    (lane,) = [one for one in state_lanes(rows, "prod", DAY) if one.name == "checkout → payments"]
    assert [one.episode_id for one in lane.spells] == ["1000"]
    by_instance = state_lanes(rows, "prod", DAY, "checkout", "payments")
    assert {one.episode_id for lane in by_instance for one in lane.spells} == {"1000"}


def test_lanes_per_breaker_and_per_instance(rows: Reader) -> None:
    """All breakers have one lane each, also one that stayed closed; the one that is named has one per instance."""
    lanes = state_lanes(rows, "prod", DAY)
    assert len(lanes) == 7
    assert sum(not lane.spells for lane in lanes) == 1
    assert len(state_lanes(rows, "prod", DAY, "checkout", "payments")) == 14


def test_a_breaker_is_unseen_where_only_sources_that_cannot_see_it_looked(tmp_path: Path) -> None:
    """A gap of the breaker's own source stays a gap, although another source watched the service meanwhile."""
    scene = Scene()
    half = DAY.start + timedelta(hours=12)
    scene.seen("prom-eu-a", "shop", DAY.start, half)
    scene.seen("other", "shop", DAY.start, DAY.end)
    scene.state("shop", "db", "closed", None)
    scene.episode("shop", "db", DAY.start + timedelta(hours=1), 5.0, half_width_s=0.0)
    with Reader.open(publish(tmp_path / "half.duckdb", scene)) as reader:
        (lane,) = state_lanes(reader, "prod", DAY)
    assert lane.unseen == (Span(half, DAY.end),)


def test_very_many_spells_are_joined(tmp_path: Path) -> None:
    """Thousands of spells come back as at most about a thousand bars, and how many were joined is said."""
    scene = Scene()
    scene.seen("prom", "shop", AS_OF - timedelta(days=1), AS_OF)
    for number in range(2_400):
        scene.episode("shop", "db", DAY.start + timedelta(seconds=30 * number), 5.0, half_width_s=0.0)
    with Reader.open(publish(tmp_path / "many.duckdb", scene)) as reader:
        (lane,) = state_lanes(reader, "prod", DAY)
    assert len(lane.spells) <= 1_000
    assert len(lane.spells) + lane.merged == 2_400


def test_recorded_run_is_one_episode_of_four_openings(rows: Reader) -> None:
    """The recorded run holds four openings in one exact episode, and both sources are named."""
    found = incident(rows, "capture", "1000", AS_OF)
    assert found is not None
    assert (found.episode.openings, found.episode.duration) == (4, Bounded(20.053, 20.053, 20.053))
    assert found.sources == ("app-logs", "prom-eu-a")


def test_unknown_incident_is_none(rows: Reader) -> None:
    """An id that does not exist is no incident."""
    assert incident(rows, "prod", "999999", AS_OF) is None


def test_figures_of_the_day(rows: Reader) -> None:
    """The figures of the day, of the month, and what is usual."""
    found = figures(rows, "prod", DAY, AS_OF)
    assert (found.recent_healing.episodes, found.month.episodes) == (6, 15)
    assert found.usual == pytest.approx(9 / 29)
    assert found.recent_doubts.findings == 1


def test_services_are_declared(rows: Reader) -> None:
    """Owner, runbook and needs come with the service; another environment has none."""
    assert services(rows, "prod")["checkout"].depends_on == ("payments",)
    assert services(rows, "capture") == {}


def test_catalogue_explains_every_column(rows: Reader) -> None:
    """Every view and every column says what it means."""
    found = catalogue(rows)
    assert {"breaker_episodes", "coverage", "request_counts"} <= {view.name for view in found}
    assert all(view.meaning and column.meaning for view in found for column in view.columns)
