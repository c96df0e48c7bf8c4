"""Failing calls: the spells of them with no good answer between, and the minutes in which too many failed.

Pure arithmetic over calls as they were told one by one, or as counters grew. Definition and limits:
docs/decisions/0019-outages.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from analysis.bounds import STAMP_SLACK_US, Bounds
from breakwatch.clock import MINUTE_US, SECOND_US

if TYPE_CHECKING:
    from breakwatch.clock import Instant

LEAST_FAILED: Final = 5
"""A slice with fewer failed calls hurts nobody."""

SLICE_US: Final = MINUTE_US

DOWN_SHARE: Final = 0.5
"""Where at least this share of the calls failed the service was down, else it was degraded."""

SOLID_US: Final = SECOND_US
"""Calls that failed in a row for so long are no coincidence of a busy service with some errors."""

MANY_SPELLS: Final = 100
"""Of one hurt stretch with more spells than this, only those that say something are kept: see ``telling``."""


class Told(NamedTuple):
    """Calls of one outcome that ended in ``(after_us, until_us]``; where both are one, at that instant or just before.

    Attributes:
        late_us: the end may lie so much later than ``until_us``, and a little earlier than ``after_us``: 0 where exact.
        begun_earliest_us, begun_latest_us: the first of them began in these bounds.
    """

    after_us: Instant
    until_us: Instant
    number: int
    late_us: int
    begun_earliest_us: Instant
    begun_latest_us: Instant

    @property
    def exact(self) -> bool:
        """True for a call that was told by itself."""
        return self.after_us == self.until_us


@dataclass(frozen=True, slots=True)
class FailureSpell:
    """Failing calls with no good answer between them.

    Attributes:
        begun: start of the first failed call.
        served: end of the first good answer after the last failed one; None while there is none.
        first_until_us, last_until_us: when the first and the last of them had surely ended.
        first_after_us: before this none of them had ended.
        late_us: by how much a stamp may be early, see ``Told``.
    """

    begun: Bounds
    served: Bounds | None
    first_after_us: Instant
    first_until_us: Instant
    last_until_us: Instant
    late_us: int
    failed: int
    requests: int

    @property
    def slices(self) -> range:
        """The slices in which its calls had surely ended."""
        return range(self.first_until_us // SLICE_US, self.last_until_us // SLICE_US + 1)


@dataclass(frozen=True, slots=True)
class HurtStretch:
    """Neighbouring minutes that hurt, from the first failed call in them to the good answer after the last one.

    Attributes:
        down: whether the service was down, else it was degraded.
        spells: the failing calls in it.
    """

    down: bool
    begun: Bounds
    served: Bounds | None
    failed: int
    requests: int
    spells: tuple[FailureSpell, ...]


class Calls:
    """Calls of one scope in order of time, good and bad ones."""

    def __init__(self, good: Iterable[Told], bad: Iterable[Told]) -> None:
        self.bad = sorted(bad, key=lambda told: (told.until_us, told.after_us))
        self.good = sorted(good, key=lambda told: (told.after_us, told.until_us))
        self._after = [told.after_us for told in self.good]
        # For each good growth, the earliest end among it and those after it in order of their start.
        ends = accumulate((told.until_us for told in reversed(self.good)), min)
        self._first_end = list(ends)[::-1]
        self._by_end = sorted(self.good, key=lambda told: (told.until_us, told.after_us))
        self._ends = [told.until_us for told in self._by_end]
        self._counted = [0, *accumulate(told.number for told in self._by_end)]

    def served_between(self, last_until_us: Instant, next_after_us: Instant) -> bool:
        """Say whether a good answer surely lies between two failed calls."""
        place = bisect_left(self._after, last_until_us)
        return place < len(self._first_end) and self._first_end[place] <= next_after_us

    def served_after(self, last_after_us: Instant, last_until_us: Instant) -> Bounds | None:
        """Return when the first good answer after a failed call came, that ended in ``(last_after, last_until]``."""
        place = bisect_left(self._after, last_until_us)
        if place == len(self.good):
            return None
        surely = self._first_surely(place)
        earliest = surely.after_us
        for told in self._by_end[bisect_left(self._ends, last_after_us) :]:
            if told.until_us > surely.until_us:
                break
            earliest = min(earliest, max(told.after_us, last_after_us))
        if surely.exact and earliest == surely.after_us:
            return Bounds(surely.until_us, surely.until_us)
        return Bounds(earliest - STAMP_SLACK_US, surely.until_us + surely.late_us)

    def _first_surely(self, place: int) -> Told:
        end_us = self._first_end[place]
        return next(told for told in self.good[place:] if told.until_us == end_us)

    def good_between(self, after_us: Instant, until_us: Instant) -> int:
        """Return how many calls were answered well by growths that ended in ``(after_us, until_us]``."""
        low, high = bisect_right(self._ends, after_us), bisect_right(self._ends, until_us)
        return self._counted[high] - self._counted[low]

    def slices(self) -> dict[int, tuple[int, int]]:
        """Return failed and good calls by the slice in which they had surely ended."""
        found: dict[int, list[int]] = {}
        for place, calls in enumerate((self.bad, self.good)):
            for told in calls:
                found.setdefault(told.until_us // SLICE_US, [0, 0])[place] += told.number
        return {at: (failed, good) for at, (failed, good) in found.items()}


def spells_of(calls: Calls) -> list[FailureSpell]:
    """Return all spells of failing calls, in order."""
    found: list[FailureSpell] = []
    run: list[Told] = []
    for told in calls.bad:
        if run and calls.served_between(run[-1].until_us, told.after_us):
            found.append(_spell(calls, run))
            run = []
        run.append(told)
    if run:
        found.append(_spell(calls, run))
    return found


def _spell(calls: Calls, run: Sequence[Told]) -> FailureSpell:
    first, last = run[0], run[-1]
    first_after_us = min(told.after_us for told in run)
    failed = sum(told.number for told in run)
    good = 0 if first.exact and last.exact else calls.good_between(first_after_us, last.until_us)
    begun = Bounds(min(told.begun_earliest_us for told in run), min(told.begun_latest_us for told in run))
    served = calls.served_after(max(told.after_us for told in run), last.until_us)
    return FailureSpell(
        begun, served, first_after_us, first.until_us, last.until_us, last.late_us, failed, failed + good
    )


def hurt_stretches(calls: Calls, least_good: float) -> Iterator[HurtStretch]:
    """Yield what hurt: slices with at least 5 failed calls and a share of good ones under ``least_good``.

    Where calls failed in a row for a second or more the service was down, from the first to the next good answer. What
    else failed hurts where it would by itself: from the first to the last such spell of neighbouring slices; inside one
    that is degraded as a whole, slices in which most calls failed come by themselves as well.
    """
    slices = calls.slices()
    hurt = {at for at, counted in slices.items() if _hurts(counted, least_good)}
    spells = spells_of(calls) if hurt else []
    solid = [spell for spell in spells if _solid(spell) and not hurt.isdisjoint(spell.slices)]
    yield from (_stretch(calls, [spell], down=True) for spell in solid)
    if solid:
        for told in _of_spells(calls, solid):
            at = told.until_us // SLICE_US
            slices[at] = slices[at][0] - told.number, slices[at][1]
        hurt = {at for at, counted in slices.items() if _hurts(counted, least_good)}
        spells = [spell for spell in spells if spell not in set(solid)]
    bridges = {at for spell in solid for at in spell.slices}
    for first, last in _neighbours(sorted(hurt), bridges):
        stretch = _stretch(calls, _inside(spells, first, last))
        yield stretch
        if not stretch.down:
            worst = [at for at in hurt if first <= at <= last and slices[at][0] >= DOWN_SHARE * sum(slices[at])]
            for run in _neighbours(sorted(worst)):
                yield _stretch(calls, _inside(spells, *run), down=True)


def _hurts(counted: tuple[int, int], least_good: float) -> bool:
    bad, good = counted
    return bad >= LEAST_FAILED and good < least_good * (bad + good)


def _solid(spell: FailureSpell) -> bool:
    """Say whether so many calls failed in a row for so long that the service was down, whatever else a minute held."""
    lasted_us = spell.last_until_us - spell.begun.latest_us
    first_us = spell.last_until_us - spell.first_until_us
    enough = spell.failed >= LEAST_FAILED and spell.failed >= DOWN_SHARE * spell.requests
    return enough and max(lasted_us, first_us) >= SOLID_US


def _of_spells(calls: Calls, spells: Sequence[FailureSpell]) -> Iterator[Told]:
    """Yield the failed calls that belong to some of the spells; both are in order of time."""
    place = 0
    for told in calls.bad:
        while place < len(spells) and spells[place].last_until_us < told.until_us:
            place += 1
        if place < len(spells) and spells[place].first_until_us <= told.until_us:
            yield told


def _neighbours(slices: Iterable[int], bridges: Collection[int] = ()) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of slices with none between them, other than bridges."""
    first = last = None
    for at in slices:
        if first is None or last is None:
            first = at
        elif any(between not in bridges for between in range(last + 1, at)):
            yield first, last
            first = at
        last = at
    if first is not None and last is not None:
        yield first, last


def _inside(spells: Sequence[FailureSpell], first: int, last: int) -> list[FailureSpell]:
    """Return the spells that reach into slices."""
    start_us, end_us = first * SLICE_US, (last + 1) * SLICE_US
    return [spell for spell in spells if spell.last_until_us >= start_us and spell.first_until_us < end_us]


def _stretch(calls: Calls, inside: Sequence[FailureSpell], *, down: bool | None = None) -> HurtStretch:
    ends = [spell.served for spell in inside if spell.served is not None]
    served = None
    if len(ends) == len(inside):
        served = Bounds(max(end.earliest_us for end in ends), max(end.latest_us for end in ends))
    failed = sum(spell.failed for spell in inside)
    # What was answered well in the very growth that holds the last failed call may well have come after it.
    first_us = inside[0].first_until_us
    good = calls.good_between(first_us - 1, max(first_us, inside[-1].last_until_us - 1))
    return HurtStretch(
        down=failed >= DOWN_SHARE * (failed + good) if down is None else down,
        begun=Bounds(min(s.begun.earliest_us for s in inside), min(s.begun.latest_us for s in inside)),
        served=served,
        failed=failed,
        requests=failed + good,
        spells=tuple(inside),
    )


def telling(spells: Sequence[FailureSpell]) -> list[FailureSpell]:
    """Return the spells of a stretch that are kept: all, or of very many the first, the last and the larger ones."""
    if len(spells) <= MANY_SPELLS:
        return list(spells)
    return [spells[0], *(spell for spell in spells[1:-1] if spell.failed >= LEAST_FAILED), spells[-1]]
