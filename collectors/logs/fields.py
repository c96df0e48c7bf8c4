"""Lines that name their fields: JSON objects and logfmt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_PAIR = re.compile(r'([^\s="]+)(?:=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s"]*)))?(?=\s|\Z)')
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN_ESCAPES: Final = dict(zip("ntrabfv\"\\/'", "\n\t\r\a\b\f\v\"\\/'", strict=True))
_LAST_CODE_POINT: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def parse_json(line: str) -> Mapping[str, Any]:
    """Return the object a line holds; ValueError for anything else."""
    value = orjson.loads(line)
    if not isinstance(value, dict):
        raise ValueError(f"a JSON {type(value).__name__}, not an object")  # noqa: TRY004 - the input is at fault
    return value


def parse_logfmt(line: str) -> Mapping[str, str]:
    """Return the pairs of a logfmt line; ValueError where it is none.

    Strict where leniency would make up a value: a quote must end, and nothing may stand right behind it. A name without
    a value is ``true``, the last of two equal names holds.
    """
    found: dict[str, str] = {}
    position = _behind_blanks(line, 0)
    while position < len(line):
        pair = _PAIR.match(line, position)
        if pair is None:
            raise ValueError(f"no logfmt at character {position}: {line[position : position + 20]!r}")
        name, quoted, bare = pair.groups()
        found[name] = _ESCAPE.sub(_unescaped, quoted) if quoted is not None else "true" if bare is None else bare
        position = _behind_blanks(line, pair.end())
    if "=" not in line:
        raise ValueError("no name=value pair")
    return found


PARSERS: Final[Mapping[str, Callable[[str], Mapping[str, Any]]]] = {"json": parse_json, "logfmt": parse_logfmt}


def as_text(value: object) -> str | None:
    """Return a field's value as a text; None where there is none (null, a list, an object)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return None


def find(line: Mapping[str, Any], names: Iterable[str]) -> Any:  # noqa: ANN401 - whatever the line holds
    """Return the value of the first of the names that the line has; a dot goes into an object. None for none."""
    for name in names:
        value = line.get(name)
        if value is None and "." in name:
            value = _nested(line, name)
        if value is not None and value != "":
            return value
    return None


def _nested(line: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401
    value: Any = line
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _behind_blanks(line: str, position: int) -> int:
    while position < len(line) and line[position].isspace():
        position += 1
    return position


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        if escape[4] not in _PLAIN_ESCAPES:
            raise ValueError(f"no escape of logfmt: {escape[0]!r}")
        return _PLAIN_ESCAPES[escape[4]]
    point = int(code, 16)
    return chr(point) if point <= _LAST_CODE_POINT and point not in _SURROGATES else "\ufffd"
