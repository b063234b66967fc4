"""The services of a client: the list, and a page for each."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import cut
from services.portal.browser.visit import Visit
from services.portal.held_services.views import HeldService, service_by_id, services_of
from services.portal.history.timeline import story_of_service
from services.portal.history.words import tell
from services.portal.invoices.views import invoices_of_service


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


pages = Pages(For.CLIENTS)
STATUSES = ("", "active", "pending", "suspended", "terminated")
PER_PAGE = 20
FAILURES = {"domain_taken": _("The domain is already in use on our servers.")}


@pages.get("/services")
async def get_services(visit: Visit) -> Response:
    """The client's services, latest first, by status."""
    status = visit.query("status") if visit.query("status") in STATUSES else ""
    wanted = visit.page_wanted(PER_PAGE)
    rows = await services_of(visit.db, visit.account_id, page=wanted, status=status)
    services, last = cut(rows, PER_PAGE)
    address = f"/services?status={status}"
    return visit.show_live(
        "held_services/list.html",
        section="services",
        services=services,
        chosen=status,
        first_page=address if wanted.after else "",
        older=f"{address}&after={last}" if last else "",
    )


@pages.get("/services/{service_id:uuid}")
async def get_service(visit: Visit, service_id: UUID) -> Response:
    """One service: what its status means, its invoices and its story."""
    return await _service_page(visit, service_id, form=Form())


async def _service_page(visit: Visit, service_id: UUID, *, form: Form) -> Response:
    service: HeldService = visit.own(await service_by_id(visit.db, service_id))
    invoices = await invoices_of_service(
        visit.db, visit.account_id, service_id=service_id, today=visit.today
    )
    unpaid = (each for each in reversed(invoices) if each.status in ("unpaid", "overdue"))
    return visit.show_live(
        "held_services/service.html",
        section="services",
        service=service,
        form=form,
        invoices=invoices,
        open_invoice=next(unpaid, None),
        timeline=tell(await story_of_service(visit.db, service_id), visit.language),
        failure_words=_failure_words(visit, service),
    )


@pages.post("/services/{service_id:uuid}/cancel-order")
async def cancel_order(visit: Visit, form: Form, service_id: UUID) -> Response:
    """Give the order up, as long as nothing is paid for it."""
    service: HeldService = visit.own(await service_by_id(visit.db, service_id))
    path = f"/v1/orders/{service.order_id}/cancel"
    cancelled = await send(visit, Command(form=form, peer="billing", path=path))
    if cancelled.refusal:
        return await _service_page(visit, service_id, form=cancelled.form)
    return await arrive(visit, cancelled, path=f"/services/{service_id}?done=order_cancelled")


def _failure_words(visit: Visit, service: HeldService) -> str:
    reason = service.failure_reason or ""
    return visit.language.gettext(FAILURES[reason]) if reason in FAILURES else ""
