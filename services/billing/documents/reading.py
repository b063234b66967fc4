"""What is recorded, as papers: an issued invoice, a credit note, a payment that came."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.billing.brands.brand import Brand, BrandSettings
from services.billing.contacts.contact import contact_of
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.documents.paper import (
    BankAccount,
    CreditNotePaper,
    House,
    InvoicePaper,
    Party,
    PaymentAdvice,
    ReceiptPaper,
    Settled,
    Status,
)
from services.billing.invoices.descriptions import in_language
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from services.billing.pix.pix_charge import PixCharge
from services.billing.statements.history import history_of
from services.billing.tax.places import iso_country
from services.billing.why.codes import OF_CREDIT_NOTE
from services.billing.why.sentences import SENTENCES
from services.billing.why.telling import CATALOGUES, fact_names
from shared.contracts import billing
from shared.errors import Conflict, NotFound
from shared.store import Transaction

BANK_TRANSFER = "bank_transfer"


class PaymentNotReceivedYet(Conflict):
    """There is a receipt only for money that came."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Whose papers they are and in which language."""

    brand: BrandSettings
    language: str

    def paper(self) -> dict[str, Any]:
        """What every paper says of it."""
        house = House(
            name=self.brand.name,
            accent_colour=self.brand.accent_colour,
            email=self.brand.sender_email,
        )
        return {"language": self.language, "house": house}


async def setting_for(account_id: UUID | None, brand: str, tx: Transaction) -> Setting:
    """The brand's settings as of now, and the account's language, else the brand's own."""
    settings = (await tx.look_at(Brand, Brand.id_of(brand))).settings
    language = await tx.read.fetchval(
        "select language from account_contact where account_id = $1", account_id
    )
    return Setting(brand=settings, language=language or settings.default_language)


async def invoice_paper(invoice: Invoice, tx: Transaction) -> InvoicePaper:
    """The invoice as issued, with what was settled of it until now."""
    setting = await setting_for(invoice.account_id, invoice.brand, tx)
    details, corrects = invoice.details, ""
    if details.corrects:
        corrects = (await tx.look_at(Invoice, details.corrects)).number
    row = await tx.read.fetchrow(
        "select status, paid_on from invoice_list where invoice_id = $1", invoice.id
    )
    return InvoicePaper(
        **setting.paper(),
        seller=payee_party(details.payee, setting.brand),
        buyer=billed_party(invoice.billed_to),
        number=invoice.number,
        issued_on=invoice.dated_on,
        due_on=invoice.due_on,
        currency=invoice.currency,
        lines=invoice.lines,
        taxes=tuple(details.taxes),
        prices_include_tax=details.prices_include_tax,
        notes=tuple(details.notes),
        is_pro_forma=invoice.is_pro_forma,
        corrects=corrects,
        status=status_of(invoice),
        paid_on=row["paid_on"] if row and row["status"] == "paid" else None,
        settled_minor=invoice.total_minor - invoice.open_minor,
        advice=PaymentAdvice(
            bank_accounts=bank_accounts(setting), pix_code=await _pix_code(invoice, tx)
        ),
    )


async def _pix_code(invoice: Invoice, tx: Transaction) -> str:
    """The code that the client has asked for, as long as it can be paid."""
    attempt = invoice.settlement.attempt
    if attempt is None or attempt.is_awaited:
        return ""
    try:
        charge = await tx.look_at(PixCharge, PixCharge.id_of(attempt.payment_id))
    except NotFound:
        return ""
    return charge.copy_and_paste if charge.status == "open" else ""


def status_of(invoice: Invoice) -> Status:
    """As clients see it; overdue is no status."""
    settlement = invoice.settlement
    if settlement.is_cancelled:
        return "cancelled"
    if settlement.is_written_off:
        return "written_off"
    if settlement.is_taken_back:
        return "credited"
    if settlement.is_paid:
        return "paid"
    return "payment_pending" if settlement.is_payment_awaited else "unpaid"


async def credit_note_paper(note: CreditNote, tx: Transaction) -> CreditNotePaper:
    """The credit note as issued."""
    setting = await setting_for(note.account_id, note.brand, tx)
    invoice = await tx.look_at(Invoice, note.invoice_id)
    return CreditNotePaper(
        **setting.paper(),
        seller=payee_party(note.payee, setting.brand),
        buyer=billed_party(note.billed_to),
        number=note.number,
        issued_on=note.issued_on,
        invoice_number=note.invoice_number,
        invoice_issued_on=invoice.dated_on,
        currency=note.currency,
        lines=tuple(note.document.lines),
        taxes=tuple(note.document.taxes),
        prices_include_tax=note.prices_include_tax,
        notes=tuple(dict.fromkeys(row.note for row in note.document.taxes if row.note)),
        reason=reason_in_words(note.reason, note.invoice_number, language=setting.language),
        returned_minor=note.returned_minor,
    )


def reason_in_words(reason: str, invoice_number: str, *, language: str) -> str:
    """Staff's own sentence, or that of the rule; nothing where it wants to know more.

    >>> reason_in_words("Charged twice", "PON-1", language="en")
    'Charged twice'
    >>> reason_in_words("service_ended", "PON-1", language="en")
    'A service on invoice PON-1 ends, so its lines are owed no more.'
    """
    rule = OF_CREDIT_NOTE.get(reason)
    if rule is None:
        return reason
    if fact_names(rule) != {"invoice"}:
        return ""
    words = CATALOGUES.for_language(language)
    return words.gettext(SENTENCES[rule].one, invoice=invoice_number)


async def receipt_paper(payment: Payment, tx: Transaction) -> ReceiptPaper:
    """The receipt of a payment whose money came, else `PaymentNotReceivedYet`."""
    if payment.account_id is None:
        raise NotFound()
    history = await history_of(payment.account_id, payment.brand, pool=tx.store.pool)
    events = [envelope.event for envelope in history]
    received = _received(events, payment.id)
    setting = await setting_for(payment.account_id, payment.brand, tx)
    seller, buyer = await parties_of(payment, setting, tx)
    return ReceiptPaper(
        **setting.paper(),
        seller=seller,
        buyer=buyer,
        number=received.receipt_number,
        received_on=received.received_on,
        currency=received.currency,
        amount_minor=received.amount_minor,
        method=method_label(received.method, setting),
        reference=received.gateway_reference,
        settled=tuple(_settled(events, received)),
    )


async def parties_of(payment: Payment, setting: Setting, tx: Transaction) -> tuple[Party, Party]:
    """Payee and payer as on the first invoice; a top-up has none, so as they are now."""
    if payment.purpose == "invoice":
        invoice = await tx.look_at(Invoice, payment.invoice_id)
        payee, payer = invoice.details.payee, invoice.billed_to
    else:
        assert payment.account_id is not None, "whose account is forgotten has no paper"
        contact = await contact_of(payment.account_id, tx.read)
        payee, payer = setting.brand.payee, (contact.name, contact.address, contact.tax_id)
    return payee_party(payee, setting.brand), billed_party(payer)


def _received(events: list[Any], payment_id: UUID) -> billing.PaymentReceived:
    for event in events:
        if isinstance(event, billing.PaymentReceived) and event.payment_id == payment_id:
            return event
    raise PaymentNotReceivedYet()


def _settled(events: list[Any], received: billing.PaymentReceived) -> list[Settled]:
    """Invoices in the order in which they were settled, then what became credit at once."""
    numbers: dict[UUID, str] = {}
    found = []
    for event in events:
        match event:
            case billing.InvoiceIssued() | billing.InvoiceNumbered():
                numbers[event.invoice_id] = event.number
            case billing.PaymentAllocated(payment_id=payment_id, invoice_id=invoice_id):
                if payment_id == received.payment_id:
                    found.append((invoice_id, event.amount_minor))
    settled = [
        Settled(invoice_number=numbers.get(invoice_id, ""), amount_minor=minor)
        for invoice_id, minor in found
    ]
    rest_minor = received.amount_minor - sum(each.amount_minor for each in settled)
    return [
        *settled,
        *([Settled(invoice_number="", amount_minor=rest_minor)] if rest_minor else []),
    ]


def method_label(method: str, setting: Setting) -> str:
    """What the brand calls the way to pay; one that it no longer offers by its id."""
    for known in setting.brand.payment_methods:
        if known.id == method:
            return in_language(known.label, setting.language)
    return method


def bank_accounts(setting: Setting) -> tuple[BankAccount, ...]:
    """Where the brand takes transfers."""
    return tuple(
        BankAccount(
            label=in_language(method.label, setting.language),
            details=tuple(method.details.items()),
        )
        for method in setting.brand.payment_methods
        if method.kind == BANK_TRANSFER and method.details
    )


def payee_party(payee: Mapping[str, str], brand: BrandSettings) -> Party:
    """The brand's payee as at issue; its place of taxation where it names no country."""
    country = iso_country(payee.get("country", "") or brand.tax.seller_country)
    town = ", ".join(part for part in (payee.get("city", ""), payee.get("state", "")) if part)
    lines = (payee.get("address", ""), town, payee.get("postal_code", ""), country)
    return Party(
        name=payee.get("name", "") or brand.name,
        address=tuple(line for line in lines if line),
        tax_id=payee.get("tax_id", ""),
        country=country,
    )


def billed_party(billed_to: tuple[str, str, str]) -> Party:
    """The billed-to block as at issue; the last line of an address is the country's code."""
    name, address, tax_id = billed_to
    lines = tuple(address.splitlines())
    last = iso_country(lines[-1]) if lines else ""
    country = last if len(last) == 2 and last.isalpha() else ""
    return Party(name=name, address=lines, tax_id=tax_id, country=country)
