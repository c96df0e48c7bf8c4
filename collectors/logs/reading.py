"""From lines to what they say happened: the patterns of a source, and the rules every sighting obeys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import orjson

from breakwatch.clock import MINUTE_US, Instant
from collectors.logs.fields import PARSERS, as_text, find
from collectors.logs.meaning import Meanings
from collectors.logs.patterns import LogPattern
from collectors.logs.ready import made_ready
from collectors.logs.regexes import named_groups
from collectors.logs.times import beginning_time, iso, leading_time, quick_iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from breakwatch.model import Pairs, Sighting
    from collectors.identity import Resolver
    from collectors.logs.framings import Frame

FUTURE_US: Final = 5 * MINUTE_US
"""A stamp further ahead of our clock than this is a wrong clock, not an event."""

MAX_WORDS: Final = 10_000
MAX_WORD_CHARS: Final = 200


Told: TypeAlias = "tuple[int, Sighting, Pairs, Instant]"
"""What a line said: which line, what happened, its details, and when."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is read: its number, its text, the values it names, and what its framing said."""

    number: int
    text: str
    values: Mapping[str, Any]
    frame: Frame | None = None


@dataclass(slots=True)
class Understood:
    """What some lines said, in their order.

    Attributes:
        told: what happened; a line may tell several things.
        problems: line → why it could not be read, where it claimed to be ours.
    """

    told: list[Told] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)


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
        self._parse = PARSERS.get(form)
        self._json = form == "json"
        every = [each for pattern in patterns for each in pattern.each()]
        fitting = [pattern for pattern in every if pattern.format == "regex" or self._parse is not None]
        ready = [made_ready(pattern, form, fields, timezone) for pattern in fitting]
        self._meanings = tuple(Meanings(one, source, profile, resolver) for one in ready)
        self._one_literal = len({one.literals for one in ready}) == 1
        self._switch = _Switch(self._meanings)

    @property
    def literals(self) -> frozenset[bytes]:
        """The texts of which a wanted line holds one; empty where every line must be parsed."""
        if any(not one.ready.literals for one in self._meanings):
            return frozenset()
        return frozenset(literal.encode() for one in self._meanings for literal in one.ready.literals)

    @property
    def searches(self) -> tuple[str, ...]:
        """The patterns of which a wanted line of plain text matches one; empty where lines name their fields."""
        return tuple(one.ready.pattern.pattern for one in self._meanings) if self._parse is None else ()

    @property
    def patterns(self) -> int:
        """How many of the patterns apply to the format of the source."""
        return len(self._meanings)

    def read(self, lines: Sequence[bytes], now_us: Instant, frames: Sequence[Frame | None] | None = None) -> Understood:
        """Return what lines say, without their line ends; ``frames`` is what their framing said about each."""
        understood = Understood()
        if self._parse is None:
            for number, line in enumerate(lines):
                frame = frames[number] if frames else None
                self._line(understood, _Line(number, text_of(line), {}, frame), now_us, self._meanings)
            return understood
        parsed = self._parsed(lines, understood)
        if frames is not None:
            self._framed(understood, lines, parsed, frames, now_us)
            return understood
        switch, by_word, candidates = self._switch.name, self._switch.by_word, self._meanings
        quick = self._quick
        for number, values in enumerate(parsed):
            if values is None:
                continue
            if switch:
                word = values.get(switch)
                if word is None:
                    continue
                found = by_word.get(word) if word.__class__ is str else None
                candidates = self._switch.met(word) if found is None else found
                if not candidates:
                    continue
            if len(candidates) > 1 or not quick(understood, number, candidates[0], values, now_us):
                self._line(understood, _Line(number, text_of(lines[number]), values), now_us, candidates)
        return understood

    def _quick(
        self, understood: Understood, number: int, meanings: Meanings, values: Mapping[str, Any], now_us: Instant
    ) -> bool:
        """Take in what a line says that only one pattern can mean; return whether that was possible."""
        if not self._one_literal or meanings.ready.regex is not None:
            return False
        try:
            meaning = meanings.of(values)
            said = meaning.sighting
            if said is None:
                return True
            occurred_us = quick_iso(values[meaning.stamp]) if meaning.stamp else None
            if occurred_us is None:
                occurred_us = meanings.occurred(meaning, values, now_us)
            if occurred_us is None or occurred_us > now_us + FUTURE_US:
                _refuse_time(meanings, occurred_us)
            detail = meanings.detail(meaning, values, now_us) if meaning.loose else said.detail
        except ValueError as error:
            understood.problems[number] = str(error)
            return True
        understood.told.append((number, said, detail, occurred_us))
        return True

    def _framed(
        self,
        understood: Understood,
        lines: Sequence[bytes],
        parsed: Sequence[Mapping[str, Any] | None],
        frames: Sequence[Frame | None],
        now_us: Instant,
    ) -> None:
        for number, (values, frame) in enumerate(zip(parsed, frames, strict=True)):
            if values is not None:
                named = {**frame.fields, **values} if frame else values
                self._line(understood, _Line(number, text_of(lines[number]), named, frame), now_us, self._meanings)

    def _line(self, understood: Understood, line: _Line, now_us: Instant, candidates: Sequence[Meanings]) -> None:
        """Take in what a line says, by each of the patterns it may be of."""
        if not line.text.strip():
            return
        fitting = candidates if self._one_literal else [one for one in candidates if one.ready.may_match(line.text)]
        matched = False
        for meanings in fitting:
            named = self._named(meanings, line)
            if named is None:
                continue
            try:
                meaning = meanings.of(named)
                if not meaning.ours:
                    continue
                matched = True
                if meaning.sighting is None:
                    if meanings.ready.kind is None:
                        return
                    continue
                occurred_us = meanings.occurred(meaning, named, now_us)
                if occurred_us is None:
                    occurred_us = self._stamped(line, meanings.ready.zone, now_us)
                if occurred_us is None or occurred_us > now_us + FUTURE_US:
                    _refuse_time(meanings, occurred_us)
                detail = meanings.detail(meaning, named, now_us)
            except ValueError as error:
                understood.problems[line.number] = str(error)
                return
            understood.told.append((line.number, meaning.sighting, detail, occurred_us))
        # A source's own pattern has no literal: what it does not match was never claimed to be ours.
        if not matched and self._parse is None and any(one.ready.literals for one in fitting):
            understood.problems[line.number] = "no pattern matches"

    def _named(self, meanings: Meanings, line: _Line) -> Mapping[str, Any] | None:
        """Return the named values a pattern sees, or None where the line is not of its kind."""
        regex = meanings.ready.regex
        if regex is None:
            return line.values
        message = as_text(find(line.values, meanings.ready.message)) if self._parse else line.text
        groups = named_groups(regex, meanings.ready.groups, message) if message is not None else None
        if groups is None:
            return None
        if self._parse is None and line.frame is not None:
            return {**line.frame.fields, **groups}
        return {**line.values, **groups}

    def _stamped(self, line: _Line, zone: tzinfo, now_us: Instant) -> Instant | None:
        """Return the time of a line that names none: of a text the stamp it begins with, else that of its framing."""
        if self._parse is None and line.frame is None:
            return leading_time(line.text, zone=zone, now_us=now_us)
        own_us = beginning_time(line.text, zone=zone, now_us=now_us) if self._parse is None else None
        return own_us if own_us is not None or line.frame is None else line.frame.occurred_us(zone, now_us)

    def _parsed(self, lines: Sequence[bytes], understood: Understood) -> Sequence[Mapping[str, Any] | None]:
        """Return the named values of each line; None, and the problem, where it has none."""
        if self._json:
            try:
                parsed = list(map(orjson.loads, lines))
            except ValueError:
                pass
            else:
                if set(map(type, parsed)) <= {dict}:
                    return parsed
        return [self._parsed_one(line, number, understood) for number, line in enumerate(lines)]

    def _parsed_one(self, line: bytes, number: int, understood: Understood) -> Mapping[str, Any] | None:
        text = text_of(line)
        if not text.strip() or self._parse is None:
            return None
        try:
            return self._parse(text)
        except ValueError as error:
            understood.problems[number] = f"does not parse: {error}"
            return None


def text_of(line: bytes) -> str:
    """Return a line as a text; bytes that are no UTF-8 become U+FFFD."""
    return line.decode("utf-8", "replace").removeprefix("\ufeff")


def _refuse_time(meanings: Meanings, occurred_us: Instant | None) -> NoReturn:
    if occurred_us is None:
        raise ValueError(f"no time: none of {', '.join(meanings.ready.stamp)}")
    raise ValueError(f"the time {iso(occurred_us)} is more than 5 minutes in the future")


class _Switch:
    """Which patterns a line can be of, by the one field that all of them ask for first; without one, all of them."""

    def __init__(self, every: tuple[Meanings, ...]) -> None:
        self._every = every
        firsts = [one.ready.match[0] if one.ready.match and one.ready.regex is None else None for one in every]
        names = {first[0] for first in firsts if first is not None}
        theirs = names.pop() if len(names) == 1 and None not in firsts else ()
        self.name = theirs[0] if len(theirs) == 1 and "." not in theirs[0] else ""
        self.by_word: dict[object, tuple[Meanings, ...]] = {}

    def met(self, value: object) -> tuple[Meanings, ...]:
        """Return the patterns that a value of the field leaves; remembered in ``by_word`` where it is a text."""
        word = as_text(value) if value != "" else None
        left = tuple(one for one in self._every if one.ready.match[0][1].find(word) is not None)
        if isinstance(value, str) and len(value) <= MAX_WORD_CHARS:
            if len(self.by_word) >= MAX_WORDS:
                self.by_word.clear()
            self.by_word[value] = left
        return left
