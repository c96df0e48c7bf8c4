"""What pytest-benchmark writes: every round of every benchmark, where the file holds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from collectors.imports.benchmarking import OPTIONS, Run, objects, when
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, NotReadableError, Piece, Refused


def _fits(document: Document) -> bool:
    content = document.content if document.form == "json" else None
    return isinstance(content, dict) and {"benchmarks", "machine_info"} <= content.keys()


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    content = document.content
    machine = content["machine_info"] if isinstance(content["machine_info"], dict) else {}
    processor = machine.get("cpu")
    cpu: dict[str, Any] = processor if isinstance(processor, dict) else {}
    told = {name: machine.get(name) for name in ("node", "machine", "system", "release", "python_version")}
    told["cpu"] = cpu.get("brand_raw") or cpu.get("brand")
    revision = (content.get("commit_info") or {}).get("id") or ""
    try:
        at_us = when(asked, content.get("datetime"), utc=True)
    except NotReadableError as error:
        yield Refused("datetime", str(error), str(content.get("datetime")))
        return
    machine_told = {name: value for name, value in told.items() if value}
    for index, one in enumerate(objects(content["benchmarks"])):
        run = Run(asked, at_us, one.get("group") or "pytest-benchmark", revision, machine_told)
        name = str(one.get("fullname") or one.get("name") or "")
        stats = one.get("stats") if isinstance(one.get("stats"), dict) else {}
        position = f"benchmarks[{index}]"
        if not name or not stats:
            yield Refused(position, "has no name or no stats", json.dumps(one, default=str))
        elif stats.get("data"):
            for repetition, value in enumerate(stats["data"]):
                yield run.value(name, "time", "s", "lower", value, f"{position}.stats.data[{repetition}]")
        else:
            for stat in ("min", "median", "mean"):
                if stat in stats:
                    yield run.value(name, f"time.{stat}", "s", "lower", stats[stat], f"{position}.stats.{stat}")


PYTEST_BENCHMARK = Format(
    name="pytest-benchmark",
    title="The JSON of pytest-benchmark (--benchmark-json), every round where it holds them",
    expected="a JSON object with benchmarks and machine_info",
    fits=_fits,
    read=_read,
    example="breakwatch import pytest-benchmark .benchmarks/0001_run.json",
    options=OPTIONS,
)
