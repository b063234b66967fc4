"""What a client did to pay: receipts, slips, and giving an attempt up to choose another way."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, arrive, send
from services.portal.browser.downloads import download
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import cut
from services.portal.browser.visit import Visit
from services.portal.invoices.bank_words import failure_words
from services.portal.invoices.views import invoice_numbers
from services.portal.payments.paying import to_gateway, withdraw
from services.portal.payments.views import (
    Payment,
    open_slip,
    payment_by_id,
    payments_of_account,
)
from shared.qr import qr_path

pages = Pages(For.CLIENTS)
PER_PAGE = 20


@pages.get("/payments")
async def get_payments(visit: Visit) -> Response:
    """Every attempt to pay, latest first: what became of it, and its receipt."""
    wanted = visit.page_wanted(PER_PAGE)
    rows = await payments_of_account(visit.db, visit.account_id, page=wanted)
    payments, last = cut(rows, PER_PAGE)
    ids = [id for payment in payments for id in payment.invoice_ids]
    return visit.show_live(
        "payments/list.html",
        section="invoices",
        payments=payments,
        numbers=await invoice_numbers(visit.db, ids),
        first_page="/payments" if wanted.after else "",
        older=f"/payments?after={last}" if last else "",
    )


@pages.get("/payments/{payment_id:uuid}")
async def get_payment(visit: Visit, payment_id: UUID) -> Response:
    """One attempt: what it is for, how to pay it while it is open, what became of it then."""
    payment = await _own_payment(visit, payment_id)
    slip = open_slip(payment, visit.brand.payment_methods)
    return visit.show_live(
        "payments/payment.html",
        section="invoices",
        payment=payment,
        numbers=await invoice_numbers(visit.db, payment.invoice_ids),
        slip=slip,
        qr=qr_path(slip.pix_code) if slip and slip.pix_code else None,
        form=Form(),
        failure_words=failure_words(payment, visit.language),
        choose_again=_where_to_choose(payment),
    )


@pages.get("/payments/{payment_id:uuid}/receipt")
async def get_receipt(visit: Visit, payment_id: UUID) -> Response:
    """The receipt of a payment that came."""
    return await download(visit, f"/v1/payments/{payment_id}/receipt")


@pages.get("/payments/{payment_id:uuid}/boleto")
async def get_boleto(visit: Visit, payment_id: UUID) -> Response:
    """The boleto of an attempt to print; late, the segunda via that was asked for last."""
    payment = await _own_payment(visit, payment_id)
    query = f"?pay_by={payment.boleto_due_on}" if payment.is_reissued else ""
    return await download(visit, f"/v1/boletos/{payment.boleto_id}/pdf{query}")


@pages.post("/payments/{payment_id:uuid}/boleto/again")
async def reissue_boleto(visit: Visit, form: Form, payment_id: UUID) -> Response:
    """The segunda via of a late boleto, with fine and interest up to today."""
    payment = await _own_payment(visit, payment_id)
    path = f"/v1/boletos/{payment.boleto_id}/duplicates"
    again = await send(visit, Command(form=form, peer="billing", path=path, body={}))
    if again.refusal:
        raise again.refusal
    return await arrive(visit, again, path=_page_of(payment))


@pages.post("/payments/{payment_id:uuid}/withdraw")
async def withdraw_payment(visit: Visit, form: Form, payment_id: UUID) -> Response:
    """Give up an attempt that nobody has paid, to choose another way."""
    payment = await _own_payment(visit, payment_id)
    closed = await withdraw(visit, form, payment_id=payment_id)
    if closed.refusal:
        raise closed.refusal
    return visit.go(_where_to_choose(payment))


@pages.post("/payments/{payment_id:uuid}/confirm")
async def confirm_payment(visit: Visit, form: Form, payment_id: UUID) -> Response:
    """To the bank's page, where the holder of the card confirms the charge (3-D Secure)."""
    await _own_payment(visit, payment_id)
    path = f"/v1/payments/{payment_id}/confirmation"
    found = await send(visit, Command(form=form, peer="billing", path=path))
    if found.refusal:
        raise found.refusal
    return to_gateway(visit, str(found.answer["url"]))


async def _own_payment(visit: Visit, payment_id: UUID) -> Payment:
    payment: Payment = visit.own(await payment_by_id(visit.db, payment_id))
    return payment


def _page_of(payment: Payment) -> str:
    """Where the client pays it."""
    one = len(payment.invoice_ids) == 1
    return f"/invoices/{payment.invoice_ids[0]}" if one else f"/payments/{payment.payment_id}"


def _where_to_choose(payment: Payment) -> str:
    """Where the client pays what it was for, another way."""
    if payment.purpose == "top_up":
        return "/credit"
    if len(payment.invoice_ids) == 1:
        return f"/invoices/{payment.invoice_ids[0]}"
    return "/pay?" + "&".join(f"invoice={id}" for id in payment.invoice_ids)
