"""Counters whose every count only shows that a state held: the first one after another state is the change.

A breaker that limits concurrency counts each overflow: it was open then. A deployment that gets no calls while it cools
down counts each success: it is back. Neither is a count of changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.machine import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from analysis.evidence import Increase
    from breakwatch.clock import Instant


def proved_moves(
    shown: Iterable[tuple[str, Increase]],
    counted: Mapping[Instant, Iterable[str]],
    state_before: Callable[[Instant], str | None] | None,
) -> Iterator[tuple[str, Increase]]:
    """Yield the proofs that are changes of state, in order, at most one for each state and scrape.

    Args:
        shown: the state that a counter proves, and how it grew.
        counted: the states that counted moves of the same breaker entered, by scrape. Where a scrape tells of a move
            and of a proof, their order is lost: the move stands, and the next proof decides.
        state_before: what a gauge said before a stamp; None where there is no gauge, so that the state is what the last
            move or proof left. Nothing is known at first; a proof that it was open is a change all the same, for nobody
            looks at a breaker that never was closed.
    """
    proofs: dict[Instant, dict[str, Increase]] = {}
    for to_state, increase in shown:
        mine = proofs.setdefault(increase.until_us, {})
        mine[to_state] = min(increase, mine.get(to_state, increase))
    state: str | None = None
    for until_us in sorted(counted.keys() | proofs.keys()):
        entered = sorted(counted.get(until_us, ()))
        if entered:
            state = OPEN if OPEN in entered else entered[0]
            continue
        before = state_before(until_us) if state_before else state
        for to_state, increase in sorted(proofs[until_us].items()):
            first_opening = before is None and to_state == OPEN and state_before is None
            if first_opening or before not in (None, to_state):
                yield to_state, increase
            state = to_state
