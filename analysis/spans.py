"""Sets of time: sorted, disjoint, half-open spans of microseconds, and their algebra.

Windows with service hours, maintenance taken out, united outages and coverage are all such sets. Every function takes
and returns them in normal form; ``united`` brings any spans into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from breakwatch.clock import SECOND_US, Instant

Span = tuple[Instant, Instant]
"""From (inclusive) and to (exclusive), in microseconds."""

Spans = tuple[Span, ...]


def united(spans: Iterable[Span], gap_us: int = 0) -> Spans:
    """Return spans as one set; those at most ``gap_us`` apart become one. Empty spans are left out."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if found and start <= found[-1][1] + gap_us:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def common(one: Spans, other: Spans) -> Spans:
    """Return the time that lies in both."""
    return tuple(_common(one, other))


def _common(one: Spans, other: Spans) -> Iterator[Span]:
    place_one = place_other = 0
    while place_one < len(one) and place_other < len(other):
        start = max(one[place_one][0], other[place_other][0])
        end = min(one[place_one][1], other[place_other][1])
        if start < end:
            yield start, end
        if one[place_one][1] < other[place_other][1]:
            place_one += 1
        else:
            place_other += 1


def without(one: Spans, taken: Spans) -> Spans:
    """Return the time of ``one`` that is not in ``taken``."""
    found: list[Span] = []
    place = 0
    for start, end in one:
        at = start
        while place < len(taken) and taken[place][1] <= at:
            place += 1
        for from_us, to_us in taken[place:]:
            if from_us >= end:
                break
            if from_us > at:
                found.append((at, from_us))
            at = max(at, to_us)
        if at < end:
            found.append((at, end))
    return tuple(found)


def length_us(spans: Spans) -> int:
    """Return how long a set is, in microseconds."""
    return sum(end - start for start, end in spans)


def length_s(spans: Spans) -> float:
    """Return how long a set is, in seconds."""
    return length_us(spans) / SECOND_US
