"""What people said about levels: pinned references, and new levels they accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.regressions.levels import Found
from analysis.regressions.rules import fits
from analysis.regressions.series import Key, Series
from breakwatch.clock import Instant

_LEAST_ROOM = 0.02
"""A level is only known so exactly."""
NEARBY = 5
"""A change whose place is found anew within so many runs is the same one."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A pinned reference, or an accepted level.

    Attributes:
        environment, suite, benchmark, metric, run_environment: what it is about; may hold ``*``, empty is everything.
        revision: whose runs are the reference.
        changed_us, level: where the accepted level began, and which it was; None for a pinned one.
        expires_us: when it ends; None for never.
    """

    baseline_id: int
    name: str
    kind: Literal["pinned", "accepted"]
    environment: str = ""
    suite: str = ""
    benchmark: str = ""
    metric: str = ""
    run_environment: str = ""
    revision: str = ""
    changed_us: Instant | None = None
    level: float | None = None
    reason: str = ""
    expires_us: Instant | None = None

    def about(self, key: Key) -> bool:
        """Return whether a series is one of those it is about."""
        return all(fits(getattr(self, name), getattr(key, name)) for name in SCOPE)

    def holds(self, now_us: Instant) -> bool:
        """Return whether it has not expired."""
        return self.expires_us is None or now_us < self.expires_us

    def accepts(self, series: Series, found: Found, min_effect: float) -> bool:
        """Return whether this is the level of that regression, wherever exactly it was found to begin.

        A level that has become worse since by as much as matters is another one.
        """
        if self.kind != "accepted" or self.changed_us is None or not self.about(series.key):
            return False
        if self.level is not None and series.worse_by(self.level, found.after) >= max(min_effect, _LEAST_ROOM):
            return False
        first, last = max(found.earliest - NEARBY, 0), min(found.latest + NEARBY, len(series.runs) - 1)
        return series.runs[first].run_at_us <= self.changed_us <= series.runs[last].run_at_us


SCOPE = ("environment", "suite", "benchmark", "metric", "run_environment")


def baselines_of(rows: Sequence[Mapping[str, Any]]) -> list[Baseline]:
    """Return the baselines of rows, the newest first."""
    names = ("baseline_id", "name", "kind", *SCOPE, "revision", "changed_us", "level", "reason", "expires_us")
    ordered = sorted(rows, key=lambda row: (-row["set_us"], row["baseline_id"]))
    return [Baseline(**{name: row[name] for name in names}) for row in ordered]
