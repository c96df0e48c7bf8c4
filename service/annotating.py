"""``breakwatch annotate``: say what changed, or which time is not to count, now or after the fact.

What is said is only ever added. Maintenance and exclusions are taken out by policies that do so; figures of windows
that are over are restated then, and the audit log says who said it and why.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

from breakwatch.clock import SECOND_US, Clock, Instant, from_us, system_clock
from breakwatch.config import Config
from breakwatch.config_units import nearest, parse_duration_s
from breakwatch.errors import UsageError
from breakwatch.model import Batch, pairs
from breakwatch.records import Record, RecordKind
from service import collecting, console, inbox

SOURCE = "annotate"

KINDS = ("deploy", "config", "flag", "scale", "restart", "maintenance", "exclusion")
LASTING = ("maintenance", "exclusion")
"""Kinds that are a span of time."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the command line says; times as they were written, empty for now."""

    kind: str
    service: str = ""
    environment: str = ""
    at: str = ""
    until: str = ""
    lasts: str = ""
    revision: str = ""
    reason: str = ""
    by: str = ""


def annotate(config: Config, said: Said, clock: Clock = system_clock) -> str:
    """Record a change and return a line about it; where another process owns the store, it takes it in.

    Raises:
        UsageError: no such kind or service, or a span that is none.
        StoreError: the store is damaged or full.
    """
    if said.kind not in KINDS:
        raise UsageError(f"{said.kind!r} is no kind of change", nearest(said.kind, list(KINDS)))
    names = [service.name for service in config.services]
    if said.service and names and said.service not in names:
        raise UsageError(f"no service is named {said.service!r}", nearest(said.service, names))
    now_us = clock()
    start_us = collecting.moment(said.at, now_us) if said.at else now_us
    end_us = _end(said, start_us, now_us)
    told = {"change": said.kind, "revision": said.revision, "text": said.reason, "actor": said.by or _user()}
    record = Record(
        SOURCE, RecordKind.CHANGE, start_us, end_us, environment=said.environment, service=said.service,
        detail=pairs({name: text for name, text in told.items() if text}),
    )  # fmt: skip
    done = inbox.deliver(config, Batch(SOURCE, records=[record]), clock)
    if done.waiting is not None:
        console.say("the store is in use: the running service takes it in within seconds")
    span = f"{_stamp(start_us)}{'' if end_us is None else f' to {_stamp(end_us)}'}"
    return f"{said.kind} of {said.service or 'every service'}, {span}: {'known already' if done.known else 'recorded'}"


def _end(said: Said, start_us: Instant, now_us: Instant) -> Instant | None:
    if said.kind not in LASTING:
        if said.until or said.lasts:
            raise UsageError(f"a {said.kind} has no end", f"--until and --for go with {' and '.join(LASTING)}")
        return None
    if bool(said.until) == bool(said.lasts):
        raise UsageError(f"say how long the {said.kind} is", "add --until 2026-11-20T12:00:00Z, or --for 30m")
    end_us = collecting.moment(said.until, now_us) if said.until else start_us + _length_us(said.lasts)
    if end_us <= start_us:
        raise UsageError(f"the {said.kind} ends before it starts", "swap --at and --until")
    if not said.reason:
        raise UsageError(
            f"say why the {said.kind} does not count", 'add --reason "..."; it is printed with the figures'
        )
    return end_us


def _length_us(text: str) -> int:
    try:
        return round(parse_duration_s(text) * SECOND_US)
    except ValueError as error:
        raise UsageError(str(error), "write 30m or 1h30m") from error


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _stamp(instant_us: Instant) -> str:
    return from_us(instant_us).strftime("%Y-%m-%d %H:%M:%SZ")
