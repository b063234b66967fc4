"""The workshop: papers are made beside the event loop, within bounds, whatever happens to one."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.billing.documents.typesetting import typeset
from services.billing.documents.workshop import DocumentNotMade, DocumentsBusy, Workshop
from tests.billing.papers import boleto_paper, invoice_paper, line, receipt_paper

STUCK = (sys.executable, "-c", "import sys; sys.stdin.buffer.read()")
"""A worker that takes a paper and never gives it back."""


@asynccontextmanager
async def opened(**says: Any) -> AsyncIterator[Workshop]:
    workshop = Workshop(**says)
    try:
        yield workshop
    finally:
        await workshop.close()


async def test_papers_of_every_kind_come_as_they_are_typeset() -> None:
    async with opened() as workshop:
        for paper in (invoice_paper("pl"), receipt_paper("ru"), boleto_paper()):
            assert await workshop.typeset(paper) == typeset(paper)


async def test_the_event_loop_goes_on_while_papers_are_made() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with opened() as workshop:
        counting = asyncio.create_task(count())
        await workshop.typeset(invoice_paper())
        counting.cancel()
    assert turns > 100


async def test_more_papers_than_may_wait_are_refused_at_once() -> None:
    async with opened(workers=1, most_waiting=1, within_s=1.0, command=STUCK) as workshop:
        waiting = [asyncio.create_task(workshop.typeset(invoice_paper())) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(DocumentsBusy):
            await workshop.typeset(invoice_paper())
        for refusal in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(refusal, DocumentNotMade)


async def test_a_worker_that_takes_too_long_is_ended_and_replaced() -> None:
    async with opened(workers=1, within_s=0.5, command=STUCK) as workshop:
        with pytest.raises(DocumentNotMade):
            await workshop.typeset(invoice_paper())
        assert workshop._idle == []
        workshop._command, workshop._within_s = Workshop()._command, 30.0
        assert (await workshop.typeset(invoice_paper())).startswith(b"%PDF")


async def test_a_worker_that_was_killed_is_replaced_by_the_next_one() -> None:
    async with opened(workers=1) as workshop:
        paper = invoice_paper()
        first = await workshop.typeset(paper)
        (worker,) = workshop._idle
        os.kill(worker.pid, signal.SIGKILL)
        await worker.wait()
        assert await workshop.typeset(paper) == first


async def test_a_worker_knows_no_secret_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKTURA_GATEWAY_KEY", "a-key-of-the-gateway")
    async with opened(workers=1) as workshop:
        await workshop.typeset(invoice_paper())
        (worker,) = workshop._idle
        with open(f"/proc/{worker.pid}/environ", "rb") as environment:  # noqa: PTH123
            assert b"FAKTURA" not in environment.read()


async def test_no_worker_is_left_when_the_workshop_closes() -> None:
    async with opened(workers=2) as workshop:
        papers = [invoice_paper(number=f"N-{number}") for number in range(4)]
        pdfs = await asyncio.gather(*(workshop.typeset(paper) for paper in papers))
        assert len({*pdfs}) == 4
        workers = list(workshop._idle)
        assert 1 <= len(workers) <= 2
    assert all(worker.returncode is not None for worker in workers)


async def test_a77_five_hundred_papers_at_once_are_a_queue_and_refusals() -> None:
    async with opened(most_waiting=20, within_s=60.0) as workshop:
        papers = [invoice_paper(number=f"N-{number}") for number in range(500)]
        answers = await asyncio.gather(
            *(workshop.typeset(paper) for paper in papers), return_exceptions=True
        )
    made = [answer for answer in answers if isinstance(answer, bytes)]
    refused = [answer for answer in answers if isinstance(answer, DocumentsBusy)]
    assert (len(made), len(refused)) == (22, 478)


async def test_a77_a_paper_of_ten_thousand_lines_is_made_or_refused_in_time() -> None:
    lines = tuple(line(100 + number, f"Line {number}") for number in range(10_000))
    async with opened(workers=2, within_s=5.0) as workshop:
        large = asyncio.create_task(workshop.typeset(invoice_paper(lines=lines)))
        small = await workshop.typeset(invoice_paper())
        assert small.startswith(b"%PDF"), "another one is made meanwhile"
        (answer,) = await asyncio.gather(large, return_exceptions=True)
        assert isinstance(answer, bytes | DocumentNotMade)
        workshop._within_s = 60.0
        assert await workshop.typeset(invoice_paper()) == small, "and afterwards"
