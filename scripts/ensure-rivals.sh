#!/bin/sh
# Apache Otava and asv, each in an environment of its own (Otava pins another numpy); for bench/regressions.py only.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
for name in otava asv; do
    target=.tools/$name
    lock=requirements-$name.lock
    if [ ! -e "$target/.complete" ] || ! cmp -s "$lock" "$target/.complete"; then
        rm -rf "$target"
        "$python" -m venv "$target"
        "$target/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes --requirement "$lock"
        cp "$lock" "$target/.complete"
    fi
    echo "$target/bin/python"
done
