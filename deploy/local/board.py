"""What the supervisor says of its programs, kept in a file for the other commands to read."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from deploy.local.state import Home, read_json, write_json

State = Literal["waiting", "starting", "ready", "failing", "stopping", "stopped"]
Phase = Literal["starting", "ready", "stopping"]


@dataclass(kw_only=True)
class Entry:
    """One program. `since` is the Unix time of the last change of state."""

    name: str
    port: int | None = None
    instance: str = ""
    state: State = "waiting"
    pid: int | None = None
    restarts: int = 0
    since: float = 0.0
    seconds: float = 0.0
    """How long the last start took until the program was ready."""


@dataclass(kw_only=True)
class Board:
    """All programs in the order in which they start."""

    supervisor_pid: int
    phase: Phase = "starting"
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, home: Home) -> "Board | None":
        """The board as the supervisor wrote it last; None when there is none."""
        written = read_json(home.board)
        if written is None:
            return None
        entries = {name: Entry(**entry) for name, entry in written.pop("entries").items()}
        return cls(entries=entries, **written)

    def as_json(self) -> dict[str, Any]:
        """The board in plain values."""
        return asdict(self)


class Boardkeeper:
    """Writes the board at each change and tells the listener."""

    def __init__(self, home: Home, board: Board, on_change: Callable[[Board], None]) -> None:
        self._home = home
        self._on_change = on_change
        self.board = board
        self.publish()

    def publish(self) -> None:
        """Call it after a change of the board. A full disk keeps the old one, and nobody waits."""
        with suppress(OSError):
            write_json(self._home.board, self.board.as_json())
        self._on_change(self.board)
