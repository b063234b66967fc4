"""`faktura logs`."""

import json
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from deploy.local.logbook import tail
from deploy.local.screen import screen
from deploy.local.state import CannotRun, Home

LOOKS_EVERY_S = 0.3
COLOURS = {"error": "red", "critical": "red", "warning": "yellow"}


def show_logs(
    name: str | None = None,
    *,
    follow: Annotated[bool, Parameter(alias="-f")] = False,
    lines: Annotated[int, Parameter(alias="-n")] = 40,
) -> int:
    """Show the last lines of a process's log, or of all.

    Parameters
    ----------
    name
        The process, as `faktura status` names it; also `supervisor`, `migrate-billing` ...
    follow
        Go on with what is written from now on.
    lines
        How many of the last lines to begin with.
    """
    logs = _logs(Home.find(), name)
    width = max((len(log.stem) for log in logs), default=0)
    ends = {log: log.stat().st_size for log in logs}
    for log in logs:
        for line in tail(log, lines=lines).splitlines():
            screen.print(_readable(log.stem.ljust(width), line), soft_wrap=True)
    while follow:
        for log in logs:
            for line in _news(log, ends):
                screen.print(_readable(log.stem.ljust(width), line), soft_wrap=True)
        time.sleep(LOOKS_EVERY_S)
    return 0


def _logs(home: Home, name: str | None) -> list[Path]:
    found = sorted((home.folder / "logs").glob("*.log"))
    if name is None:
        return found
    chosen = [log for log in found if log.stem == name]
    if not chosen:
        names = ", ".join(log.stem for log in found)
        raise CannotRun(f"There is no log of {name}. There are: {names or 'none'}.")
    return chosen


def _news(log: Path, ends: dict[Path, int]) -> list[str]:
    """The whole lines since the last look; a log that was put aside begins anew."""
    size = log.stat().st_size if log.exists() else 0
    start = ends[log] if size >= ends[log] else 0
    if size == start:
        return []
    with log.open("rb") as file:
        file.seek(start)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    ends[log] = start + len(whole)
    return whole.decode(errors="replace").splitlines()


def _readable(name: str, line: str) -> Text:
    """A JSON record as time, level, event and the rest; any other line as it is."""
    text = Text(f"{name} ", style="dim")
    try:
        record = json.loads(line)
        at, level = record.pop("timestamp", ""), record.pop("level", "info")
        event = record.pop("event", "")
    except (ValueError, AttributeError):
        return text.append(_printable(line), style="default not dim")
    text.append(f"{at[11:23]} ")
    text.append(f"{level:<8}", style=f"{COLOURS.get(level, 'green')} not dim")
    text.append(_printable(str(event)), style="bold not dim")
    for key, value in record.items():
        text.append(f" {key}=")
        text.append(_printable(str(value)), style="default not dim")
    return text


def _printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
