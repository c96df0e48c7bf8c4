"""Durations and counts as logs write them."""

from __future__ import annotations

import re
from typing import Final

_PER_S: Final = {"h": 1 / 3600, "m": 1 / 60, "s": 1.0, "ms": 1e3, "us": 1e6, "µs": 1e6, "μs": 1e6, "ns": 1e9}
_ISO_8601: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", re.ASCII)
_CLOCK: Final = re.compile(r"(?:(\d+)\.)?(\d+):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_PART: Final = r"(\d+(?:\.\d+)?)\s?(h|ms|m|us|µs|μs|ns|s)"
_PARTS: Final = re.compile(rf"(?:{_PART})+", re.ASCII)


def seconds(text: str, unit: str = "s") -> float:
    """Return a duration in seconds; ValueError for a text that is none, or negative.

    A plain number is in ``unit``. Forms that name their own: ISO 8601 (``PT0.5S``, Java), ``500ms`` and ``1m2.5s``
    (Go), ``[d.]hh:mm:ss[.f]`` (.NET).
    """
    try:
        value = float(text) / _PER_S[unit]
    except ValueError:
        value = _with_unit(text)
    if not 0 <= value < float("inf"):
        raise ValueError(f"{text!r} is no number of seconds")
    return value


def count(text: str) -> int:
    """Return a count; ValueError for a text that is none."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"attempt {text!r} is no count")
    return int(text)


def _with_unit(text: str) -> float:
    iso = _ISO_8601.fullmatch(text)
    if iso and any(iso.groups()):
        hours, minutes, rest = (float(part or 0) for part in iso.groups())
        return hours * 3600 + minutes * 60 + rest
    clock = _CLOCK.fullmatch(text)
    if clock:
        days, hours, minutes, rest = (float(part or 0) for part in clock.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + rest
    if not _PARTS.fullmatch(text):
        raise ValueError(f"{text!r} is no number of seconds")
    return sum(float(number) / _PER_S[unit] for number, unit in re.findall(_PART, text))
