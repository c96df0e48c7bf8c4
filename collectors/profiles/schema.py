"""What a profile may say: which metrics and log lines of one library mean what. Profiles are data, this is the grammar.

A profile is a list of **readings**. Each names a metric (exactly, or by an RE2 pattern whose named groups become
labels), may narrow it by labels, says which of our quantities it is, and maps its labels to our fields.

A label mapping is a label's name, ``a|b`` for the first that is set, or a list whose parts are joined by ``/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import re2
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from breakwatch.config_units import Strict
from breakwatch.model import STATE_CODE, BreakerState, HealthState, Outcome, ServiceLevel, TrackKind
from collectors.logs.patterns import LogPattern

SubjectField = Literal["service", "operation", "breaker", "component", "target", "instance"]
QueueKind = Literal["main", "retry", "dead_letter"]
SessionKind = Literal["session", "websocket"]

_LAWFUL: Mapping[str, frozenset[str]] = {
    "breaker_state": frozenset(BreakerState),
    "health_state": frozenset(HealthState),
    "level_state": frozenset(ServiceLevel),
    "breaker": frozenset(BreakerState),
    "health": frozenset(HealthState),
}


def _refuse(message: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("bad_value", "{message}; {remedy}", {"message": message, "remedy": remedy})


def _re2(pattern: str) -> str:
    try:
        re2.compile(pattern)
    except re2.error as error:
        raise _refuse(f"{pattern!r} is not an RE2 pattern", str(error)) from error
    return pattern


def _lawful_states(domain: str, words: Mapping[str, str] | Mapping[float, str]) -> None:
    for theirs, ours in words.items():
        if ours not in _LAWFUL[domain]:
            raise _refuse(f"{theirs!r} is mapped to {ours!r}", f"known: {', '.join(sorted(_LAWFUL[domain]))}")
        if ours not in STATE_CODE:
            raise _refuse(f"{ours!r} has no code", "name one of the states of breakwatch.model")


Pattern = Annotated[str, Field(max_length=1000), AfterValidator(_re2)]
LabelSpec = str | tuple[str, ...]


class Reading(Strict):
    """One metric and what it means.

    Attributes:
        metric, pattern: the metric by its name, or by an RE2 pattern matched in full; one of the two.
        where: label → the values of which it must have one; the empty text means "absent".
        where_pattern: label → RE2 pattern its value must match in full.
        with_labels, without_labels: labels that must be there, or must not; tells versions of an exporter apart.
        labels: our field → their label or labels.
        fixed: our field → a text that is always meant.
        sentinels: values that mean "not known" and are dropped as unseen.
    """

    metric: str = ""
    pattern: Pattern = ""
    where: Mapping[str, tuple[str, ...]] = {}
    where_pattern: Mapping[str, Pattern] = {}
    with_labels: tuple[str, ...] = ()
    without_labels: tuple[str, ...] = ()
    labels: Mapping[SubjectField, LabelSpec] = {}
    fixed: Mapping[SubjectField, str] = {}
    sentinels: tuple[float, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if bool(self.metric) == bool(self.pattern):
            raise _refuse("a reading needs one of metric and pattern", "name the metric")
        return self


class StateReading(Reading):
    """A gauge that says in which state something is.

    Attributes:
        encoding: ``one_hot`` (value 1 on the series of the present state), ``coded`` (a number per state), ``binary``
            (a number too, of two states: for breakers ``half_open`` cannot be seen).
        state_label, states: of one_hot: the label that names the state, their word → ours.
        codes: of coded and binary: number → our state. A coded reading without codes refuses every number, because
            the field has no agreed codes (1 is half_open here and open there).
    """

    reads: Literal["breaker_state", "health_state", "level_state"]
    encoding: Literal["one_hot", "coded", "binary"]
    state_label: str = ""
    states: Mapping[str, str] = {}
    codes: Mapping[float, str] = {}

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind(self.reads)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _lawful_states(self.reads, self.states)
        _lawful_states(self.reads, self.codes)
        one_hot = self.encoding == "one_hot"
        if one_hot != bool(self.state_label and self.states) or (one_hot and self.codes):
            raise _refuse("state_label and states belong to one_hot, codes to the others", "see the encoding")
        if self.encoding == "binary" and set(self.codes) != {0.0, 1.0}:
            raise _refuse("a binary reading maps 0 and 1", "name both in codes")
        return self


class TransitionsReading(Reading):
    """A counter of state changes: ``to_state`` fixed, or named by ``to_label`` (and ``from_label``) by ``states``."""

    reads: Literal["transitions"]
    domain: Literal["breaker", "health"] = "breaker"
    to_state: str = ""
    to_label: str = ""
    from_label: str = ""
    states: Mapping[str, str] = {}

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.TRANSITIONS

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _lawful_states(self.domain, {**self.states, **({"to_state": self.to_state} if self.to_state else {})})
        if bool(self.to_state) == bool(self.to_label) or bool(self.to_label) != bool(self.states):
            raise _refuse("transitions need to_state, or to_label with states", "say which state was entered")
        return self


class _Outcomes(Reading):
    """Shared by requests and retries: the outcome fixed, or named by a label; a key ``~x`` is an RE2 pattern.

    A value of the label that is not named is not this reading's business.
    """

    outcome: Outcome | Literal[""] = ""
    outcome_label: str = ""
    outcomes: Mapping[str, Outcome] = {}

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if bool(self.outcome_label) != bool(self.outcomes) or (self.outcome and self.outcome_label):
            raise _refuse("the outcome is fixed, or named by outcome_label with outcomes", "keep one of the two")
        for key in self.outcomes:
            if key.startswith("~"):
                _re2(key[1:])
        return self


class RequestsReading(_Outcomes):
    """A counter of calls.

    Attributes:
        role: ``fire`` where it is the total of all calls; ``besides`` where the call is counted under its own outcome
            too (a fallback after a failure), so that it must not be added to the others.
    """

    reads: Literal["requests"]
    role: Literal["", "fire", "besides"] = ""

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.REQUESTS

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.outcome or self.outcome_label or self.role == "fire"):
            raise _refuse("requests need an outcome, an outcome_label, or role: fire", "say how the calls ended")
        return self


class RetriesReading(_Outcomes):
    """A counter of retries. ``unit`` says what is counted: calls by how they ended, or single attempts; never mixed."""

    reads: Literal["retries"]
    unit: Literal["calls", "attempts"]

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.RETRIES


class LatencyReading(Reading):
    """Cumulative buckets of a latency histogram; ``unit_s`` is the unit of the bounds in seconds."""

    reads: Literal["latency"]
    bound_label: str = "le"
    unit_s: float = Field(default=1.0, gt=0)

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.LATENCY


class QueueReading(Reading):
    """A gauge of how much waits in a queue.

    ``queue_kind`` is fixed, or ``kind_label`` names it in our words, or a queue whose name matches
    ``dead_letter_pattern`` is one of dead letters.
    """

    reads: Literal["queue"]
    queue: LabelSpec = ()
    queue_name: str = ""
    queue_kind: QueueKind = "main"
    kind_label: str = ""
    dead_letter_pattern: Pattern = ""
    priority: LabelSpec = ()

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.QUEUE


class SessionsReading(Reading):
    """A gauge of how many sessions live; ``session_kind`` is fixed, or ``kind_label`` names it in our words."""

    reads: Literal["sessions"]
    session_kind: SessionKind = "session"
    kind_label: str = ""

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.SESSIONS


class ProcessStartReading(Reading):
    """A gauge of when the process started, in seconds since the epoch."""

    reads: Literal["process_start"]

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.PROCESS_START


AnyReading = Annotated[
    StateReading
    | TransitionsReading
    | RequestsReading
    | RetriesReading
    | LatencyReading
    | QueueReading
    | SessionsReading
    | ProcessStartReading,
    Field(discriminator="reads"),
]


class Profile(Strict):
    """One library or exporter.

    Attributes:
        verified: ``run``: seen from the running program; ``source``: read in its source; ``no``: neither.
        origin: where the facts were read.
        extends: the profile whose readings and log patterns come after its own.
        automatic: looked for without being named; false where it would be a guess.
        rank: of two profiles that claim one series the lower rank has it.
        null_value: a label value by which the library says "none".
        codes, state_words: facts about libraries that export nothing, for those who write an exporter or a listener.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    origin: str
    verified: Literal["run", "source", "no"]
    extends: str = ""
    automatic: bool = True
    rank: int = 0
    null_value: str = ""
    codes: Mapping[float, BreakerState] = {}
    state_words: Mapping[str, BreakerState] = {}
    notes: tuple[str, ...] = ()
    readings: tuple[AnyReading, ...] = ()
    logs: tuple[LogPattern, ...] = ()
