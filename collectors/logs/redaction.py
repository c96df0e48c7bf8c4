"""Secrets in log lines: what is kept of a line, as evidence or because it was rejected, is cleaned of them first.

Lines are read before they are cleaned, so a pattern here never changes what a line means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

import re2

from breakwatch.config_units import nearest
from breakwatch.errors import ConfigError
from collectors.logs.regexes import compile_regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from breakwatch.model import Pairs

REDACTED: Final = "[redacted]"
USUAL: Final = "usual"
"""The name that stands for all shipped rules but those that are asked for by name only."""

_NAMED: Final = (
    r"(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?token"
    r"|access_token|refresh_token)"
)
RULES: Final[Mapping[str, str]] = {
    "authorization": r"(?i)\b(?:bearer|basic|token)\s+(?P<secret>[a-z0-9+/._~-]{8,}=*)",
    "url_password": r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@\"']*:(?P<secret>[^\s@\"']+)@",
    "password": rf"(?i){_NAMED}\\?[\"']?\s*[:=]\s*\\?[\"']?(?P<secret>[^\s\"'\\,;&}})\]]+)",
    "aws_key": r"\b(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b",
    "jwt": r"\b(?P<secret>eyJ[a-zA-Z0-9_-]{5,}\.[a-zA-Z0-9_-]{5,}(?:\.[a-zA-Z0-9_-]*)?)",
    "github_token": r"\b(?P<secret>gh[pousr]_[a-zA-Z0-9]{20,}|github_pat_[a-zA-Z0-9_]{20,})",
    "slack_token": r"\b(?P<secret>xox[abeoprs]-[a-zA-Z0-9-]{10,})",
    "api_key": r"\b(?P<secret>sk-[a-zA-Z0-9_-]{16,}|AIza[a-zA-Z0-9_-]{30,})",
    "private_key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>[^-]+)",
    "email": r"\b(?P<secret>[a-zA-Z0-9._%+-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,})\b",
}
# Controls, line and paragraph separators, marks that turn the direction of what follows, and halves of surrogates.
_ACTING: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NAMED_ESCAPES: Final = {"\n": "\\n", "\r": "\\r"}
_ASKED_FOR: Final = frozenset({"email"})


class Redactor:
    """Cleans texts.

    Args:
        rules: names of shipped rules, ``usual`` for most of them, or RE2 patterns of one's own, of which the group
            named ``secret`` is replaced, else the whole match. ConfigError where RE2 refuses one.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        patterns = [pattern for rule in rules for pattern in _patterns(rule)]
        self._regexes = tuple(cast("Any", compile_regex(pattern)) for pattern in patterns)
        self._any = _any_of(patterns) if patterns else None

    def finds(self, lines: Iterable[bytes]) -> bool:
        """Return whether any of the lines holds something to clean: one search for all of them."""
        return self._any is not None and self._any.search(b"\n".join(lines)) is not None

    def clean(self, text: str) -> str:
        """Return a text without its secrets."""
        for regex in self._regexes:
            if regex.search(text) is not None:
                text = _without(regex, text)
        return text

    def clean_pairs(self, detail: Pairs) -> Pairs:
        """Return details without the secrets in their values."""
        return tuple((name, self.clean(value)) for name, value in detail)


def harmless(text: str) -> str:
    """Return a text in which nothing acts on who shows it; line ends, colours and the like are escapes, tabs stay."""
    return text if text.isprintable() else _ACTING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return _NAMED_ESCAPES.get(found[0]) or (
        f"\\x{ord(found[0]):02x}" if found[0] < "\x80" else f"\\u{ord(found[0]):04x}"
    )


def _patterns(rule: str) -> tuple[str, ...]:
    if rule == USUAL:
        return tuple(pattern for name, pattern in RULES.items() if name not in _ASKED_FOR)
    known = (USUAL, *RULES)
    meant = rule.strip().lower().replace("-", "_")
    if rule not in known and (rule.isidentifier() or meant in known):
        raise ConfigError(f"redact: no rule is named {rule!r}", nearest(meant, sorted(known)))
    return (RULES.get(rule, rule),)


def _without(regex: Any, text: str) -> str:  # noqa: ANN401 - RE2 has no types
    group = regex.groupindex.get("secret", 0)
    kept, known = [], 0
    for match in regex.finditer(text):
        begin, end = match.span(group)
        if begin < 0 or begin < known or begin == end:
            continue
        kept.append(text[known:begin])
        kept.append(REDACTED)
        known = end
    return "".join([*kept, text[known:]])


def _any_of(patterns: Sequence[str]) -> Any:  # noqa: ANN401
    """Return an expression that finds whatever one of the patterns finds in a line of many."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.never_nl = True
    try:
        return re2.compile("|".join(f"(?m:{pattern.replace('?P<secret>', '?:')})" for pattern in patterns), options)
    except re2.error as refusal:  # each is fine alone
        raise ConfigError("redact: the patterns together are too large", "name fewer, or simpler ones") from refusal
