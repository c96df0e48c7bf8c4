"""What JMH writes: every iteration of every fork."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.imports.benchmarking import NO_TIME, OPTIONS, TIME_UNITS_S, Run, objects, times
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, Left, Piece, Refused


def _fits(document: Document) -> bool:
    content = document.content if document.form == "json" else None
    return isinstance(content, list) and all(isinstance(one, dict) and "primaryMetric" in one for one in content[:1])


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    if asked.at_us is None:
        yield Refused("the file", NO_TIME, f"{len(document.content)} results")
        return
    for index, one in enumerate(objects(document.content)):
        told = {name: one[name] for name in ("jvm", "jdkVersion", "vmName", "vmVersion", "threads") if one.get(name)}
        run = Run(asked, asked.at_us, "jmh", machine=told)
        parameters = ",".join(f"{name}={value}" for name, value in sorted((one.get("params") or {}).items()))
        name = str(one.get("benchmark", "")) + (f"{{{parameters}}}" if parameters else "")
        metric = one.get("primaryMetric")
        if not name or not isinstance(metric, dict):
            yield Refused(f"[{index}]", "has no benchmark or no primaryMetric", json.dumps(one, default=str))
            continue
        yield from _read_metric(run, name, str(one.get("mode", "")), metric, f"[{index}].primaryMetric")
        for _ in one.get("secondaryMetrics") or ():
            yield Left("secondary metrics of profilers, of which nobody says which way is better")


def _read_metric(run: Run, name: str, mode: str, metric: Mapping[str, Any], position: str) -> Iterator[Piece]:
    unit = str(metric.get("scoreUnit", ""))
    above, _, below = unit.partition("/")
    if mode == "thrpt":
        unit_s, better, said = TIME_UNITS_S.get(below), "higher", f"{above}/s"
    else:
        unit_s, better, said = TIME_UNITS_S.get(above), "lower", f"s/{below}" if below else "s"
    if unit_s is None:
        yield Refused(f"{position}.scoreUnit", f"{unit!r} is no unit of JMH's mode {mode!r}", name)
        return
    factor = 1 / unit_s if mode == "thrpt" else unit_s
    raw = metric.get("rawData")
    values = [value for fork in raw for value in fork] if isinstance(raw, list) else []
    for repetition, value in enumerate(values or [metric.get("score")]):
        yield run.value(name, mode or "score", said, better, times(value, factor), f"{position}[{repetition}]")


JMH = Format(
    name="jmh",
    title="The JSON of JMH (-rf json), every iteration; it holds no time, so say --at",
    expected="a JSON list of objects with benchmark, mode and primaryMetric",
    fits=_fits,
    read=_read,
    example="breakwatch import jmh jmh-result.json --at 2026-11-20T09:00:00Z --revision 4f2a91c",
    options=OPTIONS,
)
