"""What named values of a line mean, by one pattern.

Most of it is decided by few values that repeat from line to line (which breaker, which state, which service): what they
mean is worked out once and remembered. What differs in every line, its time, a duration, an error's text, is read anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, cast

from breakwatch.clock import SECOND_US
from breakwatch.model import BreakerState, HealthState, Outcome, ServiceLevel, Sighting, SightingKind, pairs
from collectors.logs.fields import as_text, find
from collectors.logs.patterns import DETAIL_FIELDS, IGNORE
from collectors.logs.quantities import count, seconds
from collectors.logs.ready import has
from collectors.logs.redaction import harmless
from collectors.logs.times import iso, parse_time, quick_iso
from collectors.words import state_word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from breakwatch.clock import Instant
    from breakwatch.model import Pairs
    from collectors.identity import Resolver
    from collectors.logs.patterns import LogPattern
    from collectors.logs.ready import Ready
    from collectors.words import Domain

MAX_SHAPES: Final = 1_000
MAX_REMEMBERED: Final = 5_000
MAX_KEY_CHARS: Final = 500

_WORDS: Final[Mapping[SightingKind, frozenset[str]]] = {
    SightingKind.BREAKER_TRANSITION: frozenset(BreakerState),
    SightingKind.HEALTH_CHANGE: frozenset(HealthState),
    SightingKind.LEVEL_CHANGE: frozenset(ServiceLevel),
}
_DOMAINS: Final[Mapping[SightingKind, Domain]] = {
    SightingKind.BREAKER_TRANSITION: "breaker",
    SightingKind.HEALTH_CHANGE: "health",
    SightingKind.LEVEL_CHANGE: "level",
}
_OUTCOMES: Final = frozenset(Outcome)
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
_VANTAGES: Final = frozenset({"edge", "server", "client"})
_REPEATING: Final = frozenset({"outcome", "change", "vantage", "from_target", "to_target", "trigger", "moved"})
"""Details that have few values; the others differ from line to line."""
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

_Loose = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What lines with certain values mean.

    Attributes:
        sighting: what happened, without its time and place; None where the line says nothing.
        ours: whether the line is of the pattern's kind.
        loose: our field → their names, of what is read from each line.
        stamp: the first name that may hold the time in ISO form; empty where none is there, or the time lies elsewhere.
    """

    sighting: Sighting | None
    ours: bool
    loose: _Loose = ()
    stamp: str = ""


NOT_OURS: Final = Meaning(None, ours=False)
SILENT: Final = Meaning(None, ours=True)


@dataclass(slots=True)
class _Shape:
    """What is known of lines that have the same names in the same order."""

    deciding: Callable[[Mapping[str, Any]], Any]
    loose: _Loose
    stamp: str
    known: dict[Any, Meaning] = field(default_factory=dict)


class Meanings:
    """What the lines of one pattern mean.

    Args:
        ready: the pattern.
        source, profile: kept with each sighting.
        resolver: who is meant.
    """

    def __init__(self, ready: Ready, source: str, profile: str, resolver: Resolver) -> None:
        self.ready = ready
        self._source, self._profile, self._resolver = source, profile, resolver
        self._fixed = tuple(one for one in ready.fields if one[0] not in _LOOSE)
        self._loose = tuple(one for one in ready.fields if one[0] in _LOOSE)
        wanted = [*ready.match, *ready.require, *ready.outcomes]
        names = {name for theirs, _ in wanted for name in theirs}
        names |= {name for _, theirs in self._fixed for name in theirs}
        names |= {name.partition(".")[0] for name in names}
        self._deciding = frozenset(names | resolver.deciding)
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def of(self, values: Mapping[str, Any]) -> Meaning:
        """Return what values mean; ValueError, with the reason, where they make no sense."""
        names = tuple(values)
        shape = self._shapes.get(names)
        if shape is None:
            shape = self._shape(names)
        try:
            key = shape.deciding(values)
            meaning = shape.known.get(key)
            if meaning is None:  # 1, 1.0 and true are equal to Python and different words in a log
                key = (key, tuple(map(type, key)))
                meaning = shape.known.get(key)
        except TypeError:  # a list or an object among them
            return self._made(values, shape)
        if meaning is None:
            meaning = self._made(values, shape)
            if sum(len(value) for value in key[0] if isinstance(value, str)) > MAX_KEY_CHARS:
                return meaning
            if len(shape.known) >= MAX_REMEMBERED:
                shape.known.clear()
            shape.known[key[0] if all(kind is str for kind in key[1]) else key] = meaning
        return meaning

    def detail(self, meaning: Meaning, values: Mapping[str, Any], now_us: Instant) -> Pairs:
        """Return the details of a line; ValueError where one is none."""
        known = cast("Sighting", meaning.sighting).detail
        if not meaning.loose:
            return known
        detail = dict(known)
        for name, theirs in meaning.loose:
            text = said(values, theirs, self.ready.pattern.sentinels)
            if text and name != "started_at":
                detail[name] = self._read(name, text, now_us)
        return pairs(detail)

    def occurred(self, meaning: Meaning, values: Mapping[str, Any], now_us: Instant) -> Instant | None:
        """Return when a line says it happened; None where it has no time, ValueError where that is none."""
        if meaning.loose:
            for name, theirs in meaning.loose:
                if name == "started_at" and (began := said(values, theirs, self.ready.pattern.sentinels)):
                    return self._ended(began, values, now_us)
        if meaning.stamp and (quick_us := quick_iso(values[meaning.stamp])) is not None:
            return quick_us
        ready = self.ready
        value = find(values, ready.stamp)
        if value is None:
            return None
        return parse_time(value, form=ready.time_form, zone=ready.zone, now_us=now_us)

    def _ended(self, began: str, values: Mapping[str, Any], now_us: Instant) -> Instant:
        """Return when a call ended that is known by its start and its duration."""
        began_us = parse_time(began, form=self.ready.time_form, zone=self.ready.zone, now_us=now_us)
        theirs = next((theirs for name, theirs in self._loose if name == "duration_s"), ())
        lasted = said(values, theirs, self.ready.pattern.sentinels)
        return began_us + (round(seconds(lasted, self._unit("duration_s")) * SECOND_US) if lasted else 0)

    def _unit(self, name: str) -> str:
        return self.ready.pattern.units.get(name, "s")

    def _read(self, name: str, text: str, now_us: Instant) -> str:
        if name in ("wait_s", "duration_s"):
            return repr(seconds(text, self._unit(name)))
        if name in ("failed_at", "ended_at"):
            return iso(parse_time(text, form="auto", zone=self.ready.zone, now_us=now_us))
        if name == "attempt":
            return str(count(text) + self.ready.pattern.attempt_plus)
        return harmless(text)

    def _shape(self, names: tuple[str, ...]) -> _Shape:
        if len(self._shapes) >= MAX_SHAPES:
            self._shapes.clear()
        there = [name for name in names if name in self._deciding]
        # Of one name itemgetter would return the value alone.
        deciding = itemgetter(*there, *there) if len(there) == 1 else itemgetter(*there) if there else _nothing
        shape = _Shape(deciding, tuple(one for one in self._loose if _holds(names, one[1])), "")
        started = any(name == "started_at" for name, _ in shape.loose)
        if self.ready.time_form in ("auto", "iso") and not started:
            shape.stamp = next((name for name in self.ready.stamp if name in names), "")
        self._shapes[names] = shape
        return shape

    def _made(self, values: Mapping[str, Any], shape: _Shape) -> Meaning:
        ready = self.ready
        if not has(values, ready.match):
            return NOT_OURS
        if ready.kind is None or not has(values, ready.require):
            return SILENT
        ours = self._ours(values)
        if ours.get("outcome") == IGNORE:
            return SILENT
        for needed in _NEEDED[ready.kind]:
            if not any(ours.get(name) for name in needed.split("|")):
                raise ValueError(f"a {ready.kind} without {needed.replace('|', ' or ')}")
        labels = {name: text for name in self._deciding if (text := as_text(values.get(name))) is not None}
        sighting = Sighting(
            source=self._source,
            kind=ready.kind,
            occurred_us=0,
            subject=self._resolver.subject({name: harmless(text) for name, text in labels.items()}, ours),
            position="",
            from_state=_state(ready.pattern, ready.kind, ours.get("from", "")),
            to_state=_state(ready.pattern, ready.kind, ours.get("to", "")),
            detail=_detail(ready.pattern, ready.kind, ours),
            profile=self._profile,
        )
        return Meaning(sighting, ours=True, loose=shape.loose, stamp=shape.stamp)

    def _ours(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what decides the meaning, by our names."""
        pattern = self.ready.pattern
        found = dict(pattern.constants)
        for name, theirs in self._fixed:
            text = said(values, theirs, pattern.sentinels)
            if text:
                found[name] = harmless(text)
        outcome = _outcome(self.ready, values)
        return found | {"outcome": outcome} if outcome else found


_LOOSE: Final = frozenset().union(*DETAIL_FIELDS.values()) - _REPEATING


def said(values: Mapping[str, Any], names: tuple[str, ...], sentinels: tuple[str, ...]) -> str | None:
    """Return the text of the first of the names that says something."""
    if not sentinels:
        return as_text(find(values, names))
    texts = (as_text(find(values, (name,))) for name in names)
    return next((text for text in texts if text and text not in sentinels), None)


def _nothing(_values: Mapping[str, Any]) -> tuple[()]:
    return ()


def _holds(names: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return any(name in names or name.partition(".")[0] in names for name in wanted)


def _outcome(ready: Ready, values: Mapping[str, Any]) -> str:
    """Return how a call ended by the first field that says so; ``ignore`` where its line is left out."""
    seen = []
    for names, words in ready.outcomes:
        text = as_text(find(values, names))
        ours = words.find(text)
        if ours is not None:
            return ours
        if text is not None and text not in ready.pattern.sentinels:
            seen.append(f"{'|'.join(names)} {text!r}")
    if seen:
        raise ValueError(f"no outcome is known for {', '.join(seen)}; map it under outcomes")
    return ""


def _state(pattern: LogPattern, kind: SightingKind, word: str) -> str:
    """Return their word for a state as ours; ValueError for one that is none of this kind's."""
    if not word or kind not in _DOMAINS:
        return ""
    ours = pattern.states.get(word) or state_word(_DOMAINS[kind], word)
    if ours not in _WORDS[kind]:
        raise ValueError(f"{word!r} is no state of a {kind}; map it under states")
    return ours


def _word(pattern: LogPattern, word: str) -> str:
    if word in pattern.states:
        return pattern.states[word]
    return _HUMP.sub("_", word.strip()).replace("-", "_").replace(" ", "_").lower()


def _detail(pattern: LogPattern, kind: SightingKind, ours: Mapping[str, str]) -> Pairs:
    detail = {name: ours[name] for name in DETAIL_FIELDS[kind] if name in ours}
    if "outcome" in detail:
        detail["outcome"] = _word(pattern, detail["outcome"])
        if detail["outcome"] not in _OUTCOMES:
            raise ValueError(f"{ours['outcome']!r} is no outcome; map it under states")
    if "change" in detail and detail["change"] not in _CHANGES:
        raise ValueError(f"{detail['change']!r} is no kind of change")
    if detail.get("vantage", "edge") not in _VANTAGES:
        raise ValueError(f"{detail['vantage']!r} is no vantage: edge, server or client")
    if "moved" in detail:
        detail["moved"] = "true"
    return pairs(detail)
