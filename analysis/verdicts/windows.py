"""Windows: which time an objective is judged over.

Rolling windows end at the instant they are asked for; calendar windows are whole days, weeks (from Monday), months,
quarters or years of a zone, with the seconds that really elapse in them. Service hours are local times of the policy's
zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from analysis.spans import Span, Spans, common, united
from breakwatch.clock import SECOND_US, Instant, from_us, to_us
from breakwatch.config_objectives import CalendarWindow, RollingWindow, ServiceHours, Window
from breakwatch.config_units import written_length

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """The window of a verdict.

    Attributes:
        start_us, end_us: from (inclusive) and to (exclusive); of a calendar window its whole length.
        until_us: until when it can be known: its end, or the present.
        name: as a person would call it.
        zone: whose days and hours it counts in.
    """

    start_us: Instant
    end_us: Instant
    until_us: Instant
    name: str
    zone: str = "UTC"

    @property
    def unfinished(self) -> bool:
        """True where it goes on."""
        return self.until_us < self.end_us

    @property
    def seen(self) -> Spans:
        """The part that lies in the past."""
        return ((self.start_us, self.until_us),) if self.until_us > self.start_us else ()

    @property
    def whole(self) -> Spans:
        """All of it."""
        return ((self.start_us, self.end_us),)


def frame(window: Window, at_us: Instant) -> Frame:
    """Return the window that contains, or for a rolling one ends at, an instant."""
    if isinstance(window, RollingWindow):
        start_us = at_us - round(window.length_s * SECOND_US)
        return Frame(start_us, at_us, at_us, written_length(window.length_s))
    start_us, end_us = _calendar(window, at_us)
    return Frame(start_us, end_us, at_us, f"{window.calendar}, {window.timezone}", window.timezone)


def previous(window: CalendarWindow, at_us: Instant) -> Frame:
    """Return the calendar window that ended last before an instant, whole."""
    start_us, _ = _calendar(window, at_us)
    before_us, end_us = _calendar(window, start_us - 1)
    return Frame(before_us, end_us, end_us, f"{window.calendar}, {window.timezone}", window.timezone)


@lru_cache(maxsize=1024)
def _calendar(window: CalendarWindow, at_us: Instant) -> Span:
    zone = ZoneInfo(window.timezone)
    first = _first_day(window.calendar, from_us(at_us).astimezone(zone).date())
    return _midnight(first, zone), _midnight(_next_day(window.calendar, first), zone)


def _first_day(calendar: str, day: date) -> date:
    match calendar:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def _next_day(calendar: str, first: date) -> date:
    """Return the first day of the next window: a day that surely lies in it, brought to its beginning."""
    step = {"day": 1, "week": 7, "month": 31, "quarter": 93, "year": 366}[calendar]
    return _first_day(calendar, first + timedelta(days=step))


def _midnight(day: date, zone: ZoneInfo) -> Instant:
    return _instant(day, time(0), zone)


def _instant(day: date, clock: time, zone: ZoneInfo) -> Instant:
    """Return when a clock in a zone shows a time; a time that is skipped is the instant at which it is skipped."""
    shown = to_us(datetime.combine(day, clock, zone))
    if from_us(shown).astimezone(zone).replace(tzinfo=None) == datetime.combine(day, clock):
        return shown
    # In the gap of a clock that is put forward: ``fold=1`` reads it by the time after the gap, which lies before it.
    earlier, later = to_us(datetime.combine(day, clock, zone).replace(fold=1)), shown
    offset = from_us(earlier).astimezone(zone).utcoffset()
    while later - earlier > 1:
        middle = (earlier + later) // 2
        if from_us(middle).astimezone(zone).utcoffset() == offset:
            earlier = middle
        else:
            later = middle
    return later


def service_hours(hours: ServiceHours, zone_name: str, within: Spans) -> Spans:
    """Return the part of a time that lies in service hours; an end at or before the start is on the next day."""
    if not within:
        return ()
    zone = ZoneInfo(zone_name)
    return common(within, united(_hours(hours, zone, within[0][0], within[-1][1])))


def _hours(hours: ServiceHours, zone: ZoneInfo, start_us: Instant, end_us: Instant) -> Iterator[Span]:
    day = from_us(start_us).astimezone(zone).date() - _DAY
    last = from_us(end_us).astimezone(zone).date()
    opens = time.fromisoformat(hours.start)
    closes = time(0) if hours.end == "24:00" else time.fromisoformat(hours.end)
    while day <= last:
        if _WEEKDAYS[day.weekday()] in hours.days:
            until = day if closes > opens else day + _DAY
            yield _instant(day, opens, zone), _instant(until, closes, zone)
        day += _DAY
