"""Paying several invoices at once: which, how much in all, how."""

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, Outcome, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import LARGEST, Page
from services.portal.browser.visit import Visit
from services.portal.invoices.views import InvoiceRow, invoices_of
from services.portal.payments.paying import (
    lead_on_by_itself,
    open_page,
    waiting_attempt,
    withdraw,
)
from services.portal.payments.views import BEGUN_HERE

pages = Pages(For.CLIENTS)


@pages.get("/pay")
async def get_pay(visit: Visit) -> Response:
    """The invoices that were ticked, or all that are open, oldest first, and their sum."""
    ticked = visit.call.request.query_params.getlist("invoice")
    invoices = await _payable(visit, None if visit.query("all") else ticked)
    if len(invoices) == 1:
        return visit.go(f"/invoices/{invoices[0].id}")
    return _pay_page(visit, invoices, form=Form()) if invoices else visit.go("/invoices?done=none")


async def _payable(visit: Visit, ids: Sequence[str] | None) -> list[InvoiceRow]:
    """Those of them that can be paid now, the first due first; for None all of them."""
    page = Page(limit=LARGEST)
    rows = await invoices_of(
        visit.db, visit.account_id, today=visit.today, page=page, status="open"
    )
    wanted = [
        row
        for row in rows
        if row.status != "payment_pending" and (ids is None or str(row.id) in ids)
    ]
    return sorted(wanted, key=lambda row: (row.due_on, row.number))


def _pay_page(visit: Visit, invoices: Sequence[InvoiceRow], *, form: Form) -> Response:
    methods = [each for each in visit.brand.payment_methods if each.kind in BEGUN_HERE]
    chosen = form.text("method") or (methods[0].id if methods else "")
    return visit.show(
        "payments/several.html",
        section="invoices",
        invoices=invoices,
        total_minor=sum(each.open_minor for each in invoices),
        currency=invoices[0].currency if invoices else visit.brand.currency,
        methods=methods,
        form=Form(values={"method": chosen}, alert=form.alert, intent=form.intent),
    )


@pages.post("/pay")
async def pay_several(visit: Visit, form: Form) -> Response:
    """One payment for all of them: on the gateway's page, or by a code or slip on its own."""
    invoices = await _payable(visit, form.text("invoices").split(","))
    started = await _start(visit, form, ids=[each.id for each in invoices])
    opened = await open_page(visit, started, back="/invoices?done=paying")
    if opened.refusal:
        return _pay_page(visit, invoices, form=opened.form)
    return await lead_on_by_itself(visit, started, opened=opened)


async def _start(visit: Visit, form: Form, *, ids: list[UUID]) -> Outcome:
    """Attempts that wait for the payer another way are closed before."""
    for invoice_id in ids:
        waiting = await waiting_attempt(visit, invoice_id)
        is_same = waiting and (waiting.method, waiting.invoice_ids) == (form.text("method"), ids)
        if waiting and not is_same:
            closed = await withdraw(visit, form, payment_id=waiting.payment_id)
            if closed.refusal:
                return closed
    body = {"method": form.text("method"), "invoice_ids": [str(id) for id in ids]}
    return await send(visit, Command(form=form, peer="billing", path="/v1/payments", body=body))
