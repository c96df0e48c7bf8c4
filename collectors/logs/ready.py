"""Patterns with all that can be worked out before the first line is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from breakwatch.model import SightingKind
from collectors.logs.fields import as_text, find
from collectors.logs.patterns import DETAIL_FIELDS, IGNORE, SUBJECT_FIELDS
from collectors.logs.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from collectors.logs.patterns import LogPattern
    from collectors.logs.regexes import Regex

_ALIASES: Final = {
    "ts": ("ts", "time", "timestamp", "@timestamp"),
    "text": ("text", "message", "msg"),
}
_MESSAGE: Final = ("message", "msg", "event", "log", "text")
"""Where a structured line keeps what would be the whole line of a plain log."""

Wanted = tuple[tuple[tuple[str, ...], Words], ...]
"""Names of theirs, and the words of which the value of the first that is there must be one."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A pattern made ready; ``fields`` is our field → their names, ``constants`` what every line means."""

    pattern: LogPattern
    kind: SightingKind | None
    regex: Regex | None
    groups: tuple[tuple[str, int], ...]
    literals: tuple[str, ...]
    match: Wanted
    require: Wanted
    outcomes: Wanted
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    stamp: tuple[str, ...]
    message: tuple[str, ...]
    time_form: str
    zone: tzinfo

    def may_match(self, line: str) -> bool:
        """Return whether a line holds one of the literals, where there are any."""
        return not self.literals or any(literal in line for literal in self.literals)


def made_ready(pattern: LogPattern, form: str, overrides: Mapping[str, str], timezone: str) -> Ready:
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
    regex = pattern.compiled() if pattern.pattern else None
    return Ready(
        pattern=pattern,
        kind=kind,
        regex=regex,
        groups=tuple(regex.groupindex.items()) if regex else (),
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


def has(values: Mapping[str, Any], wanted: Wanted) -> bool:
    """Return whether each of the names has one of its words."""
    return all(words.find(as_text(find(values, names))) is not None for names, words in wanted)


def _texts(wanted: Mapping[str, tuple[Any, ...]], fields: Mapping[str, tuple[str, ...]]) -> Wanted:
    return tuple(
        (fields.get(name, (name,)), Words({text: "" for value in values if (text := as_text(value)) is not None}))
        for name, values in wanted.items()
    )


def _theirs(names: tuple[str, ...], fields: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(theirs for name in names for theirs in fields.get(name, (name,)))
