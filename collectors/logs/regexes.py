"""Regular expressions as profiles and sources may use them: RE2, linear in the line whatever the pattern says.

Python's own engine backtracks, so that one hostile line could hold a collector for hours.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Protocol, cast

import re2

from breakwatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PATTERN_CHARS = 1_000
_NAMED_GROUP = re.compile(r"\(\?P?<(\w+)>")
_OF_A_TEXT = re.compile(r"\\[AzQ]|\(\?[a-zA-Z]*-")


class Match(Protocol):
    """The part of a match that is used here."""

    def groupdict(self) -> dict[str, str | None]:
        """Return the named groups; None for those that took no part."""


class Regex(Protocol):
    """The part of a compiled expression that is used here."""

    groupindex: Mapping[str, int]

    def search(self, text: str) -> Match | None:
        """Return the first match anywhere in a text."""


class BytesRegex(Protocol):
    """A compiled expression over bytes, for the prefilter."""

    def search(self, text: bytes, pos: int = 0) -> BytesMatch | None:
        """Return the first match at or after ``pos``."""


class BytesMatch(Protocol):
    """Where an expression over bytes matched."""

    def start(self) -> int:
        """Return the offset of the match."""

    def span(self, group: int) -> tuple[int, int]:
        """Return where a group matched; negative where it took no part."""


def compile_regex(pattern: str) -> Regex:
    """Return the compiled expression; ConfigError, with what to write instead, where RE2 refuses it."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise ConfigError(
            f"a pattern of {len(pattern)} characters, {MAX_PATTERN_CHARS} are allowed: {pattern[:60]!r}...",
            "split it into several patterns",
        )
    options = re2.Options()
    options.log_errors = False  # RE2 would write what it refuses to stderr, which is ours to speak on
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as refusal:
        reason = refusal.args[0].decode("utf-8", "replace") if refusal.args else "refused"
        raise ConfigError(f"the pattern {pattern!r} is refused: {reason}", _remedy(reason)) from None
    names = Counter(_NAMED_GROUP.findall(pattern))
    if names and max(names.values()) > 1:  # RE2 lets it pass, and then only one of them is seen
        raise ConfigError(f"the pattern {pattern!r} names a group twice", _remedy("group name"))
    return cast("Regex", compiled)


def named_groups(regex: Regex, index: Sequence[tuple[str, int]], text: str) -> dict[str, str] | None:
    """Return the named groups of the first match that took part in it; None where there is no match.

    ``index`` is the expression's own group index. Searched as bytes: the engine counts bytes, and its wrapper would
    count characters anew for every group.
    """
    data = text.encode("utf-8", "replace")
    found = cast("BytesRegex", regex).search(data)
    if found is None:
        return None
    spans = ((name, found.span(group)) for name, group in index)
    return {name: data[begin:end].decode() for name, (begin, end) in spans if begin >= 0}


def compile_any(literals: tuple[bytes, ...]) -> BytesRegex:
    """Return an expression that matches where any of the literals stands."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.encoding = re2.Options.Encoding.LATIN1
    return cast("BytesRegex", re2.compile(b"|".join(re2.escape(literal) for literal in literals), options))


def compile_for_blocks(patterns: Sequence[str]) -> BytesRegex | None:
    """Return an expression that finds, in a block of many lines, what one of the patterns finds in a line.

    None where there is none: for a pattern that speaks of the text's own begin or end, or takes its flags away.
    """
    if not patterns or any(_OF_A_TEXT.search(pattern) for pattern in patterns):
        return None
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.never_nl = True
    alternatives = (f"(?m:{_NAMED_GROUP.sub('(?:', pattern)})" for pattern in patterns)
    try:
        return cast("BytesRegex", re2.compile("|".join(alternatives), options))
    except re2.error:  # each is fine alone, together they are too large
        return None


def _remedy(reason: str) -> str:
    if "perl operator" in reason:
        return "RE2 has no lookahead and no lookbehind; match the text around and name only the part you want"
    if "escape" in reason:
        return "RE2 has no backreferences and no \\Z (write \\z); escape a literal character with one backslash"
    if "repetition" in reason:
        return "RE2 repeats at most 1000 times; use * or + instead of a large count"
    if "group name" in reason or "named capture" in reason:
        return "name each group once, like (?P<breaker>...), with letters, digits and underscores"
    return "check brackets and parentheses; the syntax is that of RE2 (github.com/google/re2/wiki/Syntax)"
