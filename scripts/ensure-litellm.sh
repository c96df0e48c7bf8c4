#!/bin/sh
# The LiteLLM proxy in an environment of its own (it brings some 120 packages); for the nightly tests only.
set -eu
cd "$(dirname "$0")/.."
target=.tools/litellm
if [ ! -e "$target/.complete" ] || ! cmp -s requirements-litellm.lock "$target/.complete"; then
    python=${PYTHON:-.venv/bin/python}
    rm -rf "$target"
    "$python" -m venv "$target"
    "$target/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes \
        --requirement requirements-litellm.lock
    cp requirements-litellm.lock "$target/.complete"
fi
echo "$target/bin/python"
