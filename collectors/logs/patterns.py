"""What a line of a library's log means, as data: the ``logs:`` list of a profile is a list of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from breakwatch.errors import ConfigError
from breakwatch.model import STATE_WORDS, Outcome, SightingKind
from collectors.logs.regexes import MAX_PATTERN_CHARS, compile_regex

if TYPE_CHECKING:
    from collectors.logs.regexes import Regex

IGNORE = "ignore"
"""The event of a pattern whose lines tell nothing new (a second print of the same event); stands before the others."""

SUBJECT_FIELDS = frozenset({"service", "operation", "breaker", "component", "target", "instance"})
DETAIL_FIELDS: Mapping[SightingKind, tuple[str, ...]] = {
    SightingKind.BREAKER_TRANSITION: ("reason",),
    SightingKind.HEALTH_CHANGE: ("reason",),
    SightingKind.LEVEL_CHANGE: ("reason",),
    SightingKind.FAILOVER: ("from_target", "to_target", "failed_at", "trigger"),
    SightingKind.RETRY_ATTEMPT: ("call_id", "attempt", "wait_s", "error", "outcome"),
    SightingKind.REQUEST: ("outcome", "duration_s", "call_id"),
    SightingKind.CHANGE: ("change", "revision", "actor", "text", "ended_at"),
}
FIELDS = frozenset({"ts", "text", "from", "to", "event", *SUBJECT_FIELDS}).union(*DETAIL_FIELDS.values())
"""Every field of ours that a pattern may fill."""

OUR_WORDS = frozenset({*STATE_WORDS, "unknown", *(str(outcome) for outcome in Outcome)})

Scalar = str | bool | int | float


def _several(value: object) -> object:
    """Let one stand for a list of one, as people write it."""
    return tuple(value) if isinstance(value, list) else value if isinstance(value, tuple) else (value,)


Names = Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]
Scalars = Annotated[tuple[Scalar, ...], BeforeValidator(_several), Field(min_length=1)]
Literals = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_several)]

TimeFormat = Literal[
    "auto", "iso", "epoch", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "apache", "haproxy", "rfc3164"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LineTime(_Strict):
    """Where a line says when it happened, where that is not a field named ``ts`` or the stamp the line begins with.

    Attributes:
        field: their field (or named group).
        format: how it is written; ``auto`` knows them all and tells epochs apart by their size. A text with ``%`` is a
            strptime format.
        zone: the zone of stamps that name none; empty takes the source's.
    """

    field: Names = ("ts",)
    format: TimeFormat | Annotated[str, Field(pattern="%")] = "auto"
    zone: str = ""


class LogPattern(_Strict):
    """One kind of line of one library, and what it says happened.

    Attributes:
        format: ``json`` and ``logfmt`` read named fields (either way, by the format of the source), ``regex`` a text:
            the line, or the message field of a structured line.
        literal: plain text of which every wanted line holds at least one; what lacks it is not even parsed.
        pattern: RE2 with named groups, for ``regex``.
        match: their field (or named group) → values; a line that differs is none of this pattern's.
        require: likewise, but a line that differs is understood and left out (an ejection that was not enforced).
        event: what happened, or ``ignore``.
        fields: our field → theirs, the first that is there. Ours not named here are looked for under our own name.
        constants: our field → a value that every such line has.
        states: their word → ours, for states and outcomes.
        time: where the time stands.
        verified: seen from the running program, read in its source, or neither.
    """

    format: Literal["json", "logfmt", "regex"]
    event: SightingKind | Literal["ignore"]
    literal: Literals = ()
    pattern: Annotated[str, Field(max_length=MAX_PATTERN_CHARS)] = ""
    match: Mapping[str, Scalars] = {}
    require: Mapping[str, Scalars] = {}
    fields: Mapping[str, Names] = {}
    constants: Mapping[str, str] = {}
    states: Mapping[str, str] = {}
    time: LineTime | None = None
    verified: Literal["run", "source", False] = False
    note: str = ""

    @field_validator("event", mode="before")
    @classmethod
    def _event_word(cls, value: object) -> object:
        return SightingKind(value) if isinstance(value, str) and value in set(SightingKind) else value

    @field_validator("fields", "constants")
    @classmethod
    def _known_fields(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        unknown = sorted(set(value) - FIELDS)
        if unknown:
            raise ValueError(f"no field of ours is named {unknown[0]!r}; known: {', '.join(sorted(FIELDS))}")
        return value

    @field_validator("states")
    @classmethod
    def _known_states(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        unknown = sorted(set(value.values()) - OUR_WORDS)
        if unknown:
            raise ValueError(f"no state or outcome of ours is named {unknown[0]!r}")
        return value

    @model_validator(mode="after")
    def _regex_has_pattern(self) -> LogPattern:
        if (self.format == "regex") != bool(self.pattern):
            raise ValueError("format regex needs a pattern, and only format regex has one")
        if self.pattern:
            self.compiled()
        return self

    def compiled(self) -> Regex:
        """Return the compiled ``pattern``; ConfigError where RE2 refuses it or a group's name is unknown to us."""
        return compile_regex(self.pattern)


def of_source(pattern: str) -> LogPattern:
    """Return a pattern that a person wrote into their configuration, its groups named like our fields.

    ConfigError where RE2 refuses it or where it has no group that says what happened.
    """
    groups = set(compile_regex(pattern).groupindex)
    if not groups & FIELDS:
        raise ConfigError(
            f"the pattern {pattern!r} names none of our fields",
            "name groups like (?P<ts>...), (?P<breaker>...), (?P<to>...)",
        )
    kind = next((kind for field, kind in _TELLING if field in groups), SightingKind.LEVEL_CHANGE)
    return LogPattern(format="regex", pattern=pattern, event=kind)


_TELLING = (
    ("breaker", SightingKind.BREAKER_TRANSITION),
    ("component", SightingKind.HEALTH_CHANGE),
    ("to_target", SightingKind.FAILOVER),
    ("attempt", SightingKind.RETRY_ATTEMPT),
    ("outcome", SightingKind.REQUEST),
    ("change", SightingKind.CHANGE),
)
