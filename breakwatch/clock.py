"""Time as the house keeps it: instants are integer microseconds since the epoch, UTC.

Integers keep fusion exact and fast; aware datetimes appear only where a person or a file format meets us.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z; names that hold one end in ``_us``."""

Clock: TypeAlias = Callable[[], Instant]
"""Where code asks for the present; passed in, never fetched from the air."""

MILLISECOND_US = 1_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> Instant:
    """Return the present by the machine's own clock."""
    return to_us(datetime.now(UTC))


def fixed_clock(now_us: Instant) -> Clock:
    """Return a clock that always says ``now_us`` (recorded data, tests)."""
    return lambda: now_us


def to_us(moment: datetime) -> Instant:
    """Return an aware datetime as an instant; refuses a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment!r}")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_us(instant_us: Instant) -> datetime:
    """Return an instant as an aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=instant_us)
