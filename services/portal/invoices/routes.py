"""The invoices of a client: the list, a page for each, and paying."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, Outcome, send
from services.portal.browser.downloads import download
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import cut
from services.portal.browser.visit import Visit
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
from services.portal.payments.views import payments_of

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


@pages.get("/payments/{payment_id:uuid}/receipt")
async def get_receipt(visit: Visit, payment_id: UUID) -> Response:
    """The receipt of a payment that came."""
    return await download(visit, f"/v1/payments/{payment_id}/receipt")


async def _invoice_page(visit: Visit, invoice_id: UUID, *, form: Form) -> Response:
    invoice = await _own_invoice(visit, invoice_id)
    payments = await payments_of(visit.db, invoice_id)
    last = payments[0] if payments else None
    return visit.show_live(
        "invoices/invoice.html",
        section="invoices",
        invoice=invoice,
        payments=payments,
        methods=visit.brand.payment_methods,
        form=_with_method(visit, form),
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
    """Start a payment and go to the gateway's page; what has no page stays on the invoice's."""
    await _own_invoice(visit, invoice_id)
    if _is_transfer(visit, form.text("method")):
        return visit.go(f"/invoices/{invoice_id}?method={form.text('method')}")
    started = await _start_payment(visit, form, invoice_id=invoice_id)
    if started.refusal:
        return await _invoice_page(visit, invoice_id, form=started.form)
    hosted = await _hosted_page(visit, started, invoice_id=invoice_id)
    if hosted.refusal:
        return await _invoice_page(visit, invoice_id, form=hosted.form)
    if hosted.answer["url"] is None:
        return visit.go(f"/invoices/{invoice_id}?method={form.text('method')}")
    return _to_gateway(visit, str(hosted.answer["url"]))


def _is_transfer(visit: Visit, method: str) -> bool:
    kinds = {known.id: known.kind for known in visit.brand.payment_methods}
    return kinds.get(method) == "bank_transfer"


def _to_gateway(visit: Visit, url: str) -> Response:
    assert visit.desk.settings.is_payment_page(url), "billing knows our gateways"
    return visit.go(url)


async def _start_payment(visit: Visit, form: Form, *, invoice_id: UUID) -> Outcome:
    path = f"/v1/invoices/{invoice_id}/payments"
    body = {"method": form.text("method")}
    return await send(visit, Command(form=form, peer="billing", path=path, body=body))


async def _hosted_page(visit: Visit, started: Outcome, *, invoice_id: UUID) -> Outcome:
    path = f"/v1/payments/{started.answer['payment_id']}/hosted-page"
    body = {"return_url_path": f"/invoices/{invoice_id}?back=1"}
    return await send(visit, Command(form=started.form, peer="billing", path=path, body=body))
