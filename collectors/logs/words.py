"""Their words and what they mean: exact ones first, then patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors.logs.patterns import REGEX_MARK
from collectors.logs.regexes import compile_regex

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REMEMBERED = 1_000
MAX_REMEMBERED_CHARS = 200


class Words:
    """A map of words; a key that begins with ``~`` is an RE2 pattern that the whole word must match."""

    __slots__ = ("_exact", "_patterns", "_remembered")

    def __init__(self, meanings: Mapping[str, str]) -> None:
        self._exact = {word: ours for word, ours in meanings.items() if not word.startswith(REGEX_MARK)}
        self._patterns = tuple(
            (compile_regex(f"^(?:{word[1:]})\\z"), ours)
            for word, ours in meanings.items()
            if word.startswith(REGEX_MARK)
        )
        self._remembered: dict[str, str | None] = {}

    def find(self, word: str | None) -> str | None:
        """Return what a word means; None for a word that is not known, and for none."""
        if word is None:
            return None
        ours = self._exact.get(word)
        if ours is not None or not self._patterns:
            return ours
        if len(word) > MAX_REMEMBERED_CHARS:
            return self._matched(word)
        if word not in self._remembered:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[word] = self._matched(word)
        return self._remembered[word]

    def _matched(self, word: str) -> str | None:
        return next((ours for regex, ours in self._patterns if regex.search(word)), None)
