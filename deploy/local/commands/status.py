"""`faktura status`."""

import asyncio
import os
import time
from typing import Any

from rich.table import Table

from deploy.local.board import Board, Entry
from deploy.local.installation import NATS_NODES
from deploy.local.probes import http_is_ready, nats_is_ready, port_answers
from deploy.local.screen import print_json, screen
from deploy.local.state import Home, supervisor_pid

COLOURS = {"ready": "green", "starting": "yellow", "failing": "red", "unhealthy": "red"}


async def show_status(*, json: bool = False) -> int:
    """Show the processes: pid, port, health as asked just now, restarts. Exit 1: not all is well.

    Parameters
    ----------
    json
        Print one JSON object.
    """
    home = Home.find()
    pid = supervisor_pid(home)
    board = Board.read(home) if pid else None
    found = await look(board) if board else []
    is_well = board is not None and board.phase == "ready" and all(p["healthy"] for p in found)
    if json:
        phase = board.phase if board else "down"
        print_json({"supervisor": pid, "phase": phase, "ok": is_well, "processes": found})
    elif board:
        screen.print(_table(found))
    else:
        screen.print("Faktura is not running. `faktura up` starts it.")
    return 0 if is_well else 1


async def look(board: Board) -> list[dict[str, Any]]:
    """Each process as the board knows it, and whether it answers now."""
    healthy = await asyncio.gather(*(_is_healthy(entry) for entry in board.entries.values()))
    return [
        {
            "name": entry.name,
            "pid": entry.pid,
            "port": entry.port,
            "state": entry.state,
            "healthy": is_healthy,
            "restarts": entry.restarts,
            "for_s": round(max(time.time() - entry.since, 0), 1),
        }
        for entry, is_healthy in zip(board.entries.values(), healthy, strict=True)
    ]


async def _is_healthy(entry: Entry) -> bool:
    if entry.pid is None or entry.port is None or not _exists(entry.pid):
        return False
    try:
        if entry.name == "postgres":
            return await port_answers(entry.port)
        is_ready = nats_is_ready if entry.name in NATS_NODES else http_is_ready
        return await is_ready(entry.port, entry.instance)
    except (OSError, TimeoutError):
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("Process", "State", "Port", "Pid", "Restarts", "For"):
        table.add_column(title, justify="left" if title in {"Process", "State"} else "right")
    for each in found:
        state = "unhealthy" if each["state"] == "ready" and not each["healthy"] else each["state"]
        table.add_row(
            each["name"],
            f"[{COLOURS.get(state, 'dim')}]{state}",
            str(each["port"] or ""),
            str(each["pid"] or ""),
            str(each["restarts"]),
            _duration(each["for_s"]),
        )
    return table


def _duration(seconds: float) -> str:
    """In the largest unit that fits.

    >>> _duration(7300)
    '2 h'
    """
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"
