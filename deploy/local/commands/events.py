"""`faktura events`: the public events of the services, as everybody may see them."""

import asyncio
import json as json_format
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.text import Text

from deploy.local.installation import Installation
from deploy.local.operations import Heads, Operator, operating
from deploy.local.screen import print_json, screen
from deploy.local.state import Home
from shared.contracts import SOURCES
from shared.envelope import Record

events = App(name="events", help="List and follow the public events.")

Source = Literal["accounts", "billing", "notifications", "tickets"]
LOOKS_EVERY_S = 0.5
COLOURS = {"accounts": "cyan", "billing": "green", "notifications": "blue", "tickets": "magenta"}


@events.command(name="list")
async def list_events(*, json: bool = False) -> int:
    """All public events of all services, in the order of their instants.

    Parameters
    ----------
    json
        Print one JSON array.
    """
    async with operating(Installation.open(Home.find())) as operator:
        records = await operator.events(after={}, upto=await operator.heads())
    if json:
        print_json([summary(record) for record in records])
    else:
        _print(records)
    return 0


@events.command
async def tail(
    *,
    service: Source | None = None,
    json: bool = False,
    lines: Annotated[int, Parameter(alias="-n")] = 20,
    follow: Annotated[bool, Parameter(alias="-f")] = False,
) -> int:
    """The latest public events.

    Parameters
    ----------
    service
        Only what this service publishes.
    json
        Print one JSON object a line.
    lines
        How many events to begin with.
    follow
        Go on with what happens from now on.
    """
    sources: list[str] = [service] if service else list(SOURCES)
    async with operating(Installation.open(Home.find())) as operator:
        seen = await operator.heads()
        after = {source: _back(seen[source], lines) for source in sources}
        latest = await operator.events(after=after, upto=seen, sources=sources)
        _print(latest[-lines:], as_json=json)
        while follow:
            await asyncio.sleep(LOOKS_EVERY_S)
            seen = await _print_news(operator, seen, sources=sources, as_json=json)
    return 0


async def _print_news(
    operator: Operator, seen: Heads, *, sources: list[str], as_json: bool
) -> Heads:
    heads = await operator.heads()
    _print(await operator.events(after=seen, upto=heads, sources=sources), as_json=as_json)
    return heads


def _back(heads: dict[int, int], count: int) -> dict[int, int]:
    """Positions from which each partition alone could give `count` events."""
    return {partition: max(head - count, 0) for partition, head in heads.items()}


def summary(record: Record) -> dict[str, Any]:
    """What identifies an event, without its data."""
    return {
        "id": str(record.id),
        "source": record.source,
        "type": record.type,
        "brand": record.brand,
        "account_id": str(record.account_id) if record.account_id else None,
        "occurred_at": record.occurred_at.isoformat(),
        "partition": record.partition,
        "position": record.position,
    }


def _print(records: list[Record], *, as_json: bool = False) -> None:
    for record in records:
        if as_json:
            screen.file.write(_json_line(record))
        else:
            screen.print(_line(record), soft_wrap=True)
    screen.file.flush()


def _json_line(record: Record) -> str:
    return json_format.dumps(summary(record)) + "\n"


def _line(record: Record) -> Text:
    text = Text(f"{record.occurred_at:%Y-%m-%d %H:%M:%S} ", style="dim")
    text.append(f"{record.type:<28}", style=f"bold {COLOURS[record.source]} not dim")
    text.append(f"{record.brand:<10} ", style="default not dim")
    text.append(f"{record.account_id or '–'!s:<37}")
    return text.append(f"{record.source}/{record.partition}/{record.position}")
