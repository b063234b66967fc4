"""Crash points: named places where a test lets the process die as if by kill -9.

`CRASH_AT=<name>` in the environment arms one. With `CRASH_ONCE=<file>` the process dies only while
the file does not exist, and makes it, so that the process that is started again lives.

`CRASH_ORDERS=<folder>` arms points of running processes: the service (FAKTURA_SERVICE) that passes
`<name>` while the folder has a file `<service>.<name>` removes the file and dies.
"""

import os
import signal
from pathlib import Path
from typing import Literal, get_args

CrashPoint = Literal[
    "command.before_commit",
    "command.after_commit",
    "relay.before_publish",
    "relay.after_publish",
    "relay.after_checkpoint",
    "consumer.before_transaction",
    "consumer.before_commit",
    "consumer.after_commit",
    "effect.before_perform",
    "effect.after_perform",
    "effect.after_record",
]
"""Every await that precedes or follows an effect. A test compares the list with the code."""

CRASH_POINTS: tuple[CrashPoint, ...] = get_args(CrashPoint)

_ARMED = os.environ.get("CRASH_AT", "")
_ONCE = os.environ.get("CRASH_ONCE", "")
_ORDERS = os.environ.get("CRASH_ORDERS", "")
_SERVICE = os.environ.get("FAKTURA_SERVICE", "")


def crash_point(name: CrashPoint) -> None:
    """Die here, at once and without cleaning up, if this point is armed."""
    if name == _ARMED:
        _die()
    if _ORDERS and _is_ordered(name):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_ordered(name: CrashPoint) -> bool:
    """Whether there was an order for this service to die here; it is carried out once."""
    try:
        Path(_ORDERS, f"{_SERVICE}.{name}").unlink()
    except FileNotFoundError:
        return False
    return True


def _die() -> None:
    if _ONCE:
        try:
            Path(_ONCE).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
