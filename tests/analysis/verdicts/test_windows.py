"""Windows: rolling ones, whole calendar periods of a zone, and service hours across changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analysis.spans import length_s
from analysis.verdicts.windows import frame, previous, service_hours
from breakwatch.clock import DAY_US, HOUR_US, from_us, to_us
from breakwatch.config_objectives import CalendarWindow, RollingWindow, ServiceHours

PARIS = "Europe/Paris"


def at(*parts: int) -> int:
    """Return an instant in UTC."""
    return to_us(datetime(*parts, tzinfo=UTC))  # type: ignore[misc,arg-type]


def calendar(period: str, zone: str = "UTC") -> CalendarWindow:
    """Return a calendar window."""
    return CalendarWindow.model_validate({"calendar": period, "timezone": zone})


def test_a_rolling_window_ends_now() -> None:
    """And is named as it is written."""
    found = frame(RollingWindow(length_s=7 * 86400.0), at(2026, 11, 20))
    assert (found.start_us, found.end_us, found.name) == (at(2026, 11, 13), at(2026, 11, 20), "7d")
    assert not found.unfinished


@pytest.mark.parametrize(
    ("period", "zone", "when", "start", "seconds"),
    [
        ("month", PARIS, at(2026, 3, 15), at(2026, 2, 28, 23), 31 * 86400 - 3600),
        ("month", PARIS, at(2026, 10, 15), at(2026, 9, 30, 22), 31 * 86400 + 3600),
        ("day", PARIS, at(2026, 3, 29, 12), at(2026, 3, 28, 23), 23 * 3600),
        ("day", PARIS, at(2026, 10, 25, 12), at(2026, 10, 24, 22), 25 * 3600),
        ("day", PARIS, at(2026, 11, 20, 23, 30), at(2026, 11, 20, 23), 24 * 3600),
        ("week", "UTC", at(2026, 11, 20), at(2026, 11, 16), 7 * 86400),
        ("quarter", "UTC", at(2026, 11, 20), at(2026, 10, 1), 92 * 86400),
        ("quarter", PARIS, at(2026, 2, 1), at(2025, 12, 31, 23), 90 * 86400 - 3600),
        ("year", "UTC", at(2028, 2, 29), at(2028, 1, 1), 366 * 86400),
        ("month", "UTC", at(2026, 2, 1), at(2026, 2, 1), 28 * 86400),
    ],
)
def test_a_calendar_window_is_a_whole_period_of_its_zone(
    period: str, zone: str, when: int, start: int, seconds: int
) -> None:
    """With the seconds that really elapse in it: a local day has 23, 24 or 25 hours (formula 7)."""
    found = frame(calendar(period, zone), when)
    assert (from_us(found.start_us), length_s(found.whole)) == (from_us(start), seconds)
    assert found.until_us == when
    assert length_s(found.seen) == (when - start) / 1_000_000


def test_a_midnight_that_is_skipped_is_when_it_is_skipped() -> None:
    """Where clocks go forward at midnight, the day begins at one."""
    found = frame(calendar("day", "America/Sao_Paulo"), at(2018, 11, 4, 12))
    assert found.start_us == at(2018, 11, 4, 3)
    assert length_s(found.whole) == 23 * 3600


def test_windows_follow_each_other_without_a_gap() -> None:
    """The one that ended last ends where this one starts, whole."""
    for period in ("day", "week", "month", "quarter", "year"):
        window = calendar(period, PARIS)
        before = previous(window, at(2026, 4, 1))
        assert before.end_us == frame(window, at(2026, 4, 1)).start_us
        assert not before.unfinished


def test_service_hours_are_local_times() -> None:
    """Nine to five on working days of a zone, in a week in which its clock changes."""
    hours = ServiceHours(days=("mon", "tue", "wed", "thu", "fri"), start="09:00", end="17:00")
    found = service_hours(hours, PARIS, ((at(2026, 3, 27), at(2026, 4, 1)),))
    assert [(from_us(start).hour, (end - start) / HOUR_US) for start, end in found] == [(8, 8), (7, 8), (7, 8)]


def test_service_hours_can_end_on_the_next_day() -> None:
    """A night shift; the part of it that lies in the window counts."""
    hours = ServiceHours(days=("fri",), start="22:00", end="06:00")
    found = service_hours(hours, "UTC", ((at(2026, 11, 21), at(2026, 11, 22)),))
    assert found == ((at(2026, 11, 21), at(2026, 11, 21, 6)),)
    assert service_hours(hours, "UTC", ()) == ()


def test_service_hours_of_whole_days_are_whole_days() -> None:
    """Until 24:00 is until midnight."""
    hours = ServiceHours(days=("sat", "sun"))
    found = service_hours(hours, "UTC", ((at(2026, 11, 16), at(2026, 11, 23)),))
    assert found == ((at(2026, 11, 21), at(2026, 11, 21) + 2 * DAY_US),)
