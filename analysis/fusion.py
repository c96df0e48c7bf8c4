"""Fusion: what several sources saw of one thing becomes one ordered list of changes.

The same change seen twice is one change: its bounds are what all sightings allow, and every source is kept by name.
Sightings are matched by the state they lead to, not by their place in a list: within one scrape only the counts are
evidence, the order is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from analysis.bounds import CLOCK_TOLERANCE_US, Bounds
from analysis.machine import AUTOMATIC_MOVES, CLOSED, HALF_OPEN, OPEN, hidden_path, lawful

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analysis.evidence import Change
    from breakwatch.clock import Instant

DISAGREEMENT_US = 60_000_000
"""Two sightings of the same new state that miss each other by more than the tolerance, but by less than this, by two
sources that both watch, are reported: one of the clocks is wrong."""


@dataclass(frozen=True, slots=True)
class Restart:
    """The process of an instance was replaced within these bounds, as one source tells.

    ``state_after`` is what a gauge first showed of the new process; None where none did.
    """

    bounds: Bounds
    source: str
    state_after: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How a domain's states may follow each other.

    Attributes:
        machine: true for breakers: moves can be unlawful, and hidden steps can be inferred.
        half_open_visible: false where no source can show ``half_open`` (binary encodings).
        restarts: when the process was replaced: its breaker begins anew as closed, unless a gauge shows otherwise.
    """

    machine: bool
    half_open_visible: bool = True
    restarts: tuple[Restart, ...] = ()


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something the evidence shows that should not be: it becomes a finding."""

    kind: str
    at_us: Instant
    evidence: str


@dataclass(frozen=True, slots=True)
class History:
    """The fused changes of one instance in order, what each witness saw of them, and what was odd about them."""

    changes: tuple[Change, ...]
    witnesses: tuple[tuple[Change, ...], ...] = ()
    oddities: tuple[Oddity, ...] = ()


def fuse(witnesses: Sequence[Sequence[Change]], rules: Rules, initial: str | None = None) -> History:
    """Fuse the changes that each witness of one instance saw.

    Args:
        witnesses: for each witness its changes in order; exact ones (logs) and bounded ones (scrapes) alike.
        rules: the domain's rules.
        initial: the state before the first change, where a sample shows it.

    Returns:
        The history; the same for any order of the witnesses.
    """
    ranked = [list(changes) for changes in witnesses if changes]
    if len(ranked) > 1:
        ranked.sort(key=_precision)
    fused: list[Change] = []
    for changes in ranked:
        fused = _unite(fused, changes)
    oddities = _disagreements(fused)
    ordered = _in_order(fused, rules, initial)
    complete, odd = _complete(ordered, rules, initial)
    found = sorted({*oddities, *odd}, key=lambda oddity: (oddity.at_us, oddity.kind, oddity.evidence))
    return History(tuple(_narrow(complete)), tuple(map(tuple, ranked)), tuple(found))


def _precision(changes: Sequence[Change]) -> tuple[bool, list[str], Instant]:
    """Exact witnesses first: bounds then tighten, and ties are settled by name, not by arrival."""
    exact = all(change.bounds.exact for change in changes)
    return not exact, sorted({name for change in changes for name in change.sources}), changes[0].bounds.earliest_us


def _unite(known: list[Change], seen: Sequence[Change]) -> list[Change]:
    """Match what one more witness saw with what is known; what has no match stands for itself."""
    if not known:
        return sorted(seen, key=_by_end)
    united: dict[int, Change] = dict(enumerate(known))
    taken: set[int] = set()
    unmatched = list(seen)
    for tolerance_us in (0, CLOCK_TOLERANCE_US):
        left = []
        for index, change in _matches(united, taken, unmatched, tolerance_us):
            if index is None:
                left.append(change)
            else:
                taken.add(index)
                united[index] = _merged(united[index], change)
        unmatched = left
    return [*united.values(), *unmatched]


def _matches(
    known: dict[int, Change], taken: set[int], seen: Sequence[Change], tolerance_us: int
) -> Iterable[tuple[int | None, Change]]:
    """Pair each seen change with the index of a known one that it can be, or with none.

    Both sides are intervals in time; serving the one that ends first is optimal for points in intervals.
    """
    by_state: dict[str, list[tuple[Instant, Instant, int]]] = {}
    for index, change in known.items():
        if index not in taken:
            bounds = change.bounds
            by_state.setdefault(change.to_state, []).append((bounds.latest_us, bounds.earliest_us, index))
    for waiting in by_state.values():
        waiting.sort()
    for change in sorted(seen, key=_by_end):
        waiting = by_state.get(change.to_state, [])
        chosen = None
        for place, (latest_us, earliest_us, index) in enumerate(waiting):
            if latest_us + tolerance_us < change.bounds.earliest_us:
                continue
            if earliest_us - tolerance_us <= change.bounds.latest_us and _same_move(known[index], change):
                chosen = place
                break
        yield (waiting.pop(chosen)[2] if chosen is not None else None), change


def _by_end(change: Change) -> tuple[Instant, Instant, int]:
    bounds = change.bounds
    return bounds.latest_us, bounds.earliest_us, change.rank


def _same_move(one: Change, other: Change) -> bool:
    """Only a move whose both ends were told can contradict another one: a gauge may have skipped states."""
    return not (one.certain and other.certain) or one.from_state == other.from_state


def _merged(known: Change, seen: Change) -> Change:
    missed = known.bounds.gap_us(seen.bounds) > 0
    return replace(
        known,
        from_state=seen.from_state if seen.certain and not known.certain else known.from_state or seen.from_state,
        bounds=known.bounds.meet(seen.bounds),
        sources=known.sources | seen.sources,
        inferred=known.inferred and seen.inferred,
        assumed=known.assumed and seen.assumed,
        clock_skew=known.clock_skew or seen.clock_skew or missed,
        after_restart=known.after_restart or seen.after_restart,
        certain=known.certain or seen.certain,
    )


def _disagreements(fused: Sequence[Change]) -> list[Oddity]:
    """Find the same new state sighted by different sources at moments that cannot be one, yet are suspiciously near."""
    found: list[Oddity] = []
    if len({change.sources for change in fused}) <= 1:
        return found
    last: dict[str, Change] = {}
    for change in sorted(fused, key=lambda c: (c.bounds.earliest_us, c.bounds.latest_us, c.rank)):
        before = last.get(change.to_state)
        if before and not before.sources & change.sources:
            gap_us = before.bounds.gap_us(change.bounds)
            if CLOCK_TOLERANCE_US < gap_us < DISAGREEMENT_US:
                names = f"{', '.join(sorted(before.sources))} and {', '.join(sorted(change.sources))}"
                text = f"{names} saw {change.to_state} {gap_us / 1e6:.3f} s apart: kept as two"
                found.append(Oddity("sources_disagree", change.bounds.middle_us, text))
        last[change.to_state] = change
    return found


def _in_order(fused: Sequence[Change], rules: Rules, initial: str | None) -> list[Change]:
    """Order changes by time; where bounds leave the order open, take the one that the state machine allows."""
    if all(_ends_before(first, second) for first, second in pairwise(fused)):
        return list(fused)  # nothing is open
    waiting = sorted(fused, key=_time_key)
    if not rules.machine:
        return waiting
    ordered: list[Change] = []
    state = initial
    while waiting:
        chosen = 0
        if len(waiting) > 1 and not _ends_before(waiting[0], waiting[1]):
            fitting = [place for place in _could_be_next(waiting) if _fits(state, waiting[place])]
            chosen = fitting[0] if fitting else 0
        change = waiting.pop(chosen)
        ordered.append(replace(change, inferred=True) if chosen and not change.bounds.exact else change)
        state = change.to_state
    return ordered


def _ends_before(first: Change, second: Change) -> bool:
    """Return whether the first has ended before the second can have been."""
    latest_us, after = first.bounds.latest_us, second.bounds
    return after.earliest_us > latest_us and after.middle_us > latest_us


def _could_be_next(waiting: Sequence[Change]) -> list[int]:
    """Return the places of the changes that no other one must precede."""
    horizon_us = waiting[0].bounds.latest_us
    window = 0
    for change in waiting:
        if change.bounds.earliest_us > horizon_us and change.bounds.middle_us > horizon_us:
            break
        horizon_us = min(horizon_us, change.bounds.latest_us)
        window += 1
    return [place for place in range(window) if waiting[place].bounds.earliest_us <= horizon_us]


def _time_key(change: Change) -> tuple[Instant, int, Instant, str, tuple[str, ...]]:
    bounds = change.bounds
    return bounds.middle_us, change.rank, bounds.earliest_us, change.to_state, tuple(sorted(change.sources))


def _fits(state: str | None, change: Change) -> bool:
    if state is None:
        return True
    if change.from_state:
        return change.from_state == state
    return lawful(state, change.to_state)


def _complete(ordered: Sequence[Change], rules: Rules, initial: str | None) -> tuple[list[Change], list[Oddity]]:
    """Name where each change came from, add the steps that must lie in between, and note what is unlawful."""
    complete: list[Change] = []
    oddities: list[Oddity] = []
    state = initial
    for change in ordered:
        if change.from_state == state and (state, change.to_state) in AUTOMATIC_MOVES and not change.after_restart:
            complete.append(change)  # as nearly all are: told whole, and lawful
            state = change.to_state
            continue
        if state is not None:
            if change.to_state == state and not (rules.machine and (change.from_state or state == OPEN)):
                continue
            lost = _lost_on_restart(complete, state, change, rules)
            if lost:
                oddities.extend(_judge(lost, lost, rules))
                complete.append(lost)
                state = lost.to_state
            for hidden in _hidden_steps(state, change, rules):
                complete.append(_inferred_step(complete, change, state, hidden))
                state = hidden
        before = state or change.from_state
        settled = change if change.from_state == before else replace(change, from_state=before)
        oddities.extend(_judge(settled, change, rules))
        complete.append(settled)
        state = settled.to_state
    lost = _lost_at_last(complete, state, rules)
    if lost:
        oddities.extend(_judge(lost, lost, rules))
        complete.append(lost)
    return complete, oddities


def _lost_at_last(before: Sequence[Change], state: str | None, rules: Rules) -> Change | None:
    """Return the closing by a restart after which nothing changed any more."""
    if not (rules.machine and before and state in (OPEN, HALF_OPEN)):
        return None
    last = before[-1]
    later = [restart for restart in rules.restarts if restart.bounds.latest_us > last.bounds.latest_us]
    if not later:
        return None
    end_us = min(restart.bounds.latest_us for restart in later)
    return _closed_by(later, last, state, Bounds(last.bounds.earliest_us, end_us))


def _lost_on_restart(before: Sequence[Change], state: str, change: Change, rules: Rules) -> Change | None:
    """Return the closing that a restart brought about, where the next change shows that a new process began closed.

    It shows that by saying that it came from closed; or by saying only where it led to, on the far side of a restart.
    """
    if not (rules.machine and state in (OPEN, HALF_OPEN)) or change.after_restart:
        return None
    if change.certain and change.from_state == CLOSED:
        restarts = rules.restarts
    elif before and not change.from_state:
        restarts = tuple(r for r in rules.restarts if _between(before[-1].bounds, r.bounds, change.bounds))
    else:
        return None
    since_us = before[-1].bounds.earliest_us if before else change.bounds.earliest_us
    span = Bounds(min(since_us, change.bounds.latest_us), change.bounds.latest_us)
    return _closed_by(restarts, change, state, span)


def _between(first: Bounds, middle: Bounds, last: Bounds) -> bool:
    """Return whether what the three bound happened in this order, as far as scrapes that share an end can tell."""
    pairs = ((first, middle), (middle, last))
    return all(a.earliest_us < b.earliest_us and a.latest_us < b.latest_us for a, b in pairs)


def _closed_by(restarts: Sequence[Restart], near: Change, state: str, span: Bounds) -> Change | None:
    """Return the closing by the restarts that fall into the span, as all that tell of them allow."""
    told = [r for r in restarts if r.bounds.gap_us(span) <= 0 and r.state_after in (None, CLOSED)]
    if not told:
        return None
    first = min(told, key=lambda restart: restart.bounds.latest_us)
    told = [restart for restart in told if restart.bounds.gap_us(first.bounds) <= 0]  # later ones found it closed
    bounds = span
    for restart in told:
        bounds = bounds.meet(restart.bounds)
    return replace(
        near,
        from_state=state,
        to_state=CLOSED,
        bounds=bounds,
        sources=frozenset(restart.source for restart in told),
        inferred=True,
        after_restart=True,
    )


def _hidden_steps(state: str, change: Change, rules: Rules) -> tuple[str, ...]:
    if not rules.machine or change.after_restart:
        return ()
    if change.from_state and change.from_state != state:
        between = hidden_path(state, change.from_state, half_open_visible=rules.half_open_visible)
        return (*between, change.from_state)
    if change.certain:
        return ()  # a log or counter that names both ends says what it says: unlawful moves are findings, not gaps
    return hidden_path(state, change.to_state, half_open_visible=rules.half_open_visible)


def _inferred_step(before: Sequence[Change], after: Change, from_state: str, to_state: str) -> Change:
    earliest_us = before[-1].bounds.earliest_us if before else after.bounds.earliest_us
    start_us = max(earliest_us, after.bounds.earliest_us) if _same_scrape(before, after) else earliest_us
    bounds = Bounds(min(start_us, after.bounds.latest_us), after.bounds.latest_us)
    return replace(after, from_state=from_state, to_state=to_state, bounds=bounds, inferred=True)


def _same_scrape(before: Sequence[Change], after: Change) -> bool:
    """A gauge that skipped a state within one scrape: the unseen step lies in that scrape too."""
    return bool(before) and bool(after.from_state) and not after.bounds.exact


def _judge(settled: Change, sighted: Change, rules: Rules) -> list[Oddity]:
    if not rules.machine:
        return []
    if sighted.after_restart:
        if settled.from_state in (OPEN, HALF_OPEN) and settled.to_state == CLOSED:
            return [
                Oddity(
                    "state_lost_on_restart",
                    settled.bounds.middle_us,
                    f"{_move(settled)}: the process was replaced while the breaker was open",
                )
            ]
        return []
    if settled.from_state and not lawful(settled.from_state, settled.to_state):
        # What cannot show half-open goes from open to closed, or opens again, without a step between.
        visible = rules.half_open_visible or not {settled.from_state, settled.to_state} <= {OPEN, CLOSED}
        if visible:
            text = f"{_move(settled)} by {', '.join(sorted(settled.sources))}"
            return [Oddity("unlawful_transition", settled.bounds.middle_us, text)]
    return []


def _move(change: Change) -> str:
    return f"{change.from_state} → {change.to_state}"


def _narrow(changes: Sequence[Change]) -> list[Change]:
    """Let each change bound its neighbours: none is before the one it follows, none after the one that follows it."""
    if all(_follows(first.bounds, second.bounds) for first, second in pairwise(changes)):
        return list(changes)
    earliest = [change.bounds.earliest_us for change in changes]
    latest = [change.bounds.latest_us for change in changes]
    for index in range(1, len(changes)):
        earliest[index] = max(earliest[index], min(earliest[index - 1], latest[index]))
    for index in range(len(changes) - 2, -1, -1):
        latest[index] = min(latest[index], max(latest[index + 1], earliest[index]))
    return [
        change
        if low == change.bounds.earliest_us and high == change.bounds.latest_us
        else replace(change, bounds=Bounds(low, high))
        for change, low, high in zip(changes, earliest, latest, strict=True)
    ]


def _follows(first: Bounds, second: Bounds) -> bool:
    return first.earliest_us <= second.earliest_us and first.latest_us <= second.latest_us
