"""What several scrape targets of one instance cover together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.facts.coverage import Scrapes, bridged, spells

SPANS = st.lists(
    st.builds(
        lambda first, length, seen: Scrapes(first, first + length, seen),
        st.integers(0, 30),
        st.integers(0, 8),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@given(SPANS)
def test_a_moment_is_covered_where_any_target_was_seen(spans: list[Scrapes]) -> None:
    """Every half instant from the first look to the last is in a covered spell or in a gap, as the scrapes say."""
    found = list(spells(spans))
    lived = len({stamp for span in spans for stamp in span[:2]}) > 1
    for half in range(2 * min(s.first_us for s in spans), 2 * max(s.last_us for s in spans) + 1):
        seen = any(s.seen and 2 * s.first_us <= half <= 2 * s.last_us for s in spans)
        inside = [row for row in found if 2 * row["started_at"] <= half <= 2 * row["ended_at"]]
        assert seen == any(row["covered"] for row in inside)
        assert seen or len(inside) == lived


@given(SPANS)
def test_spells_follow_from_what_was_seen_in_any_order(spans: list[Scrapes]) -> None:
    """The order in which targets are looked at does not matter, and no gap is empty."""
    found = list(spells(spans))
    assert found == list(spells(spans[::-1]))
    assert all(row["covered"] or row["started_at"] < row["ended_at"] for row in found)


def test_a_single_failed_scrape_is_bridged() -> None:
    """One failure between good scrapes is no gap; where the next success is late, or there are two, it is one."""
    seen = [(0, 15, 1.0), (30, 30, 0.0), (45, 60, 1.0)]
    assert [one.seen for one in bridged(seen)] == [True, True, True]
    late = [(0, 15, 1.0), (30, 30, 0.0), (90, 105, 1.0)]
    assert [one.seen for one in bridged(late)] == [True, False, True]
    twice = [(0, 15, 1.0), (30, 45, 0.0), (60, 75, 1.0)]
    assert [one.seen for one in bridged(twice)] == [True, False, True]
