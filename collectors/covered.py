"""Which span of a server is collected already: one span without holes, growing at both ends.

The first look goes back some hours, so that there is something to see at once; then the past is fetched backwards, span
by span, until all is there that the server still holds. Both ends are remembered, so that a stop midway costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from breakwatch.clock import Instant

WATERMARK = "watermark"
BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class Covered:
    """What is collected.

    Attributes:
        until_us: all before is collected, down to where the backfill stands; None where nothing is.
        down_to_us: where the backfill stands; None where it is done, or was never begun.
        goal_us: how far down it goes.
    """

    until_us: Instant | None = None
    down_to_us: Instant | None = None
    goal_us: Instant = 0

    @classmethod
    def of(cls, checkpoints: Mapping[str, str]) -> Covered:
        """Return what checkpoints say."""
        watermark, backfill = checkpoints.get(WATERMARK), checkpoints.get(BACKFILL)
        if not watermark:
            return cls()
        down_to, _, goal = (backfill or "").partition(":")
        return cls(int(watermark), int(down_to) if down_to else None, int(goal or 0))

    def begun(self, at_us: Instant, goal_us: Instant) -> Covered:
        """Return this with a backfill from ``at_us`` down to ``goal_us`` before it."""
        return replace(self, down_to_us=at_us, goal_us=goal_us)

    def forward(self, start_us: Instant, until_us: Instant) -> Covered:
        """Return this with ``[start_us, until_us)`` collected; the same where that would leave a hole."""
        if self.until_us is not None and start_us > self.until_us:
            return self
        return replace(self, until_us=max(self.until_us or 0, until_us))

    def backward(self, down_to_us: Instant) -> Covered:
        """Return this with all collected from ``down_to_us`` on."""
        return replace(self, down_to_us=down_to_us if down_to_us > self.goal_us else None)

    def checkpoints(self, before: Covered) -> dict[str, str]:
        """Return what has to be remembered anew; a text that is empty is forgotten."""
        backfill = "" if self.down_to_us is None else f"{self.down_to_us}:{self.goal_us}"
        watermark = {} if self.until_us is None else {WATERMARK: str(self.until_us)}
        if (self.down_to_us, self.goal_us) == (before.down_to_us, before.goal_us):
            return watermark
        return {**watermark, BACKFILL: backfill}
