"""When a source that failed is asked again: later and later while it is in trouble, seldom while it waits for a person.

Retried with growing waits is what asking again may mend: a server that is down, hangs, or answers 500, 502, 503, 504 or
429. What it refuses for good (400, 401, 403, 404, 422) is not hammered: somebody has to change something first. The
collectors say which is which (``SourceError.retryable``).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from breakwatch.config import ActuatorSource, PrometheusSource, Source
from breakwatch.errors import BreakwatchError, SourceError

LONGEST_WAIT_S = 300.0
LONGEST_FILES_WAIT_S = 60.0
"""Looking for a file burdens nobody, and a program that writes its first line should not wait for us."""

PERSON_WAIT_S = 900.0
LONGEST_ASKED_S = 3600.0
"""A server may ask us to wait, but not for ever."""

SPREAD = 0.2
"""Waits differ by up to this share, so that those who lost a server together do not come back together."""


@dataclass(frozen=True, slots=True)
class Again:
    """When a source is asked again.

    Attributes:
        in_s: seconds from the end of the run that failed.
        failures: how many runs failed in a row, without bringing anything.
        needs_person: asking again will not mend it.
    """

    in_s: float
    failures: int
    needs_person: bool


def needs_person(error: Exception | None) -> bool:
    """Return whether trying again will not mend it: somebody has to change something first."""
    return isinstance(error, BreakwatchError) and not (isinstance(error, SourceError) and error.retryable)


@dataclass(slots=True)
class Backoff:
    """Counts each source's failures in a row; for one thread at a time per source."""

    chance: random.Random = field(default_factory=random.Random)
    _failures: dict[str, int] = field(default_factory=dict)

    def after(self, source: Source, error: Exception | None, every_s: float, *, brought: bool) -> Again | None:
        """Return when to ask a source again after a run; None for its usual interval, as it went well.

        ``error`` is what stopped the run, if anything did, and ``every_s`` the source's usual interval. A run that
        brought something before it was stopped is the first failure in a row.
        """
        if error is None:
            self.forget(source.name)
            return None
        failures = 1 if brought else self._failures.get(source.name, 0) + 1
        self._failures[source.name] = failures
        server = isinstance(source, PrometheusSource | ActuatorSource)
        if server and needs_person(error):
            wait_s = max(PERSON_WAIT_S, every_s)
        else:
            longest_s = max(every_s, LONGEST_WAIT_S if server else LONGEST_FILES_WAIT_S)
            wait_s = min(longest_s, every_s * 2.0 ** min(failures - 1, 30))
        wait_s *= 1 + self.chance.uniform(-SPREAD, SPREAD)
        asked_s = (error.retry_after_s if isinstance(error, SourceError) else None) or 0.0
        if asked_s > wait_s:  # never earlier than asked, and not all at that very second
            wait_s = min(asked_s, LONGEST_ASKED_S) * (1 + self.chance.uniform(0, SPREAD))
        return Again(wait_s, failures, needs_person(error))

    def forget(self, name: str) -> None:
        """Begin anew with a source: it answered, or it was configured otherwise."""
        self._failures.pop(name, None)
