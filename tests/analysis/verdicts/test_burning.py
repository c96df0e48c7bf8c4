"""Burn-rate rules over counted calls: which fire now, and when they fired."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from analysis.verdicts.burn import firing, watches
from analysis.verdicts.burning import burning, fired_between
from breakwatch.clock import DAY_US, HOUR_US, MINUTE_US
from breakwatch.config import Config
from store import Store
from tests.analysis.verdicts.world import NOW_US, config, covered, fill, minutes

MINUTES = 600
START_US = NOW_US - MINUTES * MINUTE_US
CALLS = {"name": "calls", "indicator": "availability_requests", "at_least": "99.9%"}


def failures(*spells: tuple[int, int, int]) -> list[int]:
    """Return bad calls by the minute: from, to, and how many each."""
    found = [0] * MINUTES
    for start, end, bad in spells:
        found[start:end] = [bad] * (end - start)
    return found


BAD = {
    "burning": failures((MINUTES - 20, MINUTES, 20)),
    "burnt": failures((100, 130, 20)),
    "fine": failures(),
    "slow": failures((0, MINUTES, 1)),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A hundred calls a minute to each of four services, for ten hours."""
    rows = [row for name, bad in BAD.items() for row in minutes(name, START_US, [100 - one for one in bad], bad)]
    with Store.open(tmp_path_factory.mktemp("burning") / "b.duckdb") as opened:
        fill(opened, coverage=[covered(name) for name in BAD], request_counts=rows)
        yield opened


def said() -> Config:
    """Return one objective for all of them."""
    return config(CALLS)


def test_the_rules_that_fire_now_are_told(store: Store) -> None:
    """The fast one where it burns; none where it burnt hours ago, or burns slower than the rules allow."""
    found = burning(store, said(), NOW_US)
    assert len(found) == 4 * len(BAD)
    firing_now = {(one.service, round(one.watch.rate, 1)) for one in found if one.fires}
    assert firing_now == {
        ("burning", 14.4), ("burning", 6.0), ("burning", 3.0), ("burning", 1.0), ("slow", 6.0), ("slow", 3.0),
        ("slow", 1.0),
    }  # fmt: skip
    fast = next(one for one in found if one.service == "burning" and one.watch.long_min == 60)
    assert fast.long_rate == pytest.approx(400 / 6000 / 0.001)
    assert fast.short_rate == pytest.approx(200)
    assert (fast.watch.severity, fast.total) == ("S1", 6000)


def test_when_a_rule_fired_is_what_its_minutes_say(store: Store) -> None:
    """The same as of counts by the minute, edge by edge."""
    found = fired_between(store, said(), said().objectives[0], START_US, NOW_US)
    for rule in watches(said().objectives[0]):
        for service, bad in BAD.items():
            states = firing(rule, np.array(bad, dtype=float), np.full(MINUTES, 100.0))
            edges = np.flatnonzero(np.diff(states.astype(int), prepend=0))
            expected = [START_US + (int(edge) + 1) * MINUTE_US for edge in edges]
            told = [
                each
                for _, name, one in found
                if name == service and one.watch == rule
                for each in (one.fired_us, one.cleared_us)
                if each is not None
            ]
            assert told == expected, (rule, service)


def test_a_rule_that_fires_at_the_end_has_not_cleared(store: Store) -> None:
    """It began within the last twenty minutes."""
    found = fired_between(store, said(), said().objectives[0], NOW_US - HOUR_US, NOW_US)
    (fast,) = [one for _, service, one in found if service == "burning" and one.watch.long_min == 60]
    assert fast.cleared_us is None
    assert NOW_US - 20 * MINUTE_US < fast.fired_us <= NOW_US


def test_maintenance_burns_nothing(store: Store) -> None:
    """Time that is taken out of the verdict is taken out of its burn rates."""
    window = {"start": "2026-11-20T11:30:00Z", "end": "2026-11-20T12:30:00Z", "service": "burning", "reason": "move"}
    found = burning(store, config(CALLS, maintenance=[window]), NOW_US)
    assert not any(one.fires for one in found if one.service == "burning")


def test_what_has_no_budget_has_no_rules(store: Store) -> None:
    """Times, and limits from above."""
    others = config({"name": "a", "indicator": "breaker_recovery_time", "at_most": "30s"}, CALLS | {"burn_rates": []})
    assert burning(store, others, NOW_US) == []
    assert fired_between(store, others, others.objectives[0], NOW_US - DAY_US, NOW_US) == []
