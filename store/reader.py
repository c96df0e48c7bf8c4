"""The published file, as readers of the house see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from breakwatch.errors import StoreError
from store import answers, faults
from store.statements import quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from store.values import Params

_NOTHING: Params = {}


class Reader:
    """A read-only connection to the published file, with the data as of its opening.

    The file is attached to a database of its own in memory: connections by path would share one instance within a
    process, and a later reader would still see the file that was replaced.
    """

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the published file.

        Raises:
            StoreError: there is none, or it is not a published file.
        """
        published = Path(path).absolute()
        if not published.exists():
            raise StoreError(f"there is no store at {published}", "collect something first: breakwatch collect --once")
        with faults.translated(published):
            connection = duckdb.connect(":memory:")
            try:
                connection.execute("SET GLOBAL TimeZone = 'UTC'")
                connection.execute(f"ATTACH {quoted(published)} AS published (READ_ONLY)")
            except BaseException:
                connection.close()
                raise
        return cls(published, connection)

    def rows(self, sql: str, params: Params = _NOTHING) -> list[dict[str, Any]]:
        """Return an answer row by row; see ``Rows.rows``."""
        with faults.translated(self.path):
            return answers.fetch_rows(self.cursor(), sql, params)

    def columns(self, sql: str, params: Params = _NOTHING) -> dict[str, NDArray[Any]]:
        """Return an answer column by column; see ``Rows.columns``."""
        with faults.translated(self.path):
            return answers.fetch_columns(self.cursor(), sql, params)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own, so that several threads may ask at once."""
        cursor = self._connection.cursor()
        cursor.execute("USE published")
        return cursor

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
