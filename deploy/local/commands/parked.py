"""`faktura parked`: what could not be applied or done, and what a person decides about it."""

import getpass
from typing import Any, Literal

from cyclopts import App
from rich.table import Table

from deploy.local.installation import Installation
from deploy.local.keys import SERVICES
from deploy.local.operations import operating
from deploy.local.screen import print_json, screen
from deploy.local.state import CannotRun, Home

parked = App(name="parked", help="Events and effects that wait for a person.")

Kind = Literal["event", "effect"]


@parked.command(name="list")
async def show(*, json: bool = False) -> int:
    """Show what is parked in every service. Exit 1: something is.

    Parameters
    ----------
    json
        Print one JSON array.
    """
    found = await _all_parked(Installation.open(Home.find()))
    if json:
        print_json(found)
    elif found:
        screen.print(_table(found))
    else:
        screen.print("[green]Nothing is parked.[/]")
    return 1 if found else 0


@parked.command
async def retry(id: str, *, consumer: str | None = None) -> int:
    """Try one again now.

    Parameters
    ----------
    id
        The id that `faktura parked list` shows.
    consumer
        Which of several consumers that could not apply the same event.
    """
    await _decide("retry", id, consumer=consumer)
    screen.print("It is tried again now.")
    return 0


@parked.command
async def skip(id: str, reason: str, *, consumer: str | None = None) -> int:
    """Go on without one, for good; the reason is kept for ever.

    Parameters
    ----------
    id
        The id that `faktura parked list` shows.
    reason
        Why, in 3 to 500 characters.
    consumer
        Which of several consumers that could not apply the same event.
    """
    await _decide("skip", id, consumer=consumer, reason=reason)
    screen.print("It is left out; what waited behind it goes on.")
    return 0


async def _all_parked(installation: Installation) -> list[dict[str, Any]]:
    async with operating(installation) as operator:
        return [
            {"service": service, **each}
            for service in SERVICES
            for each in await operator.ask(service, "GET /internal/parked?limit=1000")
        ]


async def _decide(
    verdict: Literal["retry", "skip"], id: str, *, consumer: str | None, reason: str | None = None
) -> None:
    installation = Installation.open(Home.find())
    known = [
        each
        for each in await _all_parked(installation)
        if each["id"] == id and consumer in (None, each["consumer"])
    ]
    if not known:
        raise CannotRun(f"Nothing with the id {id} is parked.")
    if len(known) > 1:
        names = ", ".join(each["consumer"] for each in known)
        raise CannotRun(f"It is parked in several consumers; say --consumer: {names}.")
    (found,) = known
    body = {name: found[name] for name in ("kind", "consumer", "id")}
    body |= {"who": f"operator {getpass.getuser()}"} | ({"reason": reason} if reason else {})
    async with operating(installation) as operator:
        await operator.ask(found["service"], f"POST /internal/parked/{verdict}", body=body)


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("service", "consumer", "what", "id", "waiting", "tries", "error")
    for each in found:
        told = (each["service"], each["consumer"], each["type"], each["id"])
        table.add_row(*told, str(each["waiting"]), str(each["tries"]), (each["error"] or "")[:200])
    return table
