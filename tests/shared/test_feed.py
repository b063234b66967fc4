"""The feed: any range of a partition, streamed, and shared by those who read the same."""

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from shared.consumers.checkpoints import START, Checkpoint, checkpoint_at
from shared.envelope import Record, event_class
from shared.feed import FETCHED_AT_ONCE, LocalFeed, RecentPages
from shared.ids import new_id
from shared.page import Page
from shared.tokens import INTERNAL
from tests.conftest import OpenDatabase
from tests.shared.kernel import CAUSE, Counter, store_on
from tests.shared.test_http import Client, client, code_of

__all__ = ["client"]

EVENTS = 1203
FIELDS = ("partition", "position", "id", "occurred_at", "data", "hash")


async def fill(client: Client) -> list[Record]:
    """One account's events, more than are fetched at once; as the database has them."""
    for _ in range(3):
        counter = Counter(id=new_id(), account_id=client.account, brand="ponto", owner="Ana")
        for _ in range(EVENTS // 3 - 1):
            counter.count(step=1)
        async with client.store.transaction(CAUSE) as tx:
            await tx.save(counter)
    feed = LocalFeed(client.store.pool, "tickets")
    [(partition, head)] = (await feed.heads()).items()
    assert head == EVENTS
    return await feed.page(partition, after=0, limit=head)


async def ask(client: Client, **params: object) -> httpx.Response:
    token = client.token(scopes=[INTERNAL])
    return await client.http.get(
        "/internal/feed",
        params={name: str(value) for name, value in params.items()},
        headers={"authorization": f"Bearer {token}"},
    )


async def test_a_range_of_any_length_is_streamed_in_order(client: Client) -> None:
    records = await fill(client)
    partition = records[0].partition
    answer = await ask(client, partition=partition, after=1, limit=10_000)
    assert answer.headers["content-type"] == "application/x-ndjson"
    read = [msgspec.json.decode(line, type=Record) for line in answer.content.splitlines()]
    assert read == records[1:]
    assert len((await ask(client, partition=partition, limit=7)).content.splitlines()) == 7
    assert (await ask(client, partition=partition, after=EVENTS)).content == b""


async def test_a_page_ends_early_where_the_database_is_lost_and_is_refused_where_it_was_lost_before(
    client: Client,
) -> None:
    records = await fill(client)
    partition, pool = records[0].partition, client.store.pool
    parts = LocalFeed(pool, "tickets").lines(partition, after=0, limit=EVENTS)
    begun = await anext(parts)
    await pool.close()
    assert [part async for part in parts] == []
    assert len(begun.splitlines()) == FETCHED_AT_ONCE
    assert (await ask(client, partition=partition)).status_code == 503


async def test_a_large_page_ends_early_and_what_is_missing_follows_on_the_next(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = await fill(client)
    line = len(msgspec.json.encode(records[0])) + 1
    for largest, expected in ((1, 1), (3 * line, 4), (700 * line, None)):
        monkeypatch.setattr("shared.feed.LARGEST_PAGE_BYTES", largest)
        answer = await ask(client, partition=records[0].partition, limit=10_000)
        count = len(answer.content.splitlines())
        assert count in ({expected} if expected else range(FETCHED_AT_ONCE + 1, EVENTS))
        assert len(answer.content) <= largest + 2 * line
        rest = await ask(client, partition=records[0].partition, after=count, limit=1)
        assert msgspec.json.decode(rest.content, type=Record) == records[count]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"partition": -1},
        {"partition": 64},
        {"partition": "x"},
        {"partition": 1, "after": -1},
        {"partition": 1, "after": 2**63},
        {"partition": 1, "after": "9" * 5000},
        {"partition": 1, "limit": 0},
        {"partition": 1, "limit": 10_001},
        {"partition": 1, "limit": "many"},
    ],
    ids=str,
)
async def test_a_range_that_cannot_be_is_refused(client: Client, params: dict[str, object]) -> None:
    assert code_of(await ask(client, **params)) == (422, "malformed_request")


async def test_a_feed_is_for_services_only(client: Client) -> None:
    answer = await client.http.get(
        "/internal/feed?partition=1", headers={"authorization": f"Bearer {client.token()}"}
    )
    assert answer.status_code == 403


class CountedFeed(LocalFeed):
    """How often the log itself was read."""

    reads = 0

    async def page(self, partition: int, *, after: int, limit: int = 100) -> list[Record]:
        self.reads += 1
        return await super().page(partition, after=after, limit=limit)


async def test_what_several_consumers_read_is_read_once(database: OpenDatabase) -> None:
    store = store_on((await database("kernel")).pool)
    counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
    for _ in range(9):
        counter.count(step=1)
    async with store.transaction(CAUSE) as tx:
        await tx.save(counter)
    log = CountedFeed(store.pool, "tickets")
    feed = RecentPages(log)
    [partition] = await feed.heads()
    first = await feed.page(partition, after=0, limit=6)
    assert [record.position for record in first] == [1, 2, 3, 4, 5, 6]
    again = await feed.page(partition, after=2, limit=3)
    assert [id(record) for record in again] == [id(record) for record in first[2:5]]
    assert log.reads == 1
    rest = await feed.page(partition, after=6, limit=100)
    assert [record.position for record in rest] == [7, 8, 9, 10]
    assert log.reads == 2
    assert not await feed.page(partition, after=10, limit=5)


async def test_each_consumer_finds_what_was_altered_in_a_page_that_others_have_looked_at(
    database: OpenDatabase,
) -> None:
    store = store_on((await database("kernel")).pool)
    counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
    for _ in range(5):
        counter.count(step=1)
    async with store.transaction(CAUSE) as tx:
        await tx.save(counter)
    feed = RecentPages(LocalFeed(store.pool, "tickets"))
    [partition] = await feed.heads()
    page = await feed.page(partition, after=0)
    altered = Page([*page[:4], replace(page[4], data=page[4].data + " "), *page[5:]])
    after_two = checkpoint_at(page[1])
    for _ in range(2):
        assert START.followed_by(page) == len(page) == 6
        assert START.followed_by(altered) == 4
        assert after_two.followed_by(altered) == 0
        assert after_two.followed_by(altered[2:]) == 2
        assert Checkpoint(0, bytes(31) + b"x").followed_by(page) == 0
    assert page.classes == {event_class(record) for record in page}
