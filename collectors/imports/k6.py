"""What k6 writes: the summary of a run, or its single samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from breakwatch.records import Record, RecordKind
from collectors.imports.benchmarking import NO_TIME, OPTIONS, Run, times
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, Left, NotReadableError, Piece, Refused, instant, number, words


def _fits(document: Document) -> bool:
    content = document.content
    if document.form == "jsonlines":
        return isinstance(content[0], dict) and content[0].get("type") in {"Metric", "Point"}
    return document.form == "json" and isinstance(content, dict) and isinstance(content.get("metrics"), dict)


_HIGHER = {"checks": True, "http_reqs": True, "iterations": True, "http_req_failed": False, "dropped_iterations": False}
_TIMES = re.compile(
    r"(http|grpc)_req_|(iteration|group)_duration\b|ws_(connecting|session_duration|ping)\b|browser_web_vital_(fcp|lcp|fid|inp|ttfb)\b"
)
_LOAD = frozenset({"vus", "vus_max", "data_sent", "data_received"})


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    if document.form == "jsonlines":
        yield from _points(document, asked)
        return
    if asked.at_us is None:
        yield Refused("the file", NO_TIME, f"{len(document.content['metrics'])} metrics")
        return
    run = Run(asked, asked.at_us, "k6")
    for metric, told in document.content["metrics"].items():
        values = told.get("values", told) if isinstance(told, dict) else {}
        if not isinstance(values, dict):
            yield Refused(f"metrics.{metric}", "holds no values", json.dumps(told, default=str))
        elif metric in _LOAD:
            yield Left("how much load was made, which is no result")
        elif {"avg", "med"} <= values.keys():
            yield from _trend(run, metric, told, values)
        elif metric.partition("{")[0] in _HIGHER:
            better = "higher" if _HIGHER[metric.partition("{")[0]] else "lower"
            rate = values.get("rate", values.get("value"))
            unit = "" if "count" not in values else "1/s"
            yield run.value("k6", f"{metric}.rate", unit, better, rate, f"metrics.{metric}")
        else:
            yield Left("metrics of the user's own, of which nobody says which way is better")


def _trend(run: Run, metric: str, told: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield the statistics of a trend; one that says it contains no time has no known direction."""
    if told.get("contains", "time" if _TIMES.match(metric) else "") != "time":
        yield Left("metrics of the user's own, of which nobody says which way is better")
        return
    for stat, value in values.items():
        if stat not in {"thresholds", "count"} and not isinstance(value, dict | list):
            said = "p" + stat[2:-1] if stat.startswith("p(") else stat
            yield run.value("k6", f"{metric}.{said}", "s", "lower", times(value, 1e-3), f"metrics.{metric}.{stat}")


def _points(document: Document, asked: Asked) -> Iterator[Piece]:
    """Yield the single samples of k6's JSON output: measurements with their own time."""
    contains: dict[str, str] = {}
    for index, one in enumerate(document.content):
        data = one.get("data") if isinstance(one, dict) else None
        if not isinstance(data, dict):
            yield Refused(f"line {index + 1}", "has no data", json.dumps(one, default=str))
        elif one.get("type") == "Metric":
            contains[str(one.get("metric"))] = str(data.get("contains", ""))
        elif one.get("metric") in _LOAD:
            yield Left("how much load was made, which is no result")
        else:
            is_time = contains.get(str(one.get("metric"))) == "time"
            try:
                yield Record(
                    "", RecordKind.MEASUREMENT, instant(data.get("time"), asked.timezone),
                    value=number(data.get("value")) * (1e-3 if is_time else 1),
                    environment=asked.environment, service=asked.service, labels=asked.labels,
                    detail=words(name=one.get("metric"), unit="s" if is_time else "", tool="k6"), row=index,
                )  # fmt: skip
            except NotReadableError as error:
                yield Refused(f"line {index + 1}", str(error), json.dumps(one, default=str))


K6 = Format(
    name="k6",
    title="A summary of k6 (--summary-export or handleSummary; say --at), or its JSON lines (--out json)",
    expected="a JSON object with metrics, or JSON lines with type, metric and data",
    fits=_fits,
    read=_read,
    example="breakwatch import k6 summary.json --at 2026-11-20T09:00:00Z --suite checkout-load",
    options=("service", *OPTIONS),
)
