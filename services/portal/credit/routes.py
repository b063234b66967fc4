"""The client's credit: how much there is, what became of it, and adding to it."""

from collections.abc import Mapping

from starlette.responses import Response

from services.portal.browser.commands import Command, Outcome, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.paging import cut
from services.portal.browser.visit import Visit
from services.portal.credit.amounts import read_amount
from services.portal.credit.awaited import transfers_awaited
from services.portal.credit.views import credit_entries, credit_of
from services.portal.invoices.bank_words import bank_details
from services.portal.payments.paying import lead_on_by_itself, open_page
from services.portal.payments.views import BEGUN_HERE, top_ups_waiting
from shared.contracts.billing import PaymentMethod
from shared.errors import Invalid

pages = Pages(For.CLIENTS)
PER_PAGE = 20


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


KINDS: Mapping[str, str] = {
    "top_up": _("You added it."),
    "overpayment": _("A payment was larger than its invoice."),
    "invoice_cancelled": _("A payment came for an invoice that was void."),
    "credit_note": _("A credit note gave it back."),
    "staff": _("A gift of ours."),
    "applied": _("It was used for an invoice."),
    "prepayment": _("Its invoice became void; it is yours again."),
    "released": _("Its invoice became void; it is yours again."),
    "withdrawn": _("It was paid out to you."),
    "payment_taken_back": _("Its payment had been booked by mistake."),
    "charged_back": _("The bank took its payment back."),
}
NO_AMOUNT = _("Please enter an amount such as 150.00.")


class NoAmount(Invalid):
    """What was typed is no amount."""


@pages.get("/credit")
async def get_credit(visit: Visit) -> Response:
    """The balance, its history, and the form that adds to it."""
    return await _credit_page(visit, form=Form())


async def _credit_page(visit: Visit, *, form: Form) -> Response:
    db, currency = visit.db, visit.brand.currency
    wanted = visit.page_wanted(PER_PAGE)
    entries, last = cut(await credit_entries(db, visit.account_id, page=wanted), PER_PAGE)
    methods = _methods(visit)
    chosen = form.text("method") or (methods[0].id if methods else "")
    return visit.show_live(
        "credit/credit.html",
        section="invoices",
        balance_minor=await credit_of(db, visit.account_id, currency=currency),
        currency=currency,
        entries=entries,
        kind_words=lambda kind: visit.language.gettext(KINDS.get(kind, kind)),
        methods=methods,
        attempts=await top_ups_waiting(db, visit.account_id, now=visit.call.now),
        transfers=await transfers_awaited(visit),
        form=Form(
            values={**form.values, "method": chosen},
            errors=form.errors,
            alert=form.alert,
            intent=form.intent,
        ),
        first_page="/credit" if wanted.after else "",
        older=f"/credit?after={last}" if last else "",
    )


def _methods(visit: Visit) -> list[PaymentMethod]:
    kinds = BEGUN_HERE | {"bank_transfer"}
    return [method for method in visit.brand.payment_methods if method.kind in kinds]


@pages.post("/credit")
async def top_up(visit: Visit, form: Form) -> Response:
    """Add to the credit: to the gateway's page, a code or slip, or what a transfer needs."""
    wanted = await _want(visit, form)
    opened = await _opened(visit, wanted)
    if opened.refusal:
        return await _credit_page(visit, form=opened.form)
    if wanted.answer.get("payment_id"):
        return await lead_on_by_itself(visit, wanted, opened=opened)
    return _transfer_page(visit, form.text("method"), wanted=wanted)


async def _want(visit: Visit, form: Form) -> Outcome:
    currency = visit.brand.currency
    minor = read_amount(form.text("amount"), currency, language=visit.language)
    if minor is None:
        error = {"amount": visit.language.gettext(NO_AMOUNT)}
        return Outcome(form=form.refused(errors=error, alert=error["amount"]), refusal=NoAmount())
    body = {"amount_minor": minor, "method": form.text("method"), "currency": currency}
    return await send(visit, Command(form=form, peer="billing", path="/v1/top-ups", body=body))


async def _opened(visit: Visit, wanted: Outcome) -> Outcome:
    if wanted.refusal or wanted.answer.get("payment_id") is None:
        return wanted
    return await open_page(visit, wanted, back="/credit?done=paying")


def _transfer_page(visit: Visit, method: str, *, wanted: Outcome) -> Response:
    known = next(each for each in _methods(visit) if each.id == method)
    return visit.show(
        "credit/transfer.html",
        section="invoices",
        details=bank_details(known, visit.language),
        amount_minor=wanted.answer["amount_minor"],
        currency=wanted.answer["currency"],
        reference=str(wanted.answer["reference"]),
    )
