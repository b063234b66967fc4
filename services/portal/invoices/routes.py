"""The invoices of a client: the list, a page for each, and paying."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import arrive
from services.portal.browser.downloads import download
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import cut
from services.portal.browser.visit import Visit
from services.portal.credit.views import credit_of
from services.portal.history.emails import emails_about_invoice
from services.portal.history.timeline import story_of_invoice
from services.portal.history.words import tell
from services.portal.invoices.bank_words import bank_details, failure_words
from services.portal.invoices.credit_words import credit_words
from services.portal.invoices.views import (
    Invoice,
    debt_of,
    invoice_by_id,
    invoice_count,
    invoices_of,
)
from services.portal.payments.paying import begin_invoice, lead_on, pay_by_credit
from services.portal.payments.views import open_slip, payments_of
from shared.qr import qr_path

pages = Pages(For.CLIENTS)
STATUSES = ("", "open", "overdue", "paid", "cancelled")
PER_PAGE = 20


@pages.get("/invoices")
async def get_invoices(visit: Visit) -> Response:
    """The client's invoices, latest first, by status; what is open in all."""
    status = visit.query("status") if visit.query("status") in STATUSES else ""
    db, account_id, today = visit.db, visit.account_id, visit.today
    wanted = visit.page_wanted(PER_PAGE)
    rows = await invoices_of(db, account_id, today=today, page=wanted, status=status)
    count = await invoice_count(db, account_id, today=today, status=status)
    invoices, last = cut(rows, PER_PAGE)
    address = f"/invoices?status={status}"
    words = visit.language.ngettext("%(num)s invoice", "%(num)s invoices", count)
    return visit.show_live(
        "invoices/list.html",
        section="invoices",
        invoices=invoices,
        chosen=status,
        debt=await debt_of(db, account_id, today=today, currency=visit.brand.currency),
        first_page=address if wanted.after else "",
        older=f"{address}&after={last}" if last else "",
        count_words=words if count else "",
    )


@pages.get("/invoices/{invoice_id:uuid}")
async def get_invoice(visit: Visit, invoice_id: UUID) -> Response:
    """One invoice with everything about it, and the ways to pay it."""
    return await _invoice_page(visit, invoice_id, form=Form())


@pages.get("/invoices/{invoice_id:uuid}/pdf")
async def get_invoice_pdf(visit: Visit, invoice_id: UUID) -> Response:
    """The invoice to print or to keep."""
    return await download(visit, f"/v1/invoices/{invoice_id}/pdf")


async def _invoice_page(visit: Visit, invoice_id: UUID, *, form: Form) -> Response:
    invoice = await _own_invoice(visit, invoice_id)
    payments = await payments_of(visit.db, invoice_id)
    last = payments[0] if payments else None
    slip = open_slip(last, visit.brand.payment_methods)
    return visit.show_live(
        "invoices/invoice.html",
        section="invoices",
        invoice=invoice,
        payments=payments,
        last=last,
        methods=visit.brand.payment_methods,
        form=_with_method(visit, form),
        slip=slip,
        credit_minor=await credit_of(visit.db, visit.account_id, currency=invoice.currency),
        qr=qr_path(slip.pix_code) if slip and slip.pix_code else None,
        timeline=tell(await story_of_invoice(visit.db, invoice_id), visit.language),
        emails=await emails_about_invoice(visit.db, invoice_id),
        just_returned=bool(visit.query("back")) and (not last or last.status == "started"),
        last_failed=bool(last and last.status == "failed"),
        failure_words=failure_words(last, visit.language),
        credit_words=lambda note: credit_words(note, visit.language),
        bank_details=lambda method: bank_details(method, visit.language),
    )


def _with_method(visit: Visit, form: Form) -> Form:
    """The form with a method chosen: the client's, else the brand's first."""
    chosen = form.text("method") or visit.query("method")
    known = [method.id for method in visit.brand.payment_methods]
    method = chosen if chosen in known else next(iter(known), "")
    return Form(values={"method": method}, alert=form.alert, intent=form.intent)


async def _own_invoice(visit: Visit, invoice_id: UUID) -> Invoice:
    invoice: Invoice = visit.own(await invoice_by_id(visit.db, invoice_id, today=visit.today))
    return invoice


@pages.post("/invoices/{invoice_id:uuid}/pay")
async def pay_invoice(visit: Visit, form: Form, invoice_id: UUID) -> Response:
    """Start a payment: to the gateway's page, or by what the invoice's own page then shows."""
    await _own_invoice(visit, invoice_id)
    page = f"/invoices/{invoice_id}"
    if _is_transfer(visit, form.text("method")):
        return visit.go(f"{page}?method={form.text('method')}")
    opened = await begin_invoice(visit, form, invoice_id=invoice_id)
    if opened.refusal:
        return await _invoice_page(visit, invoice_id, form=opened.form)
    return await lead_on(visit, opened, page=page)


def _is_transfer(visit: Visit, method: str) -> bool:
    kinds = {known.id: known.kind for known in visit.brand.payment_methods}
    return kinds.get(method) == "bank_transfer"


@pages.post("/invoices/{invoice_id:uuid}/credit")
async def use_credit(visit: Visit, form: Form, invoice_id: UUID) -> Response:
    """Pay the invoice, or a part of it, out of the account's credit."""
    await _own_invoice(visit, invoice_id)
    used = await pay_by_credit(visit, form, invoice_id=invoice_id)
    if used.refusal:
        return await _invoice_page(visit, invoice_id, form=used.form)
    return await arrive(visit, used, path=f"/invoices/{invoice_id}")
