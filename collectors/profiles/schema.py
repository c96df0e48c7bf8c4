"""What a profile may say: which metrics and log lines of one library mean what. Profiles are data, this is the grammar.

A profile is a list of **readings**. Each names a metric (exactly, behind a prefix of the application's own, or by an
RE2 pattern whose named groups become labels), may narrow it by labels, says which of our quantities it is, and maps its
labels to our fields. ``docs/profiles.md`` explains it with examples.

A label mapping is a label's name, ``a|b`` for the first that is set, or a list whose parts are joined by ``/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from breakwatch.config_units import Strict
from breakwatch.model import STATE_CODE, BreakerState, HealthState, Outcome, ServiceLevel, TrackKind
from collectors.logs.patterns import LogPattern
from collectors.profiles.reading import LabelSpec, Pattern, Reading, re2_pattern, refused
from collectors.profiles.signals import ExperimentReading, LevelCountsReading
from collectors.words import Domain

QueueKind = Literal["main", "retry", "dead_letter"]
SessionKind = Literal["session", "websocket"]
Vantage = Literal["", "edge", "server", "client"]

_LAWFUL: Mapping[str, frozenset[str]] = {
    "breaker_state": frozenset(BreakerState),
    "health_state": frozenset(HealthState),
    "level_state": frozenset(ServiceLevel),
    "breaker": frozenset(BreakerState),
    "health": frozenset(HealthState),
}
_DOMAINS: Mapping[str, Domain] = {"breaker_state": "breaker", "health_state": "health", "level_state": "level"}


def _lawful_states(domain: str, words: Mapping[str, str] | Mapping[float, str]) -> None:
    for theirs, ours in words.items():
        if ours not in _LAWFUL[domain]:
            raise refused(f"{theirs!r} is mapped to {ours!r}", f"known: {', '.join(sorted(_LAWFUL[domain]))}")
        if ours not in STATE_CODE:
            raise refused(f"{ours!r} has no code", "name one of the states of breakwatch.model")


class StateReading(Reading):
    """A gauge that says in which state something is.

    Attributes:
        encoding: ``one_hot`` (value 1 on the series of the present state), ``coded`` (a number per state), ``binary``
            (a number too, of two states: for breakers ``half_open`` cannot be seen).
        state_label, states: of one_hot: the label that names the state (or the pattern's group, where the metric's name
            does), their word → ours; without ``states`` the words of ``collectors.words``.
        unsaid: of one_hot: their words by which the library itself says that it does not know.
        codes: of coded and binary: number → our state. A coded reading without codes refuses every number, because
            the field has no agreed codes (1 is half_open here and open there).
    """

    reads: Literal["breaker_state", "health_state", "level_state"]
    encoding: Literal["one_hot", "coded", "binary"]
    state_label: str = ""
    states: Mapping[str, str] = {}
    unsaid: tuple[str, ...] = ()
    codes: Mapping[float, str] = {}

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind(self.reads)

    @property
    def domain(self) -> Domain:
        """Whose words the states are."""
        return _DOMAINS[self.reads]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _lawful_states(self.reads, self.states)
        _lawful_states(self.reads, self.codes)
        one_hot = self.encoding == "one_hot"
        if one_hot != bool(self.state_label) or (one_hot and self.codes) or (self.states and not one_hot):
            raise refused("state_label and states belong to one_hot, codes to the others", "see the encoding")
        if self.encoding == "binary" and set(self.codes) != {0.0, 1.0}:
            raise refused("a binary reading maps 0 and 1", "name both in codes")
        return self


class TransitionsReading(Reading):
    """A counter of state changes.

    Attributes:
        to_state, to_label, from_label: the state that was entered, fixed or as a label names it.
        states: their word → ours; a word it lacks is not this reading's business. Without it the words of
            ``collectors.words`` are read.
        each: ``move``: every count is one change. ``proof``: every count only shows that the state held then, so that
            the first after another state is the change (a breaker's overflows; the successes of a deployment that gets
            no calls while it is cooling down).
        binary: the library has no half-open.
    """

    reads: Literal["transitions"]
    domain: Literal["breaker", "health"] = "breaker"
    to_state: str = ""
    to_label: str = ""
    from_label: str = ""
    states: Mapping[str, str] = {}
    each: Literal["move", "proof"] = "move"
    binary: bool = False

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.TRANSITIONS

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _lawful_states(self.domain, {**self.states, **({"to_state": self.to_state} if self.to_state else {})})
        if bool(self.to_state) == bool(self.to_label) or (self.states and not self.to_label):
            raise refused("transitions need to_state or to_label", "say which state was entered")
        return self


class OutcomeBy(Strict):
    """A label that says how a call ended: its values → our outcome; a key ``~x`` is an RE2 pattern, tried last."""

    label: str
    outcomes: Mapping[str, Outcome]

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        for key in self.outcomes:
            if key.startswith("~"):
                re2_pattern(key[1:])
        return self


class _Outcomes(Reading):
    """Shared by requests and retries.

    Attributes:
        outcome: the outcome, where it is fixed.
        outcome_label, outcomes: the label that names it, its values → our outcome (a key ``~x`` is an RE2 pattern).
        outcome_by: several such labels; the first that has one of its own values decides (flags before the code).

    A series whose labels name none of them is not this reading's business.
    """

    outcome: Outcome | Literal[""] = ""
    outcome_label: str = ""
    outcomes: Mapping[str, Outcome] = {}
    outcome_by: tuple[OutcomeBy, ...] = ()

    @cached_property
    def ways(self) -> tuple[OutcomeBy, ...]:
        """The labels that may name the outcome, in order."""
        own = (OutcomeBy(label=self.outcome_label, outcomes=self.outcomes),) if self.outcome_label else ()
        return (*own, *self.outcome_by)

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if bool(self.outcome_label) != bool(self.outcomes) or (self.outcome and self.ways):
            raise refused("the outcome is fixed, or named by outcome_label with outcomes", "keep one of the two")
        return self


class RequestsReading(_Outcomes):
    """A counter of calls.

    Attributes:
        role: ``fire`` where it is the total of all calls; ``besides`` where the call is counted under its own outcome
            too (a fallback after a failure), so that it must not be added to the others.
        whole, part_of: a name of the profile's own. Counters that are ``part_of`` a whole count some of its calls again
            and know more of them: the target, or a better outcome. Of the ``whole`` only the rest is taken.
    """

    reads: Literal["requests"]
    role: Literal["", "fire", "besides"] = ""
    whole: str = ""
    part_of: str = ""

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.REQUESTS

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.outcome or self.ways or self.role == "fire"):
            raise refused("requests need an outcome, an outcome_label, or role: fire", "say how the calls ended")
        if bool(self.role) + bool(self.whole) + bool(self.part_of) > 1:
            raise refused("a counter of requests has one of role, whole and part_of", "keep one of them")
        if self.whole and not self.outcome:
            raise refused("a whole has one outcome, so that its rest has", "write one reading for each, with where")
        return self


class RetriesReading(_Outcomes):
    """A counter of retries.

    Attributes:
        unit: what is counted: calls by how they ended, or single attempts; never mixed.
        first_attempts: ``included`` where a call's first attempt is counted too, so that the retries among them are the
            attempts minus the calls (gRPC); without it only repeated attempts are counted.
    """

    reads: Literal["retries"]
    unit: Literal["calls", "attempts"]
    first_attempts: Literal["", "included"] = ""

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
    | ProcessStartReading
    | LevelCountsReading
    | ExperimentReading,
    Field(discriminator="reads"),
]


class Profile(Strict):
    """One library or exporter.

    Attributes:
        verified: ``run``: held against the running program; ``recorded``: what the running program said was kept, not
            what truly happened; ``own``: the names are the profile's own; ``source``: read in its source; ``no``: none.
        origin: where the facts were read.
        extends: the profile whose readings and log patterns come after its own.
        automatic: looked for without being named; false where it would be a guess.
        rank: of two profiles that claim one series the lower rank has it.
        null_value: a label value by which the library says "none".
        vantage: from where its counters see a service's calls: the ``edge`` in front of it, the ``server`` itself, or a
            ``client`` of others. Empty is a client where the calls go through a breaker, else the server.
        codes, state_words: facts about libraries that export nothing, for those who write an exporter or a listener.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    origin: str
    verified: Literal["run", "recorded", "own", "source", "no"]
    extends: str = ""
    automatic: bool = True
    rank: int = 0
    null_value: str = ""
    vantage: Vantage = ""
    codes: Mapping[float, BreakerState] = {}
    state_words: Mapping[str, BreakerState] = {}
    notes: tuple[str, ...] = ()
    readings: tuple[AnyReading, ...] = ()
    logs: tuple[LogPattern, ...] = ()
