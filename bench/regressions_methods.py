"""Who is measured: Breakwatch in this process, its rivals each in a process of their own environment."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from analysis.regressions.changepoints import changes
from analysis.regressions.examining import Terms, examine
from analysis.regressions.judge import judged
from analysis.regressions.rules import Rule
from analysis.regressions.series import Key, Run, Series
from breakwatch.clock import HOUR_US

ROOT = Path(__file__).parents[1]

Found = list[tuple[list[int], float]]
"""For each series the places of its changes, and the seconds that took."""

Method = Callable[[Sequence[Sequence[float]]], Found]


def breakwatch(many: Sequence[Sequence[float]]) -> Found:
    """Return every change of level, for the better too, however small, suspected ones included."""
    found = []
    for values in many:
        began = time.perf_counter()
        places = [change.index for change in changes(np.asarray(values, dtype=np.float64))]
        found.append((places, time.perf_counter() - began))
    return found


def fleet(many: Sequence[Sequence[float]]) -> Found:
    """Return what is reported of series that are judged together: for the worse, by 5 % at least, few false."""
    began = time.perf_counter()
    series = [_series(f"b{place}", values) for place, values in enumerate(many)]
    examined = [examine(one, Rule(0.05), Terms(0.05)) for one in series]
    families = {("", f"v{at}"): len(many) for at in range(max(map(len, many)))}
    reported: dict[str, list[int]] = {one.key.benchmark: [] for one in series}
    for one in judged(examined, (), families, (), 0.05):
        if one.status in {"suspected", "confirmed"}:
            reported[one.key.benchmark].append(int(one.revision[1:]))
    took = (time.perf_counter() - began) / len(many)
    return [(reported[one.key.benchmark], took) for one in series]


def _series(name: str, values: Sequence[float]) -> Series:
    runs = [Run(at * HOUR_US, f"v{at}", (value,)) for at, value in enumerate(values)]
    return Series(Key(benchmark=name), "lower", runs)


def rivals() -> dict[str, Method]:
    """Return the rivals by name; their environments are made where they are missing."""
    made = subprocess.run([ROOT / "scripts" / "ensure-rivals.sh"], check=True, capture_output=True, text=True)
    otava, asv = made.stdout.split()
    return {"Apache Otava 0.8.0": _rival(otava, "otava"), "asv 0.6.6": _rival(asv, "asv")}


def _rival(python: str, script: str) -> Method:
    def method(many: Sequence[Sequence[float]]) -> Found:
        # Isolated: a folder of ours must not shadow the package that is measured.
        command = [str(ROOT / python), "-I", str(ROOT / "bench" / "rivals" / f"{script}.py")]
        told = "\n".join(json.dumps(list(values)) for values in many)
        done = subprocess.run(command, input=told, check=True, capture_output=True, text=True)
        return [(places, took) for places, took in map(json.loads, done.stdout.splitlines())]

    return method
