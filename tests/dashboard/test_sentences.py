"""The generated sentences: worst first, bounds said, quiet said quietly, never green on what is unseen or stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from analysis.questions.changes import Change
from analysis.questions.common import Edge
from analysis.questions.incident import incident
from analysis.questions.publication import SourceHealth
from analysis.questions.situation import situation
from dashboard import evidence, sentences
from dashboard.words import NBSP
from store import Reader
from tests.dashboard.fixture import AS_OF, at, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UTC = ZoneInfo("UTC")


@pytest.fixture
def busy_rows(busy_file: Path) -> Iterator[Reader]:
    """Return the busy morning, open for questions."""
    with Reader.open(busy_file) as rows:
        yield rows


@pytest.fixture
def quiet_rows(quiet_file: Path) -> Iterator[Reader]:
    """Return the quiet day, open for questions."""
    with Reader.open(quiet_file) as rows:
        yield rows


def plain(headline: sentences.Headline) -> tuple[str, str]:
    """Return a headline with ordinary spaces."""
    return headline.first.replace(NBSP, " "), headline.rest.replace(NBSP, " ")


def test_busy_headline(busy_rows: Reader) -> None:
    """The worst comes first, then the open breaker with its bounds, then what became of the calls."""
    assert plain(sentences.overview_headline(situation(busy_rows, "prod", AS_OF), UTC)) == (
        "payments has been limited for 7 min 19 s.",
        (
            "checkout → payments has been open for 6 min 20 s (± 8 s) on 14 of 20 instances. "
            "1,284 calls rejected, 1,283 answered by a fallback, 254 failed."
        ),
    )


def test_quiet_headline(quiet_rows: Reader) -> None:
    """A quiet day says so in one sentence, and what healed last in another."""
    assert plain(sentences.overview_headline(situation(quiet_rows, "prod", AS_OF), UTC)) == (
        "Nothing is open or degraded.",
        "Last: checkout → payments healed by itself in 20.00 s at 03:12.",
    )


def test_unseen_is_not_quiet(busy_rows: Reader) -> None:
    """Where a source is silent the headline limits itself to what is seen."""
    whole = situation(busy_rows, "prod", AS_OF)
    only_unseen = replace(whole, concerns=tuple(one for one in whole.concerns if one.kind == "unseen"), last=None)
    first, _ = plain(sentences.overview_headline(only_unseen, UTC))
    assert first == "Nothing that we see is open or degraded, but notify is unseen."


def test_ongoing_incident_headline(busy_rows: Reader) -> None:
    """An open incident is told in the present, with bounds and how often it reopened."""
    found = incident(busy_rows, "prod", "1000", AS_OF)
    assert found is not None
    assert plain(sentences.incident_headline(found, AS_OF)) == (
        "checkout has not been calling payments for 6 min 20 s (± 8 s) on 14 of 20 instances.",
        "Reopened 70 times. 1,284 calls rejected. Still open.",
    )


def test_recorded_run_headline(busy_rows: Reader) -> None:
    """The recorded run is one episode with its exact length, reopened three times."""
    found = incident(busy_rows, "capture", "1000", AS_OF)
    assert found is not None
    assert plain(sentences.incident_headline(found, AS_OF)) == (
        "payments-client stopped calling payments for 20.05 s (exact).",
        "Reopened 3 times. 196 calls rejected. It healed by itself.",
    )


def test_openings_are_explained_from_what_was_seen(busy_rows: Reader) -> None:
    """The note names what fusion narrowed, how long each half-open lasted, and who saw it although no scrape did."""
    found = incident(busy_rows, "capture", "1000", AS_OF)
    assert found is not None
    assert evidence.openings_note(found).replace(NBSP, " ") == (
        "Upright lines: the fused edges, inside the blurred ones. "
        "Each half-open lasted 13 ms: no scrape saw it, the counters and the log did."
    )
    quick = [0.012, 0.014]
    assert evidence.lasted(quick).replace(NBSP, " ") == "Each half-open lasted 12 to 14 ms"
    assert evidence.lasted(quick[:1]).replace(NBSP, " ") == "The half-open lasted 12 ms"


@pytest.mark.parametrize(("promql", "shown"), [(3.08, True), (4.1, False), (None, False)])
def test_what_promql_makes_of_it_is_shown_where_it_differs(
    busy_rows: Reader,
    promql: float | None,
    shown: bool,  # noqa: FBT001 (a case)
) -> None:
    """3.08 stands beside 4 openings; a count that rounds to the same is no news."""
    found = incident(busy_rows, "capture", "1000", AS_OF)
    assert found is not None
    told = evidence.openings(replace(found, episode=replace(found.episode, openings=4, promql_openings=promql)))
    assert ("3.08" in str(told)) is shown
    assert ("increase()" in str(told)) is shown


def test_cause_is_said_with_its_lead() -> None:
    """The likely cause names the change and how long before; without one it says that none was seen."""
    began = Edge(at(9, 35), at(9, 34, 52), at(9, 35, 8))
    deploy = Change("payments", "deploy", at(9, 31, 10), "2.14.0", "")
    what, lead = sentences.cause(deploy, began, UTC)
    assert (what, lead.replace(NBSP, " ")) == ("payments 2.14.0 deployed 09:31:10", "3 min 50 s before")
    assert sentences.cause(None, began, UTC) == ("none seen", "no change in the 30 min before")


def test_age_of_live_data() -> None:
    """Live data say how far behind they are; after two cycles they are stale and say why."""
    sources = (SourceHealth("prom-eu-a", "failed", "refuses the connection", AS_OF, 15.0),)
    fresh = sentences.age(AS_OF, AS_OF + timedelta(seconds=12), UTC, recorded=False, sources=sources)
    assert (fresh.words, fresh.behind.replace(NBSP, " "), fresh.stale) == ("09:41:20", "12 s behind", False)
    late = sentences.age(AS_OF, AS_OF + timedelta(seconds=31), UTC, recorded=False, sources=sources)
    assert late.stale
    assert late.reason == "prom-eu-a: refuses the connection"
    assert sentences.age(AS_OF, AS_OF + timedelta(hours=1), UTC, recorded=False).reason == "nothing is collecting"


def test_a_source_that_fails_is_late_after_two_cycles() -> None:
    """Beside fresh ones, one that was not seen for two of its cycles is named, with why and who must mend it."""
    seen = AS_OF - timedelta(seconds=31)
    hung = SourceHealth("prom", "failed", "did not answer within 10 s", AS_OF, 15.0, seen)
    told = sentences.age(AS_OF, AS_OF, UTC, recorded=False, sources=(hung,))
    assert not told.stale
    assert told.late.replace(NBSP, " ") == "prom not seen for 31 s: did not answer within 10 s"
    refused = replace(hung, error="answers 401", seen_at=None, needs_person=True)
    late = sentences.age(AS_OF, AS_OF, UTC, recorded=False, sources=(refused,)).late
    assert late == "prom never seen: answers 401 (needs a person)"
    for well in (replace(hung, status="ok"), replace(hung, seen_at=AS_OF), replace(hung, cycle_s=60.0)):
        assert sentences.age(AS_OF, AS_OF, UTC, recorded=False, sources=(well,)).late == ""


def test_recorded_data_do_not_age() -> None:
    """A recording is named by its day, and is never stale."""
    told = sentences.age(AS_OF, AS_OF + timedelta(days=400), UTC, recorded=True)
    assert (told.words, told.stale) == ("Fri 20 Nov 09:41:20 UTC", False)


def test_window_not_yet_full() -> None:
    """A window that reaches before the first sight says how much of it there is."""
    start = AS_OF - timedelta(days=30)
    assert sentences.window_note(AS_OF - timedelta(days=3), start, AS_OF) == "window not yet full: 3.0 of 30 days"
    assert sentences.window_note(start, start, AS_OF) == ""
    recorded = sentences.window_note(AS_OF - timedelta(minutes=9), start, AS_OF, recorded_s=58.4)
    assert recorded.replace(NBSP, " ") == "recorded: 58 s in all"


def test_quiet_scene_is_quiet() -> None:
    """The quiet day of these tests holds no open breaker, so the test above means what it says."""
    assert {row["state"] for row in quiet().tables["breaker_states"]} == {"closed"}
