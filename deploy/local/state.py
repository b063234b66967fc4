"""Where an installation on this machine keeps its things: the folder `.faktura`.

Data, generated secrets, chosen ports, pids and logs. FAKTURA_HOME puts the folder elsewhere.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


class CannotRun(Exception):
    """Something the operator can mend; its text is all that is shown of it."""


@dataclass(frozen=True)
class Home:
    """The folder of one installation."""

    folder: Path

    @classmethod
    def find(cls) -> "Home":
        """FAKTURA_HOME, else `.faktura` in the project."""
        named = os.environ.get("FAKTURA_HOME")
        return cls(Path(named).resolve() if named else PROJECT / ".faktura")

    def make(self) -> None:
        """Makes the folder. Others may pass through it (PostgreSQL's user must), not list it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        for private in ("logs", "pids", "nats", "sandbox"):
            (self.folder / private).mkdir(exist_ok=True)
            (self.folder / private).chmod(0o700)

    def log(self, name: str) -> Path:
        """Where the process `name` writes."""
        return self.folder / "logs" / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        """What says which process is `name`."""
        return self.folder / "pids" / f"{name}.json"

    @property
    def board(self) -> Path:
        """What the supervisor says of its processes."""
        return self.folder / "platform.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it runs; its content is the pid."""
        return self.folder / "lock"


def read_json(path: Path) -> Any:
    """The file's content, or None when it is not there or was cut off."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def write_json(path: Path, content: Any) -> None:
    """Replaces the file as a whole; only its owner may read it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    write_private(aside, json.dumps(content, indent=2) + "\n")
    aside.replace(path)


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


@contextmanager
def sole_supervisor(home: Home) -> Iterator[None]:
    """Holds the installation's lock. Raises `CannotRun` while another supervisor holds it."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(
                f"Faktura is running already (supervisor {file.read().strip()})."
                " See `faktura status`, or end it with `faktura down`."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        home.board.unlink(missing_ok=True)  # A killed supervisor's board is no longer true.
        try:
            yield
        finally:
            home.board.unlink(missing_ok=True)
            file.truncate(0)


def supervisor_pid(home: Home) -> int | None:
    """The pid of the supervisor that holds the lock, or None when nobody does."""
    try:
        file = home.lock.open("r+")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read().strip() or 0) or None
    return None
