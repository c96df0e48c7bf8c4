"""The state machine of a circuit breaker: which moves are lawful, and which order the evidence allows.

Counters say how often each move happened between two scrapes, not in which order. Where the order is lost, the one the
machine allows is taken; the caller marks it as inferred.
"""

from __future__ import annotations

import itertools
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
MANUAL = frozenset({"forced_open", "disabled", "metrics_only"})

AUTOMATIC_MOVES = frozenset({(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED), (HALF_OPEN, OPEN)})

Move: TypeAlias = tuple[str, str]
"""(from_state, to_state); an empty from means that the counter does not say."""

_SEARCH_LIMIT = 40
"""More moves than this between two scrapes are laid out greedily: any order has the same bounds."""


def lawful(before: str, after: str) -> bool:
    """Return whether a breaker may go from one state to the other, by itself or by hand."""
    return (before, after) in AUTOMATIC_MOVES or before in MANUAL or after in MANUAL


def hidden_path(before: str, after: str, *, half_open_visible: bool = True) -> tuple[str, ...]:
    """Return the states a breaker must have passed unseen on its way, without both ends.

    Empty when the move is lawful as it stands, when nothing is known to lie between, or when this source can never
    show ``half_open``.
    """
    if not half_open_visible:
        return ()
    known = {
        (CLOSED, HALF_OPEN): (OPEN,),
        (OPEN, CLOSED): (HALF_OPEN,),
        (OPEN, OPEN): (HALF_OPEN,),
        (CLOSED, CLOSED): (OPEN, HALF_OPEN),
        (HALF_OPEN, HALF_OPEN): (OPEN,),
    }
    return known.get((before, after), ())


def arrange(moves: Mapping[Move, int], start: str | None, end: str | None, *, half_open_counted: bool) -> list[Move]:
    """Return the counted moves in an order that the machine allows, from ``start`` to ``end`` where they are known.

    Every counted move appears exactly as often as it was counted, even where no lawful order exists.
    """
    counted = {move: count for move, count in moves.items() if count > 0}
    if not counted:
        return []
    if all(before for before, _ in counted):
        return _trail(counted, start, end)
    found = possible_orders(counted, start, half_open_counted=half_open_counted)
    if end in found:
        return found[end][1]
    return min(found.values(), key=lambda order: order[0])[1]


def possible_orders(
    moves: Mapping[Move, int], start: str | None, *, half_open_counted: bool
) -> dict[str, tuple[int, list[Move]]]:
    """Return by end state the cheapest order of moves of which only the new state was counted.

    The cost grows with steps that are unlikely (ending in half-open, which does not last) or unlawful. Where the
    source counts no moves into half-open at all, leaving open passes through it unseen.
    """
    counts: Counter[str] = Counter()
    for (_, after), count in moves.items():
        counts[after] += count
    triple = (counts[OPEN], counts[HALF_OPEN], counts[CLOSED])
    others = [state for state in sorted(counts) if state not in (OPEN, HALF_OPEN, CLOSED) for _ in range(counts[state])]
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    if sum(triple) <= _SEARCH_LIMIT:
        for state in [start] if start else [CLOSED, OPEN, HALF_OPEN]:
            for end, order in _orders(state, triple, half_open_counted).items():
                if end not in found or order[0] < found[end][0]:
                    found[end] = order
    if not found:
        dealt = _greedy(triple)
        found[dealt[-1] if dealt else start or CLOSED] = _UNLAWFUL, dealt
    return {
        others[-1] if others else end: (cost, [("", state) for state in (*order, *others)])
        for end, (cost, order) in found.items()
    }


def likeliest_orders(
    scrapes: Sequence[Mapping[Move, int]], fresh: Sequence[bool], *, half_open_counted: bool
) -> list[list[Move]]:
    """Return for each scrape's counted moves the order with which the whole sequence is most lawful.

    Args:
        scrapes: the moves counted in each scrape, in order of time; there is no gauge to tell the states in between.
        fresh: true where the process was replaced, so that its breaker began anew as closed.
        half_open_counted: whether the source counts moves into half-open at all.
    """
    reached: dict[str | None, tuple[int, tuple[list[Move], ...]]] = {None: (0, ())}
    for moves, new_process in zip(scrapes, fresh, strict=True):
        onward: dict[str | None, tuple[int, tuple[list[Move], ...]]] = {}
        for state, (cost, orders) in reached.items():
            start = starting_state(moves, None) if new_process else state
            for end, (more, order) in _endings(moves, start, half_open_counted=half_open_counted).items():
                total = cost + more
                if end not in onward or total < onward[end][0]:
                    onward[end] = total, (*orders, order)
        reached = onward
    return list(min(reached.values(), key=lambda way: way[0])[1])


def _endings(
    moves: Mapping[Move, int], start: str | None, *, half_open_counted: bool
) -> Mapping[str, tuple[int, list[Move]]]:
    if all(before for before, count in ((move[0], moves[move]) for move in moves) if count):
        trail = _trail({move: count for move, count in moves.items() if count}, start, None)
        return {trail[-1][1]: (0, trail)} if trail else {start or CLOSED: (0, [])}
    return possible_orders(moves, start, half_open_counted=half_open_counted)


def starting_state(moves: Mapping[Move, int], end: str | None) -> str:
    """Return the state a fresh process must have begun in for these moves to lead to ``end``: closed if it can be."""
    balance: Counter[str] = Counter()
    for (before, after), count in moves.items():
        if before:
            balance[before] += count
            balance[after] -= count
    if end is not None:
        balance[end] += 1
    surplus = [state for state, degree in balance.items() if degree > 0]
    if surplus:
        return surplus[0] if len(surplus) == 1 else CLOSED
    return CLOSED if any(moves.values()) or end is None else end


def _trail(moves: Mapping[Move, int], start: str | None, end: str | None) -> list[Move]:
    """Lay known moves end to end (an Eulerian trail, Hierholzer); what does not connect follows in lawful order."""
    left = Counter(moves)
    state = start if start is not None and any(before == start for before, _ in moves) else starting_state(moves, end)
    stack, walked = [state], []
    while stack:
        here = stack[-1]
        onward = sorted((move for move, count in left.items() if count and move[0] == here), key=_preference)
        if onward:
            left[onward[0]] -= 1
            stack.append(onward[0][1])
        else:
            walked.append(stack.pop())
    walked.reverse()
    trail = list(itertools.pairwise(walked))
    rest = sorted((move for move in left.elements()), key=_preference)
    return trail + rest


def _preference(move: Move) -> tuple[int, str, str]:
    rank = {(CLOSED, OPEN): 0, (OPEN, HALF_OPEN): 1, (HALF_OPEN, OPEN): 2, (HALF_OPEN, CLOSED): 3}
    return rank.get(move, 9), *move


_Orders: TypeAlias = "dict[str, tuple[int, tuple[str, ...]]]"
_UNLAWFUL = 100


@lru_cache(maxsize=65_536)
def _orders(state: str, counts: tuple[int, int, int], half_counted: bool) -> _Orders:  # noqa: FBT001 (part of the cache key)
    """Return by end state the cheapest lawful order of the counted new states, with its cost."""
    if not any(counts):
        return {state: (int(state == HALF_OPEN), ())}
    best: _Orders = {}
    for index, after in enumerate((OPEN, HALF_OPEN, CLOSED)):
        if counts[index] == 0 or not _step_allowed(state, after, half_counted):
            continue
        left = tuple(count - (position == index) for position, count in enumerate(counts))
        for end, (cost, tail) in _orders(after, (left[0], left[1], left[2]), half_counted).items():
            if end not in best or cost < best[end][0]:
                best[end] = cost, (after, *tail)
    return best


def _step_allowed(before: str, after: str, half_counted: bool) -> bool:  # noqa: FBT001 (internal)
    """A step is lawful; where half-open leaves no trace, leaving open to open or closed passes through it unseen."""
    if (before, after) in AUTOMATIC_MOVES:
        return True
    return not half_counted and before == OPEN and after in (OPEN, CLOSED)


def _greedy(counts: tuple[int, int, int]) -> tuple[str, ...]:
    """Deal the states out in rounds of open, half-open, closed: for very many of them, or where no order is lawful."""
    left = dict(zip((OPEN, HALF_OPEN, CLOSED), counts, strict=True))
    order: list[str] = []
    while any(left.values()):
        for state in (OPEN, HALF_OPEN, CLOSED):
            if left[state]:
                left[state] -= 1
                order.append(state)
    return tuple(order)
