"""Calls that an edge, a server and a client saw are told apart, and one of them decides what a service answered."""

from __future__ import annotations

from typing import Literal

import pytest

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.indicators import indicator
from breakwatch.config import Config
from breakwatch.config_services import ServiceConfig
from breakwatch.model import Subject, Track, TrackKind, pairs
from store import Store
from tests.analysis.facts.evidence import Evidence, at, refreshed

Vantage = Literal["edge", "server", "client"]


def counter(vantage: str, outcome: str, breaker: str = "") -> Track:
    """Return a counter of calls of the shop, seen from somewhere; an empty vantage says nothing of it."""
    detail = {"outcome": outcome, "series": f"{vantage}{outcome}{breaker}"} | ({"vantage": vantage} if vantage else {})
    subject = Subject(environment="prod", service="shop", instance="a", breaker=breaker)
    return Track("prom", TrackKind.REQUESTS, subject, "job/a", "p", detail=pairs(detail))


def counted(store: Store, *grown: tuple[Track, int]) -> None:
    """Let counters grow by so much within a minute."""
    evidence = Evidence()
    for track, count in grown:
        evidence.add(track, [(at(0), 0), (at(30), count)])
    refreshed(store, evidence.batch())


def availability(
    store: Store, sli_source: Vantage | None = None, breaker: str | None = None, target: str | None = None
) -> Measured:
    """Return the availability of the shop by requests."""
    config = Config(services=(ServiceConfig(name="shop", sli_source=sli_source),))
    ask = Ask(Scope(service="shop", breaker=breaker, target=target), ((at(0), at(60)),))
    (found,) = indicator("availability_requests").compute(Ground(store, config, at(60)), [ask])
    return found


def test_a_counter_says_from_where_it_sees_calls(store: Store) -> None:
    """What its profile says, else a client where the calls go through a breaker, else the server."""
    counted(
        store,
        (counter("edge", "success"), 7),
        (counter("", "success"), 5),
        (counter("", "success", breaker="pay"), 3),
    )
    rows = store.rows("SELECT vantage, count FROM request_counts ORDER BY vantage")
    assert [(row["vantage"], row["count"]) for row in rows] == [("client", 3), ("edge", 7), ("server", 5)]


def test_the_edge_decides_before_the_server_before_the_client(store: Store) -> None:
    """The same calls seen twice are not twice as many, and calls to others are not the service's own."""
    counted(store, (counter("", "failure", breaker="pay"), 50), (counter("", "failure", breaker="ship"), 50))
    assert availability(store).value == 0.0
    counted(store, (counter("server", "success"), 80), (counter("server", "failure"), 20))
    assert (availability(store).value, availability(store).n) == (0.8, 100)
    counted(store, (counter("edge", "success"), 75), (counter("edge", "failure"), 25))
    assert (availability(store).value, availability(store).n) == (0.75, 100)


@pytest.mark.parametrize(("sli_source", "value"), [("edge", 0.75), ("server", 0.8), ("client", 0.5), (None, 0.75)])
def test_a_declared_source_decides(store: Store, sli_source: Vantage | None, value: float) -> None:
    """``sli_source`` of the service says whose counts are believed."""
    counted(
        store,
        (counter("edge", "success"), 75),
        (counter("edge", "failure"), 25),
        (counter("server", "success"), 80),
        (counter("server", "failure"), 20),
        (counter("client", "success"), 1),
        (counter("client", "failure"), 1),
    )
    assert availability(store, sli_source).value == value


def test_a_declared_source_that_counts_nothing_tells_nothing(store: Store) -> None:
    """Another one does not take its place unasked."""
    counted(store, (counter("server", "success"), 80))
    assert availability(store, "edge").value is None


def test_who_asks_for_a_breaker_or_a_target_gets_its_calls(store: Store) -> None:
    """The calls through one breaker are those of the client, whoever decides for the service."""
    counted(
        store,
        (counter("edge", "success"), 100),
        (counter("", "success", breaker="pay"), 6),
        (counter("", "failure", breaker="pay"), 2),
    )
    assert availability(store).value == 1.0
    assert (availability(store, breaker="pay").value, availability(store, breaker="pay").n) == (0.75, 8)
    assert availability(store, target="pay").value == 0.75


def test_saying_from_where_makes_no_other_counter_of_it() -> None:
    """A store that knew a counter before its profile said so goes on with it."""
    assert counter("edge", "success").track_id == Track(
        "prom", TrackKind.REQUESTS, Subject(environment="prod", service="shop", instance="a"), "job/a", "p",
        detail=pairs({"outcome": "success", "series": "edgesuccess"}),
    ).track_id  # fmt: skip
