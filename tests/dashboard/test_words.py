"""Wording of numbers: rounding never flatters, bounds are widened, the unknown is said."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import words

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 9, 41, 20, tzinfo=UTC)


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace(words.NBSP, " ")


@pytest.mark.parametrize(
    ("value_s", "half_s", "said"),
    [
        (0.041, 0.0, "0.041 s"),
        (9.4, 0.1, "9.4 s"),
        (20.053, 0.0, "20.05 s"),
        (20.053, 1.5, "20 s"),
        (380.0, 8.0, "6 min 20 s"),
        (380.0, 75.0, "6 min"),
        (7500.0, 15.0, "2 h 05 min"),
        (59.999, 0.0, "1 min"),
        (3599.9, 1.0, "1 h 00 min"),
        (260_000.0, 60.0, "3 d 00 h"),
        (-2220.0, 1.0, "\u221237 min"),
        (None, 0.0, "unknown"),
        (math.inf, 0.0, "unbounded"),
    ],
)
def test_duration(value_s: float | None, half_s: float, said: str) -> None:
    """A duration has at most as many digits as its bounds allow, and no data is a word, never 0."""
    assert plain(words.duration(value_s, half_s)) == said


@pytest.mark.parametrize(
    ("low_s", "high_s", "said"),
    [
        (372.0, 388.0, "± 8 s"),
        (365.0, 380.0, "± 8 s"),
        (20.0, 20.0, "exact"),
        (19.9, 20.2, "± 0.2 s"),
        (3.0, 3.0321, "± 0.02 s"),
        (372.0, math.inf, "still open"),
        (None, None, ""),
    ],
)
def test_plus_minus(low_s: float | None, high_s: float | None, said: str) -> None:
    """Half the width of bounds is rounded up, so that the bounds said hold the bounds measured."""
    assert plain(words.plus_minus(low_s, high_s)) == said


@pytest.mark.parametrize(
    ("low_s", "high_s", "said"),
    [
        (609.0, 641.0, "10:09–10:41"),
        (609.7, 640.2, "10:09–10:41"),
        (6.2, 21.4, "6–22 s"),
        (20.053, 20.053, "exact"),
        (5.0, math.inf, "at least 5.00 s"),
        (3723.0, 3725.0, "1:02:03–1:02:05"),
        (None, 3.0, "no bounds"),
    ],
)
def test_bounds(low_s: float | None, high_s: float | None, said: str) -> None:
    """A range is widened outward, and says what kind it is where it is none."""
    assert plain(words.bounds(low_s, high_s)) == said


@pytest.mark.parametrize(
    ("share", "target", "said"),
    [
        (0.99899, 0.999, "99.89 %"),
        (0.9989999, 0.999, "99.89 %"),
        (0.9997, 0.999, "99.97 %"),
        (0.999, 0.999, "99.90 %"),
        (0.96, None, "96.0 %"),
        (0.857, None, "85 %"),
        (1.0, None, "100 %"),
        (0.9999999, None, "99.99 %"),
        (None, None, "no data"),
    ],
)
def test_percent(share: float | None, target: float | None, said: str) -> None:
    """A share is cut on the side of its target: 99.899 never reads 99.9."""
    assert plain(words.percent(share, target)) == said


@given(st.floats(0.9, 1.0), st.sampled_from([0.9, 0.95, 0.99, 0.999, 0.9999]))
def test_percent_never_flatters(share: float, target: float) -> None:
    """What is printed reaches the target only where the value does."""
    printed = float(plain(words.percent(share, target)).removesuffix(" %")) / 100
    assert printed <= share + 1e-12
    assert (printed >= target) <= (share >= target)


@given(st.floats(0, 1e6), st.floats(0, 1e5))
def test_bounds_hold_what_was_measured(low_s: float, width_s: float) -> None:
    """The lower end that is printed is never above the lower bound, under a minute."""
    said = plain(words.bounds(low_s, low_s + width_s))
    if said.endswith(" s") and "–" in said:
        low, high = said.removesuffix(" s").split("–")
        assert float(low) <= low_s + 1e-9
        assert float(high) >= low_s + width_s - 1e-9


def test_moment_names_the_day_from_a_day_away() -> None:
    """A time of day stands alone within 24 h and has its day's name beyond."""
    assert words.moment_in_words(NOW - timedelta(hours=3), PARIS, NOW) == "07:41:20"
    assert words.moment_in_words(NOW - timedelta(days=2), PARIS, NOW) == "Wed 18 Nov 10:41:20"
    assert words.moment_in_words(None, PARIS, NOW) == "unknown"


def test_count_and_plural() -> None:
    """Thousands have a comma, a negative number a true minus sign, one thing no s."""
    assert words.count(1284) == "1,284"
    assert words.count(-37) == "\u221237"
    assert words.count(None) == "unknown"
    assert words.plural(1, "call") == "1 call"
    assert words.plural(2, "thing needs", "things need") == "2 things need"


def test_joined() -> None:
    """A list reads as people say it, and says how many more there are."""
    assert words.joined(["a"]) == "a"
    assert words.joined(["a", "b", "c"]) == "a, b and c"
    assert words.joined(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_levels_read_without_underscores() -> None:
    """States are said in words; none at all is unseen."""
    assert [words.level(name) for name in ("half_open", "cache_only", None)] == ["half-open", "cache only", "unseen"]
