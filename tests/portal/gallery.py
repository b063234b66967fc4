"""Every page of the portal in every state, size and theme, as pictures in artefacts/portal/.

.venv/bin/python -m tests.portal.gallery [part of a name ...]
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import asyncpg
from playwright.async_api import Browser, BrowserContext, async_playwright

from shared.database import open_pool
from shared.ids import new_id
from shared.migrate import migrate_service
from tests.conftest import PROJECT, Database, views_of
from tests.portal.house import CLIENT, STAFF, House, open_house
from tests.portal.neighbours import listening
from tests.portal.pages_known import Shown, pages_of
from tests.portal.world import HOST, STATES
from tests.servers import PASSWORD, Postgres, free_port, running_postgres

CHROMIUM = "/usr/bin/chromium"
FOLDER = PROJECT / "artefacts" / "portal"
SIZES = {"wide": (1280, 800), "phone": (390, 844)}
COOKIES = {"client": CLIENT, "staff": STAFF, "visitor": ""}


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    size: str
    theme: str
    language: str = "pt-BR"


LOOKS = [Look("wide", "light"), Look("phone", "light"), Look("phone", "dark"), Look("wide", "dark")]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def looking(
    browser: Browser, port: int, *, who: str, look: Look, cart: str = ""
) -> AsyncIterator[BrowserContext]:
    """A fresh browser of that size, signed in as `who`."""
    width, height = SIZES[look.size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if look.theme == "dark" else "light",
    )
    cookies = {"sid": COOKIES[who], "language": look.language, "cart": cart}
    await context.add_cookies(
        [{"name": n, "value": v, "url": f"http://{HOST}:{port}"} for n, v in cookies.items() if v]
    )
    yield context
    await context.close()


async def picture(house: House, browser: Browser, *, port: int, wanted: Sequence[str]) -> None:
    """Take the pictures whose names have any of the wanted parts."""
    for state, story in STATES.items():
        await clear(house)
        world = await house.tell(story())
        for page, look in product(pages_of(house, world, state), LOOKS):
            name = f"{page.name}-{state}-{look.size}-{look.theme}"
            if not wanted or any(part in name for part in wanted):
                await _take(browser, port, page=page, look=look, name=name)


async def _take(browser: Browser, port: int, *, page: Shown, look: Look, name: str) -> None:
    async with looking(browser, port, who=page.who, look=look, cart=page.cart) as context:
        tab = await context.new_page()
        tab.on("console", lambda message: print(name, message.text))  # noqa: T201
        await tab.goto(f"http://{HOST}:{port}{page.path}", wait_until="load")
        if page.send:
            await tab.click(page.send)
            await tab.wait_for_load_state("load")
        height = await tab.evaluate("document.documentElement.scrollHeight")
        await tab.set_viewport_size({"width": SIZES[look.size][0], "height": min(height, 4000)})
        await tab.screenshot(path=FOLDER / f"{name}.png")


async def clear(house: House) -> None:
    """Forget every story."""
    tables = await house.pool.fetch(
        "select schemaname || '.' || tablename as name from pg_tables where schemaname like 'view%'"
    )
    for table in tables:
        await house.pool.execute(f"delete from {table['name']}")


async def portal_database(postgres: Postgres) -> Database:
    """A migrated database of the portal."""
    name = f"gallery_{new_id().hex}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"create role portal_app login password '{PASSWORD}'")
    await admin.execute(f"create database {name}")
    await admin.close()
    views, url = views_of("portal"), postgres.url(name, "portal_app")
    migrations = PROJECT / "services" / "portal" / "migrations"
    await migrate_service(migrations, views, owner_url=postgres.url(name), role="portal_app")
    pool = await open_pool(url, size=4, schemas=[view.schema for view in views])
    return Database(url, postgres.url(name), pool)


async def take_all(postgres: Postgres, wanted: Sequence[str]) -> None:
    """Everything from the empty database to the pictures."""
    port = free_port()
    database = await portal_database(postgres)
    async with (
        open_house(database, port=port) as house,
        listening(house.app, port),
        chromium() as browser,
    ):
        await picture(house, browser, port=port, wanted=wanted)
    await database.pool.close()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_postgres(Path(folder)) as server:
        asyncio.run(take_all(server, sys.argv[1:]))
