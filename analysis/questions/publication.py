"""What lies in front of us: the published file, its environments, and how its sources are doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.questions.common import load

if TYPE_CHECKING:
    from datetime import datetime

    from store import Rows

_PUBLICATION = load("publication")
_ENVIRONMENTS = load("environments")
_SOURCES = load("sources")


@dataclass(frozen=True, slots=True)
class Publication:
    """One generation of the published file; ``recorded`` data end at ``as_of`` and do not grow."""

    generation: int
    published_at: datetime
    as_of: datetime
    recorded: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment and the first and last instant at which anything of it was seen.

    ``recorded_until`` is the last scrape or event of it: a log that stayed quiet after that was seen, too.
    """

    name: str
    first_seen: datetime
    last_seen: datetime
    recorded_until: datetime


LATE_CYCLES = 2
LEAST_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How the last collection of one source went.

    Attributes:
        cycle_s: its usual pace; ``None`` after a single run.
        seen_at: when a run last brought what there was, or some of it; ``None`` where none ever did.
        failures: runs that failed in a row.
        needs_person: somebody has to change something before asking again can help.
        next_attempt_at: when it is asked again, where that was put off.
    """

    source: str
    status: str
    error: str
    finished_at: datetime | None
    cycle_s: float | None
    seen_at: datetime | None = None
    failures: int = 0
    needs_person: bool = False
    next_attempt_at: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Return whether it fails and has not been seen for two of its cycles: what is shown of it is stale."""
        if self.status != "failed":
            return False
        patience_s = max(LEAST_PATIENCE_S, LATE_CYCLES * (self.cycle_s or 0.0))
        return self.seen_at is None or (now - self.seen_at).total_seconds() > patience_s


def publication(rows: Rows) -> Publication | None:
    """Return the generation that is being read, or ``None`` before the first publication."""
    found = rows.rows(_PUBLICATION)
    return Publication(**found[0]) if found and found[0]["as_of"] is not None else None


def environments(rows: Rows) -> tuple[Environment, ...]:
    """Return the environments by name."""
    return tuple(
        Environment(row["environment"], row["first_seen"], row["last_seen"], row["recorded_until"])
        for row in rows.rows(_ENVIRONMENTS)
    )


def sources(rows: Rows) -> tuple[SourceHealth, ...]:
    """Return the health of every source by name."""
    return tuple(SourceHealth(**row) for row in rows.rows(_SOURCES))
