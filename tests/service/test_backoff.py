"""When a failing source is asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakwatch.config import LogsSource, PrometheusSource
from breakwatch.errors import ConfigError, SourceError
from collectors.prometheus_api import PrometheusApi
from service.backoff import LONGEST_ASKED_S, LONGEST_FILES_WAIT_S, LONGEST_WAIT_S, PERSON_WAIT_S, SPREAD, Backoff
from tests.service.servers import answering, closed_port

EVERY_S = 15.0
PROM = PrometheusSource(name="prom", url="http://127.0.0.1:9")
LOGS = LogsSource(name="app", paths=(Path("app.log"),))
DOWN = SourceError("it cannot be reached", "wait", retryable=True)


def waits(backoff: Backoff, error: Exception, count: int, source: PrometheusSource | LogsSource = PROM) -> list[float]:
    """Return how long each of some failures in a row puts a source off."""
    found = (backoff.after(source, error, EVERY_S, brought=False) for _ in range(count))
    return [again.in_s for again in found if again is not None]


def near(wait_s: float, middle_s: float) -> bool:
    """Return whether a wait is some time, up to the spread."""
    return middle_s * (1 - SPREAD) <= wait_s <= middle_s * (1 + SPREAD)


def test_waits_double_up_to_a_cap_and_begin_anew() -> None:
    """A server that is down is asked after 15, 30, 60 s ..., at most every 5 min; the first success ends that."""
    backoff = Backoff()
    found = waits(backoff, DOWN, 12)
    expected = [min(LONGEST_WAIT_S, EVERY_S * 2**number) for number in range(12)]
    assert all(near(wait_s, middle_s) for wait_s, middle_s in zip(found, expected, strict=True))
    assert len(set(found)) == len(found)
    assert backoff.after(PROM, None, EVERY_S, brought=True) is None
    assert near(waits(backoff, DOWN, 1)[0], EVERY_S)


def test_a_run_that_brought_something_is_no_failure_in_a_row() -> None:
    """A long catch-up that breaks off again and again, but gets on, is not put off further and further."""
    backoff = Backoff()
    waits(backoff, DOWN, 5)
    again = backoff.after(PROM, DOWN, EVERY_S, brought=True)
    assert again is not None
    assert again.failures == 1
    assert near(again.in_s, EVERY_S)


def test_a_source_is_never_asked_earlier_than_it_asks() -> None:
    """Retry-After is the least wait, within reason; those who were told the same do not come back together."""
    asked = SourceError("429", "collect less often", retryable=True, retry_after_s=120.0)
    found = waits(Backoff(), asked, 3)
    assert all(wait_s >= 120.0 for wait_s in found)
    assert len(set(found)) == len(found)
    forever = SourceError("503", "wait", retryable=True, retry_after_s=1e9)
    assert waits(Backoff(), forever, 1)[0] <= LONGEST_ASKED_S * (1 + SPREAD)


@pytest.mark.parametrize("error", [SourceError("401", "check the token"), ConfigError("no such secret", "write it")])
def test_what_needs_a_person_is_not_hammered(error: Exception) -> None:
    """A refusal for good is tried seldom from the first time on, and said to need a person."""
    backoff = Backoff()
    again = backoff.after(PROM, error, EVERY_S, brought=False)
    assert again is not None
    assert again.needs_person
    assert near(again.in_s, PERSON_WAIT_S)


def test_files_are_looked_for_often() -> None:
    """A log that is not there yet is found within a minute of its first line, however long it was missing."""
    missing = SourceError("no file is found", "check paths")
    assert max(waits(Backoff(), missing, 20, LOGS)) <= LONGEST_FILES_WAIT_S * (1 + SPREAD)


def test_an_unforeseen_failure_is_backed_off_too() -> None:
    """A bug of ours does not hammer a server, and does not wait for a person either."""
    again = Backoff().after(PROM, ZeroDivisionError("oops"), EVERY_S, brought=False)
    assert again is not None
    assert not again.needs_person


@pytest.mark.parametrize(
    ("status", "needs_person"),
    [(status, status in {400, 401, 403, 404, 422}) for status in (400, 401, 403, 404, 422, 429, 500, 502, 503, 504)],
)
def test_the_table_of_status_codes(*, status: int, needs_person: bool) -> None:
    """A real server's 429, 500, 502, 503 and 504 are retried with growing waits; its 4xx wait for a person."""
    with answering(status, "no") as url:
        api = PrometheusApi(PrometheusSource(name="prom", url=url))
        with pytest.raises(SourceError) as caught:
            api.metric_names()
        api.close()
    again = Backoff().after(PROM, caught.value, EVERY_S, brought=False)
    assert again is not None
    assert again.needs_person == needs_person
    assert near(again.in_s, PERSON_WAIT_S if needs_person else EVERY_S)


def test_nobody_listening_is_retried() -> None:
    """A refused connection is an outage, not somebody's mistake."""
    api = PrometheusApi(PrometheusSource(name="prom", url=f"http://127.0.0.1:{closed_port()}"))
    with pytest.raises(SourceError) as caught:
        api.metric_names()
    api.close()
    again = Backoff().after(PROM, caught.value, EVERY_S, brought=False)
    assert again is not None
    assert not again.needs_person
