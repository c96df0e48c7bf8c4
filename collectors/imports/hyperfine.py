"""What hyperfine writes: every timing of every command."""

from __future__ import annotations

import json
from collections.abc import Iterator

from collectors.imports.benchmarking import NO_TIME, OPTIONS, Run, object_with, objects
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, Format, Piece, Refused


def _read(document: Document, asked: Asked) -> Iterator[Piece]:
    if asked.at_us is None:
        yield Refused("the file", NO_TIME, f"{len(document.content['results'])} commands")
        return
    run = Run(asked, asked.at_us, "hyperfine")
    for index, one in enumerate(objects(document.content["results"])):
        name, times = str(one.get("command", "")), one.get("times")
        position = f"results[{index}]"
        if not name or not isinstance(times, list):
            if not name or "mean" not in one:
                yield Refused(position, "has no command or no times", json.dumps(one, default=str))
                continue
            yield run.value(name, "time.mean", "s", "lower", one["mean"], f"{position}.mean")
            continue
        codes = one.get("exit_codes") or [0] * len(times)
        for repetition, (value, code) in enumerate(zip(times, codes, strict=False)):
            where = f"{position}.times[{repetition}]"
            if code not in (0, None):
                yield Refused(where, f"the command failed with exit code {code}: its time says nothing", str(value))
            else:
                yield run.value(name, "time", "s", "lower", value, where)


HYPERFINE = Format(
    name="hyperfine",
    title="The JSON of hyperfine (--export-json), every timing; it holds no time, so say --at",
    expected="a JSON object with results, a list of objects with command and times",
    fits=object_with("results"),
    read=_read,
    example="breakwatch import hyperfine startup.json --at 2026-11-20T09:00:00Z",
    options=OPTIONS,
)
