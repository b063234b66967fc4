"""Typesetting beside the event loop: a few processes, a short queue, a time limit.

A process works at one paper at a time. One that takes too long, or dies, is ended and another takes
its place, so that no paper can stand in the way of the others.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import structlog

from services.billing.documents.jobs import LARGEST_BYTES, LENGTH, job_of
from services.billing.documents.paper import Paper
from shared.errors import Unavailable

WORKERS = 2
MOST_WAITING = 64
WITHIN_S = 15.0
COMMAND = (sys.executable, "-m", "services.billing.documents.worker")
ENVIRONMENT = {"PYTHONUTF8": "1"}
"""All that a worker is told: the service's secrets are none of its business."""

log = structlog.get_logger()


class DocumentsBusy(Unavailable):
    """Too many documents are being made just now; ask again in a moment."""


class DocumentNotMade(Unavailable):
    """The document could not be made in time; ask again in a moment."""


class Workshop:
    """`workers` processes, started when they are first needed.

    `most_waiting` papers may wait for them; one has `within_s` seconds, waiting included.
    """

    def __init__(
        self,
        *,
        workers: int = WORKERS,
        most_waiting: int = MOST_WAITING,
        within_s: float = WITHIN_S,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._places = asyncio.Semaphore(workers)
        self._most_at_once = workers + most_waiting
        self._at_once = 0
        self._within_s = within_s
        self._command = command
        self._idle: list[Process] = []

    async def typeset(self, paper: Paper, *, attachment: str = "") -> bytes:
        """The PDF of a paper. Errors: DocumentsBusy at once, DocumentNotMade in the end.

        `attachment`: the electronic invoice in XML that makes it a Factur-X.
        """
        if self._at_once >= self._most_at_once:
            raise DocumentsBusy(waiting=self._at_once)
        self._at_once += 1
        try:
            async with asyncio.timeout(self._within_s), self._places:
                return await self._made(job_of(paper, attachment))
        except TimeoutError as error:
            raise DocumentNotMade(within_s=self._within_s) from error
        finally:
            self._at_once -= 1

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def _made(self, job: bytes) -> bytes:
        worker = await self._worker()
        try:
            pdf = await _exchange(worker, job)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await _end(worker)
            log.error("document_worker_died", returncode=worker.returncode)
            raise DocumentNotMade() from error
        except asyncio.CancelledError:
            await _end(worker)
            raise
        self._idle.append(worker)
        return pdf

    async def _worker(self) -> Process:
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, env=ENVIRONMENT
        )


async def _exchange(worker: Process, job: bytes) -> bytes:
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(LENGTH.pack(len(job)) + job)
    await worker.stdin.drain()
    (length,) = LENGTH.unpack(await worker.stdout.readexactly(LENGTH.size))
    assert length <= LARGEST_BYTES
    return await worker.stdout.readexactly(length)


async def _end(worker: Process) -> None:
    if worker.returncode is None:
        worker.kill()
    await worker.wait()
