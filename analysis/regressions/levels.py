"""Which changes of level are regressions: against the level that was normal, not only against the one just before.

A run that regressed never becomes the normal by itself: small steps that add up are found, and what follows an open
regression is still held to the level before it. An improvement becomes the new normal; so does a level that somebody
has accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from analysis.regressions.changepoints import Change, Tier, changes
from analysis.regressions.counts import count_changes
from analysis.regressions.series import Series

Kind = Literal["change", "count", "baseline", "bound"]


@dataclass(frozen=True, slots=True)
class Found:
    """A change for the worse in a series.

    Attributes:
        rule: what found it.
        index, earliest, latest: the first run on the worse level, and where it may lie.
        recovered: the first run that was back, or None.
        effect: by which share of the level before it is worse.
        p: how often chance alone makes it, in this series alone.
        accepted_by: the number of the baseline by which a person accepted it; 0 for none.
    """

    rule: Kind
    index: int
    earliest: int
    latest: int
    before: float
    after: float
    effect: float
    p: float
    tier: Tier
    runs_before: int
    runs_after: int
    recovered: int | None = None
    baseline: str = ""
    accepted_by: int = 0


Accepted = Callable[[Found], bool]
"""Says of a regression whether somebody has accepted its level."""


def worsened(series: Series, min_effect: float, accepted: Accepted = lambda _: False) -> tuple[list[Found], int]:
    """Return the regressions of a series in the order of its runs, and the first run of its present level."""
    told = count_changes(series.values) if series.counted else changes(series.values)
    if not told:
        return [], 0
    walk = _Walk(series, min_effect, accepted)
    edges = [0, *(change.index for change in told), len(series.runs)]
    for place, change in enumerate(told):
        walk.step(change, edges[place], edges[place + 2])
    confirmed = [change.index for change in told if change.tier == "confirmed"]
    return walk.found, confirmed[-1] if confirmed else 0


class _Walk:
    """From level to level: what is normal, and what has regressed from it and not come back."""

    def __init__(self, series: Series, min_effect: float, accepted: Accepted) -> None:
        self._series, self._floor, self._accepted = series, min_effect, accepted
        self._normal: float | None = None
        self.found: list[Found] = []

    def step(self, change: Change, start: int, end: int) -> None:
        """Take the next change: the level before it began with run ``start``, the new one lasts until ``end``."""
        worse_by = self._series.worse_by
        if self._normal is None:
            self._normal = change.before
        if worse_by(change.before, change.after) > 0:
            self._worse(change, start, end)
            return
        if change.tier == "suspected":
            return
        for place, regression in enumerate(self.found):
            back = worse_by(regression.before, change.after) < max(self._floor, regression.effect / 2)
            if regression.recovered is None and back:
                self.found[place] = replace(regression, recovered=change.index)
        if worse_by(self._normal, change.after) < 0:
            self._normal = change.after

    def _worse(self, change: Change, start: int, end: int) -> None:
        worse_by = self._series.worse_by
        assert self._normal is not None  # noqa: S101 - step has set it
        standing = [one for one in self.found if one.recovered is None]
        before = standing[-1].after if standing else self._normal
        effect = worse_by(before, change.after)
        if effect < self._floor:
            return
        rule: Kind = "count" if self._series.counted else "change"
        regression = Found(
            rule, change.index, change.earliest, change.latest, before, change.after, effect, change.p, change.tier,
            change.index - start, end - change.index,
        )  # fmt: skip
        self.found.append(regression)
        if self._accepted(regression):
            self._normal = change.after
