"""Starts a program that ends when its starter ends, even when the starter was killed.

    leash.py PARENT_PID SIGNAL [USER] -- program argument...

It runs with `python -I -S`, becomes the user if one is named, and then becomes the program. The
leash itself is Linux's PR_SET_PDEATHSIG; elsewhere the program starts without one.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Never returns."""
    split = arguments.index("--")
    parent, signal_number, *user = arguments[:split]
    if user:
        _become(user[0])
    # After the change of user, which would take the leash off.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number))
        if os.getppid() != int(parent):
            sys.exit(1)
    program = arguments[split + 1 :]
    os.execv(program[0], program)  # noqa: S606 (the supervisor's fixed arguments)


def _become(name: str) -> None:
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


if __name__ == "__main__":
    main(sys.argv[1:])
