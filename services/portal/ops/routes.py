"""What staff sees: health, events as they pass, what is parked, any account, and the tickets."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Outcome
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import Page
from services.portal.browser.refusals import NoSuchPage
from services.portal.browser.visit import Visit
from services.portal.held_services.views import services_of
from services.portal.history.emails import emails_of
from services.portal.history.timeline import story_of_account
from services.portal.history.words import tell_all
from services.portal.home.views import Account, account_of
from services.portal.invoices.views import debt_of, invoices_of
from services.portal.ops.event_tail import latest_events
from services.portal.ops.health import health_of_all
from services.portal.ops.parked import (
    Parked,
    find_parked,
    is_settled,
    parked_of_all,
    retry,
    skip,
)
from services.portal.ops.search import find
from services.portal.tickets.thread import close, reply, thread_page
from services.portal.tickets.views import Ticket, ticket_by_id, tickets_of, tickets_waiting

pages = Pages(For.STAFF)
FEW = Page(limit=20)


@pages.get("/ops")
async def get_overview(visit: Visit) -> Response:
    """Search first; then what runs, what waits, and what has just happened."""
    own_status = await visit.call.request.app.state.status()
    return visit.show_live(
        "ops/overview.html",
        section="ops",
        text="",
        services=await health_of_all(visit.desk.peers, own_status),
        events=await latest_events(visit.db, visit.brand.slug),
        waiting=len(await tickets_waiting(visit.db, visit.brand.slug)),
    )


@pages.get("/ops/search")
async def get_search(visit: Visit) -> Response:
    """Accounts by name, e-mail, number, domain, invoice, order or ticket number."""
    text = visit.query("q").strip()[:200]
    found = await find(visit.db, visit.brand.slug, text=text) if text else []
    return visit.show("ops/search.html", section="ops", text=text, found=found)


@pages.get("/ops/accounts/{account_id:uuid}")
async def get_account(visit: Visit, account_id: UUID) -> Response:
    """One account: what it owes, holds and asked, and its whole story."""
    account: Account = visit.of_brand(await account_of(visit.db, account_id))
    db, today = visit.db, visit.today
    return visit.show_live(
        "ops/account.html",
        section="ops",
        account=account,
        debt=await debt_of(db, account_id, today=today, currency=visit.brand.currency),
        invoices=await invoices_of(db, account_id, today=today, page=FEW),
        services=await services_of(db, account_id, page=FEW),
        tickets=await tickets_of(db, account_id, page=FEW),
        emails=await emails_of(db, account_id, page=FEW),
        timeline=tell_all(await story_of_account(db, account_id), visit.language),
    )


@pages.get("/ops/tickets")
async def get_tickets(visit: Visit) -> Response:
    """The tickets that wait for an answer, the longest wait first."""
    tickets = await tickets_waiting(visit.db, visit.brand.slug)
    return visit.show_live("ops/tickets.html", section="ops_tickets", tickets=tickets)


@pages.get("/ops/tickets/{ticket_id:uuid}")
async def get_ticket(visit: Visit, ticket_id: UUID) -> Response:
    """One ticket, with a form to answer."""
    return await thread_page(visit, await _ticket(visit, ticket_id), form=Form())


async def _ticket(visit: Visit, ticket_id: UUID) -> Ticket:
    ticket: Ticket = visit.of_brand(await ticket_by_id(visit.db, ticket_id))
    return ticket


@pages.post("/ops/tickets/{ticket_id:uuid}/replies")
async def answer_ticket(visit: Visit, form: Form, ticket_id: UUID) -> Response:
    """Answer in the brand's name."""
    ticket = await _ticket(visit, ticket_id)
    return await reply(visit, form, ticket=ticket, base="/ops/tickets")


@pages.post("/ops/tickets/{ticket_id:uuid}/close")
async def close_ticket(visit: Visit, form: Form, ticket_id: UUID) -> Response:
    """Close the ticket in the brand's name."""
    ticket = await _ticket(visit, ticket_id)
    return await close(visit, form, ticket=ticket, base="/ops/tickets")


@pages.get("/ops/parked")
async def get_parked_list(visit: Visit) -> Response:
    """What waits for a decision, the oldest first."""
    parked = await parked_of_all(visit.desk.peers, visit.brand.slug)
    return visit.show_live("ops/parked.html", section="ops_parked", parked=parked, form=Form())


@pages.get("/ops/parked/{service}/{consumer}/{parked_id:uuid}")
async def get_parked(visit: Visit, service: str, consumer: str, parked_id: UUID) -> Response:
    """One that is parked, with its whole error, and what can be decided about it."""
    parked = await find_parked(visit, service, consumer=consumer, id=parked_id)
    if parked is None:
        raise NoSuchPage()
    return _parked_page(visit, parked, form=Form())


@pages.post("/ops/parked/{service}/{consumer}/{parked_id:uuid}/retry")
async def retry_parked(
    visit: Visit, form: Form, service: str, consumer: str, parked_id: UUID
) -> Response:
    """Try it again now, in the name of whoever is signed in."""
    parked = await find_parked(visit, service, consumer=consumer, id=parked_id)
    outcome = await retry(visit, form, parked=parked) if parked else None
    return _decided(visit, parked, outcome=outcome, notice="parked_retry")


@pages.post("/ops/parked/{service}/{consumer}/{parked_id:uuid}/skip")
async def skip_parked(
    visit: Visit, form: Form, service: str, consumer: str, parked_id: UUID
) -> Response:
    """Go on without it, for the reason given, in the name of whoever is signed in."""
    parked = await find_parked(visit, service, consumer=consumer, id=parked_id)
    outcome = await skip(visit, form, parked=parked) if parked else None
    return _decided(visit, parked, outcome=outcome, notice="parked_skip")


def _decided(
    visit: Visit, parked: Parked | None, *, outcome: Outcome | None, notice: str
) -> Response:
    if parked is None or outcome is None or is_settled(outcome):
        return visit.go("/ops/parked?done=parked_settled")
    if outcome.refusal:
        return _parked_page(visit, parked, form=outcome.form)
    return visit.go(f"/ops/parked?done={notice}")


def _parked_page(visit: Visit, parked: Parked, *, form: Form) -> Response:
    return visit.show("ops/parked_one.html", section="ops_parked", parked=parked, form=form)
