"""Times and windows as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwatch.clock import DAY_US, HOUR_US, to_us
from breakwatch.errors import UsageError
from breakwatch.model import Window
from service.collecting import asked_window, labels_of, moment, window

NOW_US = 1_795_167_680_000_000


@pytest.mark.parametrize(
    ("text", "expected_us"),
    [
        ("30d", NOW_US - 30 * DAY_US),
        ("1h30m", NOW_US - HOUR_US * 3 // 2),
        ("2026-11-20T09:41:20Z", NOW_US),
        ("2026-11-20T09:41:20", NOW_US),
        ("2026-11-20 10:41:20+01:00", NOW_US),
        ("2026-11-20", NOW_US - (9 * 3600 + 41 * 60 + 20) * 1_000_000),
    ],
)
def test_times_as_people_write_them(text: str, expected_us: int) -> None:
    """ISO with or without a zone (then UTC), a date, or how long ago."""
    assert moment(text, NOW_US) == expected_us


@given(st.datetimes(timezones=st.timezones()))
def test_every_iso_time_is_read_exactly(when: object) -> None:
    """What Python writes as ISO is read to the microsecond, whatever the zone."""
    assert moment(when.isoformat(), NOW_US) == to_us(when)  # type: ignore[attr-defined, arg-type]


@pytest.mark.parametrize("text", ["soon", "30", "2026-13-01", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A remedy shows both forms."""
    with pytest.raises(UsageError) as caught:
        moment(text, NOW_US)
    assert "30d" in caught.value.remedy


def test_a_window_ends_now_at_the_latest() -> None:
    """The future is not asked for, and an empty window is refused."""
    assert window("1h", "2030-01-01", NOW_US) == Window(NOW_US - HOUR_US, NOW_US)
    assert window(None, None, NOW_US) == Window(None, NOW_US)
    with pytest.raises(UsageError):
        window("1h", "2h", NOW_US)


def test_collect_must_be_told_what_to_collect() -> None:
    """Neither or both of --once and --since, or --until alone, is a question, not a command."""
    assert asked_window(None, None, NOW_US, once=True).start_us is None
    for since, until, once in ((None, None, False), ("1h", None, True), (None, "1h", True)):
        with pytest.raises(UsageError):
            asked_window(since, until, NOW_US, once=once)


def test_labels_are_written_with_an_equals_sign() -> None:
    """A value may hold equals signs itself; a label without one is refused."""
    assert labels_of(["environment=prod", "query=a=b"]) == {"environment": "prod", "query": "a=b"}
    with pytest.raises(UsageError):
        labels_of(["prod"])
