"""Circuit breakers of Python libraries, driven for real: what their profiles read is what happened."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import to_us
from tests.real.harness import Found, Setup
from tests.real.pages import Pages
from tests.real.python_breakers import LIBRARIES, OPEN_S, Dependency, Drive, Move

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.real.python_breakers import Breaker

SERVICE = "shop"
LOG_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
ROUNDS = 2
BY_NAME = {library.profile: library for library in LIBRARIES}
WAYS = [
    *(
        (name, way)
        for name in ("pybreaker", "aiobreaker", "fluxgate", "pyresilience")
        for way in ("page", "log", "both")
    ),
    ("purgatory", "page"),
    ("circuitbreaker-py", "page"),
    ("circuitbreaker-py", "log"),
]
TOLD = {
    **{
        (name, way): ("success", "failure", "not_permitted")
        for name in ("pybreaker", "aiobreaker")
        for way in ("page", "both")
    },
    **{("pyresilience", way): ("success", "failure") for way in ("page", "log", "both")},
    ("circuitbreaker-py", "log"): ("not_permitted",),
}
"""Which outcomes each library tells in which way; the others tell of no calls."""


@dataclass(frozen=True)
class Driven:
    """A breaker that was driven, its pages and its log."""

    breaker: Breaker
    drive: Drive
    page: Path
    log: Path

    def sources(self, way: str) -> list[dict[str, object]]:
        """Return the page, the log, or both as sources; their environment is the case, so that cases share a store."""
        profile = self.breaker.profile
        labels = {"environment": f"{profile}-{way}", "job": SERVICE}
        page = {"kind": "openmetrics", "paths": [str(self.page)], "profiles": [profile]}
        log = {"kind": "logs", "paths": [str(self.log)], "profile": profile, "format": self.breaker.log}
        wanted = {"page": [page], "log": [log], "both": [page, log]}[way]
        return [{**source, "name": f"{profile}-{way}-{source['kind']}", "labels": labels} for source in wanted]


@dataclass(frozen=True)
class Collected:
    """The breakers that were driven, and a store that was fed from each in every way."""

    driven: Mapping[str, Driven]
    setup: Setup

    def transitions(self, case: str) -> list[Found]:
        """Return what was found of one case, in order."""
        rows = self.setup.rows(
            "from kept.breaker_transitions where environment = $case and breaker = 'payments' order by position",
            case=case,
        )
        return [
            Found(
                row["from_state"],
                row["to_state"],
                to_us(row["occurred_earliest"]),
                to_us(row["occurred_latest"]),
            )
            for row in rows
        ]

    def counts(self, case: str) -> dict[str, int]:
        """Return how many calls of one case were counted, by outcome."""
        rows = self.setup.rows(
            "select outcome, sum(count)::int as count from request_counts where environment = $case group by outcome",
            case=case,
        )
        return {row["outcome"]: row["count"] for row in rows}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    """Drive each library's breaker through its rounds and collect what came of it in every way, once."""
    folder = tmp_path_factory.mktemp("breakers")
    driven = {name: _driven(name, folder / name) for name in BY_NAME}
    sources = [source for name, way in WAYS for source in driven[name].sources(way)]
    setup = Setup(folder / "store", tuple(sources), (SERVICE,))
    setup.collect()
    return Collected(driven, setup)


def _driven(name: str, folder: Path) -> Driven:
    folder.mkdir()
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


@pytest.mark.parametrize(("name", "way"), [case for case in WAYS if case != ("circuitbreaker-py", "log")])
def test_transitions_are_those_that_happened(collected: Collected, name: str, way: str) -> None:
    """From its metrics, its log, or both, each library's transitions are found once, in bounds that hold the truth."""
    true = collected.driven[name]
    found = collected.transitions(f"{name}-{way}")
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


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_calls_are_those_that_were_made(collected: Collected, name: str, way: str) -> None:
    """Each call counts once and under its outcome; what a library does not tell is not counted at all."""
    drive = collected.driven[name].drive
    told = {outcome: drive.count(outcome) for outcome in TOLD.get((name, way), ())}
    assert collected.counts(f"{name}-{way}") == told


def test_nothing_is_left_that_was_not_understood(collected: Collected) -> None:
    """No line of any library's page or log is rejected."""
    assert collected.setup.rows("from rejected_inputs") == []
