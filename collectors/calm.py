"""What stays as it is, is not read again: a server is asked which series changed, and whether all of them were there.

Whoever has read a window knows of each series its last value. Of the next window it is enough to know three things:
when each target was scraped (``up``), which series changed, and that every series has a sample of each of those
scrapes. Then all others still say what they said, and only those that changed are read, with all of their families.

That holds only where nothing else happened. A target that failed, was missed or is new, a series that came or went, one
more scrape that ended while we asked: whatever does not fit, and the window is read as a whole instead. So the runs are
the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakwatch.clock import Instant
from breakwatch.errors import SourceError
from breakwatch.model import Runs, Track
from collectors.claims import NAME
from collectors.encode import Encoded, Encoder, join_runs, scrape_target
from collectors.encode_packed import Span, encode_packed
from collectors.fetching import STEADY_US, Fetcher
from collectors.packed import Packed, side_by_side, without, without_samples
from collectors.steady import Steady, all_were_there, steady
from collectors.targets import (
    OF_TARGETS,
    PROCESS_START,
    Outlook,
    Targets,
    jobs_of,
    over_us,
    scrapes_of,
    targets_of,
)

FEW = 100
WORTH_IT = 0.5
"""Of more than a few series: where more than this part of the series has to be read anyway, all are."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a window came to, though most of it was not read; ``samples`` counts what was not, too."""

    targets: Targets
    encoded: Encoded
    samples: int


@dataclass(slots=True)
class Calm:
    """Reads windows by what changed in them, as long as what it knows of the series fits.

    Attributes:
        known: what is known of the series; None until a window was read as a whole, or after something did not fit.
    """

    encoder: Encoder
    fetcher: Fetcher
    known: Steady | None = None
    _refused: bool = False

    def learn(
        self,
        names: Sequence[str],
        carried: Packed,
        targets: Targets,
        encoded: Encoded,
        *,
        since_us: Instant,
        end_us: Instant,
    ) -> None:
        """Take in a window ``[since_us, end_us)`` that was read as a whole."""
        if not self._refused:
            self.known = steady(self.encoder, names, carried, targets, encoded, since_us=since_us, end_us=end_us)

    def look(
        self, names: Sequence[str], window: tuple[Instant, Instant], around: tuple[Instant, Instant], outlook: Outlook
    ) -> Looked | None:
        """Return what a window comes to; None where it has to be read as a whole.

        ``around``: the span in which targets are looked at.
        """
        known, self.known = self.known, None
        start_us, end_us = window
        if known is None or list(names) != known.names or end_us - start_us > STEADY_US:
            return None
        since_us = known.since_us(start_us)
        if since_us is None or max(known.last_us.values()) >= end_us:
            return None
        try:
            return self._looked(known, (start_us, since_us, end_us), around, outlook)
        except SourceError as error:
            if error.retryable:
                raise
            self._refused = True  # a server that does not answer such questions
            return None

    def _looked(
        self,
        known: Steady,
        span: tuple[Instant, Instant, Instant],
        around: tuple[Instant, Instant],
        outlook: Outlook,
    ) -> Looked | None:
        _, since_us, end_us = span
        # First up, then all else: of a scrape that up tells of, the rest is there by then.
        fetched = self.fetcher.fetched(OF_TARGETS, *around, jobs_of(known.heads))

        def meanwhile(changed: Callable[[], Sequence[Mapping[str, str]]]) -> tuple[_Scraped, _Restless] | None:
            health = fetched()
            targets = targets_of(self.encoder, side_by_side([health, without_samples(known.heads)]), outlook)
            scraped = _Scraped.of(self.encoder, health, targets, known, span)
            families = known.families_of(changed())
            if scraped is None or families is None:
                return None
            restless = self._read(known, families, since_us, end_us)
            return None if restless is None else (scraped, restless)

        found, counted = self.fetcher.changes(known.calm, since_us, end_us, meanwhile)
        if found is None or not all_were_there(known.counts, counted, found[0].numbers):
            return None
        return self._encoded(known, *found, since_us, end_us)

    def _encoded(
        self, known: Steady, scraped: _Scraped, restless: _Restless, since_us: Instant, end_us: Instant
    ) -> Looked | None:
        by_name, read = scraped.targets.by_name, restless.read
        if not {scrape_target(one) for one in read.labels} <= set(by_name):
            return None
        starts = np.array([one[NAME] == PROCESS_START for one in scraped.health.labels], np.bool_)
        packed = side_by_side([without(scraped.health, ~starts), read]) if starts.any() else read
        mine = np.array([scrape_target(one) in by_name for one in packed.labels], np.bool_)
        span = Span(since_us, {name: min(end_us, until) for name, until in over_us(scraped.targets).items()})
        encoded = Encoded([], Runs.empty(), [], 0)
        if len(packed.labels):
            encoded = encode_packed(self.encoder, packed, mine, by_name, span)
        own = np.flatnonzero(~np.isin(known.roster.family_of_track, restless.families))
        self.known = known.moved_on(scraped.targets, end_us, restless.families, encoded)
        number = np.array([scraped.numbers[name] for name in known.roster.targets], np.int64)
        before = len(scraped.tracks)
        return Looked(
            scraped.targets,
            Encoded(
                [*scraped.tracks, *(known.roster.tracks[one] for one in own.tolist()), *encoded.tracks],
                join_runs(
                    [(scraped.runs, 0), (known.runs(own, scraped.runs), before), (encoded.runs, before + len(own))]
                ),
                encoded.rejected,
                encoded.skipped + int(number[~known.roster.claimed].sum()),
            ),
            int(scraped.health.lengths().sum() + read.lengths().sum() + number[~restless.series].sum()),
        )

    def _read(self, known: Steady, families: NDArray[np.int64], since_us: Instant, end_us: Instant) -> _Restless | None:
        """Return the samples of some families and of the busy metrics; None where one has none, or too much is read."""
        restless = np.isin(known.roster.family, families) & known.roster.claimed
        if len(restless) > FEW and restless.sum() > WORTH_IT * len(restless):
            return None
        parts = [without_samples([])]
        if restless.any():
            places = np.flatnonzero(restless).tolist()
            metrics, narrow = known.narrowed(places)
            found = self.fetcher.whole(metrics, since_us, end_us, narrow)
            wanted = {known.key(place) for place in places}
            other = np.array([frozenset(one.items()) not in wanted for one in found.labels], np.bool_)
            if len(other) - other.sum() != len(wanted):
                return None
            parts.append(without(found, other) if other.any() else found)
        if known.busy:
            parts.append(self.fetcher.whole(known.busy, since_us, end_us))
        return _Restless(families, restless, side_by_side(parts))


@dataclass(frozen=True, slots=True)
class _Restless:
    """What was read: families, which of the known series they are, and their samples, with those of busy metrics."""

    families: NDArray[np.int64]
    series: Flags
    read: Packed


@dataclass(frozen=True, slots=True)
class _Scraped:
    """How the targets were scraped in a window: each of them without a fail and without a gap.

    Attributes:
        health: the samples that say so.
        tracks, runs: of each target, in the order of their names.
        numbers: of each target, how many times it was scraped.
    """

    health: Packed
    targets: Targets
    tracks: Sequence[Track]
    runs: Runs
    numbers: Mapping[str, int]

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        health: Packed,
        targets: Targets,
        known: Steady,
        span: tuple[Instant, Instant, Instant],
    ) -> _Scraped | None:
        """Return it; None where there was a fail or a gap, or where more has to be read than was asked about."""
        start_us, since_us, end_us = span
        if targets.without_up or targets.by_name.keys() != known.last_us.keys():
            return None
        if min(target.unsettled_from_us(start_us) for target in targets.by_name.values()) < since_us:
            return None
        tracks, runs = scrapes_of(encoder, targets, since_us, end_us)
        last_us = np.array([known.last_us[name] for name in sorted(known.last_us)], np.int64)
        if not np.array_equal(runs.track, np.arange(len(tracks))) or not np.all(runs.value == 1):
            return None
        if not np.all((runs.first_us <= last_us) & (last_us <= runs.last_us)):
            return None
        numbers = {
            name: int(np.diff(np.searchsorted(target.stamps_us, [since_us, end_us]))[0])
            for name, target in targets.by_name.items()
        }
        return cls(health, targets, tracks, runs, numbers)
