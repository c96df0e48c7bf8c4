"""What the formats of tools that measure speed share.

All become benchmark repetitions. Times are turned into seconds, so that a tool that changes its unit does not look like
a change of speed. Which way is better is known for times and rates; what has no known direction is left out, and said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from breakwatch.clock import Instant
from breakwatch.records import Record, RecordKind
from collectors.imports.opening import Document
from collectors.imports.shape import Asked, NotReadableError, Piece, Refused, instant, number, words

TIME_UNITS_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "min": 60.0,
    "m": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "day": 86400.0,
}
NO_TIME = "does not say when it ran; say --at TIME"
OPTIONS = ("suite", "revision", "run_environment", "at", "timezone")


class Run:
    """What all values of one file or one benchmark share."""

    def __init__(self, asked: Asked, at_us: Instant, suite: str, revision: str = "", machine: Any = None) -> None:  # noqa: ANN401
        self._asked, self._at_us = asked, at_us
        told = json.dumps(machine, sort_keys=True, ensure_ascii=False) if machine else ""
        self._shared = {
            "suite": asked.suite or suite,
            "revision": revision or asked.revision,
            "run_environment": asked.run_environment or told,
        }

    def value(self, benchmark: str, metric: str, unit: str, better: str, value: Any, position: str) -> Piece:  # noqa: ANN401, PLR0917
        """Return one repetition as a record; refused where the value is no number."""
        try:
            read = number(value)
        except NotReadableError as error:
            return Refused(position, str(error), f"{benchmark} {metric}")
        detail = words(benchmark=benchmark, metric=metric, unit=unit, better=better, **self._shared)
        return Record(
            "", RecordKind.BENCHMARK, self._at_us, value=read,
            environment=self._asked.environment, labels=self._asked.labels, detail=detail,
        )  # fmt: skip


def object_with(*path: str, holds: type = list) -> Callable[[Document], bool]:
    """Return whether a document is a JSON object that holds a list, or something else, at a path of keys."""

    def fits(document: Document) -> bool:
        found = document.content if document.form == "json" else None
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return isinstance(found, holds)

    return fits


def when(asked: Asked, written: Any, *, utc: bool = False) -> Instant:  # noqa: ANN401
    """Return when a run took place: as asked, else as written; ``utc`` where the tool writes UTC without saying so.

    Raises:
        NotReadableError: neither says it, or what is written is no time.
    """
    if asked.at_us is not None:
        return asked.at_us
    if written in (None, ""):
        raise NotReadableError(NO_TIME)
    return instant(written, asked.timezone or ("UTC" if utc else ""))


def objects(found: Any) -> Sequence[dict[str, Any]]:  # noqa: ANN401
    """Return a list's items as objects; one that is none lacks everything, and is refused for that by its reader."""
    return [one if isinstance(one, dict) else {"not an object": one} for one in found]


def times(value: Any, factor: float) -> Any:  # noqa: ANN401
    """Return a number in another unit; what is no number comes back as it is, to be refused by its reader."""
    return value * factor if isinstance(value, int | float) and not isinstance(value, bool) else value
