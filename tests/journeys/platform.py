"""The whole platform, started by its own command as an operator would, seen from outside."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

PROJECT = Path(__file__).resolve().parents[2]
COMMAND_WITHIN_S = 240
MAIL_WITHIN_S = 40
READY_WITHIN_S = 60
LOOK_AGAIN_S = 0.1


@dataclass
class Platform:
    """A running installation in a folder of its own."""

    home: Path
    environment: Mapping[str, str]

    def faktura(self, *words: str) -> str:
        """What the command `faktura` prints; it must succeed."""
        done = self._run(*words)
        assert done.returncode == 0, f"faktura {' '.join(words)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "deploy.local.cli", *words],
            env={**os.environ, **self.environment, "FAKTURA_HOME": str(self.home)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
        )

    def ask(self, *words: str) -> Any:
        """What the command prints as JSON."""
        return json.loads(self.faktura(*words, "--json"))

    def verify(self) -> Any:
        """What `faktura verify --json` says, whatever its exit status."""
        done = self._run("verify", "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @cached_property
    def _shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.ask("demo", "show")
        return shown

    def address(self, name: str) -> str:
        """Where a program of the platform answers."""
        found: str = self._shown["addresses"][name]
        return found

    def client_area(self, brand: str = "ponto") -> str:
        """Where a brand's clients go."""
        port = self.address("portal").rpartition(":")[2]
        return f"http://{brand}.localhost:{port}"

    def sign_in_of(self, role: str) -> dict[str, str]:
        """E-mail and password of one of the demo's people."""
        people = self._shown["sign_ins"]
        found: dict[str, str] = next(person for person in people if person["role"] == role)
        return found

    def kill(self, name: str) -> None:
        """kill -9 of one program; the supervisor is expected to start it again."""
        processes = self.ask("status")["processes"]
        pid = next(process["pid"] for process in processes if process["name"] == name)
        os.kill(pid, signal.SIGKILL)

    def is_ready(self) -> bool:
        """Whether every program is ready now."""
        return self._run("status", "--json").returncode == 0

    def wait_until_ready(self) -> None:
        """Until every program is ready again."""
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            assert time.monotonic() < deadline, self._run("status").stdout
            time.sleep(LOOK_AGAIN_S)

    def play_days(self, days: int) -> None:
        """Let the brand's business days pass, each until nothing is on its way any more."""
        self.faktura("day", "advance", str(days))

    def events_of(self, account_id: str) -> dict[str, list[str]]:
        """Per service, the types of the account's public events, in order."""
        found: dict[str, list[str]] = {}
        for event in self.ask("events", "list"):
            if event["account_id"] == account_id:
                found.setdefault(event["source"], []).append(event["type"])
        return found

    def mails_to(self, address: str) -> list[dict[str, Any]]:
        """What lies in the mail catcher for the address, oldest first."""
        messages = httpx.get(f"{self.address('mail')}/api/messages", trust_env=False).json()
        return [m for m in reversed(messages) if address in str(m["to"])]

    def mail_to(self, address: str, subject: str) -> dict[str, Any]:
        """Wait for a mail whose subject matches the pattern."""
        deadline = time.monotonic() + MAIL_WITHIN_S
        while True:
            mails = self.mails_to(address)
            for mail in mails:
                if re.search(subject, mail["subject"]):
                    return mail
            assert time.monotonic() < deadline, (
                f"{subject!r} not in {[m['subject'] for m in mails]}"
            )
            time.sleep(LOOK_AGAIN_S)


@contextmanager
def running_platform(
    home: Path, environment: Mapping[str, str], *, processes: int = 1
) -> Iterator[Platform]:
    """A platform with its demo for the time of the block; nothing of it is left running."""
    platform = Platform(home, environment)
    try:
        platform.faktura("up", "--detach", "--processes", str(processes))
        yield platform
    finally:
        platform.faktura("down")
