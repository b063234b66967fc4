"""Loops that outlive their errors."""

import asyncio

from shared.wakeup import Wakeup, run_forever, together


async def test_work_is_run_again_after_one_of_its_parts_failed() -> None:
    begun = Wakeup()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("gone")

    async def work() -> None:
        begun.call()
        if begun.count < 3:
            await together(fail(), asyncio.Event().wait())
        await asyncio.Event().wait()

    loop = asyncio.create_task(run_forever("test", work))
    async with asyncio.timeout(10):
        while begun.count < 3:
            await begun.wait_after(begun.count, timeout_s=10)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


async def test_when_one_part_fails_the_others_have_ended_before_it_raises() -> None:
    ended: list[str] = []

    async def fail() -> None:
        raise OSError("gone")

    async def go_on() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("the other")

    try:
        await together(go_on(), fail())
    except OSError:
        assert ended == ["the other"]
