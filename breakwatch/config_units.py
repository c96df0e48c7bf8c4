"""The written forms of quantities (``30d``, ``99.9%``, ``2x open_time``) and the base of every configuration model.

A quantity without a unit is refused where a unit matters: ``open_time: 60000`` would be 17 hours to one reader and a
minute to another. Code that builds models directly passes plain numbers in the unit of the attribute's name.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from breakwatch.model import ServiceLevel

UNIT_S: dict[str, Decimal] = {
    "us": Decimal("0.000001"),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(7 * 86400),
    "y": Decimal(365 * 86400),
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d|w|y)")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:us|ms|s|m|h|d|w|y))+")
_RELATIVE = re.compile(r"(\d+(?:\.\d+)?)\s*x\s+([a-z_]+)")
_SHARE = re.compile(r"(>=|>)\s*(\d+(?:\.\d+)?\s*%)")


class Written(str):
    """A text as it stands in a configuration file; remembers the file, because relative paths are relative to it."""

    __slots__ = ("file",)
    file: Path

    @classmethod
    def of(cls, text: str, file: Path) -> Written:
        """Return the text with the file it stands in."""
        written = cls(text)
        written.file = file
        return written


class Strict(BaseModel):
    """Base of every model here: frozen, and a key nobody knows is an error that names the nearest known one."""

    # Most commands meet few of these models: the validator of each is built when it is first needed.
    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _known_keys_only(cls, data: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever stands in the file
        if not isinstance(data, dict):
            return data
        known = {str(field.validation_alias or name): name for name, field in cls.model_fields.items()}
        accepted = set(known) if is_written(info) else set(known) | set(known.values())
        for key in data:
            if key not in accepted:
                raise PydanticCustomError(
                    "unknown_key", "unknown key", {"key": str(key), "remedy": nearest(str(key), sorted(known))}
                )
        return data


def is_written(info: ValidationInfo) -> bool:
    """Return whether the values come from a file (units required) rather than from code (plain numbers allowed)."""
    return bool(info.context and info.context.get("written"))


def nearest(word: str, known: list[str]) -> str:
    """Return a remedy that names the nearest known word, or all of them when none is near."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def parse_duration_s(text: str) -> float:
    """Return ``1h30m``, ``30d`` or ``200ms`` in seconds; ValueError for anything else."""
    if not _DURATION.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not a duration")
    return float(sum(Decimal(number) * UNIT_S[unit] for number, unit in _PART.findall(text)))


def written_length(length_s: float) -> str:
    """Return a length the way a configuration writes it, in the largest unit it is a whole number of."""
    for unit in ("d", "h", "m", "s", "ms"):
        count = Decimal(str(length_s)) / UNIT_S[unit]
        if count == count.to_integral_value():
            return f"{count:.0f}{unit}"
    return f"{length_s:g}s"


def parse_ratio(text: str) -> float:
    """Return ``99.9%`` as 0.999, exact in the digits written; ValueError for anything else."""
    stripped = text.strip()
    if not stripped.endswith("%"):
        raise ValueError(f"{text!r} is not a percentage")
    try:
        return float(Decimal(stripped[:-1].strip()) / 100)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a percentage") from error


def _refuse(message: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("bad_value", "{message}", {"message": message, "remedy": remedy})


def _duration(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        try:
            return parse_duration_s(value)
        except ValueError as error:
            raise _refuse(str(error), "write a number with its unit, such as 200ms, 60s, 5m, 12h or 30d") from error
    if is_written(info) and isinstance(value, int | float) and not isinstance(value, bool):
        raise _refuse(f"{value} has no unit", f"write the unit: {value}s, {value}ms or {value}m")
    return value


def _ratio(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        try:
            return parse_ratio(value)
        except ValueError as error:
            raise _refuse(str(error), "write a percentage, such as 99.9%") from error
    if is_written(info) and isinstance(value, int | float) and value > 1:
        raise _refuse(f"{value} is more than the whole", f"write a percentage, such as {value}%")
    return value


def _path(value: object) -> object:
    if isinstance(value, Written) and value == "-":
        return Path(value)  # standard input
    if isinstance(value, Written):
        return value.file.parent / Path(value).expanduser()
    return value


def _timezone(value: object) -> object:
    if isinstance(value, str):
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _refuse(f"{value!r} is not a time zone", "use an IANA name, such as Europe/Paris or UTC") from error
    return value


Seconds = Annotated[float, BeforeValidator(_duration)]
Ratio = Annotated[float, BeforeValidator(_ratio)]
RelativePath = Annotated[Path, BeforeValidator(_path)]
Timezone = Annotated[str, BeforeValidator(_timezone)]


class ShareRule(NamedTuple):
    """When a share of instances counts: ``any`` is more than none, ``all`` is the whole, else as written."""

    comparison: Literal[">=", ">"]
    share: float


def _share_rule(value: object) -> object:
    if not isinstance(value, str):
        return value
    words = {"any": ShareRule(">", 0.0), "all": ShareRule(">=", 1.0)}
    if value in words:
        return words[value]
    match = _SHARE.fullmatch(value.strip())
    if match is None:
        raise _refuse(f"{value!r} is not a share of instances", "write any, all, or a share such as '>= 50%'")
    return ShareRule(">=" if match[1] == ">=" else ">", parse_ratio(match[2]))


ShareOfInstances = Annotated[ShareRule, BeforeValidator(_share_rule)]


LEVEL_RANK: dict[str, int] = {
    str(level): rank
    for rank, level in enumerate(reversed([level for level in ServiceLevel if level != ServiceLevel.UNKNOWN]))
}
"""Service levels as numbers that can be compared: 0 is unavailable, 4 is full."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an indicator is held to: a number with its unit, or a multiple of a declared expectation.

    Attributes:
        value: the number: seconds, a ratio or a plain count, by ``unit``; where ``relative_to`` is set, the multiple.
        unit: ``s``, ``ratio``, ``level`` (the rank of a service level) or empty.
        relative_to: the declared expectation the value multiplies (``open_time``), or None.
    """

    value: float
    unit: Literal["s", "ratio", "level", ""] = ""
    relative_to: str | None = None


def parse_target(value: object) -> object:
    """Return a written limit (``30s``, ``99.9%``, ``5``, ``limited``, ``2x open_time``) as a Target."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Target(float(value))
    if not isinstance(value, str):
        return value
    text = value.strip()
    relative = _RELATIVE.fullmatch(text)
    if relative:
        return Target(float(relative[1]), relative_to=relative[2])
    if text.endswith("%"):
        return Target(_ratio_text(text), "ratio")
    if text in LEVEL_RANK:
        return Target(float(LEVEL_RANK[text]), "level")
    try:
        return Target(parse_duration_s(text), "s")
    except ValueError as error:
        raise _refuse(
            f"{value!r} is not a limit", "write 30s, 99.9%, a number, or a multiple like 2x open_time"
        ) from error


def _ratio_text(text: str) -> float:
    try:
        return parse_ratio(text)
    except ValueError as error:
        raise _refuse(str(error), "write a percentage, such as 99.9%") from error


Limit = Annotated[Target, BeforeValidator(parse_target)]
