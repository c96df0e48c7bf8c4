"""Found edges and incidents of breakers held against the true ones."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.real.harness import Found
from tests.real.truth import Edge, Move, incidents

if TYPE_CHECKING:
    from collections.abc import Iterable


def by_move(edges: Iterable[Edge] | Iterable[Found]) -> dict[Move, list[Edge | Found]]:
    """Return edges by what they are, in order: inside one scrape the order of different moves can be inferred only."""
    found: dict[Move, list[Edge | Found]] = defaultdict(list)
    for edge in edges:
        found[edge.from_state, edge.to_state].append(edge)
    return found


def check_edges(true: list[Edge], found: list[Found]) -> None:
    """Fail unless the found edges are the true ones, each true time inside its bounds."""
    expected, seen = by_move(true), by_move(found)
    assert {move: len(edges) for move, edges in seen.items()} == {move: len(e) for move, e in expected.items()}
    for move, edges in expected.items():
        for edge, sighted in zip(edges, seen[move], strict=True):
            assert isinstance(edge, Edge)
            assert isinstance(sighted, Found)
            assert sighted.holds(edge.low_us, edge.high_us), sighted.misses(edge.low_us, edge.high_us)


def check_incidents(true: list[Edge], found: list[tuple[Found, Found | None]]) -> None:
    """Fail unless there is one incident for each fault that left a trace, and no other."""
    expected = incidents(true)
    assert len(found) == len(expected)
    for incident, (opened, closed) in zip(expected, found, strict=True):
        assert opened.holds(incident.opened.low_us, incident.opened.high_us), "opened"
        assert (closed is None) == (incident.closed is None)
        if closed is not None and incident.closed is not None:
            assert closed.holds(incident.closed.low_us, incident.closed.high_us), "closed"
