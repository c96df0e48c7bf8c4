#!/usr/bin/env bash
# Make .venv from the locked requirements. Run it as often as you like: what is there already is left alone.
#   scripts/setup.sh          what Breakwatch needs
#   scripts/setup.sh --dev    and what its tests and checks need
set -euo pipefail
cd "$(dirname "$0")/.."

lock=requirements.lock
[[ "${1:-}" == --dev ]] && lock=requirements-dev.lock
say() { printf '==> %s\n' "$*" >&2; }

python=""
for candidate in python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        python=$candidate
        break
    fi
done
if [[ -z $python ]]; then
    echo "breakwatch: no Python 3.11 or newer was found" >&2
    echo "  try: apt-get install python3 python3-venv" >&2
    exit 1
fi

# Debian splits ensurepip out of Python; without it a venv has no pip.
ensure_venv_module() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
        say "Installing python3-venv"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q >&2
        apt-get install -y -q --no-install-recommends python3-venv >&2
    else
        echo "breakwatch: this Python cannot make virtual environments" >&2
        echo "  try: sudo apt-get install python3-venv" >&2
        exit 1
    fi
}

if [[ ! -x .venv/bin/python ]] || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    ensure_venv_module
    say "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

# The dev lock holds everything the other one holds, so one stamp serves both.
stamp_of() { sha256sum "$@" pyproject.toml | sha256sum | cut -c1-64; }
wanted=$(stamp_of "$lock")
dev=$(stamp_of requirements-dev.lock)
have=$(cat .venv/.breakwatch-stamp 2>/dev/null || true)
if [[ $have == "$wanted" || $have == "$dev" ]]; then
    exit 0
fi

say "Installing $(grep -c '==' "$lock") locked packages (the first time takes a minute or two)"
.venv/bin/python -m pip install --disable-pip-version-check --progress-bar on --quiet --require-hashes -r "$lock" >&2
# The project itself, editable; its build backend is among the locked packages, so nothing is fetched here.
.venv/bin/python -m pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps --no-index -e . >&2
printf '%s\n' "$wanted" > .venv/.breakwatch-stamp
say "Ready: .venv/bin/breakwatch --help"
