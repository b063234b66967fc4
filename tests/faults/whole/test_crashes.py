"""A process dies at the worst moment: at each crash point, and before and after a commit."""

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from shared.crash import CRASH_POINTS, CrashPoint
from tests.conftest import wait_until
from tests.faults.asking import Asker, Wish
from tests.faults.books import Books, Person
from tests.faults.invariants import check_invariants
from tests.faults.stand import Stand
from tests.faults.traffic import traffic, under_load

pytestmark = pytest.mark.timeout(240)

DIES_WITHIN_S = 30
SERVICES_OF: dict[str, tuple[str, ...]] = {
    "command": ("billing", "tickets", "accounts"),
    "relay": ("billing", "tickets", "notifications"),
    "consumer": ("portal", "billing", "notifications"),
    "effect": ("notifications", "billing"),
}
"""By the first word of a point: the services that come by it."""
ONE_OF_EACH_KIND: tuple[CrashPoint, ...] = (
    "command.before_commit",
    "relay.after_publish",
    "consumer.before_commit",
    "effect.after_perform",
)


async def test_f01_a_command_that_died_before_its_commit_works_once_when_it_is_asked_again(
    stand: Stand, books: Books
) -> None:
    async with traffic(stand, books, seed=101, people=1):
        answer, was_replayed = await _order_across_a_crash(stand, books, "command.before_commit")
    assert answer.status_code == 201
    assert not was_replayed
    await check_invariants(stand, books)


async def test_f02_a_command_that_died_after_its_commit_answers_as_it_would_have(
    stand: Stand, books: Books
) -> None:
    async with traffic(stand, books, seed=102, people=1):
        answer, was_replayed = await _order_across_a_crash(stand, books, "command.after_commit")
    assert answer.status_code == 201
    assert was_replayed
    await check_invariants(stand, books)


async def _order_across_a_crash(
    stand: Stand, books: Books, point: CrashPoint
) -> tuple[httpx.Response, bool]:
    """Order once while billing is to die there, then until there is an answer."""
    asker = Asker(stand.installation, books)
    person = await settled(books)
    path = "billing/v1/orders"
    wish = Wish(name="order", path=path, body=await order_body(asker), key=str(uuid4()))
    armed = stand.arm("billing", point)
    while armed.exists():
        assert await asker.once(wish, person) is None, "billing was to die"
    answer = await asker.definite(wish, person)
    await asker.close()
    note_order(books, person, answer)
    return answer, "idempotency-replayed" in answer.headers


async def settled(books: Books) -> Person:
    """A client of the crowd who has signed in: the one with the fewest orders."""

    async def has_settled() -> bool:
        return any(person.account_id for person in books.people)

    await wait_until(has_settled, within_s=DIES_WITHIN_S)
    able = [person for person in books.people if person.account_id]
    return min(able, key=lambda person: len(person.orders))


async def order_body(asker: Asker) -> dict[str, str]:
    """What a client sends to order the first product."""
    wish = Wish(name="products", method="GET", path="billing/v1/products?brand=ponto")
    products = (await asker.definite(wish)).json()
    domain = f"{uuid4().hex[:12]}.com.br"
    return {"product_id": products[0]["product_id"], "cycle": "monthly", "domain": domain}


def note_order(books: Books, person: Person, answer: httpx.Response) -> None:
    """Write down what an accepted order promised."""
    made = answer.json()
    books.accepted["order"] += 1
    books.promise("OrderPlaced", order_id=made["order_id"])
    books.promise("ServiceOrdered", service_id=made["service_id"])
    books.promise("InvoiceIssued", invoice_id=made["invoice_id"])
    person.orders.append(made["order_id"])
    person.invoices.append(made["invoice_id"])


@pytest.mark.parametrize(
    ("seed", "points"),
    [(103, ONE_OF_EACH_KIND), pytest.param(104, CRASH_POINTS, marks=pytest.mark.long)],
    ids=["one of each kind", "all"],
)
async def test_a_process_may_die_at_a_crash_point_and_nothing_is_lost_or_done_twice(
    stand: Stand, books: Books, seed: int, points: Sequence[CrashPoint]
) -> None:
    dice = random.Random(seed)
    async with under_load(stand, books, seed=seed) as crowd:
        waiting: dict[str, list[CrashPoint]] = {"billing": [], "portal": [], "notifications": []}
        for point in points:
            able = [s for s in SERVICES_OF[point.partition(".")[0]] if s in waiting]
            service = min(able, key=lambda name: (len(waiting[name]), dice.random()))
            waiting[service].append(point)
        await asyncio.gather(*(_die_at_each(stand, s, points) for s, points in waiting.items()))
        await crowd.last(1)


async def _die_at_each(stand: Stand, service: str, points: list[CrashPoint]) -> None:
    """One death after the other; each begins when the service has come back from the last."""
    for point in points:
        armed = stand.arm(service, point)
        before = stand.pid(service)
        await wait_until(partial(_has_died, stand, armed, before), within_s=DIES_WITHIN_S)
        await stand.until_back(service)


async def _has_died(stand: Stand, armed: Path, before: int | None) -> bool:
    pid = stand.pid(armed.name.partition(".")[0])
    return not armed.exists() and pid not in (None, before)
