"""The forms an answer can take; apart, so that the command line can name them without loading a database."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """The forms an answer can take."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class CheckFormat(StrEnum):
    """The forms in which verdicts can be printed."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"


class ExplainFormat(StrEnum):
    """The forms in which what is behind a verdict can be printed."""

    TEXT = "text"
    JSON = "json"
