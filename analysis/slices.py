"""Ratios by slices of time: the share of good slices, or the mean of the slices' shares (OpenSLO's budgeting methods).

``Timeslices`` is good slices by all slices, ``RatioTimeslices`` the mean of the slices' shares of good calls. A slice
without calls was good as far as it was seen: nothing went wrong in it. As far as it was not, it can be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from analysis.asking import Ask, Ground, Measured, Slicing
from analysis.coverage import covered_spans
from analysis.spans import Spans, common, length_us

Compute = Callable[[Ground, Sequence[Ask]], Sequence[Measured]]


def by_slices(compute: Compute, ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the answers of an indicator, of those asks that want it by slices of time."""
    sliced = {place: list(cut(ask.spans, ask.slicing)) for place, ask in enumerate(asks) if ask.slicing is not None}
    whole = [place for place in range(len(asks)) if place not in sliced]
    parts = [replace(asks[place], spans=part, slicing=None) for place, cuts in sliced.items() for part in cuts]
    found = list(compute(ground, [*(asks[place] for place in whole), *parts]))
    answers = dict(zip(whole, found, strict=False))
    at = len(whole)
    for place, cuts in sliced.items():
        answers[place] = _together(ground, asks[place], cuts, found[at : at + len(cuts)])
        at += len(cuts)
    return [answers[place] for place in range(len(asks))]


def cut(spans: Spans, slicing: Slicing) -> Iterator[Spans]:
    """Yield the parts of a set of time that lie in each slice."""
    length = slicing.length_us
    at = None
    part: list[tuple[int, int]] = []
    for start, end in spans:
        begin = start
        while begin < end:
            slice_start = begin // length * length
            stop = min(end, slice_start + length)
            if at is not None and slice_start != at:
                yield tuple(part)
                part = []
            at = slice_start
            part.append((begin, stop))
            begin = stop
    if part:
        yield tuple(part)


def _together(ground: Ground, ask: Ask, cuts: Sequence[Spans], slices: Sequence[Measured]) -> Measured:
    """Return the figure of all slices, each weighing as much as it is long."""
    if not slices or not any(one.n for one in slices):
        return slices[0] if slices else Measured()
    good_from = ask.slicing.good_from if ask.slicing else None
    seen = covered_spans(ground, ask.scope)
    total = sum(length_us(part) for part in cuts)
    value = low = high = 0.0
    for part, one in zip(cuts, slices, strict=True):
        weight = length_us(part) / total
        shares = _empty(part, seen) if one.value is None else _shares(one, good_from)
        low, value, high = low + weight * shares[0], value + weight * shares[1], high + weight * shares[2]
    return Measured(value, low, high, n=sum(one.n for one in slices), note=f"{len(slices):,} slices")


def _shares(one: Measured, good_from: float | None) -> tuple[float, float, float]:
    """Return low, value and high of what a slice counts for."""
    value = one.value or 0.0
    low, high = (value if one.low is None else one.low), (value if one.high is None else one.high)
    if good_from is None:
        return low, value, high
    return float(low >= good_from), float(value >= good_from), float(high >= good_from)


def _empty(part: Spans, seen: Spans) -> tuple[float, float, float]:
    """Return the same for a slice without calls: all that was seen of it was good."""
    share = length_us(common(part, seen)) / length_us(part)
    return share, 1.0, 1.0
