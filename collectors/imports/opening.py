"""From a path to a document: bytes, unpacked, decoded, parsed. What cannot be read is a UsageError that names it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as SafeXml
import orjson
import yaml
from defusedxml.common import DefusedXmlException

from breakwatch.errors import UsageError

Form = Literal["rows", "json", "jsonlines", "xml", "yaml", "nothing known"]

MOST_BYTES = 1 << 30
STDIN = Path("-")
_GZIP = b"\x1f\x8b"
_SHOWN_KEYS = 6


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file: its columns, and its rows with the line each begins on."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds.

    Attributes:
        name: of the file, for people.
        digest: of its bytes, unpacked: the same content is the same document under any name.
        content: a ``Table``, what JSON or YAML parsed to, or the root element of XML.
    """

    name: str
    digest: str
    form: Form
    content: Any


def opened(path: Path) -> Document:
    """Return the document at ``path``; ``-`` is standard input.

    Raises:
        UsageError: it cannot be read, is larger than 1 GiB unpacked, or is broken.
    """
    name = "standard input" if path == STDIN else str(path)
    data = _bytes(path, name)
    digest = hashlib.blake2b(data, digest_size=8).hexdigest()
    text = _text(data, name)
    form, content = _parsed(text, name)
    return Document(name, digest, form, content)


def _bytes(path: Path, name: str) -> bytes:
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        if data.startswith(_GZIP):
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{name}: no such file", "check the path") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{name}: cannot be read: {error}", "check the file; fetch it again if it is cut") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{name}: holds more than {MOST_BYTES >> 20} MiB", "split the file by time")
    return data


def _text(data: bytes, name: str) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is not text in UTF-8: {error.reason} at byte {error.start}", "convert it") from error


def _parsed(text: str, name: str) -> tuple[Form, Any]:
    begin = text.lstrip()[:1]
    if not begin:
        raise UsageError(f"{name}: is empty", "check the file")
    if begin == "<":
        try:
            return "xml", SafeXml.fromstring(text, forbid_dtd=True)
        except (ParseError, DefusedXmlException) as error:
            raise UsageError(f"{name}: is not sound XML: {error!r}", "check the file") from error
    if begin in "[{":
        return _json(text, name)
    table = _table(text)
    if table is not None:
        return "rows", table
    try:
        found = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return "nothing known", None
    return ("yaml", found) if all(isinstance(one, dict) for one in found) else ("nothing known", None)


def _json(text: str, name: str) -> tuple[Form, Any]:
    try:
        return "json", orjson.loads(text)
    except orjson.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            if len(lines) > 1:
                return "jsonlines", [orjson.loads(line) for line in lines]
        except orjson.JSONDecodeError:
            pass  # neither one document nor one a line: the first complaint is the useful one
        raise UsageError(
            f"{name}: is not sound JSON: {error}", "check the file; write it again if it is cut"
        ) from error


def _table(text: str) -> Table | None:
    """Return text as a table where its first line names several columns, or one that reads like a name."""
    first = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = tuple(word.strip() for word in next(row for row in reader if any(row)))
        if len(columns) < 2 or not all(columns) or len(set(columns)) < len(columns):  # noqa: PLR2004 - a table has two
            return None
        rows: list[tuple[int, dict[str, str]]] = []
        begins = reader.line_num + 1
        for row in reader:
            if any(word.strip() for word in row):
                rows.append((begins, _named(columns, row)))
            begins = reader.line_num + 1
    except csv.Error:
        return None
    return Table(columns, tuple(rows))


MORE = "more fields than columns"
"""Under this name stands what a row holds beyond its columns: a shifted row must not be taken for a good one."""


def _named(columns: tuple[str, ...], row: list[str]) -> dict[str, str]:
    named = {column: word.strip() for column, word in zip(columns, row, strict=False)}
    if len(row) > len(columns):
        named[MORE] = ",".join(row[len(columns) :])
    return named


def found_in(document: Document) -> str:
    """Say what a document is, for a person who thought it was something else."""
    content = document.content
    if isinstance(content, Table):
        return f"a table with the columns {_some(content.columns)}"
    if isinstance(content, Element):
        return f"XML <{content.tag}>"
    if document.form == "jsonlines":
        return f"JSON lines, the first with {_some(content[0]) if isinstance(content[0], dict) else 'no keys'}"
    if isinstance(content, dict):
        return f"a JSON object with {_some(content)}" if content else "an empty JSON object"
    if isinstance(content, list):
        inner = f", the first with {_some(content[0])}" if content and isinstance(content[0], dict) else ""
        what = "YAML documents" if document.form == "yaml" else "a JSON list"
        return f"{what} of {len(content)}{inner}"
    return "text that is no table, JSON, XML or YAML"


def _some(names: Any) -> str:  # noqa: ANN401 - anything that yields names
    listed = [str(name) for name in names]
    return ", ".join(listed[:_SHOWN_KEYS]) + (", …" if len(listed) > _SHOWN_KEYS else "")
