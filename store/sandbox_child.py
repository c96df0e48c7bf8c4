"""The inside of the sandbox: one query by a stranger, in a process that can reach nothing else.

Started by ``store.sandbox`` as a file in an isolated interpreter; imports nothing of the house. Reads a request as JSON
on stdin, answers as JSON on stdout. DuckDB is locked down, and below it the kernel lets this process write no file.
"""

import decimal
import json
import resource
import sys
from typing import Any

import duckdb

_ADDRESS_SPACE_BYTES = 4 * 2**30
_ANSWER_BYTES = 64 * 2**20
_READING = {"SELECT", "EXPLAIN", "MULTI"}
"""Types of statements that only read; MULTI is PIVOT."""


def main() -> None:
    """Answer the one request."""
    request = json.load(sys.stdin)
    _limit_process(request["kill_after_s"])
    try:
        answer = _answer(request)
    except (duckdb.Error, ValueError, OverflowError) as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "Out of Memory Error: the query needs more memory than it is allowed"}
    text = json.dumps(answer, default=_plain)
    if len(text) > _ANSWER_BYTES:
        text = json.dumps({"error": f"the answer is larger than {_ANSWER_BYTES // 2**20} MiB: ask for less"})
    sys.stdout.write(text)


def _limit_process(kill_after_s: float) -> None:
    cpu_s = int(kill_after_s) * 4 + 1  # several threads; the clock on the wall is the parent's
    for limit, most in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, _ADDRESS_SPACE_BYTES),
    ):
        resource.setrlimit(limit, (most, most))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    connection = duckdb.connect(request["path"], read_only=True)
    _lock_down(connection, request)
    statements = connection.extract_statements(request["sql"])
    if len(statements) != 1:
        raise ValueError("one query at a time")
    if statements[0].type.name not in _READING:
        raise ValueError(f"only queries are allowed here, not {statements[0].type.name}")
    result = connection.execute(request["sql"])
    described = result.description or []
    rows = result.fetchmany(request["max_rows"] + 1)
    return {
        "columns": [column[0] for column in described],
        "types": [str(column[1]) for column in described],
        "rows": rows[: request["max_rows"]],
        "truncated": len(rows) > request["max_rows"],
    }


def _plain(value: Any) -> Any:
    """Return what JSON has no word for: decimals as numbers, everything else as text."""
    return float(value) if isinstance(value, decimal.Decimal) else str(value)


def _lock_down(connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> None:
    parts = [row[0] for row in connection.execute("SELECT path FROM meta.part_files").fetchall()]
    allowed = ", ".join("'" + part.replace("'", "''") + "'" for part in parts)
    for setting in (
        "TimeZone = 'UTC'",
        "threads = 2",
        f"memory_limit = '{int(request['memory_mb'])}MB'",
        "temp_directory = ''",
        f"max_execution_time = {int(request['max_execution_ms'])}",
        f"allowed_paths = [{allowed}]",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "python_enable_replacements = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


if __name__ == "__main__":
    main()
