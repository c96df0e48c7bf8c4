"""What one source saw of one instance: runs of samples and counters become an ordered list of sighted changes."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from analysis.bounds import Bounds, between_samples
from analysis.machine import CLOSED, HALF_OPEN, OPEN, Move, arrange, likeliest_orders, starting_state
from analysis.proofs import proved_moves
from breakwatch.model import STATE_CODE, STATE_WORDS, TrackKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from breakwatch.clock import Instant
    from breakwatch.model import Pairs


class Run(NamedTuple):
    """At every sample from ``first_us`` to ``last_us`` the value was ``value`` (see breakwatch.model.Runs)."""

    first_us: Instant
    last_us: Instant
    value: float
    read_s: float
    assumed: bool


class Span(NamedTuple):
    """A half-open span ``(after_us, until_us]`` between two samples."""

    after_us: Instant
    until_us: Instant


@dataclass(frozen=True, slots=True)
class SampledTrack:
    """A track with its runs in order of time."""

    track_id: int
    kind: str
    source: str
    instance: str
    labels: Pairs
    scrape_target: str
    detail: Mapping[str, str]
    runs: Sequence[Run]


@dataclass(frozen=True, slots=True)
class Witness:
    """All that one source sampled of one instance of a subject.

    ``restarts`` are the spans in which the process behind the scrape target was replaced.
    """

    source: str
    instance: str
    labels: Pairs
    tracks: Sequence[SampledTrack]
    restarts: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state with bounds, as sighted or as fused from several sightings.

    Attributes:
        inferred: the order, or the change itself, follows from the state machine, not from a sighting of its own.
        assumed: a bound rests on an assumed scrape duration.
        after_restart: it happened because the process was replaced.
        certain: both ends of the move were logged or counted, so nothing can lie hidden in between.
        rank: the place in the order of its own witness, to break ties.
    """

    from_state: str
    to_state: str
    bounds: Bounds
    sources: frozenset[str]
    inferred: bool = False
    assumed: bool = False
    clock_skew: bool = False
    after_restart: bool = False
    certain: bool = False
    rank: int = 0


class Increase(NamedTuple):
    """A counter grew by ``grown_by`` somewhere in ``(after_us, until_us]``."""

    after_us: Instant
    until_us: Instant
    grown_by: int
    read_s: float
    assumed: bool


@dataclass(slots=True)
class _News:
    """What one scrape told: how often each move was counted since the one before."""

    after_us: Instant
    read_s: float
    assumed: bool
    moves: Counter[Move] = field(default_factory=Counter)


def restarted(restarts: Sequence[Span], after_us: Instant, until_us: Instant) -> bool:
    """Return whether the process was replaced somewhere between the two samples."""
    return any(after_us < span.until_us and span.after_us < until_us for span in restarts)


def _cut_at_restarts(runs: Sequence[Run], restarts: Sequence[Span]) -> Iterator[Run]:
    """A value that is the same before and after a restart was counted up anew: cut its run there."""
    for run in runs:
        rest = run
        for span in restarts:
            if rest.first_us < span.until_us <= rest.last_us:
                yield rest._replace(last_us=max(rest.first_us, span.after_us))
                rest = rest._replace(first_us=span.until_us)
        yield rest


def increases(runs: Sequence[Run], restarts: Sequence[Span] = ()) -> Iterator[Increase]:
    """Yield how a counter grew, by raw samples: a reset adds the new value, a birth counts from zero.

    A run of ``nan`` says that the scrape target was seen without the series: what appears after it was born then. The
    first value ever seen without such a mark is a baseline and counts nothing.
    """
    before: Run | None = None
    absent_us: Instant | None = None
    for run in _cut_at_restarts(runs, restarts):
        if isnan(run.value):
            absent_us = run.last_us
            continue
        after_us = before.last_us if before else absent_us
        if after_us is not None:
            fresh = before is None or run.value < before.value or restarted(restarts, after_us, run.first_us)
            if fresh and absent_us is not None:
                after_us = max(after_us, absent_us)
            count = round(run.value if fresh or before is None else run.value - before.value)
            if count > 0:
                yield Increase(after_us, run.first_us, count, run.read_s, run.assumed)
        before, absent_us = run, None


def falls(runs: Sequence[Run]) -> Iterator[Span]:
    """Yield the spans in which a counter fell: its process was replaced there."""
    values = [run for run in runs if not isnan(run.value)]
    for before, after in itertools.pairwise(values):
        if after.value < before.value:
            yield Span(before.last_us, after.first_us)


def sighted_changes(witness: Witness, state_kind: str) -> list[Change]:
    """Return the changes that one witness's samples prove, in order.

    Edges of the state gauge and increases of transition counters of the same scrape are read together: the counter
    adds what the gauge was too slow for, and the state machine gives the order within a scrape.
    """
    gauge = _Gauge(_only(witness.tracks, state_kind))
    counters = [track for track in witness.tracks if track.kind == TrackKind.TRANSITIONS]
    proofs = [track for track in counters if track.detail.get("each") == "proof"]
    news = _news([track for track in counters if track not in proofs], witness.restarts)
    _add_proofs(news, proofs, witness.restarts, gauge)
    if not gauge.runs:
        return _without_gauge(witness, news, half_open_counted=_counts_half_open(counters))
    if not counters:
        _add_rejections(news, witness, gauge)
    if not news and not witness.restarts:
        return _by_gauge(witness.source, gauge)
    reader = _Reader(witness, gauge, frozenset(track.detail.get("to_state", "") for track in counters))
    changes: list[Change] = []
    for until_us in sorted(news.keys() | gauge.edges.keys()):
        changes.extend(reader.read(until_us, news.get(until_us), len(changes)))
    return changes


def _by_gauge(source: str, gauge: _Gauge) -> list[Change]:
    """Read a gauge alone, as ``_Reader`` would: most breakers have nothing else, and many changes."""
    sources = frozenset({source})
    words = STATE_WORDS
    changes = []
    for place, (until_us, (before, after)) in enumerate(gauge.edges.items()):
        known = not isnan(after.read_s)
        bounds = between_samples(before.last_us, until_us, after.read_s if known else 0.0)
        move = words[int(before.value)], words[int(after.value)]
        changes.append(Change(*move, bounds, sources, assumed=after.assumed or not known, rank=place))
    return changes


def _counts_half_open(counters: Sequence[SampledTrack]) -> bool:
    return any(track.detail.get("to_state") == HALF_OPEN for track in counters)


def _without_gauge(witness: Witness, news: Mapping[Instant, _News], *, half_open_counted: bool) -> list[Change]:
    """Read counters alone: the order within each scrape is the one with which all scrapes together are lawful."""
    told = [(until_us, news[until_us]) for until_us in sorted(news)]
    since = [min([scrape.after_us, *([told[place - 1][0]] if place else [])]) for place, (_, scrape) in enumerate(told)]
    fresh = [restarted(witness.restarts, after_us, told[place][0]) for place, after_us in enumerate(since)]
    orders = likeliest_orders([scrape.moves for _, scrape in told], fresh, half_open_counted=half_open_counted)
    changes: list[Change] = []
    for (until_us, scrape), order, new_process in zip(told, orders, fresh, strict=True):
        bounds = between_samples(scrape.after_us, until_us, 0.0 if isnan(scrape.read_s) else scrape.read_s)
        for place, (before, after) in enumerate(order):
            begins = new_process and not place and not before and after == OPEN  # a new process begins closed
            move = CLOSED if begins else before, after
            change = Change(*move, bounds, frozenset({witness.source}), len(order) > 1, scrape.assumed)
            changes.append(replace(change, certain=move[0] != "", rank=len(changes)))
    return changes


def _only(tracks: Sequence[SampledTrack], kind: str) -> list[Run]:
    runs = [run for track in tracks if track.kind == kind for run in track.runs if not isnan(run.value)]
    return sorted(runs)


class _Gauge:
    """A state as sampled: what it was at a stamp, and where it changed."""

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self._starts = [run.first_us for run in runs]
        pairs = itertools.pairwise(runs)
        self.edges = {after.first_us: (before, after) for before, after in pairs if before.value != after.value}

    def run_at(self, stamp_us: Instant) -> Run | None:
        """Return the run that a sample at this stamp belongs to."""
        index = bisect_right(self._starts, stamp_us) - 1
        return self.runs[index] if index >= 0 and self.runs[index].last_us >= stamp_us else None

    def state_before(self, stamp_us: Instant) -> str | None:
        """Return the last state seen before this stamp."""
        index = bisect_right(self._starts, stamp_us - 1) - 1
        return STATE_WORDS[int(self.runs[index].value)] if index >= 0 else None

    def state_at(self, stamp_us: Instant) -> str | None:
        """Return the state seen at this stamp."""
        run = self.run_at(stamp_us)
        return STATE_WORDS[int(run.value)] if run else None

    def lags_at(self, stamp_us: Instant) -> bool:
        """Return whether the gauge was about to move: its counters, read later in the same scrape, were ahead of it."""
        run = self.run_at(stamp_us)
        return run is not None and run.last_us == stamp_us and run is not self.runs[-1]


def _news(counters: Sequence[SampledTrack], restarts: Sequence[Span]) -> dict[Instant, _News]:
    news: dict[Instant, _News] = {}
    for track in counters:
        move = track.detail.get("from_state", ""), track.detail.get("to_state", "")
        for increase in increases(track.runs, restarts):
            told = news.setdefault(increase.until_us, _News(increase.after_us, increase.read_s, increase.assumed))
            told.after_us = min(told.after_us, increase.after_us)
            told.moves[move] += increase.grown_by
    return news


def _add_proofs(
    news: dict[Instant, _News], proofs: Sequence[SampledTrack], restarts: Sequence[Span], gauge: _Gauge
) -> None:
    shown = [(track.detail["to_state"], increase) for track in proofs for increase in increases(track.runs, restarts)]
    counted = {until_us: {after for _, after in told.moves} for until_us, told in news.items()}
    for to_state, increase in [*proved_moves(shown, counted, gauge.state_before if gauge.runs else None)]:
        told = news.setdefault(increase.until_us, _News(increase.after_us, increase.read_s, increase.assumed))
        told.moves["", to_state] = 1


def _add_rejections(news: dict[Instant, _News], witness: Witness, gauge: _Gauge) -> None:
    """A breaker that rejected calls while every sample says closed was open in between: add that opening.

    Only for sources without transition counters, and not where the gauge moves at the next sample anyway.
    """
    for track in witness.tracks:
        if track.kind != TrackKind.REQUESTS or track.detail.get("outcome") != "not_permitted":
            continue
        for increase in increases(track.runs, witness.restarts):
            run = gauge.run_at(increase.until_us)
            steady = run is not None and run.first_us <= increase.after_us and increase.until_us < run.last_us
            if steady and run is not None and run.value == STATE_CODE[CLOSED]:
                told = _News(increase.after_us, increase.read_s, increase.assumed)
                told.moves[CLOSED, OPEN] += 1
                news.setdefault(increase.until_us, told)


class _Step(NamedTuple):
    move: Move
    counted: bool = False
    after_restart: bool = False


class _Reader:
    """Reads scrape after scrape, keeping the state it believes in."""

    def __init__(self, witness: Witness, gauge: _Gauge, counted: frozenset[str]) -> None:
        self._witness = witness
        self._sources = frozenset({witness.source})
        self._gauge = gauge
        self._counted = counted
        self._believed: str | None = None
        self._owed: tuple[Instant, Move] | None = None

    def read(self, until_us: Instant, told: _News | None, rank: int) -> list[Change]:
        """Return the changes that this scrape told, ranked from ``rank`` on."""
        edge = self._gauge.edges.get(until_us)
        after_us, read_s, assumed = _latest_reading(edge, told)
        before = self._believed or self._gauge.state_before(until_us)
        after = self._gauge.state_at(until_us)
        fresh = restarted(self._witness.restarts, after_us, until_us)
        moves = self._settle(told, until_us)
        if moves:
            order = self._by_counters(moves, before, after, fresh=fresh, until_us=until_us)
        elif after is not None and before is not None and before != after:
            order = [_Step((before, after), after_restart=fresh)]
            self._note_debt(until_us, (before, after), fresh=fresh)
            self._believed = after
        else:
            return []
        bounds = between_samples(after_us, until_us, read_s)
        return [
            Change(
                *step.move,
                bounds,
                self._sources,
                inferred=len(order) > 1,
                assumed=assumed,
                after_restart=step.after_restart,
                certain=step.counted and step.move[0] != "",
                rank=rank + place,
            )
            for place, step in enumerate(order)
        ]

    def _by_counters(
        self, moves: Counter[Move], before: str | None, after: str | None, *, fresh: bool, until_us: Instant
    ) -> list[_Step]:
        start = starting_state(moves, after) if fresh else before
        end = after if after in self._counted else None
        order = [
            _Step(move, counted=True)
            for move in arrange(moves, start, end, half_open_counted=HALF_OPEN in self._counted)
        ]
        if fresh and before is not None and start is not None and before != start:
            order.insert(0, _Step((before, start), after_restart=True))
        last = order[-1].move[1]
        if after is not None and after != last and not (after in self._counted and self._gauge.lags_at(until_us)):
            order.append(_Step((last, after)))
            self._note_debt(until_us, (last, after), fresh=False)
            last = after
        self._believed = last
        return order

    def _note_debt(self, until_us: Instant, move: Move, *, fresh: bool) -> None:
        """A gauge that moved before its counter: the counter's next step will be this same move."""
        self._owed = (until_us, move) if move[1] in self._counted and not fresh else None

    def _settle(self, told: _News | None, until_us: Instant) -> Counter[Move] | None:
        moves = Counter(told.moves) if told else None
        if told and moves and self._owed and told.after_us == self._owed[0]:
            move = self._owed[1]
            for name in (move, ("", move[1])):
                if moves[name]:
                    moves[name] -= 1
                    break
        if self._owed and until_us > self._owed[0]:
            self._owed = None
        return +moves if moves else None


def _latest_reading(edge: tuple[Run, Run] | None, told: _News | None) -> tuple[Instant, float, bool]:
    """Return the stamp before the news, and how late after its own stamp the news may have been read."""
    if edge and not told:
        before, after = edge
        known_s = not isnan(after.read_s)
        return before.last_us, after.read_s if known_s else 0.0, after.assumed or not known_s
    readings = []
    if edge:
        readings.append((edge[0].last_us, edge[1].read_s, edge[1].assumed))
    if told:
        readings.append((told.after_us, told.read_s, told.assumed))
    after_us = min(reading[0] for reading in readings)
    known = [reading for reading in readings if not isnan(reading[1])]
    read_s = max((reading[1] for reading in known), default=0.0)
    return after_us, read_s, any(reading[2] for reading in readings) or not known
