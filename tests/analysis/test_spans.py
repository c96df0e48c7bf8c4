"""Sets of time obey the laws of sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from analysis.spans import Spans, common, length_us, united, without

spans = some.lists(
    some.tuples(some.integers(0, 60), some.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


def instants(found: Spans) -> set[int]:
    """Return every microsecond of a set: what it means."""
    return {at for start, end in found for at in range(start, end)}


@given(spans, spans)
def test_union_common_and_rest_are_those_of_sets(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Each holds exactly the instants that a set of instants would."""
    left, right = united(one), united(other)
    assert instants(united([*left, *right])) == instants(left) | instants(right)
    assert instants(common(left, right)) == instants(left) & instants(right)
    assert instants(without(left, right)) == instants(left) - instants(right)


@given(spans, spans, spans)
def test_uniting_is_associative_and_keeps_no_order(
    one: list[tuple[int, int]], two: list[tuple[int, int]], three: list[tuple[int, int]]
) -> None:
    """However windows are grouped, ordered or repeated, their union is the same set in the same form."""
    whole = united([*one, *two, *three])
    assert united([*united([*one, *two]), *three]) == united([*one, *united([*two, *three])]) == whole
    assert united([*three, *two, *one, *one]) == whole


@given(spans)
def test_a_set_is_sorted_disjoint_and_without_empty_spans(found: list[tuple[int, int]]) -> None:
    """In normal form neighbours do not touch, and the length is the number of instants."""
    whole = united(found)
    assert all(start < end for start, end in whole)
    assert all(before[1] < after[0] for before, after in pairwise(whole))
    assert length_us(whole) == len(instants(whole))


def test_overlapping_outages_are_united() -> None:
    """A down 10:00-11:00 and B down 10:30-11:00 is one hour, not one and a half."""
    assert length_us(united([(36_000, 39_600), (37_800, 39_600)])) == 3_600
