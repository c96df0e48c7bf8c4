"""Service levels that several numbers of one scrape say together: hosts that are healthy of all there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collectors.claims import Counted, LevelRule
from collectors.decode import LARGEST, Points
from collectors.samples import Samples

_COMPARISONS = {"at_least": np.greater_equal, "above": np.greater, "at_most": np.less_equal}

Member = tuple[int, int, Counted]
"""A series, the track it takes part in, and as what."""


def read_levels(members: Sequence[Member], samples: Samples) -> Points:
    """Return the level of each track at each stamp; a stamp that lacks one of the numbers says nothing."""
    by_rules: dict[tuple[LevelRule, ...], list[Member]] = {}
    for member in members:
        by_rules.setdefault(member[2].rules, []).append(member)
    order = np.argsort(samples.series, kind="stable")
    starts = np.searchsorted(samples.series[order], np.arange(len(samples.labels) + 1))
    parts: list[Points] = []
    for rules, mine in by_rules.items():
        rows = [order[starts[series] : starts[series + 1]] for series, _, _ in mine]
        counts = [len(own) for own in rows]
        chosen = np.concatenate(rows)
        track = np.repeat(np.array([number for _, number, _ in mine], np.int32), counts)
        place = np.repeat(np.array([counted.place for _, _, counted in mine], np.int32), counts)
        values = samples.values[chosen]
        numbers = Points(track, samples.stamps_us[chosen], values, np.abs(values) <= LARGEST)
        parts.append(_levels(rules, mine[0][2].places, place, numbers))
    return Points.together(parts)


def _levels(rules: Sequence[LevelRule], places: int, place: NDArray[np.int32], numbers: Points) -> Points:
    if not len(place):
        return numbers
    order = np.lexsort((numbers.values, numbers.valued, place, numbers.stamps_us, numbers.track))
    track, stamps, place = numbers.track[order], numbers.stamps_us[order], place[order]
    begin = np.append(True, (track[1:] != track[:-1]) | (stamps[1:] != stamps[:-1]))
    row = np.cumsum(begin) - 1
    # Of two values of one number the larger comes last and stays, as everywhere.
    table = np.full((int(row[-1]) + 1, places), np.nan)
    table[row, place] = np.where(numbers.valued, numbers.values, np.nan)[order]
    said = ~np.isnan(table).any(axis=1)
    code = np.full(len(table), np.nan)
    for rule in rules:
        holds = np.ones(len(table), np.bool_)
        if rule.part >= 0:
            number = table[:, rule.part]
            if rule.of >= 0:
                whole = table[:, rule.of]
                said &= whole > 0
                number = np.divide(number, whole, out=np.zeros(len(table)), where=whole > 0)
            holds = _COMPARISONS[rule.how](number, rule.limit)
        code = np.where(np.isnan(code) & holds, float(rule.code), code)
    return Points(track[begin], stamps[begin], code, said)
