"""What tickets keeps: lists, threads, and what it must know of brands and clients."""

from uuid import UUID

import pytest

from services.tickets.app import VIEWS
from services.tickets.clients.lookups import (
    ClientNotKnownYet,
    ServiceUnknown,
    check_own_service,
    name_of,
)
from services.tickets.clients.views import apply_client_name, apply_held_service
from services.tickets.departments.lookups import departments_of, signature_of
from services.tickets.departments.views import apply as apply_department
from services.tickets.tickets.lookups import messages_of, ticket_entry
from services.tickets.tickets.views import apply_list, apply_thread
from shared.consumers import View
from shared.contracts import accounts, events_of, tickets
from tests.conftest import OpenDatabase
from tests.feeding import feed
from tests.tickets.desk import (
    PERSONAL,
    account_opened,
    brand_configured,
    envelope_of,
    service_ordered,
)

ACCOUNT, OTHER, TICKET, SERVICE = (UUID(int=n) for n in range(1, 5))
OPENED = tickets.TicketOpened(
    ticket_id=TICKET,
    number="T-000001",
    department="support",
    priority="low",
    service_id=SERVICE,
    author="Ana",
    subject="Slow",
    message="Since today.",
)


async def test_departments_are_those_of_the_brands_present_settings(database: OpenDatabase) -> None:
    async with (await database("tickets")).pool.acquire() as db:
        assert await signature_of(db, "ponto") == "ponto"
        await feed(db, apply_department, envelope_of(brand_configured("sales", "abuse")))
        for _ in range(2):
            settings = brand_configured("support", "sales", sender="Ponto")
            await feed(db, apply_department, envelope_of(settings))
        await feed(db, apply_department, envelope_of(brand_configured("other"), brand="vela"))
        found = await departments_of(db, "ponto")
        assert [(department.id, department.name) for department in found] == [
            ("support", {"en": "Support"}),
            ("sales", {"en": "Sales"}),
        ]
        assert await signature_of(db, "ponto") == "Ponto"


async def test_a_client_is_known_by_the_present_name(database: OpenDatabase) -> None:
    async with (await database("tickets")).pool.acquire() as db:
        with pytest.raises(ClientNotKnownYet):
            await name_of(db, ACCOUNT)
        changed = accounts.ContactChanged(language="en", name="Ana Lima", **PERSONAL)
        await feed(db, apply_client_name, envelope_of(account_opened("Ana"), account_id=ACCOUNT))
        for _ in range(2):
            await feed(db, apply_client_name, envelope_of(changed, account_id=ACCOUNT))
        assert await name_of(db, ACCOUNT) == "Ana Lima"


async def test_a_service_belongs_to_the_account_that_ordered_it(database: OpenDatabase) -> None:
    async with (await database("tickets")).pool.acquire() as db:
        await feed(
            db, apply_held_service, envelope_of(service_ordered(SERVICE), account_id=ACCOUNT)
        )
        await check_own_service(db, account_id=ACCOUNT, service_id=SERVICE)
        await check_own_service(db, account_id=OTHER, service_id=None)
        with pytest.raises(ServiceUnknown):
            await check_own_service(db, account_id=OTHER, service_id=SERVICE)


async def test_a_ticket_is_listed_with_who_is_to_act_next(database: OpenDatabase) -> None:
    async with (await database("tickets")).pool.acquire() as db:
        await feed(db, apply_list, envelope_of(OPENED, account_id=ACCOUNT))
        assert (await ticket_entry(db, TICKET)).status == "open"
        for event, status in (
            (reply("staff"), "answered"),
            (reply("client"), "customer_reply"),
            (tickets.TicketClosed(ticket_id=TICKET, side="staff"), "closed"),
            (reply("client"), "customer_reply"),
        ):
            await feed(db, apply_list, envelope_of(event, account_id=ACCOUNT))
            assert (await ticket_entry(db, TICKET)).status == status


async def test_messages_stand_in_the_order_of_their_positions(database: OpenDatabase) -> None:
    async with (await database("tickets")).pool.acquire() as db:
        for position, event in ((3, OPENED), (7, reply("staff")), (12, reply("client"))):
            await feed(db, apply_thread, envelope_of(event, account_id=ACCOUNT, position=position))
        first = await messages_of(db, TICKET, limit=2, after=0)
        rest = await messages_of(db, TICKET, limit=2, after=first[-1].position)
        assert [(m.position, m.side, m.message) for m in [*first, *rest]] == [
            (3, "client", "Since today."),
            (7, "staff", "From staff"),
            (12, "client", "From client"),
        ]


def reply(side: str) -> tickets.TicketReplied:
    return tickets.TicketReplied(
        ticket_id=TICKET, side=side, author="Somebody", message=f"From {side}"
    )


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_event_of_a_source_is_handled_or_ignored(view: View) -> None:
    published = frozenset().union(*(events_of(source) for source in view.sources))
    assert view.handles | view.ignored == published
    assert not view.handles & view.ignored
