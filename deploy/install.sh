#!/bin/sh
# Makes .venv and node_modules what the lock files say, from any state, for root or anyone else.
#
#   deploy/install.sh requirements.lock       what running needs
#   deploy/install.sh requirements-dev.lock   and what tests and linters need
#
# Needs Python >= 3.11 with its venv module. Packages come from wherever the user's pip, uv and
# npm are set up to fetch them; every file is compared with its hash.
set -eu
lock=$1
cd "$(dirname "$0")/.."

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)." >&2
    exit 1
}

# A virtual environment knows its folder: one that was moved or copied is made anew.
is_usable() {
    grep -qsF "$PWD/.venv" .venv/bin/activate && .venv/bin/python -m pip --version >/dev/null 2>&1
}

is_usable || "$(find_python)" -m venv --clear .venv

.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes --requirement requirements-uv.lock

# What pip has been told of a mirror and the machine of a company's certificates, uv is told too.
index=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    export UV_DEFAULT_INDEX="$index"
fi
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
fi
export VIRTUAL_ENV="$PWD/.venv"
.venv/bin/uv pip install --quiet --require-hashes --compile-bytecode --requirement "$lock"
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .

sh deploy/npm.sh ci --prefer-offline --loglevel=error >/dev/null
