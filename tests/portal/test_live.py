"""Live updates: told of what changed after the page was made, and of nothing else."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager

import httpx
import pytest

from services.portal.browser.refusals import TooManyStreams
from services.portal.live.hub import STREAMS_PER_USER, LiveHub, account_topic, brand_topic
from shared.http.app import DRAIN_S, DrainingServer, server_settings
from shared.ids import new_id
from tests.portal.house import CLIENT, STAFF, STRANGER, House
from tests.portal.neighbours import listening
from tests.portal.world import BRAND, HOST, World, normal
from tests.servers import free_port


async def test_a_change_after_the_mark_is_told_even_if_nobody_listened_yet() -> None:
    hub, world = LiveHub(), World()
    topic, mark = account_topic(world.account_id), hub.mark
    hub.note("any", world.register().envelopes)
    assert hub.has_changed(topic, mark)
    assert not hub.has_changed(topic, hub.mark)
    assert not hub.has_changed(account_topic(new_id()), mark)
    assert hub.has_changed(brand_topic(BRAND), mark)
    async with asyncio.timeout(5):
        assert await anext(hub.changes(topic, mark)) == hub.mark


@pytest.mark.parametrize("mark", ["", "nonsense", "00000000-1"])
async def test_a_mark_of_another_process_counts_as_too_old(mark: str) -> None:
    assert LiveHub().has_changed("account/x", mark)


async def test_changes_wake_a_listener_of_that_account_only() -> None:
    hub, one, other = LiveHub(), World(), World()
    changes = hub.changes(account_topic(one.account_id), hub.mark)
    told = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    hub.note("any", other.register().envelopes)
    hub.note("any", one.register().envelopes)
    async with asyncio.timeout(5):
        assert await told == hub.mark


async def test_a_user_has_at_most_five_streams() -> None:
    hub, user_id = LiveHub(), new_id()
    for _ in range(2 * STREAMS_PER_USER):
        with hub.stream_of(user_id):
            pass
    with ExitStack() as open_streams:
        for _ in range(STREAMS_PER_USER):
            open_streams.enter_context(hub.stream_of(user_id))
        with pytest.raises(TooManyStreams):
            open_streams.enter_context(hub.stream_of(user_id))


@asynccontextmanager
async def stream(
    house: House, port: int, session: str, path: str = "/live"
) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a live stream, from a page that is made at this moment."""
    headers = {"Cookie": f"sid={session}", "Host": HOST, "Sec-Fetch-Site": "same-origin"}
    address = f"http://127.0.0.1:{port}{path}?after={house.desk.hub.mark}"
    async with (
        asyncio.timeout(10),
        httpx.AsyncClient() as browser,
        browser.stream("GET", address, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield aiter(answer.aiter_lines())


async def next_event(lines: AsyncIterator[str]) -> str:
    async for line in lines:
        if line.startswith("event:"):
            return line.removeprefix("event:").strip()
    raise AssertionError("the stream ended")


@pytest.mark.parametrize(("session", "path"), [(CLIENT, "/live"), (STAFF, "/ops/live")])
async def test_a_page_hears_that_its_account_or_brand_has_changed(
    house: House, session: str, path: str
) -> None:
    world = await house.tell(normal())
    port = free_port()
    async with listening(house.app, port), stream(house, port, session, path) as lines:
        assert await anext(lines) == "retry: 2000"
        before = len(world.envelopes)
        world.ticket("Outra pergunta")
        await house.feed(world.envelopes[before:])
        assert await next_event(lines) == "changed"


@pytest.fixture
def outlives_sigterm() -> Iterator[None]:
    """When the server has ended, it gives the signal on to whoever started it: to the test."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("outlives_sigterm")
async def test_an_open_page_does_not_hold_up_a_portal_that_is_told_to_stop(house: House) -> None:
    await house.tell(normal())
    port = free_port()
    settings = server_settings(house.app)
    settings.lifespan = "off"
    server = DrainingServer(settings, drain=house.service.drain)
    serving = asyncio.create_task(server.serve([socket.create_server(("127.0.0.1", port))]))
    async with stream(house, port, CLIENT) as lines:
        assert await anext(lines) == "retry: 2000"
        async with asyncio.timeout(DRAIN_S / 3):
            signal.raise_signal(signal.SIGTERM)
            assert not any([line async for line in lines])
    async with asyncio.timeout(DRAIN_S / 3):
        await serving


async def test_a_stranger_hears_nothing_of_it(house: House) -> None:
    world = await house.tell(normal())
    hub, before = house.desk.hub, len(world.envelopes)
    stranger = house.neighbours.sessions[STRANGER]["account_id"]
    mark = hub.mark
    world.ticket("Outra pergunta")
    await house.feed(world.envelopes[before:])
    assert not hub.has_changed(f"account/{stranger}", mark)


@pytest.mark.parametrize(
    ("session", "path", "headers", "status"),
    [
        ("", "/live", {}, 401),
        (STAFF, "/live", {}, 401),
        (CLIENT, "/ops/live", {}, 404),
        (CLIENT, "/live", {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_who_may_not_listen_is_refused(
    house: House, session: str, path: str, headers: dict[str, str], status: int
) -> None:
    await house.tell(normal())
    async with house.browser(session) as browser:
        answer = await browser.get(path, headers=headers)
    assert answer.status_code == status


async def test_a_page_says_where_it_listens_and_what_it_fetches_again(house: House) -> None:
    await house.tell(normal())
    async with house.browser(CLIENT) as browser:
        page = (await browser.get("/invoices?status=open")).text
    assert f'hx-sse:connect="/live?after={house.desk.hub.mark}"' in page
    assert 'hx-get="/invoices?status=open"' in page
