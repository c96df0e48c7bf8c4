"""Burn-rate rules against Prometheus itself: both fire and clear in the same minute."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.verdicts.burn import Watch, firing, watches
from breakwatch.config_objectives import Objective
from breakwatch.config_units import Target

SERIES = 60
MINUTES = 14 * 60


@dataclass(frozen=True)
class Counted:
    """Calls of one service by the minute, from the first sample on, and what its objective promises."""

    service: str
    target: float
    bad: NDArray[np.float64]
    total: NDArray[np.float64]

    def values(self, counts: NDArray[np.float64]) -> str:
        """Return the counter that grows by them, in promtool's notation; it begins at 0."""
        return " ".join(str(int(value)) for value in np.concatenate(([0], np.cumsum(counts))))


def generated(number: int) -> Counted:
    """Return calls with spells of errors of many lengths and depths, over a floor of single ones."""
    rng = np.random.default_rng(number)
    target = float(rng.choice([0.9, 0.99, 0.995, 0.999, 0.9995]))
    total = rng.poisson(float(rng.choice([600, 3000, 20000])), MINUTES).astype(np.float64) + 1
    share = np.full(MINUTES, float(rng.choice([0.0, 0.2, 0.8])) * (1 - target))
    for _ in range(int(rng.integers(1, 6))):
        start, length = int(rng.integers(0, MINUTES)), int(rng.choice([2, 5, 12, 40, 120, 300]))
        share[start : start + length] = min(1.0, float(rng.choice([3, 8, 16, 50, 400])) * (1 - target))
    return Counted(f"s{number:02}", target, rng.binomial(total.astype(int), share).astype(np.float64), total)


def rule(target: float, one: Watch) -> dict[str, object]:
    """Return a rule of ours as one of Prometheus, as the Site Reliability Workbook writes it."""
    services = f'{{target="{target}"}}'
    burning = [
        f"sum by (service) (rate(bad_total{services}[{minutes}m])) / "
        f"sum by (service) (rate(calls_total{services}[{minutes}m])) > {one.bad_share!r}"
        for minutes in (one.long_min, one.short_min)
    ]
    return {"alert": name(target, one), "expr": " and ".join(burning)}


def name(target: float, one: Watch) -> str:
    """Return the name of a rule."""
    return f"burn_{str(target).replace('.', '_')}_{one.long_min}"


def of(target: float) -> tuple[Watch, ...]:
    """Return the default rules of a target that fit the length of the series."""
    objective = Objective(name="x", indicator="availability_requests", at_least=Target(target, "ratio"))
    return tuple(one for one in watches(objective) if one.long_min * 2 <= MINUTES)


def agreed(folder: Path, tests: list[dict[str, object]]) -> str:
    """Return what promtool says of the tests; empty where it agrees."""
    (folder / "tests.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "evaluation_interval": "1m",
                                                  "tests": tests}))  # fmt: skip
    done = subprocess.run(
        ["promtool", "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False, timeout=250
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def expected(counted: list[Counted]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return by rule and service whether ours fires at the end of each minute."""
    found: dict[str, dict[str, NDArray[np.bool_]]] = {}
    for one in counted:
        for watch in of(one.target):
            found.setdefault(name(one.target, watch), {})[one.service] = firing(watch, one.bad, one.total)
    return found


def edges(states: dict[str, dict[str, NDArray[np.bool_]]]) -> int:
    """Return how often any rule fires or clears."""
    return sum(int(np.count_nonzero(np.diff(fires))) for by_service in states.values() for fires in by_service.values())


def test_rules_fire_and_clear_in_the_same_minute_as_those_of_prometheus(tmp_path: Path) -> None:
    """Sixty generated series, present from the first sample and without resets, minute by minute."""
    counted = [generated(number) for number in range(SERIES)]
    targets = sorted({one.target for one in counted})
    rules = [rule(target, one) for target in targets for one in of(target)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "burn", "rules": rules}]}))
    states = expected(counted)
    assert edges(states) > 100, "too few edges to say anything"
    tests: list[dict[str, object]] = [
        {
            "interval": "1m",
            "input_series": [
                {"series": f'{metric}{{service="{one.service}",target="{one.target}"}}', "values": one.values(counts)}
                for one in counted
                for metric, counts in (("bad_total", one.bad), ("calls_total", one.total))
            ],
            "alert_rule_test": [
                {
                    "eval_time": f"{minute + 1}m",
                    "alertname": rule_name,
                    "exp_alerts": [
                        {"exp_labels": {"service": service}}
                        for service, fires in states[rule_name].items()
                        if fires[minute]
                    ],
                }
                for rule_name in states
                for minute in range(MINUTES)
            ],
        }
    ]
    assert agreed(tmp_path, tests) == ""


def test_the_comparison_would_notice_one_minute(tmp_path: Path) -> None:
    """Told that a rule fires a minute later than it does, promtool objects."""
    one = next(each for each in map(generated, range(SERIES)) if any(firing(of(each.target)[0], each.bad, each.total)))
    watch = of(one.target)[0]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "burn", "rules": [rule(one.target, watch)]}]}))
    minute = int(np.flatnonzero(firing(watch, one.bad, one.total))[0])
    series = [
        {"series": f'{metric}{{service="{one.service}",target="{one.target}"}}', "values": one.values(counts)}
        for metric, counts in (("bad_total", one.bad), ("calls_total", one.total))
    ]
    late = {"eval_time": f"{minute + 1}m", "alertname": name(one.target, watch), "exp_alerts": []}
    told = agreed(tmp_path, [{"interval": "1m", "input_series": series, "alert_rule_test": [late]}])
    assert "FAILED" in told


@pytest.mark.parametrize("target", [0.9, 0.99, 0.999])
def test_only_rules_that_can_fire_are_compared(target: float) -> None:
    """At 90 % nothing burns 14.4 times as fast as allowed."""
    assert (14.4 in {round(one.rate, 6) for one in of(target)}) == (target > 0.9)
