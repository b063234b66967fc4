"""`faktura day`: plays the business days of the brands."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deploy.local.installation import Installation
from deploy.local.operations import Operator, operating
from deploy.local.quiet import wait_until_quiet
from deploy.local.registry import known_brands
from deploy.local.screen import print_json, problems, screen
from deploy.local.state import CannotRun, Home

day = App(name="day", help="Business days: the dates on which the automation works.")

MOST_DAYS = 4000
DAY_WITHIN_S = 300.0


@dataclass(frozen=True)
class PlayedDay:
    """What one business day of a brand led to: how many events of each type."""

    brand: str
    day: date
    events: Mapping[str, int]
    problems: int
    """Tasks of the automation that were not done and wait for a person."""


@day.command
async def advance(days: int, *, brand: str | None = None, json: bool = False) -> int:
    """Play the next business days, one after the other, each until everything is quiet.

    Parameters
    ----------
    days
        How many days.
    brand
        Only this brand; otherwise every brand that was applied here.
    json
        Print one JSON array.
    """
    if not 1 <= days <= MOST_DAYS:
        raise CannotRun(f"Between 1 and {MOST_DAYS} days can be played.")
    installation = Installation.open(Home.find())
    rounds = [slug for _ in range(days) for slug in _brands(installation, brand)]
    async with operating(installation) as operator:
        await wait_until_quiet(operator, within_s=DAY_WITHIN_S)
        with _progress(problems if json else screen) as progress:
            played = [
                await _play_and_tell(operator, slug, tell=None if json else progress.console)
                for slug in progress.track(rounds)
            ]
    if json:
        print_json([asdict(each) | {"day": str(each.day)} for each in played])
    return 0


@day.command
async def show(*, brand: str | None = None, json: bool = False) -> int:
    """Show which day it is for each brand.

    Parameters
    ----------
    brand
        Only this brand.
    json
        Print one JSON object.
    """
    installation = Installation.open(Home.find())
    async with operating(installation) as operator:
        found = {slug: await _calendar(operator, slug) for slug in _brands(installation, brand)}
    if json:
        print_json(found)
        return 0
    for slug, known in found.items():
        running = ", running" if known["running"] else ""
        screen.print(f"[bold]{slug}[/] {known['last_finished'] or 'no day yet'}{running}")
    return 0


async def play_next_day(operator: Operator, brand: str) -> PlayedDay:
    """Starts the brand's next business day and returns when all that follows from it is done.

    The platform is to be quiet before: what the day does depends on what has arrived.
    """
    before = await operator.heads()
    known = await _calendar(operator, brand)
    next_day = date.fromisoformat(known["today"]) + timedelta(days=1)
    body = {"brand": brand, "day": str(next_day)}
    await operator.ask("billing", "POST /internal/business-days", body=body)
    await wait_until_quiet(operator, within_s=DAY_WITHIN_S)
    happened = await operator.events(after=before, upto=await operator.heads())
    counts = Counter(record.type for record in happened if record.brand == brand)
    stuck = (await _calendar(operator, brand))["problems"]
    return PlayedDay(brand, next_day, dict(sorted(counts.items())), stuck)


async def _play_and_tell(operator: Operator, brand: str, *, tell: Console | None) -> PlayedDay:
    played = await play_next_day(operator, brand)
    if tell:
        tell.print(_line(played), soft_wrap=True)
    return played


async def _calendar(operator: Operator, brand: str) -> dict[str, Any]:
    known: dict[str, Any] = await operator.ask("billing", f"GET /internal/business-days/{brand}")
    return known


def _brands(installation: Installation, brand: str | None) -> list[str]:
    known = list(known_brands(installation.home))
    if brand is not None and brand not in known:
        raise CannotRun(f"There is no brand {brand}. There are: {', '.join(known) or 'none'}.")
    if not known:
        raise CannotRun("There is no brand yet. `faktura demo load` or `faktura brand apply FILE`.")
    return [brand] if brand else known


def _progress(console: Console) -> Progress:
    return Progress(
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TextColumn("business days"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _line(played: PlayedDay) -> str:
    rest = {name: n for name, n in played.events.items() if name != "BusinessDayStarted"}
    told = ", ".join(name if n == 1 else f"{n} × {name}" for name, n in rest.items())
    stuck = f" [red]{played.problems} tasks wait for a person[/]" if played.problems else ""
    return f"[dim]{played.brand}[/] [bold]{played.day}[/] {told or '[dim]–[/]'}{stuck}"
