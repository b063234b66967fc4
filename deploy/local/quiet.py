"""Quiet: nothing that has happened is still on its way anywhere."""

import asyncio
import time
from typing import Any

from deploy.local.operations import Operator
from deploy.local.state import CannotRun

LOOKS_EVERY_S = 0.1
IN_A_ROW = 2


async def wait_until_quiet(operator: Operator, *, within_s: float = 60.0) -> None:
    """Returns when the platform is quiet twice in a row.

    Quiet: every event is published and consumed, no effect is pending, no business day runs, no
    request to the panel is open, no webhook of the gateway is undelivered. What is parked waits for
    a person and does not count. Raises `CannotRun` with what is still on its way when time is up.
    """
    until = time.monotonic() + within_s
    times = 0
    while times < IN_A_ROW:
        unrest = await _restlessness_or_silence(operator)
        times = 0 if unrest else times + 1
        if unrest and time.monotonic() > until:
            raise CannotRun(f"Not quiet within {within_s:.0f} s: {'; '.join(unrest)}")
        await asyncio.sleep(LOOKS_EVERY_S)


async def _restlessness_or_silence(operator: Operator) -> list[str]:
    """A program that does not answer is being started again, or the time will run out."""
    try:
        return await restlessness(operator)
    except CannotRun as silence:
        return [str(silence)]


async def restlessness(operator: Operator) -> list[str]:
    """What is on its way now, in words; empty when the platform is quiet."""
    gateway, panel, statuses = await asyncio.gather(
        operator.ask_sandbox("gateway", "GET /v1/deliveries?open=1"),
        operator.ask_sandbox("panel", "GET /api/requests?open=1"),
        operator.statuses(),
    )
    unrest = [reason for status in statuses.values() for reason in unrest_of(status)]
    if gateway["open"]:
        unrest.append(f"gateway: {gateway['open']} webhooks undelivered")
    if panel["open"]:
        unrest.append(f"panel: {panel['open']} requests open")
    return unrest


def unrest_of(status: dict[str, Any]) -> list[str]:
    """What one service still has to do, by its status.

    >>> unrest_of({"service": "billing", "unpublished": 2, "consumers": [],
    ...            "effects": {"pending": 0}, "business": {}})
    ['billing: 2 events unpublished']
    """
    service = status["service"]
    unrest = []
    if status["unpublished"]:
        unrest.append(f"{service}: {status['unpublished']} events unpublished")
    unrest += [
        f"{service}: {consumer['name']} is {consumer['lag']} behind"
        for consumer in status["consumers"]
        if consumer["lag"] != 0
    ]
    if status["effects"]["pending"]:
        unrest.append(f"{service}: {status['effects']['pending']} effects pending")
    if status["business"].get("running"):
        unrest.append(f"{service}: a business day runs")
    return unrest
