"""What Google Benchmark writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.imports.benchmarking import OPTIONS, TIME_UNITS_S, Run, object_with, objects, times, when
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, Left, NotReadableError, Piece, Refused


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    context, rows = document.content["context"], objects(document.content["benchmarks"])
    try:
        at_us = when(asked, context.get("date"))
    except NotReadableError as error:
        yield Refused("context.date", str(error), str(context.get("date")))
        return
    told = {name: context[name] for name in ("host_name", "num_cpus", "library_build_type") if context.get(name)}
    run = Run(asked, at_us, str(context.get("executable") or "google-benchmark"), machine=told)
    single = {one.get("run_name", one.get("name")) for one in rows if one.get("run_type", "iteration") == "iteration"}
    for index, one in enumerate(rows):
        name, position = str(one.get("run_name") or one.get("name") or ""), f"benchmarks[{index}]"
        aggregate = one.get("aggregate_name", "") if one.get("run_type") == "aggregate" else ""
        if not name:
            yield Refused(position, "has no name", json.dumps(one, default=str))
        elif one.get("error_occurred") or one.get("skipped"):
            why = one.get("error_message") or one.get("skip_message") or "no reason given"
            yield Refused(position, f"did not run: {why}", json.dumps(one, default=str))
        elif aggregate and (name in single or aggregate in {"stddev", "cv"}):
            yield Left("aggregates of repetitions, which are in themselves")
        else:
            yield from _read_values(run, one, name, f".{aggregate}" if aggregate else "", position)


_OWN = frozenset({
    "name", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations", "real_time", "cpu_time",
    "time_unit", "family_index", "per_family_instance_index", "aggregate_name", "aggregate_unit", "items_per_second",
    "bytes_per_second", "label",
})  # fmt: skip


def _read_values(run: Run, one: Mapping[str, Any], name: str, suffix: str, position: str) -> Iterator[Piece]:
    unit_s = TIME_UNITS_S.get(str(one.get("time_unit", "ns")))
    for metric in ("real_time", "cpu_time"):
        if metric in one:
            if unit_s is None:
                yield Refused(f"{position}.time_unit", f"{one['time_unit']!r} is no unit of time", name)
                return
            yield run.value(name, metric + suffix, "s", "lower", times(one[metric], unit_s), f"{position}.{metric}")
    for metric, unit in (("items_per_second", "items/s"), ("bytes_per_second", "bytes/s")):
        if metric in one:
            yield run.value(name, metric + suffix, unit, "higher", one[metric], f"{position}.{metric}")
    for _ in one.keys() - _OWN:
        yield Left("counters of the user's own, of which nobody says which way is better")


GOOGLE_BENCHMARK = Format(
    name="google-benchmark",
    title="The JSON of Google Benchmark (--benchmark_format=json)",
    expected="a JSON object with context and benchmarks",
    fits=lambda document: object_with("benchmarks")(document) and object_with("context", holds=dict)(document),
    read=_read,
    example="breakwatch import google-benchmark bench.json --revision 4f2a91c",
    options=OPTIONS,
)
