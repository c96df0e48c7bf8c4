"""Which series mean something: profiles matched against label sets.

The first profile that claims a series has it (profiles come in rank order); within a profile several readings may claim
the same series, for a counter can be calls and retries at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import re2

from breakwatch.model import STATE_CODE, Outcome, Pairs, TrackKind, pairs
from collectors.identity import without_replica
from collectors.profiles.reading import LabelSpec, Reading
from collectors.profiles.schema import (
    AnyReading,
    LatencyReading,
    ProcessStartReading,
    Profile,
    QueueReading,
    RequestsReading,
    RetriesReading,
    SessionsReading,
    StateReading,
    TransitionsReading,
)
from collectors.profiles.signals import ExperimentReading, LevelCountsReading
from collectors.words import state_word

NAME = "__name__"
TARGET_LABELS = frozenset({"job", "instance"})

Codes = tuple[tuple[float, int], ...]
"""Number → state code, as sorted pairs."""


@dataclass(frozen=True, slots=True)
class LevelRule:
    """One rule of a level made of several numbers, by place; ``part`` -1 holds always, ``of`` -1 divides by 1."""

    code: int
    part: int = -1
    of: int = -1
    how: str = ""
    limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Counted:
    """A series that is one of several numbers of which a level is made: its place among them, and the rules."""

    place: int
    places: int
    rules: tuple[LevelRule, ...]


UNKNOWN_WORD = -1
"""In place of a state code: a word the profile does not know."""

UNSAID = -3
"""In place of a state code: the library's own word for not knowing."""

_QUEUE_KINDS = frozenset({"main", "retry", "dead_letter"})
_SESSION_KINDS = frozenset({"session", "websocket"})


OF_EVERY_TARGET = Profile(
    name="target",
    title="What every scrape target exports",
    origin="the Prometheus client libraries",
    verified="run",
    readings=(ProcessStartReading(reads="process_start", metric="process_start_time_seconds"),),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one reading makes of one series.

    Attributes:
        fields: our subject fields, as mapped.
        detail: of the track.
        member: of a one-hot group: the code of the state this series stands for; None for a series that stands alone.
        codes: of a coded gauge: number → state code; None where the value is the value.
        counted: of a level made of several numbers: which of them this series is.
        problem: why nothing can be made of the series' values; empty when something can.
    """

    profile: str
    kind: TrackKind
    fields: Mapping[str, str]
    detail: Pairs
    member: int | None = None
    codes: Codes | None = None
    counted: Counted | None = None
    sentinels: tuple[float, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class Claims:
    """Profiles, ready to be asked about series."""

    profiles: Sequence[Profile]
    _by_metric: dict[str, tuple[tuple[Profile, AnyReading], ...]] = field(default_factory=dict)
    _by_profile: dict[str, list[tuple[Profile, list[AnyReading]]]] = field(default_factory=dict)
    _order: list[tuple[Profile, AnyReading]] = field(default_factory=list)
    _named: dict[str, list[int]] = field(default_factory=dict)
    _prefixed: dict[str, list[int]] = field(default_factory=dict)
    _patterns: list[int] = field(default_factory=list)
    _matching: re2.Set = field(default_factory=re2.Set.FullMatchSet)

    def __post_init__(self) -> None:
        self.profiles = (*self.profiles, OF_EVERY_TARGET)
        self._order = [(profile, reading) for profile in self.profiles for reading in profile.readings]
        for place, (_, reading) in enumerate(self._order):
            for metric in reading.metrics:
                self._named.setdefault(metric, []).append(place)
                if reading.any_prefix:
                    self._prefixed.setdefault(metric, []).append(place)
            if reading.pattern:
                self._matching.Add(reading.pattern)
                self._patterns.append(place)
        self._matching.Compile()

    def wanted(self, metric: str) -> bool:
        """Return whether any reading names the metric."""
        return bool(self._readings(metric))

    def wanted_of(self, metrics: Iterable[str]) -> list[str]:
        """Return the wanted ones of some metrics, sorted."""
        return sorted(metric for metric in set(metrics) if self.wanted(metric))

    def of(self, labels: Mapping[str, str]) -> list[Claim]:
        """Return what the profiles make of a series; empty when it is none of theirs. ``labels`` hold ``__name__``."""
        for profile, readings in self._grouped(labels[NAME]):
            claims = [
                claim
                for reading in readings
                if (claim := _claim(profile, reading, _known_labels(profile, reading, labels))) is not None
            ]
            if claims:
                # A reading that cannot say what it sees gives way to one that can.
                return [claim for claim in claims if not claim.problem] or claims
        return []

    def _readings(self, metric: str) -> tuple[tuple[Profile, AnyReading], ...]:
        if metric not in self._by_metric:
            # All patterns are tried in one pass: a server has thousands of names.
            matching = (self._matching.Match(metric) if self._patterns else None) or ()
            places = {*self._named.get(metric, ()), *(self._patterns[at] for at in matching)}
            for cut in _ends_of_words(metric):
                places.update(self._prefixed.get(metric[cut:], ()))
            self._by_metric[metric] = tuple(self._order[at] for at in sorted(places))
        return self._by_metric[metric]

    def _grouped(self, metric: str) -> list[tuple[Profile, list[AnyReading]]]:
        if metric not in self._by_profile:
            grouped: dict[str, tuple[Profile, list[AnyReading]]] = {}
            for profile, reading in self._readings(metric):
                grouped.setdefault(profile.name, (profile, []))[1].append(reading)
            self._by_profile[metric] = list(grouped.values())
        return self._by_profile[metric]


def _ends_of_words(metric: str) -> Iterator[int]:
    """Yield where a name's words after the first begin."""
    return (place + 1 for place, letter in enumerate(metric) if letter in "_:")


def series_text(labels: Mapping[str, str], without: Iterable[str] = ()) -> str:
    """Return a series the way the field writes it, labels sorted, without some of them."""
    left_out = {NAME, *without}
    inner = ",".join(f'{name}="{_escaped(labels[name])}"' for name in sorted(labels) if name not in left_out)
    return f"{labels.get(NAME, '')}{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    compiled: re.Pattern[str] = re2.compile(pattern)
    return compiled


def _full(pattern: str, text: str) -> re.Match[str] | None:
    return _compiled(pattern).fullmatch(text)


def _known_labels(profile: Profile, reading: Reading, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels with what the metric's name says, without twins' labels and the library's word for none."""
    known = {name: value for name, value in without_replica(labels).items() if value not in ("", profile.null_value)}
    if reading.pattern:
        match = _full(reading.pattern, labels[NAME])
        known.update({name: value for name, value in (match.groupdict() if match else {}).items() if value})
    return known


def _claim(profile: Profile, reading: AnyReading, labels: Mapping[str, str]) -> Claim | None:
    if not _applies(reading, labels):
        return None
    fields = {our: text for our, spec in reading.labels.items() if (text := _text(spec, labels))} | dict(reading.fixed)
    detail = {"series": _group_text(reading, labels)}
    common = {"profile": profile.name, "kind": reading.kind, "fields": fields, "sentinels": reading.sentinels}
    if isinstance(reading, StateReading):
        return _state_claim(reading, labels, detail, common)
    if isinstance(reading, LevelCountsReading):
        counted = _counted(reading, labels)
        return None if counted is None else Claim(**common, detail=pairs(detail), counted=counted)  # type: ignore[arg-type]
    more = _detail(reading, labels)
    if profile.vantage and isinstance(reading, RequestsReading):
        detail["vantage"] = str(profile.vantage)
    return None if more is None else Claim(**common, detail=pairs(detail | more))  # type: ignore[arg-type]


def _group_text(reading: AnyReading, labels: Mapping[str, str]) -> str:
    """Return the series' text without what tells the members of one group apart, so that they are one track."""
    if isinstance(reading, LevelCountsReading) and reading.part_label:
        return series_text(labels, without=TARGET_LABELS | {reading.part_label})
    if isinstance(reading, LevelCountsReading):
        mine = reading.parts[_part_of(reading, labels) or ""]
        first = labels[NAME].removesuffix(mine) + next(iter(reading.parts.values()))
        return series_text({**labels, NAME: first}, without=TARGET_LABELS)
    if not isinstance(reading, StateReading) or not reading.state_label:
        return series_text(labels, without=TARGET_LABELS)
    name = labels[NAME]
    match = _full(reading.pattern, name) if reading.pattern else None
    if match is not None and match.groupdict().get(reading.state_label):
        begin, end = match.span(_compiled(reading.pattern).groupindex[reading.state_label])
        name = f"{name[:begin]}*{name[end:]}"
    return series_text({**labels, NAME: name}, without=TARGET_LABELS | {reading.state_label})


def _part_of(reading: LevelCountsReading, labels: Mapping[str, str]) -> str | None:
    """Return the part that a series is, behind whatever prefix; None where it is none of them."""
    if reading.part_label:
        return next((part for part, word in reading.parts.items() if word == labels.get(reading.part_label)), None)
    exact = [part for part, named in reading.parts.items() if named == labels[NAME]]
    return (exact or [part for part, named in reading.parts.items() if labels[NAME].endswith(f"_{named}")])[0]


def _counted(reading: LevelCountsReading, labels: Mapping[str, str]) -> Counted | None:
    places = {part: place for place, part in enumerate(reading.parts)}
    mine = _part_of(reading, labels)
    if mine is None:
        return None
    return Counted(
        places[mine],
        len(places),
        tuple(
            LevelRule(
                STATE_CODE[rule.level],
                places.get(rule.part, -1),
                places.get(rule.of, -1),
                *(rule.limit or ()),
            )
            for rule in reading.levels
        ),
    )


def _applies(reading: Reading, labels: Mapping[str, str]) -> bool:
    return (
        all(labels.get(name, "") in values for name, values in reading.where.items())
        and all(_full(pattern, labels.get(name, "")) for name, pattern in reading.where_pattern.items())
        and all(name in labels for name in reading.with_labels)
        and not any(name in labels for name in reading.without_labels)
    )


def _text(spec: LabelSpec, labels: Mapping[str, str]) -> str:
    if isinstance(spec, str):
        return next((labels[name] for name in spec.split("|") if name in labels), "")
    return "/".join(text for part in spec if (text := _text(part, labels)))


def _state_claim(
    reading: StateReading, labels: Mapping[str, str], detail: dict[str, str], common: Mapping[str, object]
) -> Claim | None:
    if reading.encoding != "one_hot":
        codes = tuple(sorted((number, STATE_CODE[state]) for number, state in reading.codes.items()))
        if reading.encoding == "binary" and reading.kind is TrackKind.BREAKER_STATE:
            detail = {**detail, "binary": "true"}
        problem = (
            ""
            if codes
            else (
                "a number says the state and nothing says which number is which; name generic-open-is-1 or "
                "generic-open-is-2 in the source's profiles, or a profile file with codes"
            )
        )
        return Claim(**common, detail=pairs(detail), codes=codes, problem=problem)  # type: ignore[arg-type]
    word = labels.get(reading.state_label)
    if word is None:
        return None
    member = STATE_CODE.get(state_word(reading.domain, word, reading.states), UNKNOWN_WORD)
    if word in reading.unsaid:
        member = UNSAID
    return Claim(**common, detail=pairs(detail), member=member)  # type: ignore[arg-type]


def _detail(reading: AnyReading, labels: Mapping[str, str]) -> dict[str, str] | None:
    """Return the kind's own detail, or None when the series is not this reading's business."""
    match reading:
        case TransitionsReading():
            return _transition_detail(reading, labels)
        case RequestsReading() | RetriesReading():
            return _outcome_detail(reading, labels)
        case LatencyReading():
            bound = _number(labels.get(reading.bound_label, ""))
            return None if bound is None else {"upper_bound_s": repr(bound * reading.unit_s)}
        case QueueReading():
            return _queue_detail(reading, labels)
        case SessionsReading():
            kind = labels.get(reading.kind_label, reading.session_kind)
            return {"session_kind": kind} if kind in _SESSION_KINDS else None
        case ExperimentReading():
            return _experiment_detail(reading, labels)
        case _:
            return {}


def _transition_detail(reading: TransitionsReading, labels: Mapping[str, str]) -> dict[str, str] | None:
    detail = {"domain": str(reading.domain)}
    if reading.each == "proof":
        detail["each"] = "proof"
    if reading.binary:
        detail["binary"] = "true"
    to_state = reading.to_state or state_word(reading.domain, labels.get(reading.to_label, ""), reading.states)
    if not to_state:
        return None
    from_state = state_word(reading.domain, labels.get(reading.from_label, ""), reading.states)
    return detail | {"to_state": to_state} | ({"from_state": from_state} if from_state else {})


def _outcome_detail(reading: RequestsReading | RetriesReading, labels: Mapping[str, str]) -> dict[str, str] | None:
    detail = {"unit": str(reading.unit)} if isinstance(reading, RetriesReading) else {}
    if isinstance(reading, RetriesReading) and reading.first_attempts:
        detail["first_attempts"] = str(reading.first_attempts)
    if isinstance(reading, RequestsReading):
        own = {"role": reading.role, "whole": reading.whole, "part_of": reading.part_of}
        detail |= {name: text for name, text in own.items() if text}
    if not reading.ways:
        return detail | ({"outcome": str(reading.outcome)} if reading.outcome else {})
    for way in reading.ways:
        outcome = _outcome(way.outcomes, labels.get(way.label, ""))
        if outcome is not None:
            return detail | {"outcome": str(outcome)}
    return None


def _outcome(outcomes: Mapping[str, Outcome], word: str) -> Outcome | None:
    if word in outcomes:
        return outcomes[word]
    return next((ours for key, ours in outcomes.items() if key.startswith("~") and _full(key[1:], word)), None)


def _experiment_detail(reading: ExperimentReading, labels: Mapping[str, str]) -> dict[str, str]:
    said = {
        "experiment": _text(reading.experiment, labels),
        "fault": _text(reading.fault, labels),
        "phase": _text(reading.phase, labels),
    }
    return {"signal": str(reading.signal), **{name: text for name, text in said.items() if text}}


def _queue_detail(reading: QueueReading, labels: Mapping[str, str]) -> dict[str, str] | None:
    queue = _text(reading.queue, labels) or reading.queue_name
    kind = labels.get(reading.kind_label, reading.queue_kind)
    if kind not in _QUEUE_KINDS:
        return None
    if reading.dead_letter_pattern and _compiled(reading.dead_letter_pattern).search(queue):
        kind = "dead_letter"
    priority = _text(reading.priority, labels)
    return {"queue": queue, "queue_kind": kind} | ({"priority": priority} if priority else {})


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
