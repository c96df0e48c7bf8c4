"""The words by which the field names states, whatever their case and separators: the one place that knows them.

``half_open``, ``half-open``, ``halfOpen``, ``halfopen``, ``HALF_OPEN`` and ``HalfOpen`` are one word; ``half-opened``
(purgatory), ``OnCircuitHalfOpened`` (Polly), ``recovering`` (Traefik) and ``probation`` (Linkerd) mean it too. A word
that means something else in one library (Linkerd's gate is *open* when traffic is let through) is that profile's own
business, and its ``states`` come before anything here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from breakwatch.model import BreakerState, HealthState, ServiceLevel

Domain = Literal["breaker", "health", "level"]

_SYNONYMS: Mapping[Domain, Mapping[str, str]] = {
    "breaker": {
        "opened": BreakerState.OPEN,
        "tripped": BreakerState.OPEN,
        "close": BreakerState.CLOSED,
        "halfopened": BreakerState.HALF_OPEN,
        "recovering": BreakerState.HALF_OPEN,
        "probation": BreakerState.HALF_OPEN,
        "forceopen": BreakerState.FORCED_OPEN,
        "isolated": BreakerState.FORCED_OPEN,
    },
    "health": {
        "healthy": HealthState.UP,
        "unhealthy": HealthState.DOWN,
        "maint": HealthState.MAINTENANCE,
        "drain": HealthState.DRAINING,
        "nolb": HealthState.UP_NO_LB,
    },
    "level": {},
}
_EVENT_PREFIXES = ("oncircuit", "circuitbreaker", "circuit")


def plain(word: str) -> str:
    """Return a word without case and separators."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


_STATES: Mapping[Domain, Iterable[str]] = {"breaker": BreakerState, "health": HealthState, "level": ServiceLevel}
_KNOWN: Mapping[Domain, Mapping[str, str]] = {
    domain: {
        **{plain(state): str(state) for state in states},
        **{word: str(state) for word, state in _SYNONYMS[domain].items()},
    }
    for domain, states in _STATES.items()
}


def state_word(domain: Domain, word: str, states: Mapping[str, str] | None = None) -> str:
    """Return our state for a word of theirs; empty when nobody knows it.

    Args:
        domain: what kind of state is meant: ``open`` is a state of a breaker and none of a health signal.
        word: as the library spells it.
        states: the profile's own map. Where there is one it alone counts, as it stands first, then by case and
            separators; without one the field's words count.
    """
    if states:
        if word in states:
            return states[word]
        bare = plain(word)
        return next((ours for theirs, ours in states.items() if plain(theirs) == bare), "")
    known, bare = _KNOWN[domain], plain(word)
    if bare in known:
        return known[bare]
    prefix = next((prefix for prefix in _EVENT_PREFIXES if bare.startswith(prefix)), "")
    return known.get(bare.removeprefix(prefix), "") if prefix else ""
