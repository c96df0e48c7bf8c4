"""Foreign errors of the store, translated once into problems with a remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from breakwatch.errors import StoreError
from store.statements import quoted

_FULL = ("no space left", "disk quota", "file too large", "out of disk", "could not write all")
_ABOUT_THE_FILE = (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException, duckdb.InternalException)
_HEADER_BYTES = 12
_NOT_A_DATABASE = "not a valid duckdb database"
_FULL_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors of disk and database about ``path`` into StoreError; mistakes in our own SQL stay what they are."""
    try:
        yield
    except duckdb.Error as error:
        # A bad checksum comes as the bare base class; its subclasses for parser, binder and the like are about the SQL.
        if type(error) is duckdb.Error or isinstance(error, _ABOUT_THE_FILE) or _says_full(error):
            raise _explained(path, str(error)) from error
        raise
    except OSError as error:
        if error.errno in _FULL_ERRNO:
            raise full(path) from error
        raise StoreError(
            f"{path} cannot be used: {error.strerror or error}", "check that the folder exists and may be written to"
        ) from error


def full(path: Path) -> StoreError:
    """Return the error of a disk without room."""
    return StoreError(
        f"the disk that holds {path} is full", "make room; what was committed is safe and work goes on where it stopped"
    )


def _says_full(error: Exception) -> bool:
    said = str(error).lower()
    return any(phrase in said for phrase in _FULL)


def _explained(path: Path, message: str) -> StoreError:
    said = message.lower()
    if any(phrase in said for phrase in _FULL):
        return full(path)
    if "could not set lock" in said or "conflicting lock" in said:
        return StoreError(f"{path} is held by another process ({_first_line(message)})", "stop it, then try again")
    if "permission denied" in said:
        return StoreError(
            f"{path} may not be opened: permission denied", "give this user the right to read and write it"
        )
    if "no files found that match" in said or "no such file" in said:
        return parts_missing(path, _first_line(message))
    if _NOT_A_DATABASE in said:
        return not_a_database(path)
    return StoreError(
        f"the store {path} is damaged ({_first_line(message)})",
        f"move {path} and {path.name}.wal beside it aside (do not delete them), restore a backup or collect anew",
    )


def parts_missing(path: Path, said: str) -> StoreError:
    """Return the error of a store that was moved, or is seen under another folder than where it was published."""
    return StoreError(
        f"parts of the store {path} are not where they were ({said})",
        "after a move: breakwatch publish; where readers see another folder: set store.public_base",
    )


def not_a_database(path: Path) -> StoreError:
    """Return the error of a file that is something else."""
    return StoreError(f"{path} is not a DuckDB file", "move it aside (do not delete it) or choose another store.path")


def refuse_foreign(path: Path) -> None:
    """Refuse to put a published file where something else lies: it would be lost.

    Raises:
        StoreError: ``path`` is no DuckDB file, or a database that we did not publish.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        if file.read(_HEADER_BYTES)[8:] != b"DUCK":
            raise not_a_database(path)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH {quoted(path)} AS published (READ_ONLY)")
        sql = (
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'published' AND schema_name = 'meta'"
            " AND table_name = 'publication'"
        )
        if not connection.execute(sql).fetchall():
            raise StoreError(
                f"{path} is a DuckDB database, but none that Breakwatch published",
                "move it aside (do not delete it) or choose another store.path",
            )


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0][:300] if message.strip() else "no message"
