"""How numbers, durations, instants and shares read: one place, so that a page never invents its own wording.

Everything here is pure. Rounding never flatters: bounds are widened outward, a share is cut on the side of its target.
Durations are in seconds, instants are aware datetimes, zones are IANA zones. "Not known" is ``None`` and reads so.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

NBSP = "\u00a0"
MINUS = "\u2212"
DASH = "\u2013"
ARROW = "\u2192"

_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86_400
_LONG_S = 2 * _DAY_S
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ROUNDING = {"nearest": ROUND_HALF_UP, "down": ROUND_FLOOR, "up": ROUND_CEILING}

Rounding = Literal["nearest", "down", "up"]


def duration(value_s: float | None, half_width_s: float = 0.0, rounding: Rounding = "nearest") -> str:
    """Return a duration with at most as many digits as its bounds allow.

    Args:
        value_s: seconds; ``None`` reads "unknown", an unbounded one "unbounded".
        half_width_s: half of the distance between the bounds; 0 where the value is exact.
        rounding: "down" for a lower bound, "up" for an upper one.
    """
    if value_s is None:
        return "unknown"
    if math.isinf(value_s):
        return "unbounded"
    if value_s < 0:
        opposite: dict[Rounding, Rounding] = {"down": "up", "up": "down", "nearest": "nearest"}
        return MINUS + duration(-value_s, half_width_s, opposite[rounding])
    if value_s < _MINUTE_S:
        text = _cut(value_s, _decimals(value_s, half_width_s), rounding)
        return f"{text}{NBSP}s" if Decimal(text) < _MINUTE_S else f"1{NBSP}min"
    if value_s >= _LONG_S:
        hours = int(_cut(value_s / _HOUR_S, 0, rounding))
        return f"{hours // 24}{NBSP}d{NBSP}{hours % 24:02d}{NBSP}h"
    if value_s >= _HOUR_S or half_width_s >= _MINUTE_S:
        return _hours(int(_cut(value_s / _MINUTE_S, 0, rounding)))
    seconds = int(_cut(value_s, 0, rounding))
    if seconds >= _HOUR_S:
        return _hours(seconds // _MINUTE_S)
    minutes, rest = divmod(seconds, _MINUTE_S)
    return f"{minutes}{NBSP}min{NBSP}{rest:02d}{NBSP}s" if rest else f"{minutes}{NBSP}min"


def stopped(value_s: float) -> str:
    """Return an exact duration below a minute to the millisecond, "20.053 s" or "13 ms"; longer ones as ever."""
    if value_s < 1:
        return f"{_cut(value_s * 1000, 0, 'nearest')}{NBSP}ms"
    return f"{_cut(value_s, 3, 'nearest')}{NBSP}s" if value_s < _MINUTE_S else duration(value_s)


def plus_minus(low_s: float | None, high_s: float | None) -> str:
    """Return the half width of bounds, "± 8 s", widened outward; "exact" where they meet; "" where there are none."""
    if low_s is None or high_s is None:
        return ""
    if math.isinf(high_s):
        return "still open"
    half_s = (high_s - low_s) / 2
    if half_s < 0.0005:  # noqa: PLR2004 (half of the last digit that is ever shown)
        return "exact"
    return f"±{NBSP}{duration(_outward(half_s), half_s, 'up')}"


def bounds(low_s: float | None, high_s: float | None) -> str:
    """Return bounds as a range, ``10:09-10:41`` from a minute up, ``19.8-20.2 s`` below; widened outward."""
    if low_s is None or high_s is None:
        return "no bounds"
    if math.isinf(high_s):
        return f"at least {duration(low_s, rounding='down')}"
    if high_s - low_s < 0.001:  # noqa: PLR2004 (the last digit that is ever shown)
        return "exact"
    half_s = (high_s - low_s) / 2
    if high_s < _MINUTE_S:
        digits = _decimals(high_s, half_s / 5)
        return f"{_cut(low_s, digits, 'down')}{DASH}{_cut(high_s, digits, 'up')}{NBSP}s"
    if high_s >= _LONG_S:
        return f"{duration(low_s, half_s, 'down')}{NBSP}{DASH}{NBSP}{duration(high_s, half_s, 'up')}"
    return f"{_stopwatch(math.floor(low_s))}{DASH}{_stopwatch(math.ceil(high_s))}"


def percent(share: float | None, target: float | None = None, side: Literal["at_least", "at_most"] = "at_least") -> str:
    """Return a share as percent, cut on the side of its target: 0.99899 against 0.999 never reads 99.9 %.

    Without a target it is cut downward, because a share is never made to look better than it is.

    Args:
        share: 0 to 1; ``None`` reads "no data".
        target: the promised share.
        side: whether the promise is a floor or a ceiling.
    """
    if share is None:
        return "no data"
    digits = 2 if share >= 0.99 else 1 if share >= 0.9 else 0  # noqa: PLR2004 (digits follow the nines)
    if side == "at_most":
        digits = 2
    kept = share >= target if target is not None and side == "at_least" else target is None or share <= target
    rounding: Rounding = "down" if (side == "at_least") else "up"
    text = _cut(share * 100, digits, rounding)
    if target is not None and not kept:
        while digits < 6 and Decimal(text) == Decimal(repr(target)) * 100:  # noqa: PLR2004 (enough for six nines)
            digits += 1
            text = _cut(share * 100, digits, rounding)
    if share in {0.0, 1.0}:
        text = _cut(share * 100, 0, "nearest")
    return f"{text}{NBSP}%"


def count(number: float | None) -> str:
    """Return a whole number with thousands separated; a negative one with a true minus sign."""
    if number is None:
        return "unknown"
    return f"{round(number):,}".replace("-", MINUS)


def plural(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 call", "1,284 calls"."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def clock(moment: datetime | None, zone: ZoneInfo, *, seconds: bool = True, millis: bool = False) -> str:
    """Return the time of day on a 24 h clock in the reader's zone."""
    if moment is None:
        return "unknown"
    local = moment.astimezone(zone)
    if millis:
        return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def moment_in_words(moment: datetime | None, zone: ZoneInfo, now: datetime, *, seconds: bool = True) -> str:
    """Return the time of day, with the day's name and date where it lies 24 h or more away from now."""
    if moment is None:
        return "unknown"
    text = clock(moment, zone, seconds=seconds)
    away_s = abs((now - moment).total_seconds())
    if away_s < _DAY_S:
        return text
    return f"{day(moment, zone)} {text}"


def day(moment: datetime, zone: ZoneInfo) -> str:
    """Return the day as "Fri 20 Nov" in the reader's zone, without regard to the machine's language."""
    local = moment.astimezone(zone)
    return f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"


def level(name: str | None) -> str:
    """Return a service level or breaker state as people say it."""
    return (name or "unseen").replace("_", " " if name != "half_open" else "-")


def joined(words: list[str], most: int = 3) -> str:
    """Return a list as people say it: "a, b and c", and after ``most`` the rest as a count."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _decimals(value_s: float, half_width_s: float) -> int:
    most = 3 if value_s < 1 else 2
    if half_width_s <= 0:
        return most
    return max(0, min(most, -math.floor(math.log10(half_width_s))))


def _cut(value: float, digits: int, rounding: Rounding) -> str:
    exact = Decimal(repr(float(value)))
    noise_free = exact.quantize(Decimal("1e-9"), ROUND_HALF_UP)
    return str(noise_free.quantize(Decimal(1).scaleb(-digits), _ROUNDING[rounding]))


def _outward(half_s: float) -> float:
    unit = 10.0 ** math.floor(math.log10(half_s)) if half_s < 1 else 1.0
    return math.ceil(round(half_s / unit, 6)) * unit


def _hours(minutes: int) -> str:
    return f"{minutes // 60}{NBSP}h{NBSP}{minutes % 60:02d}{NBSP}min" if minutes >= 60 else f"{minutes}{NBSP}min"  # noqa: PLR2004


def _stopwatch(seconds: int) -> str:
    hours, rest = divmod(seconds, _HOUR_S)
    minutes, rest = divmod(rest, _MINUTE_S)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
