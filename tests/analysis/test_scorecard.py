"""Scorecards add up what verdicts say, and never count what was not tried or not proved as passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest

from analysis.scorecard import _together, promises, stands
from analysis.verdicts.scores import Score
from analysis.verdicts.verdict import Verdict
from breakwatch.config_packs import scenario, shipped


@dataclass(frozen=True)
class Said:
    """As much of a verdict as an outcome rests on."""

    verdict: str
    counts: bool = True


def verdicts(*words: str) -> list[Verdict]:
    """Return verdicts of these words."""
    return [cast("Verdict", Said(word)) for word in words]


@pytest.mark.parametrize(
    ("claimed", "words", "outcome"),
    [
        ("passed", ("met", "met"), "confirmed"),
        ("passed", ("met", "missed", "cannot_tell"), "contradicted"),
        ("Passed", ("met", "cannot_tell"), "cannot_tell"),
        ("failed", ("met", "missed"), "confirmed"),
        ("deviated", ("met", "not_applicable"), "contradicted"),
        ("passed", ("not_applicable",), "cannot_tell"),
        ("passed", (), "cannot_tell"),
        ("went fine I think", ("met",), ""),
        (None, ("missed",), ""),
    ],
)
def test_a_claimed_outcome_stands_as_the_verdicts_do(claimed: str | None, words: tuple[str, ...], outcome: str) -> None:
    """A miss contradicts a pass; only all promises met confirm one; what cannot be told leaves it open."""
    assert stands(claimed, verdicts(*words)) == outcome


def test_what_is_only_reported_does_not_contradict() -> None:
    """A figure without a limit has no say in how a claim stands."""
    assert stands("passed", [*verdicts("met"), cast("Verdict", Said("missed", counts=False))]) == "confirmed"


def test_a_pack_counts_what_was_not_tried_as_unproved() -> None:
    """Of nine scenarios, four tried: the others are 0 in the low bound, 1 in the high one."""
    tried = [Score(1.0, 1.0, 0.0, 3), Score(0.5, 0.75, 0.25, 4), Score(0.25, 0.25, 0.0, 2), Score(None, None, 1.0, 2)]
    found = _together(tried, 9)
    assert found.low == pytest.approx(1.75 / 9)
    assert found.high == pytest.approx((2.0 + 6) / 9)
    assert found.unproved == pytest.approx(6.25 / 9)
    assert found.n == 11


def test_a_pack_of_which_nothing_is_proved_has_no_score() -> None:
    """NULL, not 0 and not 1."""
    assert _together([Score(None, None, 1.0, 2)], 9) == Score(None, None, 1.0, 2)
    assert _together([], 9) == Score(None, None, 1.0, 0)


def test_promises_are_about_the_service_that_was_tried() -> None:
    """A scenario names no service; its objectives take that of the experiment."""
    pack, one = scenario("dns-failure", shipped())
    assert {objective.service for objective in promises(pack, one, {"service": "checkout"})} == {"checkout"}
    assert {objective.service for objective in promises(pack, one, {"service": None})} == {None}
