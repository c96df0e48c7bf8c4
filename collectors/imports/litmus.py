"""ChaosResult objects of Litmus, as kubectl prints them (JSON or YAML, one, several or a List)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from breakwatch.clock import Instant, from_us, to_us
from breakwatch.records import Record, RecordKind
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, NotReadableError, Piece, Refused, instant, number, words

_OUTCOMES = {"pass": "passed", "fail": "failed", "error": "error", "stopped": "stopped"}
"""Its verdicts in the words of the other reports; one that is awaited is none yet."""


def _objects(document: Document) -> list[Any]:
    content = document.content
    found: list[Any] = content if isinstance(content, list) else [content]
    return [inner for one in found for inner in (one.get("items") if _is_list(one) else [one])]


def _is_list(one: Any) -> bool:  # noqa: ANN401
    return isinstance(one, dict) and isinstance(one.get("items"), list)


def _fits(document: Document) -> bool:
    if document.form not in {"json", "jsonlines", "yaml"}:
        return False
    found = _objects(document)
    return bool(found) and all(isinstance(one, dict) and one.get("kind") == "ChaosResult" for one in found)


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    for index, one in enumerate(_objects(document)):
        try:
            yield from _result(one, asked)
        except NotReadableError as error:
            yield Refused(f"item {index}", str(error), json.dumps(one, default=str))


def _result(one: Mapping[str, Any], asked: Asked) -> Iterator[Piece]:
    metadata, spec, status = (_map(one, name) for name in ("metadata", "spec", "status"))
    state = _map(status, "experimentStatus")
    start_us = _stamp(metadata.get("creationTimestamp"))
    phase = str(state.get("phase") or "")
    end_us = _last_written(metadata, start_us) if phase.lower() in {"completed", "stopped", "error"} else None
    identity = str(metadata.get("uid") or f"{metadata.get('name')}@{from_us(start_us).isoformat()}")
    probes = [
        {"name": probe.get("name"), "mode": probe.get("mode"), "verdict": _map(probe, "status").get("verdict")}
        for probe in status.get("probeStatuses") or ()
        if isinstance(probe, dict)
    ]
    hit = [target for target in _map(status, "history").get("targets") or () if isinstance(target, dict)]
    shared: dict[str, Any] = {"environment": asked.environment, "service": asked.service, "labels": asked.labels}
    detail = words(
        experiment_id=identity,
        scenario=spec.get("experiment") or metadata.get("name"),
        target=",".join(str(target.get("name")) for target in hit),
        phases=json.dumps([{"name": phase, "failed_step": state.get("failStep"), "probes": probes}]) if phase else "",
        outcome=_OUTCOMES.get(str(state.get("verdict") or "").lower(), ""),
        tool="litmus",
    )
    yield Record("", RecordKind.EXPERIMENT, start_us, end_us, detail=detail, **shared)
    succeeded = state.get("probeSuccessPercentage")
    if succeeded not in (None, "", "Awaited"):
        detail = words(name="probe_success_percent", unit="percent", experiment_id=identity, tool="litmus")
        yield Record(
            "", RecordKind.MEASUREMENT, end_us or start_us, value=number(succeeded), detail=detail, **shared
        )  # fmt: skip


def _map(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _stamp(written: Any) -> Instant:  # noqa: ANN401 - YAML reads times by itself
    return to_us(written) if isinstance(written, datetime) and written.tzinfo else instant(written, "UTC")


def _last_written(metadata: Mapping[str, Any], start_us: Instant) -> Instant | None:
    """Return when the object was last written, which for a finished one is its end; None where it does not say."""
    stamps = [one.get("time") for one in metadata.get("managedFields") or () if isinstance(one, dict)]
    found = [_stamp(stamp) for stamp in stamps if stamp]
    return max([start_us, *found]) if found else None


LITMUS = Format(
    name="litmus",
    title="ChaosResult objects of Litmus, as JSON or YAML (kubectl get chaosresult -o json)",
    expected="objects of kind ChaosResult, one, several or a List",
    fits=_fits,
    read=_read,
    example="breakwatch import litmus chaosresults.json --service checkout",
    options=("service",),
)
