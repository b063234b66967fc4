"""Builds views of a service anew and swaps them in: `python -m deploy.rebuild SERVICE [VIEW ...]`.

Without a view, all of them, one after the other. The platform is up; it serves on meanwhile.
FAKTURA_OWNER_DATABASE_URL owns the tables, the role of FAKTURA_DATABASE_URL may use them; the other
FAKTURA_ variables are the service's own.
"""

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.consumers import View
from shared.database import open_pool
from shared.errors import DomainError
from shared.feed import Feed, LocalFeed, RemoteFeed
from shared.logs import start_logs
from shared.peers import Peers
from shared.rebuild import Site, rebuild
from shared.remote_keyring import RemoteKeyring
from shared.settings import Settings
from shared.tokens import Signer

NO_SUCH_VIEW = 2


async def rebuild_views(service: str, names: Sequence[str], *, console: Console) -> int:
    """Rebuild the named views, or all; the exit code."""
    views: Sequence[View] = importlib.import_module(f"services.{service}.app").VIEWS
    unknown = set(names) - {view.name for view in views}
    if unknown:
        known = ", ".join(view.name for view in views)
        console.print(f"{service} has no view {', '.join(sorted(unknown))}. It has: {known}.")
        return NO_SUCH_VIEW
    settings = Settings()
    owner_url = os.environ["FAKTURA_OWNER_DATABASE_URL"]
    peers = Peers(settings.peers, Signer(service, settings.signing_key))
    pool = await open_pool(owner_url, size=4)
    sources = {source for view in views for source in view.sources}
    feeds: dict[str, Feed] = {source: RemoteFeed(peers, source) for source in sources}
    if service in feeds:
        feeds[service] = LocalFeed(pool, service)
    site = Site(
        service=service,
        owner_url=owner_url,
        role=urlsplit(settings.database_url.get_secret_value()).username or "",
        feeds=feeds,
        keyring=RemoteKeyring(peers),
    )
    try:
        for view in views:
            if view.name in names or not names:
                await _rebuild(view, site, console=console)
    except DomainError as error:
        console.print(f"{error.code}: {error.message} {error.facts}", style="red", markup=False)
        return 1
    finally:
        await peers.close()
        await pool.close()
    return 0


async def _rebuild(view: View, site: Site, *, console: Console) -> None:
    with Progress(
        TextColumn(f"{site.service} {view.name}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TextColumn("events"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        events = await rebuild(view, site, progress=_shown_by(bar))
        took = bar.tasks[0].elapsed or 0.0
    console.print(
        f"[green]✓[/] {site.service} {view.name}: {events:,} events in {took:.1f} s, swapped in"
    )


def _shown_by(bar: Progress) -> Callable[[int, int], None]:
    task = bar.add_task("rebuild", total=None)

    def show(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return show


if __name__ == "__main__":
    start_logs(sys.argv[1], "ERROR")
    sys.exit(
        asyncio.run(rebuild_views(sys.argv[1], sys.argv[2:], console=Console(highlight=False)))
    )
