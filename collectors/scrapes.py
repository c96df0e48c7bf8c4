"""When each scrape target was looked at: the ground on which gaps, births and read times are judged.

Everything is a function of the stamps near it (``CONTEXT_US`` to either side), never of where a fetch happened to begin
or end; that is what makes the result independent of how a history was cut into windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import MINUTE_US, SECOND_US, Instant

Stamps = NDArray[np.int64]
Numbers = NDArray[np.float64]

CONTEXT_US = 5 * MINUTE_US
"""How far around a stamp its neighbours count; also Prometheus' own patience with a missing sample."""

NEIGHBOURS = 9
GAP_FACTOR = 2.5
EVEN = 1.15
"""Where no distance is more than so many times another, the next stamp but one is joined, the one after that never."""

UNKNOWN_INTERVAL_S = 60.0
LOOKBACK_US = 25 * MINUTE_US
"""How far before a window the stamps must be known: a pair still pending (CONTEXT_US), its own widest distance
(GAP_FACTOR times that), and the neighbours before it (CONTEXT_US again), with room."""


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """One target as it was scraped.

    Attributes:
        name: job and instance.
        stamps_us: when it was scraped, ascending, each once.
        up: 1 where it answered, 0 where it was tried and failed.
        duration_s: how long each scrape took; nan where not known.
        known_until_us: no stamp before this instant is missing from ``stamps_us``; None when all of them are there.
        context_us: how far neighbours count; None without limit.
        interval_s, timeout_s: the configured ones; None where not known.
    """

    name: str
    stamps_us: Stamps
    up: Numbers
    duration_s: Numbers
    known_until_us: Instant | None = None
    context_us: Instant | None = CONTEXT_US
    interval_s: float | None = None
    timeout_s: float | None = None
    before_us: Numbers = field(init=False)
    after_us: Numbers = field(init=False)
    settled_us: Numbers = field(init=False)
    narrowest_us: float = field(init=False)
    widest_us: float = field(init=False)

    def __post_init__(self) -> None:
        stamps = self.stamps_us.astype(np.float64)
        limit = np.inf if self.context_us is None else float(self.context_us)
        distances = np.diff(stamps)
        narrowest, widest = (distances.min(), distances.max()) if len(distances) else (np.nan, np.nan)
        object.__setattr__(self, "narrowest_us", float(narrowest))
        object.__setattr__(self, "widest_us", float(widest))
        before = _neighbours_before(stamps, limit)
        # Looking ahead is looking back in mirrored time; where all distances are the same it looks the same.
        after = before[::-1] if narrowest == widest else _neighbours_before(-stamps[::-1], limit)[::-1]
        known = np.inf if self.known_until_us is None else float(self.known_until_us)
        last_neighbour = np.full(len(stamps), np.inf)
        last_neighbour[: max(0, len(stamps) - NEIGHBOURS)] = stamps[NEIGHBOURS:]
        settled = np.minimum(last_neighbour, stamps + limit)
        # Looking ahead is only judged once nothing can be added: all neighbours are in, or their time is over.
        all_in = np.isfinite(last_neighbour) & (last_neighbour <= stamps + limit)
        after = np.where(all_in | (stamps + limit < known) | np.isinf(known), after, np.nan)
        object.__setattr__(self, "before_us", before)
        object.__setattr__(self, "after_us", after)
        object.__setattr__(self, "settled_us", settled)

    def joined(self, earlier_us: Stamps, later_us: Stamps) -> NDArray[np.bool_]:
        """Return for each pair of stamps whether the time between them counts as seen (no gap)."""
        if self._surely_joined(earlier_us, later_us):
            return np.ones(len(earlier_us), np.bool_)
        hint = np.nan if self.interval_s is None else self.interval_s * SECOND_US
        local = np.fmax(self._at(self.before_us, earlier_us, "right"), self._at(self.after_us, later_us, "left"))
        local = np.where(np.isnan(local), hint, local)
        seen: NDArray[np.bool_] = (later_us - earlier_us) <= GAP_FACTOR * local
        return seen

    def read_s(self, stamps_us: Stamps) -> tuple[Numbers, NDArray[np.bool_]]:
        """Return the longest that the value at each stamp can have been read after it, and whether that is assumed."""
        index = self._places(stamps_us)
        inside = np.minimum(index, max(len(self.stamps_us) - 1, 0))
        exact = (self.stamps_us[inside] == stamps_us) if len(self.stamps_us) else np.zeros(len(stamps_us), np.bool_)
        measured = (
            np.where(exact, self.duration_s[inside], np.nan) if len(self.stamps_us) else np.full(len(index), np.nan)
        )
        assumed = np.isnan(measured)
        return np.where(assumed, self._assumed_s(stamps_us), measured) if assumed.any() else measured, assumed

    def births(self, stamps_us: Stamps) -> tuple[NDArray[np.bool_], Stamps]:
        """Return for each stamp whether the scrape right before it answered, recently, and that scrape's stamp."""
        index = self._places(stamps_us) - 1
        previous = np.maximum(index, 0)
        if not len(self.stamps_us):
            return np.zeros(len(stamps_us), np.bool_), stamps_us
        stamp = self.stamps_us[previous]
        patience = CONTEXT_US if self.context_us is None else self.context_us
        seen = (index >= 0) & (self.up[previous] == 1) & (stamps_us - stamp <= patience)
        return seen, stamp

    def unsettled_from_us(self, start_us: Instant) -> Instant:
        """Return from when a window that starts at ``start_us`` must be read, so that nothing stays half judged.

        That is two scrapes back, for the last may not have been complete when the window before was read; back to every
        sample that one in this window could still be joined to; and back to every pair that looked like a gap and is
        none by neighbours that have only come in since.
        """
        before = int(np.searchsorted(self.stamps_us, start_us))
        if not before:
            return start_us
        earlier, reach_us = self.stamps_us[:before], GAP_FACTOR * self.before_us[:before]
        silent_us = CONTEXT_US if np.isnan(reach_us[-1]) else reach_us[-1]
        # A target that fell silent longer ago is read from there again if it ever returns: then it is a pair.
        two_back = [int(earlier[max(before - 2, 0)])] if start_us - earlier[-1] <= silent_us else []
        following = self.stamps_us[before : before + 1]
        # The scrape before the first of the window is the one that can show that a series was not there yet.
        witness = [int(earlier[-1])] if len(following) and following[0] - earlier[-1] <= CONTEXT_US else []
        joinable = earlier[earlier + np.nan_to_num(reach_us) >= start_us]
        reach = [*two_back, *witness, *(int(stamp) for stamp in joinable[:1]), *self._lately_joined(start_us)]
        return min([start_us, *reach])

    def _surely_joined(self, earlier_us: Stamps, later_us: Stamps) -> bool:
        """Return whether that can be said of all pairs at once: no median of distances is less than the narrowest."""
        if not len(earlier_us) or len(self.stamps_us) < NEIGHBOURS or self.context_us is None:
            return False
        return bool(
            self.widest_us <= self.context_us
            and self.stamps_us[1] <= earlier_us.min()
            and (later_us - earlier_us).max() <= GAP_FACTOR * self.narrowest_us
        )

    def _lately_joined(self, start_us: Instant) -> list[int]:
        """Return the earliest stamp before ``start_us`` that only the neighbours of a later one join to that one."""
        if self.context_us is not None and self.widest_us <= EVEN * self.narrowest_us:
            # What lies behind joins the same stamps; only behind the very first one there is nothing.
            near_us = start_us - 2 * self.context_us - GAP_FACTOR * self.widest_us
            if len(self.stamps_us) and self.stamps_us[0] < near_us:
                return []
        settled = (self.settled_us >= start_us - MINUTE_US) & ~np.isnan(self.after_us)
        later = np.flatnonzero(settled)
        if not len(later):
            return []
        reach_us = GAP_FACTOR * self.after_us[later]
        first = np.searchsorted(self.stamps_us, self.stamps_us[later] - reach_us)
        found: list[int] = []
        for back in range(1, int((later - first).max()) + 1):
            chosen = later - back >= first
            one, other = later[chosen] - back, later[chosen]
            distance_us = self.stamps_us[other] - self.stamps_us[one]
            only_so = ~(distance_us <= GAP_FACTOR * self.before_us[one]) & (self.stamps_us[one] < start_us)
            found += [int(stamp) for stamp in self.stamps_us[one[only_so]][:1]]
        return [min(found)] if found else []

    def _places(self, stamps_us: Stamps, side: Literal["left", "right"] = "left") -> NDArray[np.intp]:
        """Return where stamps stand among ours, as ``np.searchsorted`` says; mostly they are ours themselves."""
        count = len(stamps_us)
        if count and len(self.stamps_us):
            begin = int(np.searchsorted(self.stamps_us, stamps_us[0]))
            if np.array_equal(self.stamps_us[begin : begin + count], stamps_us):
                return np.arange(begin, begin + count) + (side == "right")
        return np.searchsorted(self.stamps_us, stamps_us, side=side)

    def _at(self, values: Numbers, stamps_us: Stamps, side: Literal["left", "right"]) -> Numbers:
        """Return a per-stamp value for stamps that may lie between ours: the last one at or before, or the next."""
        if not len(self.stamps_us):
            return np.full(len(stamps_us), np.nan)
        index = self._places(stamps_us, side) - (side == "right")
        inside = (index >= 0) & (index < len(values))
        return np.where(inside, values[np.clip(index, 0, len(values) - 1)], np.nan)

    def _assumed_s(self, stamps_us: Stamps) -> Numbers:
        if self.timeout_s is not None:
            return np.full(len(stamps_us), self.timeout_s)
        local_s = self._at(self.before_us, stamps_us, "right") / SECOND_US
        if len(self.stamps_us) > 1:
            # At the very start nothing came before: the distance that follows is the best there is.
            index = np.clip(np.searchsorted(self.stamps_us, stamps_us, side="right"), 1, len(self.stamps_us) - 1)
            following_s = (self.stamps_us[index] - self.stamps_us[index - 1]) / SECOND_US
            local_s = np.where(np.isnan(local_s), following_s, local_s)
        hint = UNKNOWN_INTERVAL_S if self.interval_s is None else self.interval_s
        return np.where(np.isnan(local_s), hint, local_s) / 10


def _neighbours_before(stamps: Numbers, limit: float) -> Numbers:
    """Return at each stamp the median of up to NEIGHBOURS distances before it, from ``limit`` on; nan if none."""
    count = len(stamps)
    medians = np.full(count, np.nan)
    if count < 2:  # noqa: PLR2004 - a distance takes two
        return medians
    distances = np.diff(stamps)
    # Where all of them are the same, as those of most scrapes are, so is their median.
    changes = np.concatenate([[0], np.cumsum(distances[1:] != distances[:-1])])
    same = changes == changes[np.maximum(np.arange(count - 1) - NEIGHBOURS + 1, 0)]
    medians[1:] = np.where(same & (distances <= limit), distances, np.nan)
    rows = np.flatnonzero(~same) + 1
    if len(rows):
        begin = max(int(rows[0]) - NEIGHBOURS, 0)
        medians[rows] = _uneven(stamps[begin : rows[-1] + 1], limit)[rows - begin]
    return medians


def _uneven(stamps: Numbers, limit: float) -> Numbers:
    count = len(stamps)
    table = np.full((count, NEIGHBOURS), np.nan)
    distances = np.diff(stamps)
    for back in range(1, min(NEIGHBOURS + 1, count)):
        within = stamps[back:] - stamps[:-back] <= limit
        table[back:, back - 1] = np.where(within, distances[: count - back], np.nan)
    return _row_medians(table)


def _row_medians(table: Numbers) -> Numbers:
    """Return the median of each row without its nans; nan for a row of nothing else."""
    ordered = np.sort(table, axis=1)  # nans come last
    filled = (~np.isnan(ordered)).sum(axis=1)
    rows = np.arange(len(ordered))
    low, high = ordered[rows, np.maximum(filled - 1, 0) // 2], ordered[rows, filled // 2]
    return np.where(filled > 0, (low + high) / 2, np.nan)
