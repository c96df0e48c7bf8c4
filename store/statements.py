"""The store's SQL: read from the .sql files beside this module, with names filled in only from our own catalogue."""

import re
from functools import cache
from importlib.resources import files

_PLACE = re.compile(r"\{(\w+)\}")
_STEP = re.compile(r"^-- step: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\w+)")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")


@cache
def statement(name: str) -> str:
    """Return the text of ``store/sql/<name>.sql``."""
    return files("store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def fill(sql: str, **identifiers: str) -> str:
    """Return ``sql`` with its ``{places}`` for identifiers filled in.

    SQL has no parameters for names of tables and columns. What comes in here is a name (or names, joined by ", ") of
    our own catalogue, and anything else is refused; values always travel as parameters.

    Raises:
        ValueError: for a text that is no list of plain names.
    """
    for text in identifiers.values():
        if not all(_IDENTIFIER.fullmatch(part) for part in text.split(", ")):
            raise ValueError(f"not a name: {text!r}")
    return _PLACE.sub(lambda place: identifiers[place[1]], sql)


@cache
def steps(name: str) -> dict[str, str]:
    """Return the statements of a ``.sql`` file that holds several, by the name on their ``-- step:`` line."""
    _, *parts = _STEP.split(statement(name))
    return dict(zip(parts[::2], parts[1::2], strict=True))


@cache
def parameters(sql: str) -> frozenset[str]:
    """Return the names of the parameters a statement takes."""
    return frozenset(_PARAMETER.findall(sql))


@cache
def named_steps(name: str, **identifiers: str) -> dict[str, str]:
    """Return ``steps(name)`` with places for identifiers filled in as ``named`` does."""
    return {step: fill(sql, **identifiers) for step, sql in steps(name).items()}


def quoted(text: object) -> str:
    """Return a text or path as an SQL literal, for statements that take no parameters (ATTACH, COPY, COMMENT)."""
    return "'" + str(text).replace("'", "''") + "'"
