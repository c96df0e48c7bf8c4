"""The shipped scenario packs: every scenario with its promises, in the grammar of objectives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from breakwatch.config_packs import read_pack, scenario, shipped
from breakwatch.config_units import Target
from breakwatch.errors import ConfigError, UsageError


def test_thirty_nine_scenarios_are_shipped_in_five_packs() -> None:
    """Each scenario has its own id, and what must break when resilience is off is one of its objectives."""
    packs = {pack.pack: len(pack.scenarios) for pack in shipped()}
    assert packs == {
        "cascading-failures": 6,
        "fallbacks": 7,
        "dependencies": 9,
        "resilience-infrastructure": 7,
        "chaos": 10,
    }
    every = [one for pack in shipped() for one in pack.scenarios]
    assert len({one.id for one in every}) == 39
    for one in every:
        about = {word for objective in one.objectives for word in (objective.indicator, objective.measurement)}
        assert set(one.broken) <= about, one.id


def test_objectives_of_a_scenario_have_names_of_their_own() -> None:
    """Two objectives of one indicator are told apart by what they are about."""
    for pack in shipped():
        for one in pack.scenarios:
            names = Counter(objective.name for objective in pack.objectives(one))
            assert [name for name, count in names.items() if count > 1] == [], one.id
    pack, memory = scenario("chaos-redis-memory", shipped())
    assert [objective.name for objective in memory.objectives] == ["latency SET", "latency GET"]


def test_a_limit_keeps_its_strictness_and_its_origin() -> None:
    """``below`` stays below, a multiple of a declared time stays one, and a limit of ours says so."""
    _, lifecycle = scenario("breaker-lifecycle", shipped())
    limits = {one.indicator: (one.limit, one.origin, one.finding) for one in lifecycle.objectives}
    assert limits["findings"] == (("equals", Target(0.0)), "promise", "breaker")
    assert limits["breaker_recovery_time"] == (("at_most", Target(2.0, relative_to="open_time")), "default", None)
    assert limits["service_recovery_time"] == (("below", Target(30.0, "s")), "promise", None)


def test_a_measurement_is_named_by_the_objective() -> None:
    """``name`` of an objective about a measurement is the measurement's name."""
    _, pool = scenario("postgres-pool-exhausted", shipped())
    assert [one.measurement for one in pool.objectives] == [None, "rows_lost"]


def test_standing_promises_hold_in_every_scenario_unless_it_is_about_them() -> None:
    """A scenario's own limit stands for the pack's; where the fault is a restart, restarts are no offence."""
    for pack in shipped():
        for one in pack.scenarios:
            held = Counter(objective.indicator for objective in pack.objectives(one))
            assert held["level_floor"] == 1, one.id
            assert held["restarts"] == (0 if one.restarts else 1), one.id
            assert ("performance_recovery_time" in held) == (pack.pack == "chaos"), one.id


def test_an_unknown_scenario_names_the_nearest() -> None:
    """A misspelt id is refused with the one that was meant."""
    with pytest.raises(UsageError, match="no scenario is named 'dns-failur'") as refused:
        scenario("dns-failur", shipped())
    assert refused.value.remedy == "did you mean dns-failure?"


def test_a_pack_of_ones_own_is_checked_like_a_configuration(tmp_path: Path) -> None:
    """What is wrong is told with file, line and key."""
    file = tmp_path / "own.yaml"
    file.write_text("pack: own\nscenarios:\n- id: a\n  fault: f\n  objectives:\n  - {indicator: uptime, at_least: 1}\n")
    with pytest.raises(ConfigError, match=r"own.yaml:6: scenarios\[0\].objectives\[0\].indicator: 'uptime' is not"):
        read_pack(file)
