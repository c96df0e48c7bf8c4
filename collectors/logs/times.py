"""When a line says it happened: the stamps that logs are written with, as instants.

A value that is no time, or an impossible one, is a ValueError whose message says why. Nothing is guessed but what the
stamp leaves open: the zone where none is named (the source's; of an hour that comes twice when summer time ends, the
first), and the year in RFC 3164, which has none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from breakwatch.clock import DAY_US, SECOND_US, from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from breakwatch.clock import Instant

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = f"({'|'.join(_MONTHS)})"
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_ISO_DAY_FIRST = re.compile(r"\d{4}-\d\d-\d\d[T ]", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
# Apache's [20/Nov/2026:11:32:36 +0100] and HAProxy's accept date [20/Nov/2026:11:32:36.608], in local time
_SLASHED = re.compile(
    rf"\[?(\d\d)/{_MONTH}/(\d{{4}}):(\d\d):(\d\d):(\d\d)(?:\.(\d{{1,6}}))?(?: ([+-]\d\d):?(\d\d))?\]?", re.ASCII
)
_RFC3164 = re.compile(rf"{_MONTH} ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{{1,6}}))?", re.ASCII)
_LEADING = re.compile(rf"{_ISO.pattern}|\[{_SLASHED.pattern[3:-3]}\]|{_RFC3164.pattern}", re.ASCII)
LEADING_CHARS = 160
"""How far into a line its own stamp is looked for: behind the priority, version and host of the syslog framings."""

_EPOCH_UNIT_US: Final = {
    "epoch_s": Decimal(1_000_000),
    "epoch_ms": Decimal(1_000),
    "epoch_us": Decimal(1),
    "epoch_ns": Decimal("0.001"),
}
_YEARS: Final = range(1980, 2200)  # an earlier stamp of a log is a counter, or a unit taken for another
_EPOCH_DIGITS: Final = {"epoch_s": 10, "epoch_ms": 13, "epoch_us": 16, "epoch_ns": 19}
_EPOCH_LIMIT: Final = Decimal(10) ** 19
_QUICK: Final = ("--T", "-- ")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_US: Final = to_us(datetime(_YEARS.start, 1, 1, tzinfo=UTC))
_LATEST_US: Final = to_us(datetime(_YEARS.stop, 1, 1, tzinfo=UTC))


def parse_time(value: object, *, form: str, zone: tzinfo, now_us: Instant) -> Instant:
    """Return a stamp as an instant.

    Args:
        value: the field as read: a text, or a number since the epoch.
        form: ``auto`` or one of the formats of LineTime.
        zone: the zone of stamps that name none.
        now_us: the present; the year of an RFC 3164 stamp is the latest that does not lie after it.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is no time")  # noqa: TRY004 - the input is at fault
    if isinstance(value, str):
        value = value.strip()
    if form == "auto":
        return _auto(value, zone, now_us)
    if form.startswith("epoch"):
        return _epoch(value, form)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is a number, not a time written {form}")  # noqa: TRY004
    if "%" in form:
        return _placed(datetime.strptime(value, form), zone)  # noqa: DTZ007 - a zone is added when it names none
    return _WRITTEN[form](value, zone, now_us)


def leading_time(text: str, *, zone: tzinfo, now_us: Instant) -> Instant:
    """Return the stamp a text line begins with, behind whatever framing syslog or a container put before it."""
    found = _LEADING.search(text, 0, LEADING_CHARS)
    if found is None:
        raise ValueError("the line has no time")
    return _auto(found[0], zone, now_us)


def beginning_time(text: str, *, zone: tzinfo, now_us: Instant) -> Instant | None:
    """Return the stamp a text begins with; None where it begins with something else.

    For the text inside a framing, which has a time of its own: what stands further in is no stamp of the line.
    """
    found = _LEADING.match(text.lstrip())
    return _auto(found[0], zone, now_us) if found else None


def quick_iso(value: object) -> Instant | None:
    """Return an ISO stamp that names its zone as an instant; None for all others, which parse_time knows."""
    if value.__class__ is not str or value[4:11:3] not in _QUICK:
        return None
    try:
        since = datetime.fromisoformat(value) - _EPOCH
    except (ValueError, TypeError):  # another form, or no zone
        return None
    instant_us = since.days * DAY_US + since.seconds * SECOND_US + since.microseconds
    return instant_us if _EARLIEST_US <= instant_us < _LATEST_US else None


def iso(instant_us: Instant) -> str:
    """Return an instant as ISO 8601 in UTC with microseconds."""
    return from_us(instant_us).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _auto(value: str | float, zone: tzinfo, now_us: Instant) -> Instant:
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return _epoch(value, "epoch")
    if _ISO_DAY_FIRST.match(value):
        return _iso(value, zone, now_us)
    if _SLASHED.fullmatch(value):
        return _slashed(value, zone, now_us)
    return _rfc3164(value, zone, now_us)


def _iso(value: str, zone: tzinfo, _now_us: Instant) -> Instant:
    if not _ISO_DAY_FIRST.match(value):
        raise ValueError(f"{value!r} is no ISO time")
    return _placed(
        datetime.fromisoformat(value.partition("[")[0]), zone
    )  # Java appends its zone's name: [Europe/Paris]


def _slashed(value: str, zone: tzinfo, _now_us: Instant) -> Instant:
    found = _SLASHED.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is not written like 20/Nov/2026:11:32:36")
    day, month, year, hour, minute, second, fraction, offset_h, offset_min = found.groups()
    text = f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{hour}:{minute}:{second}"
    return _placed(_with_fraction(text, fraction, f"{offset_h}:{offset_min}" if offset_h else ""), zone)


def _rfc3164(value: str, zone: tzinfo, now_us: Instant) -> Instant:
    found = _RFC3164.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is no time")
    month, day, hour, minute, second, fraction = found.groups()
    this_year = from_us(now_us).year
    for year in (this_year + 1, this_year, this_year - 1, this_year - 2, this_year - 3, this_year - 4):
        text = f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{hour}:{minute}:{second}"
        try:
            instant_us = _placed(_with_fraction(text, fraction, ""), zone)
        except ValueError:  # 29 February, in a year that has none
            continue
        if instant_us <= now_us + DAY_US:
            return instant_us
    raise ValueError(f"{value!r} is no day of the last years")


def _with_fraction(text: str, fraction: str | None, offset: str) -> datetime:
    return datetime.fromisoformat(f"{text}.{fraction or 0:0<6}{offset}")


def _placed(moment: datetime, zone: tzinfo) -> Instant:
    if moment.year not in _YEARS:
        raise ValueError(f"{moment} lies outside 1980 to 2200")
    return to_us(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _epoch(value: str | float, form: str) -> Instant:
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite() or not 0 < number < _EPOCH_LIMIT:
        raise ValueError(f"{value!r} is no time")
    instant_us = int((number * _EPOCH_UNIT_US[_unit_by_size(number) if form == "epoch" else form]).to_integral_value())
    if not _EARLIEST_US <= instant_us <= _LATEST_US:
        raise ValueError(f"{value} lies outside 1980 to 2200: another unit, or no time")
    return instant_us


def _unit_by_size(number: Decimal) -> str:
    """Return the only unit in which the number can lie between 1980 and 2200."""
    return next(unit for unit, digits in _EPOCH_DIGITS.items() if number < Decimal(10) ** digits)


_WRITTEN: Final[dict[str, Callable[[str, tzinfo, Instant], Instant]]] = {
    "iso": _iso,
    "apache": _slashed,
    "haproxy": _slashed,
    "rfc3164": _rfc3164,
}
