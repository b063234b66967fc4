"""The first page of a signed-in client."""

from starlette.responses import Response

from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import Page
from services.portal.browser.visit import Visit
from services.portal.held_services.views import service_counts, services_of
from services.portal.home.next_step import next_step
from services.portal.invoices.views import debt_of, invoices_of
from services.portal.tickets.views import ticket_counts, tickets_of

pages = Pages(For.CLIENTS)
FEW = Page(limit=5)
MANY = Page(limit=50)


@pages.get("/")
async def get_home(visit: Visit) -> Response:
    """What is owed, what runs, what was asked, and what to do next."""
    db, account_id, today = visit.db, visit.account_id, visit.today
    account = visit.own_account
    services = await services_of(db, account_id, page=FEW)
    tickets = await tickets_of(db, account_id, page=FEW)
    unpaid = await invoices_of(db, account_id, today=today, page=MANY, status="open")
    return visit.show_live(
        "home/home.html",
        section="home",
        account=account,
        services=services,
        tickets=tickets,
        invoices=await invoices_of(db, account_id, today=today, page=FEW),
        debt=await debt_of(db, account_id, today=today, currency=visit.brand.currency),
        service_counts=await service_counts(db, account_id),
        ticket_counts=await ticket_counts(db, account_id),
        step=next_step(open_invoices=unpaid, tickets=tickets, services=services),
    )
