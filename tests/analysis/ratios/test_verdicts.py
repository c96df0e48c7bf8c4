"""Every ratio, count and level, from events through ingestion to the verdict: met, missed, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analysis.verdicts.judge import evaluate
from breakwatch.config import Config
from breakwatch.config_objectives import Objective
from store import Store
from tests.analysis.ratios.world import LENGTH_S, Told, at_us, rate, steps, taken_in

World = tuple[Store, Config]

DOWN_FOR_3_MINUTES = (300.0, 480.0)
SERVICES = {
    "good": Told(
        calls={"success": rate(10)},
        lasted=lambda _: 0.08,
        dead_letters=steps((0, 0)),
        sessions=steps((0, 100), (400, 95)),
        health=("db",),
        fault=DOWN_FOR_3_MINUTES,
        measured={"messages_lost": 0, "rows_lost": 2},
    ),
    "bad": Told(
        calls={"success": rate(5), "failure": rate(5)},
        lasted=steps((0, 0.08), (300, 2.0)),
        dead_letters=steps((0, 0), (450, 5)),
        sessions=steps((0, 100), (400, 10)),
        health=("other",),
        fault=DOWN_FOR_3_MINUTES,
        measured={"messages_lost": 3, "rows_lost": 7},
    ),
    "slower": Told(calls={"success": rate(1)}, lasted=steps((0, 0.08), (300, 0.4)), fault=DOWN_FOR_3_MINUTES),
    "moving": Told(sessions=steps((0, 100), (300, 90), (480, 60)), fault=(300.0, 478.0)),
    "quiet": Told(levels={"full": steps((0, 1))}),
    "gappy": Told(calls={"success": rate(10)}, silent=(120, 480)),
    "cached": Told(calls={"success": rate(2), "cache_hit": rate(6), "cache_stale": rate(2, 0, 240)}, fault=(60, 300)),
    "stale": Told(calls={"success": rate(5), "cache_stale": rate(5)}, fault=(60, 300)),
    "fading": Told(calls={"success": rate(5), "cache_stale": rate(5, 240, 280)}, fault=(60, 270)),
    "standing-in": Told(calls={"success": rate(5), "fallback": rate(5)}),
    "degraded": Told(
        calls={"success": rate(10)}, levels={"full": steps((0, 1), (200, 0)), "degraded": steps((0, 0), (200, 1))}
    ),
    "lowest": Told(
        calls={"success": rate(10)}, levels={"full": steps((0, 1), (60, 0)), "cache_only": steps((0, 0), (60, 1))}
    ),
    "unsure": Told(levels={"degraded": steps((0, 1), (60, 0)), "unknown": steps((0, 0), (60, 1))}),
}
NEEDS_DB = {"depends_on": [{"service": "db", "kind": "hard"}]}
DECLARED: dict[str, dict[str, Any]] = {"good": NEEDS_DB, "bad": NEEDS_DB}
PROMISED = [
    {"name": f"{name}-availability", "indicator": "availability_requests", "at_least": "99%", "service": name}
    for name in ("good", "bad", "quiet")
]

WHOLE = (0.0, float(LENGTH_S))
HALF_MINUTES = (330.0, 390.0)
"""No minute lies in it, and each of two by half: the counts of either may be all inside or all outside."""

CASES: list[tuple[dict[str, Any], dict[str, str], tuple[float, float]]] = [
    ({"indicator": "availability_time", "at_least": "99%"}, {"good": "met", "bad": "missed"}, WHOLE),
    ({"indicator": "availability_time", "at_least": "90%"}, {"gappy": "cannot_tell"}, WHOLE),
    (
        {"indicator": "availability_requests", "at_least": "99%"},
        {"good": "met", "bad": "missed", "lowest": "missed", "quiet": "cannot_tell"},
        WHOLE,
    ),
    ({"indicator": "availability_requests", "at_least": "40%"}, {"bad": "cannot_tell"}, HALF_MINUTES),
    (
        {"indicator": "success_ratio", "above": "80%"},
        {"good": "met", "bad": "missed", "lowest": "met", "quiet": "cannot_tell"},
        WHOLE,
    ),
    ({"indicator": "failed_requests", "at_most": 0}, {"good": "met", "bad": "missed", "quiet": "cannot_tell"}, WHOLE),
    ({"indicator": "failed_requests", "at_most": 300}, {"bad": "cannot_tell"}, HALF_MINUTES),
    (
        {"indicator": "error_budget_remaining", "at_least": "10%"},
        {"good": "met", "bad": "missed", "gappy": "cannot_tell"},
        WHOLE,
    ),
    ({"indicator": "burn_rate", "at_most": 1}, {"good": "met", "bad": "missed", "gappy": "cannot_tell"}, WHOLE),
    ({"indicator": "latency", "below": "1s"}, {"good": "met", "bad": "missed", "quiet": "cannot_tell"}, WHOLE),
    ({"indicator": "latency", "stat": "median", "below": "80ms"}, {"good": "cannot_tell"}, WHOLE),
    (
        {"indicator": "degradation_factor", "below": 5},
        {"good": "met", "bad": "missed", "slower": "cannot_tell", "quiet": "cannot_tell"},
        WHOLE,
    ),
    (
        {"indicator": "continuity_score", "at_least": 0.6},
        {"good": "met", "degraded": "met", "lowest": "missed", "quiet": "met", "unsure": "cannot_tell"},
        WHOLE,
    ),
    (
        {"indicator": "experience_score", "at_least": 0.7, "latency": "1s"},
        {"good": "met", "bad": "missed", "quiet": "cannot_tell", "degraded": "cannot_tell"},
        WHOLE,
    ),
    ({"indicator": "experience_score", "at_least": 0.7, "latency": "80ms"}, {"good": "cannot_tell"}, WHOLE),
    (
        {"indicator": "session_preservation", "at_least": 0.8},
        {"good": "met", "bad": "missed", "moving": "cannot_tell", "quiet": "cannot_tell"},
        WHOLE,
    ),
    ({"indicator": "cache_hit_ratio", "at_least": "50%"}, {"cached": "met", "good": "missed"}, WHOLE),
    (
        {"indicator": "cache_hit_ratio", "at_least": "50%"},
        {"quiet": "cannot_tell", "stale": "cannot_tell"},
        HALF_MINUTES,
    ),
    (
        {"indicator": "stale_after_recovery", "equals": 0},
        {"cached": "met", "stale": "missed", "fading": "cannot_tell", "quiet": "cannot_tell"},
        WHOLE,
    ),
    (
        {"indicator": "fallback_ratio", "above": 0},
        {"standing-in": "met", "good": "missed", "quiet": "cannot_tell"},
        WHOLE,
    ),
    (
        {"indicator": "level_floor", "at_least": "limited"},
        {"degraded": "met", "lowest": "missed", "unsure": "cannot_tell", "good": "met"},
        WHOLE,
    ),
    ({"indicator": "messages_lost", "equals": 0}, {"good": "met", "bad": "missed", "quiet": "cannot_tell"}, WHOLE),
    ({"indicator": "dead_letters_left", "equals": 0}, {"good": "met", "bad": "missed", "quiet": "cannot_tell"}, WHOLE),
    ({"indicator": "coverage", "at_least": "99%"}, {"good": "met", "gappy": "missed", "nobody": "cannot_tell"}, WHOLE),
    ({"indicator": "signal_coverage", "equals": 1}, {"good": "met", "bad": "missed", "quiet": "cannot_tell"}, WHOLE),
    (
        {"indicator": "measured", "measurement": "rows_lost", "at_most": 5},
        {"good": "met", "bad": "missed", "quiet": "cannot_tell"},
        WHOLE,
    ),
    (
        {
            "indicator": "sql",
            "sql": "select min(depth) as value, value as low, max(depth) as high, count(*) as n"
            " from queue_depths where service = $service and sampled_at between $from and $to",
            "at_most": 1,
        },
        {"good": "met", "bad": "cannot_tell", "quiet": "cannot_tell"},
        WHOLE,
    ),
    (
        {
            "indicator": "sql",
            "sql": "select max(depth) as value, value as low, value as high from queue_depths where service = $service",
            "at_most": 1,
        },
        {"bad": "missed"},
        WHOLE,
    ),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All services, taken in once."""
    store, config = taken_in(tmp_path_factory.mktemp("ratios"), SERVICES, declared=DECLARED, objectives=PROMISED)
    with store:
        yield store, config


@pytest.mark.parametrize(
    ("objective", "expected", "window"),
    CASES,
    ids=[f"{number}-{case[0]['indicator']}" for number, case in enumerate(CASES)],
)
def test_a_figure_is_judged_by_what_was_taken_in(
    world: World, objective: dict[str, Any], expected: dict[str, str], window: tuple[float, float]
) -> None:
    """Each service gets the word that is right for what it told; nothing is written into the verdicts."""
    store, config = world
    asked = [Objective.model_validate({"name": service, "service": service} | objective,
                                      context={"written": True}) for service in expected]  # fmt: skip
    found = evaluate(
        store, config, at_us(LENGTH_S), objectives=asked, since_us=at_us(window[0]), until_us=at_us(window[1])
    )
    assert {one.service: (one.verdict, one.measured) for one in found} == {
        one.service: (expected[str(one.service)], one.measured) for one in found
    }
    assert {one.service for one in found} == set(expected)


def test_every_indicator_has_its_three_cases() -> None:
    """Each indicator of this part is met, missed and untold by some service."""
    words: dict[str, set[str]] = {}
    for objective, expected, _ in CASES:
        words.setdefault(objective["indicator"], set()).update(expected.values())
    assert {name for name, found in words.items() if found != {"met", "missed", "cannot_tell"}} == set()
    assert len(words) == 21
