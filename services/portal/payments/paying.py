"""Beginning to pay: what billing is asked, one request after the other, until the payer can pay."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, Outcome, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.visit import Visit
from services.portal.payments.views import Payment, payments_of


async def begin_invoice(visit: Visit, form: Form, *, invoice_id: UUID) -> Outcome:
    """The payment of one invoice by the form's method, opened.

    An attempt that waits for the payer another way is closed before: the client has chosen anew.
    """
    method = form.text("method")
    waiting = await waiting_attempt(visit, invoice_id)
    if waiting and _is_another(visit, waiting, method=method):
        closed = await withdraw(visit, form, payment_id=waiting.payment_id)
        if closed.refusal:
            return closed
    path, body = f"/v1/invoices/{invoice_id}/payments", {"method": method}
    started = await send(visit, Command(form=form, peer="billing", path=path, body=body))
    return await open_page(visit, started, back=f"/invoices/{invoice_id}?back=1")


def _is_another(visit: Visit, waiting: Payment, *, method: str) -> bool:
    """Whether an offered way is not the one of the attempt, which may be for other invoices too."""
    offered = {each.id for each in visit.brand.payment_methods}
    return method in offered and (waiting.method != method or len(waiting.invoice_ids) > 1)


async def pay_by_credit(visit: Visit, form: Form, *, invoice_id: UUID) -> Outcome:
    """Use the account's credit for an invoice; what waits for the payer is closed before."""
    if waiting := await waiting_attempt(visit, invoice_id):
        closed = await withdraw(visit, form, payment_id=waiting.payment_id)
        if closed.refusal:
            return closed
    path = f"/v1/invoices/{invoice_id}/credit"
    return await send(visit, Command(form=form, peer="billing", path=path))


async def waiting_attempt(visit: Visit, invoice_id: UUID) -> Payment | None:
    """The attempt that only waits for the payer, if there is one."""
    payments = await payments_of(visit.db, invoice_id)
    return next((each for each in payments if each.status == "started"), None)


async def withdraw(visit: Visit, form: Form, *, payment_id: UUID) -> Outcome:
    """Close the attempt, so that another way can be chosen. Paid meanwhile: it is paid."""
    path = f"/v1/payments/{payment_id}/withdrawal"
    return await send(visit, Command(form=form, peer="billing", path=path))


async def open_page(visit: Visit, started: Outcome, *, back: str) -> Outcome:
    """The gateway's page of a payment that was started, or what the payer needs to know."""
    if started.refusal:
        return started
    path = f"/v1/payments/{started.answer['payment_id']}/hosted-page"
    body = {"return_url_path": back}
    opened = await send(visit, Command(form=started.form, peer="billing", path=path, body=body))
    return Outcome(
        answer=opened.answer,
        position=started.position,
        form=opened.form,
        refusal=opened.refusal,
    )


async def lead_on(visit: Visit, opened: Outcome, *, page: str) -> Response:
    """To the gateway's page; what has none is paid by what stands on our own `page`."""
    url = opened.answer.get("url")
    if url is None:
        return await arrive(visit, opened, path=page)
    return to_gateway(visit, str(url))


async def lead_on_by_itself(visit: Visit, started: Outcome, *, opened: Outcome) -> Response:
    """As `lead_on`, to the payment's own page: it is for no invoice, or for several."""
    return await lead_on(visit, opened, page=f"/payments/{started.answer['payment_id']}")


def to_gateway(visit: Visit, url: str) -> Response:
    """To a page outside, which billing has told us."""
    assert visit.desk.settings.is_payment_page(url), "billing knows our gateways"
    return visit.go(url)
