"""What a line of a library's log means, as data: the ``logs:`` list of a profile is a list of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

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
    SightingKind.REQUEST: ("outcome", "duration_s", "call_id", "moved", "from_target", "started_at", "vantage"),
    SightingKind.CHANGE: ("change", "revision", "actor", "text", "ended_at"),
}
FIELDS = frozenset({"ts", "text", "from", "to", "event", *SUBJECT_FIELDS}).union(*DETAIL_FIELDS.values())
"""Every field of ours that a pattern may fill."""

OUR_WORDS = frozenset({*STATE_WORDS, "unknown", *(str(outcome) for outcome in Outcome)})
OUTCOMES = frozenset({*(str(outcome) for outcome in Outcome), IGNORE})
REGEX_MARK: Final = "~"
"""A value of ``match``, ``require`` or ``outcomes`` that begins with it is an RE2 pattern for the whole value."""
_SELF_EVIDENT: Final = re.compile(r"[A-Za-z0-9_.-]{4,}", re.ASCII)
"""Texts that every writer writes as they are, so that a line that means them holds them."""

Scalar = str | bool | int | float


def _several(value: object) -> object:
    """Let one stand for a list of one, as people write it."""
    return tuple(value) if isinstance(value, list) else value if isinstance(value, tuple) else (value,)


def _texts_as_keys(value: object) -> object:
    """Let numbers and yes or no stand as words of theirs, as people write YAML."""
    if not isinstance(value, Mapping):
        return value
    return {str(key).lower() if isinstance(key, bool) else str(key): meaning for key, meaning in value.items()}


def _checked_words(words: Mapping[str, Any]) -> Mapping[str, Any]:
    for word in words:
        if word.startswith(REGEX_MARK):
            compile_regex(word[1:])
    return words


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


class OutcomeOf(_Strict):
    """How a field of theirs says how a call ended.

    Attributes:
        field: their field (or ours, or a named group), the first that is there.
        words: its values → our outcome, or ``ignore`` for lines that are understood and left out. Exact values are
            tried first, then those that begin with ``~`` in their order, which are RE2 patterns for the whole value.
    """

    field: Names
    words: Annotated[Mapping[str, str], BeforeValidator(_texts_as_keys)]

    @field_validator("words")
    @classmethod
    def _our_outcomes(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        unknown = sorted(set(value.values()) - OUTCOMES)
        if unknown:
            raise ValueError(f"no outcome of ours is named {unknown[0]!r}; known: {', '.join(sorted(OUTCOMES))}")
        return _checked_words(value)


def _outcomes(value: object) -> object:
    """Let a plain map of words stand for the one field named outcome."""
    if isinstance(value, Mapping) and "words" not in value:
        return ({"field": ("outcome",), "words": value},)
    return tuple(value) if isinstance(value, list) else value if isinstance(value, tuple) else (value,)


def _meanings(value: object) -> object:
    """Let an event's name stand for a meaning that says nothing more."""
    if not isinstance(value, Mapping):
        return value
    return {str(word): {"event": told} if isinstance(told, str) else told for word, told in value.items()}


class LogPattern(_Strict):
    """One kind of line of one library, and what it says happened.

    Attributes:
        format: ``json`` and ``logfmt`` read named fields (either way, by the format of the source), ``regex`` a text:
            the line, or the message field of a structured line.
        literal: plain text of which every wanted line holds at least one; what lacks it is not even parsed.
        pattern: RE2 with named groups, for ``regex``.
        match: their field (or named group) → values; a line that differs is none of this pattern's. A value that
            begins with ``~`` is an RE2 pattern for the whole value.
        require: likewise, but a line that differs is understood and left out (an ejection that was not enforced).
        event: what happened, or ``ignore``. Where a field says it, ``event_field`` and ``events`` instead.
        event_field, events: their field, and its values → what happened: an event, or ``{event: ..., to: open}`` with
            constants of that value's own. Lines with other values are none of this pattern's.
        fields: our field → theirs, the first that is there. Ours not named here are looked for under our own name.
        constants: our field → a value that every such line has.
        states: their word → ours, for states and outcomes.
        outcomes: their word → our outcome; or a list of ``{field: ..., words: ...}``, of which the first whose field
            has one of its words decides (flags before the status code).
        units: of ``duration_s`` and ``wait_s``: the unit of a plain number, where it is not seconds. A text that names
            its unit (``1.5s``, ``500ms``, ``PT0.5S``, ``00:00:00.500``) needs none.
        attempt_plus: added to ``attempt``, so that the first call is 1.
        sentinels: their texts that mean "not said" (``-``, ``-1``).
        time: where the time stands.
        verified: seen from the running program, read in its source, or neither.
    """

    format: Literal["json", "logfmt", "regex"]
    event: SightingKind | Literal["ignore", ""] = ""
    event_field: str = ""
    events: Annotated[Mapping[str, Mapping[str, str]], BeforeValidator(_meanings)] = {}
    literal: Literals = ()
    pattern: Annotated[str, Field(max_length=MAX_PATTERN_CHARS)] = ""
    match: Mapping[str, Scalars] = {}
    require: Mapping[str, Scalars] = {}
    fields: Mapping[str, Names] = {}
    constants: Mapping[str, str] = {}
    states: Mapping[str, str] = {}
    outcomes: Annotated[tuple[OutcomeOf, ...], BeforeValidator(_outcomes)] = ()
    units: Mapping[str, Literal["s", "ms", "us", "ns"]] = {}
    attempt_plus: int = 0
    sentinels: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    time: LineTime | None = None
    verified: Literal["run", "source", False] = False
    note: str = ""

    @field_validator("event", mode="before")
    @classmethod
    def _event_word(cls, value: object) -> object:
        return SightingKind(value) if isinstance(value, str) and value in set(SightingKind) else value

    @field_validator("match", "require")
    @classmethod
    def _patterns_compile(cls, value: Mapping[str, tuple[Scalar, ...]]) -> Mapping[str, tuple[Scalar, ...]]:
        for words in value.values():
            _checked_words({word: None for word in words if isinstance(word, str)})
        return value

    @field_validator("events")
    @classmethod
    def _known_events(cls, value: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
        for word, told in value.items():
            if told.get("event") not in {*SightingKind, IGNORE}:
                raise ValueError(f"{word!r} is no event of ours: {told.get('event')!r}")
            unknown = sorted(set(told) - FIELDS)
            if unknown:
                raise ValueError(f"no field of ours is named {unknown[0]!r}; known: {', '.join(sorted(FIELDS))}")
        return value

    @field_validator("units")
    @classmethod
    def _durations(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if set(value) - {"duration_s", "wait_s"}:
            raise ValueError("only duration_s and wait_s have a unit")
        return value

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
    def _one_way_to_say_what_happened(self) -> LogPattern:
        if bool(self.event) == bool(self.events) or bool(self.events) != bool(self.event_field):
            raise ValueError("say what happened: either event, or event_field and events")
        return self

    @model_validator(mode="after")
    def _regex_has_pattern(self) -> LogPattern:
        if (self.format == "regex") != bool(self.pattern):
            raise ValueError("format regex needs a pattern, and only format regex has one")
        if self.pattern:
            self.compiled()
        return self

    def each(self) -> tuple[LogPattern, ...]:
        """Return one pattern for each event that ``events`` tells apart; itself where there is one event."""
        if not self.events:
            return (self,)
        words: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for word, told in self.events.items():
            words.setdefault(tuple(sorted(told.items())), []).append(word)
        return tuple(self._of(dict(told), tuple(theirs)) for told, theirs in words.items())

    def _of(self, told: dict[str, str], words: tuple[str, ...]) -> LogPattern:
        event = told.pop("event")
        changes = {
            "event": IGNORE if event == IGNORE else SightingKind(event),
            "event_field": "",
            "events": {},
            "match": {**self.match, self.event_field: words},
            "constants": {**self.constants, **told},
        }
        return self.model_copy(update=changes)

    @property
    def telling(self) -> tuple[str, ...]:
        """The literals; where none are named, words of ``match`` of which every line of this kind must hold one."""
        if self.literal or self.format == "regex":
            return self.literal
        evident = [words for words in self.match.values() if all(_evident(word) for word in words)]
        return tuple(str(word) for word in min(evident, key=len, default=()))

    def compiled(self) -> Regex:
        """Return the compiled ``pattern``; ConfigError where RE2 refuses it or a group's name is unknown to us."""
        return compile_regex(self.pattern)


def _evident(word: Scalar) -> bool:
    return isinstance(word, str) and _SELF_EVIDENT.fullmatch(word) is not None


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
