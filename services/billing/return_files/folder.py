"""The folder into which a bank's transfer program puts return files: `<folder>/<brand>/<file>`.

What is taken goes to `taken/`, what cannot be one to `refused/`, beside a text that says why. A
file is left alone until it has not grown for a while; a kill between keeping and moving it is
harmless, as the same bytes are kept once.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from services.billing.return_files.return_file import (
    LARGEST_BYTES,
    Received,
    ReturnFileTooLarge,
    keep_return_file,
)
from shared.clock import unix_now
from shared.errors import DomainError, Unavailable
from shared.ids import new_id
from shared.store import EventStore

LOOKS_EVERY_S = 5
QUIET_FOR_S = 2
TAKEN, REFUSED = "taken", "refused"
ACTOR = "automation:return_folder"

log = structlog.get_logger()


@dataclass(frozen=True)
class _Found:
    brand: str
    path: Path


class ReturnFolder:
    """Watches one folder for the files of all brands."""

    def __init__(self, folder: Path, *, store: EventStore, news: Callable[[], None]) -> None:
        self._folder = folder
        self._store = store
        self._news = news

    async def run(self) -> None:
        """Look for as long as the service runs."""
        while True:
            await self.take_all()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def take_all(self) -> int:
        """Take every file that lies there quietly; how many those were."""
        found = await asyncio.to_thread(lambda: list(self._lying()))
        for each in found:
            await self._take(each)
        return len(found)

    def _lying(self) -> Iterator[_Found]:
        still_before = unix_now() - QUIET_FOR_S
        for path in sorted(self._folder.glob("*/*")):
            is_ready = path.is_file() and not path.is_symlink() and not path.name.startswith(".")
            if is_ready and path.stat().st_mtime <= still_before:
                yield _Found(path.parent.name, path)

    async def _take(self, found: _Found) -> None:
        try:
            body = await asyncio.to_thread(_bytes_of, found.path)
            received = Received(
                brand=found.brand, name=found.path.name, body=body, received_by=ACTOR
            )
            await keep_return_file(received, self._store)
        except Unavailable:
            raise
        except DomainError as refusal:
            log.warning("return file refused", name=found.path.name, code=refusal.code)
            await asyncio.to_thread(_move, found.path, to=REFUSED, reason=_reason(refusal))
            return
        await asyncio.to_thread(_move, found.path, to=TAKEN)
        self._news()


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        body = stream.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        raise ReturnFileTooLarge(bytes=len(body))
    return body


def _move(path: Path, *, to: str, reason: str = "") -> None:
    folder = path.parent / to
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    if target.exists():
        target = folder / f"{path.stem}.{new_id()}{path.suffix}"
    path.rename(target)
    if reason:
        target.with_name(target.name + ".why.txt").write_text(reason + "\n", "utf-8")


def _reason(refusal: DomainError) -> str:
    facts = ", ".join(f"{name}: {value}" for name, value in refusal.facts.items())
    return f"{refusal.message} {facts}".strip()
