"""Programs of others that a benchmark runs, each with its packages in an environment of its own.

Nothing of them comes into the project's own environment. What is installed is named, with hashes,
by `bench/peers/<name>.lock`; once it is installed, no network is asked again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
ENVIRONMENTS = Path("artefacts/bench")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def python_of(name: str) -> Path:
    """The Python of `name`'s environment, which is installed first if its lock file is new."""
    lock = PEERS / f"{name}.lock"
    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = (ENVIRONMENTS / f"{name}-{key}").absolute()
    python = folder / "bin" / "python"
    installed = folder / ".installed"
    if not installed.exists():
        print(f"Installing {name} into {folder.relative_to(Path.cwd())}, once ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        uv = Path(sys.executable).with_name("uv")
        options = ("--quiet", "--require-hashes", "--compile-bytecode", "--python", python)
        subprocess.run(
            [uv, "pip", "install", *options, "--requirement", lock],
            env={**_as_pip_is_told(), **os.environ},
            check=True,
        )
        installed.touch()
    return python


def _as_pip_is_told() -> dict[str, str]:
    """What pip has been told of a mirror and of certificates, for uv, as deploy/install.sh does."""
    told = {"UV_SYSTEM_CERTS": "true"} if CERTIFICATES.exists() else {}
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    index = (
        os.environ.get("PIP_INDEX_URL")
        or subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    )
    return {**told, "UV_DEFAULT_INDEX": index} if index else told
