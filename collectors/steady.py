"""What is known of series that were all there at the last scrape of their targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import MILLISECOND_US, Instant
from breakwatch.model import Runs, Track
from collectors.claims import NAME
from collectors.encode import Encoded, Encoder
from collectors.identity import REPLICA_LABELS
from collectors.packed import Packed
from collectors.roster import Roster
from collectors.targets import Targets

BUSY_SHARE = 0.25
"""A metric of which more than this part changed in a window is read as a whole, like counters of calls."""

MOST_VALUES = 200
"""A label with more different values than this does not narrow what is read."""

Labels: TypeAlias = Mapping[str, str]
Key: TypeAlias = frozenset[tuple[str, str]]
Carried: TypeAlias = tuple[str, str]
"""A metric and the scrape target that carries series of it."""


@dataclass(frozen=True, slots=True)
class Steady:
    """Some series and what they last said, at the last scrape of their targets; all of them were there.

    Attributes:
        names: the metrics that were wanted.
        calm, busy: those to be asked for changes, and those to be read as a whole.
        roster: of the series of the calm metrics, also of those that nobody claims.
        place: of each of these series, where it stands in the roster.
        counts: how many series of a calm metric a target carries.
        heads: a series of each target.
        varying: of each label, how many different values it has.
        last_us: of each target, its last scrape.
        value: of each track of the roster, its last value; nan where it has none.
        target: of each track, the place of its target among the names of all targets, sorted.
    """

    names: Sequence[str]
    calm: Sequence[str]
    busy: Sequence[str]
    roster: Roster
    place: Mapping[Key, int]
    counts: Mapping[Carried, int]
    heads: Sequence[Labels]
    varying: Mapping[str, int]
    targets: Targets
    last_us: Mapping[str, Instant]
    value: NDArray[np.float64]
    target: NDArray[np.int64]

    def since_us(self, start_us: Instant) -> Instant | None:
        """Return from when on to ask about a window that starts there; None where it does not touch what is known."""
        targets = self.targets.by_name.values()
        since_us = min(target.unsettled_from_us(start_us) for target in targets)
        since_us -= since_us % MILLISECOND_US
        stamps = np.concatenate([target.stamps_us for target in targets])
        # To some servers a range's very beginning belongs, to others it does not: no scrape may lie there.
        while np.any(stamps == since_us - MILLISECOND_US):
            since_us -= MILLISECOND_US
        return since_us if since_us <= min(self.last_us.values()) else None

    def families_of(self, changed: Iterable[Labels]) -> NDArray[np.int64] | None:
        """Return the families that have to be read: those of changed series, and of tracks that say nothing.

        None where a series is among them that is not known.
        """
        places = [self.place.get(frozenset(one.items()), -1) for one in changed]
        if -1 in places:
            return None
        claimed = [one for one in places if self.roster.claimed[one]]
        silent = self.roster.family_of_track[np.isnan(self.value)]
        return np.unique(np.concatenate([self.roster.family[np.array(claimed, np.int64)], silent]))

    def narrowed(self, series: Iterable[int]) -> tuple[list[str], dict[str, list[str]]]:
        """Return the metrics of some series, and the values of those labels that tell them from others."""
        chosen = [self.roster.labels[one] for one in series]
        names = sorted({name for one in chosen for name in one} - {NAME})
        values = {name: sorted({one.get(name, "") for one in chosen}) for name in names}
        narrow = {
            name: said for name, said in values.items() if len(said) <= MOST_VALUES and len(said) < self.varying[name]
        }
        return sorted({one[NAME] for one in chosen}), narrow

    def runs(self, own: NDArray[np.intp], scrapes: Runs) -> Runs:
        """Return the runs of some tracks, which stayed as they were over the one run of scrapes of each target."""
        of = self.target[own]
        each = np.arange(len(own), dtype=np.int32)
        return Runs(
            each, scrapes.first_us[of], scrapes.last_us[of], self.value[own], scrapes.read_s[of], scrapes.assumed[of]
        )

    def moved_on(self, targets: Targets, end_us: Instant, families: NDArray[np.int64], encoded: Encoded) -> Steady:
        """Return what is known after a window until ``end_us``, of which some families were read and encoded."""
        last_us = _last_us(targets, end_us)
        fresh = _last_values(encoded, last_us)
        value = self.value.copy()
        for number in np.flatnonzero(np.isin(self.roster.family_of_track, families)).tolist():
            value[number] = fresh.get(self.roster.tracks[number], np.nan)
        return replace(self, targets=targets, last_us=last_us, value=value)

    def key(self, place: int) -> Key:
        """Return the series that stands at a place of the roster."""
        return frozenset(self.roster.labels[place].items())


def steady(
    encoder: Encoder,
    names: Sequence[str],
    carried: Packed,
    targets: Targets,
    encoded: Encoded,
    *,
    since_us: Instant,
    end_us: Instant,
) -> Steady | None:
    """Return what is known of series after they were read as a whole; None where not all of them can be relied on."""
    labels = carried.labels
    if not labels or targets.without_up or any(REPLICA_LABELS & one.keys() for one in labels):
        return None
    whole = encoder.roster(labels)
    last_us = _last_us(targets, end_us)
    if not _all_there(carried, whole, targets, last_us, since_us):
        return None
    busy = _busy(carried, whole)
    calm = sorted(set(names) - busy)
    if not calm:
        return None
    roster = whole if not busy else encoder.roster([one for one in labels if one[NAME] not in busy])
    fresh = _last_values(encoded, last_us)
    number = {name: place for place, name in enumerate(sorted(targets.by_name))}
    values: dict[str, set[str]] = {}
    for one in roster.labels:
        for name, value in one.items():
            values.setdefault(name, set()).add(value)
    heads = dict(zip(whole.targets, labels, strict=True))
    return Steady(
        names=list(names),
        calm=calm,
        busy=sorted(busy),
        roster=roster,
        place={frozenset(one.items()): place for place, one in enumerate(roster.labels)},
        counts=Counter((one[NAME], name) for one, name in zip(roster.labels, roster.targets, strict=True)),
        heads=list(heads.values()),
        varying={name: len(said) for name, said in values.items()},
        targets=targets,
        last_us=last_us,
        value=np.array([fresh.get(track, np.nan) for track in roster.tracks], np.float64),
        target=np.array([number[track.scrape_target] for track in roster.tracks], np.int64),
    )


def all_were_there(
    counts: Mapping[Carried, int], said: Iterable[tuple[Carried, int, int]], scrapes: Mapping[str, int]
) -> bool:
    """Return whether a server counted as many samples of each known series as its target had scrapes, and no others.

    ``said``: for a metric and a target, a number of samples and how many series have so many.
    """
    found = {carried: (samples, series) for carried, samples, series in said}
    wanted = {carried: (scrapes.get(carried[1], 0), series) for carried, series in counts.items()}
    return found == wanted and len(found) == len(list(said))


def _last_us(targets: Targets, end_us: Instant) -> dict[str, Instant]:
    """Return of each target its last scrape before ``end_us`` that succeeded; -1 where none did."""
    found = {}
    for name, target in targets.by_name.items():
        stamps = target.stamps_us[(target.stamps_us < end_us) & (target.up == 1)]
        found[name] = int(stamps[-1]) if len(stamps) else -1
    return found


def _last_values(encoded: Encoded, last_us: Mapping[str, Instant]) -> dict[Track, float]:
    """Return the values of those tracks whose last run reaches the last scrape."""
    tracks, runs = encoded.tracks, encoded.runs
    ends = np.array([last_us.get(track.scrape_target, -1) for track in tracks], np.int64)
    if not len(runs):
        return {}
    mine = np.flatnonzero((runs.last_us == ends[runs.track]) & ~np.isnan(runs.value)).tolist()
    return {tracks[runs.track[one]]: float(runs.value[one]) for one in mine}


def _all_there(
    carried: Packed, roster: Roster, targets: Targets, last_us: Mapping[str, Instant], since_us: Instant
) -> bool:
    """Return whether each series has a sample at the last scrape of its target, and none between its scrapes."""
    if set(roster.targets) != set(targets.by_name) or min(last_us.values()) < since_us:
        return False
    names = sorted(last_us)
    number = {name: place for place, name in enumerate(names)}
    of_series = np.array([number[name] for name in roster.targets], np.int64)
    pairs = np.unique(np.stack([of_series[carried.series], carried.grid]), axis=1)
    for target, grid in pairs.T.tolist():
        if not np.isin(carried.grids[grid], targets.by_name[names[target]].stamps_us).all():
            return False
    ends = np.array([grid[-1] if len(grid) else -1 for grid in carried.grids], np.int64)
    last = np.full(len(roster.labels), -1, np.int64)
    np.maximum.at(last, carried.series, ends[carried.grid])
    return bool(np.array_equal(last, np.array([last_us[name] for name in roster.targets], np.int64)))


def _busy(carried: Packed, roster: Roster) -> set[str]:
    """Return the metrics that changed too much to be asked for changes, and those that share families with them."""
    values = np.bincount(carried.series[carried.piece], minlength=len(carried.labels))
    pieces = np.bincount(carried.series, minlength=len(carried.labels))
    moved = Counter(
        one[NAME] for one, changed in zip(carried.labels, (values > pieces).tolist(), strict=True) if changed
    )
    series = Counter(one[NAME] for one in carried.labels)
    busy = {name for name, count in moved.items() if count > BUSY_SHARE * series[name]}
    together: dict[int, set[str]] = {}
    for one, family in zip(carried.labels, roster.family.tolist(), strict=True):
        together.setdefault(family, set()).add(one[NAME])
    while drawn := {name for names in together.values() if names & busy for name in names} - busy:
        busy |= drawn
    return busy
