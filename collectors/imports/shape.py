"""What a format is made of: the shape it expects, and the function that turns a document into records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from breakwatch.clock import Instant, to_us
from breakwatch.model import Pairs, pairs
from breakwatch.records import Record
from collectors.imports.opening import Document


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person who imports says about the files.

    Attributes:
        environment, service, suite, revision, run_environment: where the file does not say.
        at_us: when it was measured, for formats whose files hold no time.
        timezone: an IANA name, for stamps without a zone.
        covers: the span for which files of incidents are complete.
        now_us: the present, up to which files of incidents are complete if nothing else is said.
    """

    now_us: Instant
    environment: str = ""
    service: str = ""
    suite: str = ""
    revision: str = ""
    run_environment: str = ""
    labels: Pairs = ()
    at_us: Instant | None = None
    timezone: str = ""
    covers: tuple[Instant, Instant] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A piece of a document that cannot be read: where it stands, why, and how it reads."""

    position: str
    reason: str
    content: str


@dataclass(frozen=True, slots=True)
class Left:
    """A piece of a document that is about something else; ``why`` is told once with its number."""

    why: str


Piece = Record | Refused | Left
Reading = Callable[[Document, Asked], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    Attributes:
        title: what it is, with the tool that writes it.
        expected: its shape, for a person whose file has another.
        fits: whether a document has that shape.
        read: yields the pieces of a document that fits.
        options: of ``Asked``, those that mean something for it.
    """

    name: str
    title: str
    expected: str
    fits: Callable[[Document], bool]
    read: Reading
    example: str
    options: tuple[str, ...] = ()


class NotReadableError(ValueError):
    """A value that cannot be understood; the text says why."""


def instant(value: Any, timezone: str = "") -> Instant:  # noqa: ANN401 - whatever a file holds
    """Return a written time as an instant.

    ``timezone`` is where a stamp without a zone was written.

    Raises:
        NotReadableError: it is no ISO 8601 time, or has no zone and none is given.
    """
    if value is None or value == "":
        raise NotReadableError("no time is given")
    if not isinstance(value, str):
        raise NotReadableError(f"{value!r} is not a time; write 2026-11-20T09:00:00Z")
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.strip()))
    except ValueError as error:
        raise NotReadableError(f"{value!r} is not a time; write 2026-11-20T09:00:00Z") from error
    if moment.tzinfo is None:
        if not timezone:
            raise NotReadableError(f"{value!r} names no time zone; add one, or say --timezone")
        moment = moment.replace(tzinfo=UTC if timezone == "UTC" else ZoneInfo(timezone))
    return to_us(moment)


def number(value: Any) -> float:  # noqa: ANN401
    """Return a finite number; NotReadableError for anything else, truth values included."""
    try:
        read = float(value) if not isinstance(value, bool) else float("nan")
    except (TypeError, ValueError):
        read = float("nan")
    if not abs(read) < float("inf"):  # nan is not either
        raise NotReadableError(f"{value!r} is not a number")
    return read


def words(**named: Any) -> Pairs:  # noqa: ANN401
    """Return the texts that say something as the pairs of a record's detail."""
    return pairs({name: str(text) for name, text in named.items() if text not in (None, "")})
