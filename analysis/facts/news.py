"""Of which kinds there is news: a step none of whose inputs can have changed is skipped as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.facts.steps import steps

if TYPE_CHECKING:
    from store import Store

_COUNTED = frozenset({"requests", "retries", "latency", "transitions", "process_start"})


@dataclass(frozen=True, slots=True)
class News:
    """What the marks of stale evidence are about.

    Attributes:
        sampled: the kinds of tracks with stale counters, gauges or scrapes.
        sighted: the kinds of stale sightings that are many (calls, attempts).
        domains: the domains of stale subjects.
    """

    sampled: frozenset[str]
    sighted: frozenset[str]
    domains: frozenset[str]

    @property
    def counted(self) -> bool:
        """Whether counts by minute, or the restarts that cut them, may be other ones now."""
        return bool(self.sampled & _COUNTED or self.sighted)

    @property
    def explained(self) -> bool:
        """Whether a log told something that explains figures: a change, a failover."""
        return "event" in self.domains

    @property
    def failed_over(self) -> bool:
        """Whether failovers may be other ones now: by calls, counts, what trips them, or what logs tell of them."""
        return self.counted or self.explained or bool(self.domains & {"breaker", "health"})


def news(store: Store) -> News:
    """Return of which kinds there is news; where nothing was counted, leave the tables of counts empty."""
    step = steps("news")
    (row,) = store.rows(step["kinds"])
    found = News(frozenset(row["sampled"]), frozenset(row["sighted"]), frozenset(row["domains"]))
    if not found.counted and found.failed_over:
        for name in ("no_scope", "no_restarts"):
            store.execute(step[name])
    return found
