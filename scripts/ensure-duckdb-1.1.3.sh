#!/bin/sh
# The oldest DuckDB client that must be able to read the published file, beside our own; for tests only.
set -eu
cd "$(dirname "$0")/.."
target=.tools/duckdb-1.1.3
if [ ! -e "$target/.complete" ]; then
    python=${PYTHON:-.venv/bin/python}
    rm -rf "$target"
    "$python" -m pip install --quiet --no-deps --require-hashes --target "$target" \
        --requirement requirements-duckdb-1.1.3.lock
    touch "$target/.complete"
fi
echo "$target"
