"""The tickets of a client: the list, a new one, the thread."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import Page, cut
from services.portal.browser.visit import Visit
from services.portal.held_services.views import services_of
from services.portal.tickets.thread import close, reply, thread_page
from services.portal.tickets.views import Ticket, ticket_by_id, tickets_of

pages = Pages(For.CLIENTS)
PER_PAGE = 20
FIELDS = ("department", "subject", "priority", "message")


@pages.get("/tickets")
async def get_tickets(visit: Visit) -> Response:
    """The client's tickets, the latest change first."""
    wanted = visit.page_wanted(PER_PAGE)
    tickets, last = cut(await tickets_of(visit.db, visit.account_id, page=wanted), PER_PAGE)
    return visit.show_live(
        "tickets/list.html",
        section="tickets",
        tickets=tickets,
        first_page="/tickets" if wanted.after else "",
        older=f"/tickets?after={last}" if last else "",
    )


@pages.get("/tickets/new")
async def get_new_ticket(visit: Visit) -> Response:
    """The form of a new ticket; a service that the client comes from is chosen."""
    chosen = {"priority": "medium", "service_id": visit.query("service")}
    return await _ticket_form(visit, Form(values=chosen))


async def _ticket_form(visit: Visit, form: Form) -> Response:
    services = await services_of(visit.db, visit.account_id, page=Page(limit=100))
    none = ("", visit.language.pgettext("service of a ticket", "None"))
    return visit.show(
        "tickets/open.html",
        section="open_ticket",
        form=form,
        service_options=[none, *((str(each.id), each.domain) for each in services)],
    )


@pages.post("/tickets/new")
async def open_ticket(visit: Visit, form: Form) -> Response:
    """Send the ticket."""
    body = {name: form.text(name) for name in FIELDS}
    if form.text("service_id"):
        body["service_id"] = form.text("service_id")
    outcome = await send(visit, Command(form=form, peer="tickets", path="/v1/tickets", body=body))
    if outcome.refusal:
        return await _ticket_form(visit, outcome.form)
    return await arrive(visit, outcome, path=f"/tickets/{outcome.answer['ticket_id']}?done=ticket")


@pages.get("/tickets/{ticket_id:uuid}")
async def get_ticket(visit: Visit, ticket_id: UUID) -> Response:
    """One ticket: what was said, and a form to say more."""
    ticket: Ticket = visit.own(await ticket_by_id(visit.db, ticket_id))
    return await thread_page(visit, ticket, form=Form())


@pages.post("/tickets/{ticket_id:uuid}/replies")
async def reply_to_ticket(visit: Visit, form: Form, ticket_id: UUID) -> Response:
    """Say more in the ticket."""
    ticket: Ticket = visit.own(await ticket_by_id(visit.db, ticket_id))
    return await reply(visit, form, ticket=ticket)


@pages.post("/tickets/{ticket_id:uuid}/close")
async def close_ticket(visit: Visit, form: Form, ticket_id: UUID) -> Response:
    """Nobody needs to answer any more."""
    ticket: Ticket = visit.own(await ticket_by_id(visit.db, ticket_id))
    return await close(visit, form, ticket=ticket)
