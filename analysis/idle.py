"""Idle-open time: a breaker that may let a call through again and is not asked to.

Many libraries leave ``open`` only upon the next call. Time past the open period in which surely no call was attempted
says nothing of how long recovery took: it is outside the value and the lower bound of a length, inside the upper one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.bounds import Bounds, duration
from analysis.spans import Span, Spans, common, length_s, united, without
from breakwatch.clock import SECOND_US, Instant


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long something lasted without its idle time, in seconds; ``value`` and ``high`` are None while it goes on."""

    value: float | None
    low: float
    high: float | None
    idle: float | None


def quiet_spans(runs_by_source: Mapping[str, Sequence[Sequence[Span]]]) -> Spans:
    """Return when surely no call was attempted: in the runs of equal values that all counters of a source share.

    Args:
        runs_by_source: of each source that counts all calls of a breaker, the runs (first and last sample) of each
            counter. Replicas see the same counters: what one of them shows is so.
    """
    quiet: list[Span] = []
    for counters in runs_by_source.values():
        shared: Spans | None = None
        for runs in counters:
            spans = united(runs)
            shared = spans if shared is None else common(shared, spans)
        quiet += shared or ()
    return united(quiet)


def idle_spans(open_spells: Iterable[tuple[Bounds, Bounds]], open_time_s: float, quiet: Spans) -> Spans:
    """Return the time past the open period of each open spell in which no call was attempted.

    Args:
        open_spells: when the breaker opened and when it left open, or was last seen open.
        open_time_s: its open period, in seconds.
        quiet: when no call was attempted.
    """
    past = [
        (opened.latest_us + round(open_time_s * SECOND_US), left.earliest_us)
        for opened, left in open_spells
        if opened.latest_us + round(open_time_s * SECOND_US) < left.earliest_us
    ]
    return common(united(past), quiet)


def at_once(incidents: Sequence[tuple[Span, Spans]]) -> Spans:
    """Return when all incidents of an episode that lasted were idle; each is its longest span, and its idle time."""
    idle = united(span for _, spans in incidents for span in spans)
    busy = united(span for whole, spans in incidents for span in without((whole,), spans))
    return without(idle, busy)


def lasting(start: Bounds, end: Bounds | None, seen_us: Instant, idle: Spans | None) -> Lasting:
    """Return how long something lasted, idle time taken out of the value and the lower bound.

    Args:
        start: its first edge.
        end: its last edge; None while it goes on.
        seen_us: until when it was seen to go on.
        idle: None where nobody can tell.
    """
    idle_s = length_s(idle) if idle is not None else 0.0
    known = None if idle is None else idle_s
    if end is None:
        so_far_s = max(0, seen_us - start.latest_us) / SECOND_US
        return Lasting(None, max(0.0, so_far_s - idle_s), None, known)
    whole = duration(start, end)
    low = max(0.0, whole.low_s - idle_s)
    return Lasting(max(low, whole.value_s - idle_s), low, whole.high_s, known)
