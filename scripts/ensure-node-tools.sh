#!/bin/sh
# The opossum breakers of the program in tests/real/node, as locked there; for tests only.
set -eu
cd "$(dirname "$0")/../tests/real/node"
stamp=node_modules/.complete
if [ ! -e "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
    npm ci --silent --ignore-scripts
    cp package-lock.json "$stamp"
fi
pwd
