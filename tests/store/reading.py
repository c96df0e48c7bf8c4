"""A reader of the published file, as a stranger would write it: any DuckDB client, no house code.

Usage: python reading.py PATH SECONDS reopen|hold   (prints one JSON line: version, queries, errors, newest generation,
how many different answers a held connection gave, and how old it was at its last query)

Runs with the oldest client that is promised to work, so it must not use anything newer.
"""

import json
import sys
import time

import duckdb

QUERIES = (
    "SELECT count(*), sum(count) FROM request_counts",
    "SELECT service, max(last_served_at) FROM targets GROUP BY service ORDER BY service",
    "SELECT labels, sources, occurred_at FROM breaker_transitions ORDER BY occurred_at DESC LIMIT 20",
    "SELECT generation, as_of FROM publication",
)


def main(path: str, seconds: float, manner: str) -> None:
    """Ask until the time is over; count answers and errors."""
    give_up = time.monotonic() + seconds
    queries, newest, held_s = 0, 0, 0.0
    errors: list[str] = []
    totals: set[object] = set()
    held = duckdb.connect(path, read_only=True) if manner == "hold" else None
    opened = time.monotonic()
    while time.monotonic() < give_up:
        for sql in QUERIES:
            try:
                connection = held or duckdb.connect(path, read_only=True)
                found = connection.execute(sql).fetchall()
                if connection is not held:
                    connection.close()
                queries += 1
                held_s = time.monotonic() - opened
                if "generation" in sql:
                    newest = max(newest, found[0][0])
                if "sum(count)" in sql and held:
                    totals.add(found[0])
            except Exception as error:  # noqa: BLE001 - every error counts here
                errors.append(str(error)[:300])
    print(
        json.dumps(
            {
                "version": duckdb.__version__,
                "queries": queries,
                "errors": errors,
                "newest": newest,
                "answers": len(totals),
                "held_s": held_s if held else 0.0,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
