"""A ticket's thread, for its client and for staff: showing it, answering, closing."""

from starlette.responses import Response

from services.portal.browser.commands import Command, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.visit import Visit
from services.portal.held_services.views import HeldService, service_by_id
from services.portal.tickets.views import Ticket, messages_of


async def thread_page(visit: Visit, ticket: Ticket, *, form: Form) -> Response:
    """The thread, for its client or for staff."""
    service: HeldService | None = None
    if ticket.service_id:
        service = await service_by_id(visit.db, ticket.service_id)
    return visit.show_live(
        "tickets/thread.html",
        section="tickets",
        ticket=ticket,
        service=service,
        messages=await messages_of(visit.db, ticket.id),
        form=form,
    )


async def reply(visit: Visit, form: Form, *, ticket: Ticket, base: str = "/tickets") -> Response:
    """Send the signed-in user's answer, and back to the thread."""
    body = {"message": form.text("message")}
    path = f"/v1/tickets/{ticket.id}/replies"
    outcome = await send(visit, Command(form=form, peer="tickets", path=path, body=body))
    if outcome.refusal:
        return await thread_page(visit, ticket, form=outcome.form)
    return await arrive(visit, outcome, path=f"{base}/{ticket.id}?done=reply")


async def close(visit: Visit, form: Form, *, ticket: Ticket, base: str = "/tickets") -> Response:
    """Close the ticket in the signed-in user's name, and back to the thread."""
    command = Command(form=form, peer="tickets", path=f"/v1/tickets/{ticket.id}/close", body={})
    outcome = await send(visit, command)
    if outcome.refusal:
        return await thread_page(visit, ticket, form=outcome.form)
    return await arrive(visit, outcome, path=f"{base}/{ticket.id}?done=closed")
