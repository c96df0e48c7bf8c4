"""From one line to what it says happened: the patterns of a source, made ready, and the rules every sighting obeys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from breakwatch.clock import MINUTE_US, SECOND_US, Instant
from breakwatch.model import (
    BreakerState,
    HealthState,
    Outcome,
    ServiceLevel,
    Sighting,
    SightingKind,
    pairs,
)
from collectors.logs.fields import PARSERS, as_text, find
from collectors.logs.patterns import DETAIL_FIELDS, IGNORE, SUBJECT_FIELDS, LogPattern
from collectors.logs.quantities import count, seconds
from collectors.logs.times import iso, leading_time, parse_time
from collectors.logs.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collectors.identity import Resolver
    from collectors.logs.regexes import Regex

FUTURE_US: Final = 5 * MINUTE_US
"""A stamp further ahead of our clock than this is a wrong clock, not an event."""
MAX_RAW_CHARS: Final = 4_000

_ALIASES: Final = {
    "ts": ("ts", "time", "timestamp", "@timestamp"),
    "text": ("text", "message", "msg"),
}
_MESSAGE: Final = ("message", "msg", "event", "log", "text")
"""Where a structured line keeps what would be the whole line of a plain log."""
_WORDS: Final[Mapping[SightingKind, frozenset[str]]] = {
    SightingKind.BREAKER_TRANSITION: frozenset(BreakerState),
    SightingKind.HEALTH_CHANGE: frozenset(HealthState),
    SightingKind.LEVEL_CHANGE: frozenset(ServiceLevel),
}
_CHANGES: Final = frozenset({"deploy", "config", "flag", "scale", "restart", "maintenance", "exclusion"})
_NEEDED: Final[Mapping[SightingKind, tuple[str, ...]]] = {
    SightingKind.BREAKER_TRANSITION: ("breaker", "to"),
    SightingKind.HEALTH_CHANGE: ("component|service", "to"),  # a backend as a whole has no component
    SightingKind.LEVEL_CHANGE: ("to",),
    SightingKind.FAILOVER: ("to_target",),
    SightingKind.RETRY_ATTEMPT: ("operation|target",),
    SightingKind.REQUEST: ("outcome",),
    SightingKind.CHANGE: ("change",),
}
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SYNONYMS: Final = {"halfopen": "half_open", "half_opened": "half_open", "opened": "open", "maint": "maintenance"}


@dataclass(frozen=True, slots=True)
class Understood:
    """What one line said: sightings, or none where it says nothing new; ``problem`` where it could not be read."""

    sightings: tuple[Sighting, ...] = ()
    problem: str = ""


_Wanted = tuple[tuple[tuple[str, ...], Words], ...]
"""Names of theirs, and the words of which the value of the first that is there must be one."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A pattern with all that can be worked out before the first line; ``fields`` is our field → their names."""

    pattern: LogPattern
    kind: SightingKind | None
    regex: Regex | None
    literals: tuple[str, ...]
    match: _Wanted
    require: _Wanted
    outcomes: tuple[tuple[tuple[str, ...], Words], ...]
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    stamp: tuple[str, ...]
    message: tuple[str, ...]
    time_form: str
    zone: tzinfo


class LineReader:
    """Reads the lines of one source.

    Args:
        source: name of the source.
        form: ``json``, ``logfmt`` or ``regex``: what a line is.
        patterns: what lines can mean, each tried on its own.
        fields: our field → theirs, over what the patterns say.
        timezone: IANA name, for stamps that name no zone.
        resolver: who is meant.
        profile: name of the profile, kept with each sighting.
    """

    def __init__(
        self,
        source: str,
        form: str,
        patterns: Sequence[LogPattern],
        *,
        fields: Mapping[str, str],
        timezone: str,
        resolver: Resolver,
        profile: str = "",
    ) -> None:
        self._source = source
        self._parse = PARSERS.get(form)
        self._resolver = resolver
        self._profile = profile
        every = [each for pattern in patterns for each in pattern.each()]
        fitting = [pattern for pattern in every if pattern.format == "regex" or self._parse is not None]
        self._ready = [_made_ready(pattern, form, fields, timezone) for pattern in fitting]
        self._one_literal = len({ready.literals for ready in self._ready}) == 1

    @property
    def literals(self) -> frozenset[bytes]:
        """The texts of which a wanted line holds one; empty where every line must be parsed."""
        if any(not ready.literals for ready in self._ready):
            return frozenset()
        return frozenset(literal.encode() for ready in self._ready for literal in ready.literals)

    @property
    def patterns(self) -> int:
        """How many of the patterns apply to the format of the source."""
        return len(self._ready)

    def read(self, line: str, position: str, now_us: Instant) -> Understood:
        """Return what a line says; ``position`` makes its sightings the same ones however often it is read."""
        candidates = self._ready if self._one_literal else [one for one in self._ready if _may_match(one, line)]
        try:
            fields: Mapping[str, Any] = self._parse(line) if self._parse else {}
        except ValueError as error:
            return Understood(problem=f"does not parse: {error}")
        sightings: list[Sighting] = []
        # A source's own pattern has no literal: what it does not match was never claimed to be ours.
        problem = "no pattern matches" if not self._parse and any(one.literals for one in candidates) else ""
        matched = False
        for ready in candidates:
            groups = self._groups(ready, line, fields)
            if groups is None or not _has(groups, ready.match):
                continue
            if ready.kind is None:
                return Understood()
            matched = True
            if not _has(groups, ready.require) or _left_out(ready, groups):
                continue
            try:
                suffix = f"#{len(sightings)}" if sightings else ""
                sightings.append(
                    self._sighting(ready, ready.kind, groups, line=line, position=position + suffix, now_us=now_us)
                )
            except ValueError as error:
                return Understood(tuple(sightings), str(error))
        return Understood(tuple(sightings), "" if matched else problem)

    def _groups(self, ready: _Ready, line: str, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the named values the pattern sees, or None where the line is not of its kind."""
        if ready.regex is None:
            return fields
        text = as_text(find(fields, ready.message)) if self._parse else line
        found = ready.regex.search(text) if text is not None else None
        if found is None:
            return None
        return {**fields, **{name: value for name, value in found.groupdict().items() if value is not None}}

    def _sighting(
        self, ready: _Ready, kind: SightingKind, groups: Mapping[str, Any], *, line: str, position: str, now_us: Instant
    ) -> Sighting:
        ours = _our_fields(ready, groups)
        for needed in _NEEDED[kind]:
            if not any(ours.get(name) for name in needed.split("|")):
                raise ValueError(f"a {kind} without {needed.replace('|', ' or ')}")
        began, lasted = ours.pop("started_at", ""), ours.get("duration_s", "")
        occurred_us = self._occurred(ready, groups, line, now_us, (began, lasted))
        labels = {name: text for name, value in groups.items() if (text := as_text(value)) is not None}
        return Sighting(
            source=self._source,
            kind=kind,
            occurred_us=occurred_us,
            subject=self._resolver.subject(labels, ours),
            position=position,
            from_state=_state(ready.pattern, kind, ours.get("from", "")),
            to_state=_state(ready.pattern, kind, ours.get("to", "")),
            detail=_detail(ready, kind, ours, now_us),
            profile=self._profile,
            raw=line[:MAX_RAW_CHARS],
        )

    def _occurred(
        self, ready: _Ready, groups: Mapping[str, Any], line: str, now_us: Instant, call: tuple[str, str] = ("", "")
    ) -> Instant:
        began, lasted = call
        value = find(groups, ready.stamp)
        if began:  # how a call ended is known at its start plus its duration
            occurred_us = parse_time(began, form=ready.time_form, zone=ready.zone, now_us=now_us)
            occurred_us += (
                round(seconds(lasted, ready.pattern.units.get("duration_s", "s")) * SECOND_US) if lasted else 0
            )
        elif value is not None:
            occurred_us = parse_time(value, form=ready.time_form, zone=ready.zone, now_us=now_us)
        elif self._parse is None:
            occurred_us = leading_time(line, zone=ready.zone, now_us=now_us)
        else:
            raise ValueError(f"no time: none of {', '.join(ready.stamp)}")
        if occurred_us > now_us + FUTURE_US:
            raise ValueError(f"the time {iso(occurred_us)} is more than 5 minutes in the future")
        return occurred_us


def _made_ready(pattern: LogPattern, form: str, overrides: Mapping[str, str], timezone: str) -> _Ready:
    """Return a pattern with the source's own names before the profile's, and its zone."""
    time = pattern.time
    named = {"ts": time.field if time else _ALIASES["ts"], **pattern.fields}
    known = {ours: tuple(overrides.get(name, name) for name in theirs) for ours, theirs in named.items()}
    own = {ours: (theirs, *known.get(ours, ())) for ours, theirs in overrides.items()}
    literals = pattern.telling
    if form != "json":
        literals = tuple(literal.strip('"') for literal in literals)  # quotes are how JSON writes a text
    for ours, theirs in overrides.items():
        renamed = {f'"{name}"' for name in named.get(ours, (ours,))}
        literals = tuple(f'"{theirs}"' if literal in renamed else literal for literal in literals)
    fields = {**known, **own}
    kind = None if pattern.event == IGNORE else SightingKind(pattern.event)
    wanted = ("from", "to", *SUBJECT_FIELDS, *DETAIL_FIELDS[kind]) if kind else ()
    return _Ready(
        pattern=pattern,
        kind=kind,
        regex=pattern.compiled() if pattern.pattern else None,
        literals=literals,
        match=_texts(pattern.match, fields),
        require=_texts(pattern.require, fields),
        outcomes=tuple((_theirs(of.field, fields), Words(of.words)) for of in pattern.outcomes),
        fields=tuple((name, fields.get(name) or _ALIASES.get(name, (name,))) for name in wanted),
        stamp=fields["ts"],
        message=fields.get("text", _MESSAGE),
        time_form=time.format if time else "auto",
        zone=ZoneInfo(time.zone if time and time.zone else timezone),
    )


def _texts(wanted: Mapping[str, tuple[Any, ...]], fields: Mapping[str, tuple[str, ...]]) -> _Wanted:
    return tuple(
        (fields.get(name, (name,)), Words({text: "" for value in values if (text := as_text(value)) is not None}))
        for name, values in wanted.items()
    )


def _theirs(names: tuple[str, ...], fields: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(theirs for name in names for theirs in fields.get(name, (name,)))


def _may_match(ready: _Ready, line: str) -> bool:
    return not ready.literals or any(literal in line for literal in ready.literals)


def _has(groups: Mapping[str, Any], wanted: _Wanted) -> bool:
    return all(words.find(as_text(find(groups, names))) is not None for names, words in wanted)


def _outcome(ready: _Ready, groups: Mapping[str, Any]) -> str:
    """Return how a call ended by the first field that says so; ``ignore`` where its line is left out."""
    seen = []
    for names, words in ready.outcomes:
        text = as_text(find(groups, names))
        ours = words.find(text)
        if ours is not None:
            return ours
        if text is not None and text not in ready.pattern.sentinels:
            seen.append(f"{'|'.join(names)} {text!r}")
    if seen:
        raise ValueError(f"no outcome is known for {', '.join(seen)}; map it under outcomes")
    return ""


def _left_out(ready: _Ready, groups: Mapping[str, Any]) -> bool:
    try:
        return bool(ready.outcomes) and _outcome(ready, groups) == IGNORE
    except ValueError:  # told when the sighting is made
        return False


def _our_fields(ready: _Ready, groups: Mapping[str, Any]) -> dict[str, str]:
    """Return what the line says, by our names."""
    found = dict(ready.pattern.constants)
    sentinels = ready.pattern.sentinels
    for name, theirs in ready.fields:
        text = _said(groups, theirs, sentinels)
        if text:
            found[name] = text
    if ready.outcomes:
        outcome = _outcome(ready, groups)
        if outcome:
            found["outcome"] = outcome
    return found


def _said(groups: Mapping[str, Any], names: tuple[str, ...], sentinels: tuple[str, ...]) -> str | None:
    if not sentinels:
        return as_text(find(groups, names))
    texts = (as_text(find(groups, (name,))) for name in names)
    return next((text for text in texts if text and text not in sentinels), None)


def _state(pattern: LogPattern, kind: SightingKind, word: str) -> str:
    """Return their word for a state as ours; ValueError for one that is none of this kind's."""
    if not word or kind not in _WORDS:
        return ""
    ours = _word(pattern, word)
    if ours not in _WORDS[kind]:
        raise ValueError(f"{word!r} is no state of a {kind}; map it under states")
    return ours


def _word(pattern: LogPattern, word: str) -> str:
    if word in pattern.states:
        return pattern.states[word]
    plain = _HUMP.sub("_", word.strip()).replace("-", "_").replace(" ", "_").lower()
    return _SYNONYMS.get(plain, plain)


def _detail(ready: _Ready, kind: SightingKind, ours: Mapping[str, str], now_us: Instant) -> tuple[tuple[str, str], ...]:
    detail = {name: ours[name] for name in DETAIL_FIELDS[kind] if name in ours}
    if "outcome" in detail:
        detail["outcome"] = _word(ready.pattern, detail["outcome"])
        if detail["outcome"] not in set(Outcome):
            raise ValueError(f"{ours['outcome']!r} is no outcome; map it under states")
    if "change" in detail and detail["change"] not in _CHANGES:
        raise ValueError(f"{detail['change']!r} is no kind of change")
    for name in ("failed_at", "ended_at"):
        if name in detail:
            detail[name] = iso(parse_time(detail[name], form="auto", zone=ready.zone, now_us=now_us))
    for name in ("wait_s", "duration_s"):
        if name in detail:
            detail[name] = repr(seconds(detail[name], ready.pattern.units.get(name, "s")))
    if "moved" in detail:
        detail["moved"] = "true"
    if "attempt" in detail:
        detail["attempt"] = str(count(detail["attempt"]) + ready.pattern.attempt_plus)
    return pairs(detail)
