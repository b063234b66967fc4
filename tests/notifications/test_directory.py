"""What the mails know of recipients, brands, invoices, services and tickets."""

import pytest

from services.notifications.app import VIEWS
from services.notifications.directory.rows import Subject
from services.notifications.mail.notices import Notice, notice_of
from services.notifications.mail.subjects import SubjectNotKnownYet, subject_of
from shared.consumers import View
from shared.contracts import events_of
from shared.contracts.accounts import AccountNumberAssigned
from shared.contracts.event import PublicEvent
from shared.contracts.notifications import EmailFailed, EmailSent
from tests.feeding import feed_views
from tests.notifications.post_office import PostOffice
from tests.notifications.samples import (
    ACCOUNT,
    BRAND,
    CONFIGURED,
    EVENT,
    EVENTS,
    INVOICE,
    OPENED,
    ORDERED,
    RECIPIENT,
    REQUEST,
    SERVICE,
    SUBJECT,
    TICKET,
    TICKET_OPENED,
    USER,
    envelope_of,
)

OF_NOTIFICATIONS = (
    EmailFailed(message_id=EVENT, template="welcome", cause_id=EVENT, reason="smtp_550"),
    EmailSent(
        message_id=EVENT,
        template="welcome",
        cause_id=EVENT,
        language="pt-BR",
        recipient="ana@example.com",
        subject="Boas-vindas!",
    ),
)
ALL = (CONFIGURED, OPENED, ORDERED, *EVENTS, *OF_NOTIFICATIONS)


async def look_up(office: PostOffice, **ids: object) -> Subject:
    notice = Notice(template="t", key="k", **ids)  # type: ignore[arg-type]
    async with office.store.pool.acquire() as db:
        return await subject_of(notice, account_id=ACCOUNT, brand="ponto", db=db)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_handles_or_ignores_every_event_of_its_source(view: View) -> None:
    known = frozenset(event for source in view.sources for event in events_of(source))
    assert view.handles | view.ignored == known
    assert not view.handles & view.ignored


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_a_view_that_is_fed_twice_has_the_same_rows(office: PostOffice, view: View) -> None:
    async def feed() -> list[list[str]]:
        async with office.store.pool.acquire() as db:
            await feed_views(db, [view], *map(envelope_of, ALL))
        tables = await office.rows(
            "select table_name from information_schema.tables where table_schema = $1", view.schema
        )
        return [
            sorted(r["t"] for r in await office.rows(f"select t::text as t from {name[0]} t"))
            for name in tables
        ]

    first = await feed()
    assert any(first)
    assert await feed() == first


async def test_all_that_a_mail_needs_is_found(office: PostOffice) -> None:
    office.happened(CONFIGURED, account_id=None)
    office.happened(OPENED, ORDERED, AccountNumberAssigned(number="100001"), EVENTS[5])
    [opened] = office.happened(TICKET_OPENED)
    await office.read_views()
    found = await look_up(
        office, invoice_id=INVOICE, service_id=SERVICE, ticket_id=TICKET, message_id=opened.id
    )
    assert (found.recipient, found.brand) == (RECIPIENT, BRAND)
    assert (found.invoice, found.service) == (SUBJECT.invoice, SUBJECT.service)
    assert found.ticket is not None
    assert (found.ticket.number, found.ticket.message) == ("TKT-000042", "Bom dia!")


async def test_a_number_that_arrives_before_the_contact_is_no_recipient_yet(
    office: PostOffice,
) -> None:
    office.happened(CONFIGURED, account_id=None)
    office.happened(AccountNumberAssigned(number="100001"))
    await office.read_views()
    with pytest.raises(SubjectNotKnownYet):
        await look_up(office)


@pytest.mark.parametrize(
    "missing",
    [
        {"user_id": REQUEST},
        {"invoice_id": INVOICE},
        {"service_id": SERVICE},
        {"ticket_id": TICKET, "message_id": EVENT},
    ],
    ids=["user", "invoice", "service", "ticket"],
)
async def test_what_is_not_known_yet_is_said(
    office: PostOffice, missing: dict[str, object]
) -> None:
    office.happened(CONFIGURED, account_id=None)
    office.happened(OPENED)
    await office.read_views()
    assert (await look_up(office, user_id=USER)).invoice is None
    with pytest.raises(SubjectNotKnownYet):
        await look_up(office, **missing)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_notice_survives_being_kept(event: PublicEvent) -> None:
    import msgspec

    notice = notice_of(envelope_of(event))
    kept = msgspec.json.encode(msgspec.to_builtins(notice))
    assert msgspec.convert(msgspec.json.decode(kept), Notice) == notice
