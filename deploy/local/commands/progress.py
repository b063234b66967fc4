"""What is seen while the platform starts and ends: one bar, and a line for each that is ready."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from deploy.local.board import Board, Entry
from deploy.local.screen import screen


class StartProgress:
    """Follows the board. `show` is called at each of its changes."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=screen,
            transient=True,
        )
        self._task = self._progress.add_task("Preparing …", total=None)
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def stop(self) -> None:
        """Takes the bar away; later changes are no longer shown."""
        self._progress.stop()

    def show(self, board: Board) -> None:
        """Brings the screen to what the board says."""
        entries = board.entries.values()
        if board.phase == "stopping":
            self._show_ending(board)
            return
        for entry in entries:
            if entry.state == "ready" and entry.name not in self._said:
                self._said.add(entry.name)
                self._say_ready(entry)
        waiting = [entry.name for entry in entries if entry.name not in self._said]
        self._progress.update(
            self._task,
            total=len(board.entries),
            completed=len(self._said),
            description=f"[dim]waiting for {', '.join(waiting)}" if waiting else "",
        )

    def _show_ending(self, board: Board) -> None:
        running = [e.name for e in board.entries.values() if e.state not in {"stopped", "waiting"}]
        self._progress.start()
        self._progress.update(
            self._task,
            total=len(board.entries),
            completed=len(board.entries) - len(running),
            description=f"[dim]stopping {', '.join(running)}",
        )

    def _say_ready(self, entry: Entry) -> None:
        place = f"127.0.0.1:{entry.port}" if entry.port else ""
        self._progress.console.print(
            f"[green]✓[/] {entry.name:<17}[dim]{place:<16}{entry.seconds:4.1f} s"
        )
