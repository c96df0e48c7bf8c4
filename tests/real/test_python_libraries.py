"""Circuit breakers of Python libraries, driven for real: what their profiles read is what happened."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.real.harness import ENVIRONMENT, Setup
from tests.real.pages import Pages
from tests.real.python_breakers import LIBRARIES, OPEN_S, Dependency, Drive, Move

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.real.harness import Found
    from tests.real.python_breakers import Breaker

SERVICE = "shop"
LOG_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
ROUNDS = 2
BY_NAME = {library.profile: library for library in LIBRARIES}
WAYS = [
    (name, way)
    for name, library in BY_NAME.items()
    for way in (("page", "log", "both") if library.log and name != "circuitbreaker-py" else ("page",))
]

TOLD = {
    **{
        (name, way): ("success", "failure", "not_permitted")
        for name in ("pybreaker", "aiobreaker")
        for way in ("page", "both")
    },
    **{("pyresilience", way): ("success", "failure") for way in ("page", "log", "both")},
}
"""Which outcomes each library tells in which way; the others tell of no calls."""


@dataclass(frozen=True)
class Driven:
    """A breaker that was driven, its pages and its log."""

    breaker: Breaker
    drive: Drive
    page: Path
    log: Path

    def sources(self, way: str) -> tuple[dict[str, object], ...]:
        """Return the page, the log, or both as sources."""
        labels = {"environment": ENVIRONMENT, "job": SERVICE}
        profile = self.breaker.profile
        page = {"name": "page", "kind": "openmetrics", "paths": [str(self.page)], "profiles": [profile]}
        log = {"name": "log", "kind": "logs", "paths": [str(self.log)], "profile": profile}
        by_way = {"page": [page], "log": [log | {"format": self.breaker.log}]}
        wanted = by_way["page"] + by_way["log"] if way == "both" else by_way[way]
        return tuple({**source, "labels": labels} for source in wanted)


@pytest.fixture(scope="session")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Driven]:
    """Drive the breaker of a library through its rounds, once in a session: some can be made only once."""
    done: dict[str, Driven] = {}

    def drive(name: str) -> Driven:
        if name not in done:
            done[name] = _driven(name, tmp_path_factory.mktemp(name))
        return done[name]

    return drive


def _driven(name: str, folder: Path) -> Driven:
    log, own_log = folder / "app.log", folder / "listener.log"
    logger = logging.getLogger(f"shop.{name}")
    handler = logging.FileHandler(log)
    handler.setFormatter(logging.Formatter("%(message)s" if name == "pyresilience" else LOG_TEXT))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    dependency = Dependency()
    drive = Drive(BY_NAME[name](dependency, own_log, logger), dependency)
    pages = Pages(folder / "page.om", drive.breaker.registry, SERVICE)
    for _ in range(ROUNDS):
        drive.round(pages.scrape)
    handler.close()
    return Driven(drive.breaker, drive, pages.path, own_log if own_log.exists() else log)


def visible(moves: Sequence[Move], name: str, way: str) -> list[Move]:
    """Return what of the true moves a library shows in one way, as its profile's notes say."""
    trials = {index for index, move in enumerate(moves) if move.to_state == "half_open"}
    failed = {index for index in trials if moves[index + 1].to_state == "open"}
    if name == "pyresilience" and way == "page":
        # No half-open, and a failed trial proves again what was known.
        return [
            replace(move, from_state="open" if index - 1 in trials else move.from_state)
            for index, move in enumerate(moves)
            if index not in trials and index - 1 not in failed
        ]
    if name == "pyresilience" and way == "log":
        return [replace(moves[0], from_state=""), *moves[1:]]  # the first line does not say from where
    if name == "purgatory":
        # The gauge is born with the first opening; a failed trial between two scrapes leaves it where it was.
        return [m for i, m in enumerate(moves) if i > 0 and i not in failed and i - 1 not in failed]
    if name == "circuitbreaker-py":
        # Half-open begins by the clock, not with the trial.
        return [
            replace(move, low_us=moves[i - 1].low_us + _open_us(), high_us=moves[i - 1].high_us + _open_us())
            if i in trials
            else move
            for i, move in enumerate(moves)
        ]
    return list(moves)


def _open_us() -> int:
    return round(OPEN_S * 1e6)


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_transitions_are_those_that_happened(
    driven: Callable[[str], Driven], tmp_path: Path, name: str, way: str
) -> None:
    """From its metrics, its log, or both, each library's transitions are found once, in bounds that hold the truth."""
    true = driven(name)
    setup = Setup(tmp_path / "store", true.sources(way), (SERVICE,))
    setup.collect()
    found: list[Found] = setup.transitions(SERVICE)["payments"]
    expected = visible(true.drive.moves(), name, way)
    assert [(one.from_state, one.to_state) for one in found] == [(move.from_state, move.to_state) for move in expected]
    # A line of the standard logging is stamped in whole milliseconds, cut off.
    cut_us = 1_000 if way != "page" and true.breaker.log == "regex" else 0
    wrong = [
        one.misses(move.low_us, move.high_us)
        for one, move in zip(found, expected, strict=True)
        if not one.holds(move.low_us - cut_us, move.high_us)
    ]
    assert wrong == []
    assert setup.rows("from rejected_inputs") == []
    _calls_are_counted(setup, true.drive, TOLD.get((name, way), ()))


def test_calls_that_an_open_breaker_turned_away_are_read_from_what_the_application_logs(
    driven: Callable[[str], Driven], tmp_path: Path
) -> None:
    """The library tells nobody: the text of its exception in the application's own log does."""
    true = driven("circuitbreaker-py")
    setup = Setup(tmp_path / "store", true.sources("log"), (SERVICE,))
    setup.collect()
    _calls_are_counted(setup, true.drive, ("not_permitted",))


def _calls_are_counted(setup: Setup, drive: Drive, told: Sequence[str]) -> None:
    """Each call counts once and under its outcome; what a library does not tell is not counted at all."""
    counted = setup.rows("select outcome, sum(count)::int as count from request_counts group by outcome")
    assert {row["outcome"]: row["count"] for row in counted} == {outcome: drive.count(outcome) for outcome in told}
