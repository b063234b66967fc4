"""Issuing invoices and making them void, and telling clients about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.charges.collecting import due_items, put_on_invoice
from services.billing.contacts.contact import Contact, contact_of
from services.billing.credit.balances import balance_of
from services.billing.credit.credit_balance import CreditBalance
from services.billing.credit.using import use_credit
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceDetails, InvoiceLine, totals_of
from services.billing.invoices.numbers import next_document_number, number_if_paid
from services.billing.invoices.taxing import Taxation, TaxedLines, buyer_of, tax_lines
from services.billing.rules.policy import policy_for
from services.billing.rules.rules import Rules
from services.billing.tax.tax import TaxRules
from services.billing.why.because import because
from services.billing.why.codes import OF_VOID_INVOICE, Code
from services.billing.why.why import Why
from shared.errors import Conflict, NotFound
from shared.store import Transaction


class InvoiceBelowZero(Conflict):
    """What is taken off would be more than what is charged."""


class NotAnInvoiceYet(Conflict):
    """A pro forma has nothing booked or taxed to take back: cancel it instead."""


@dataclass(frozen=True, kw_only=True)
class IssueInvoice:
    """An invoice of `today` over `lines` as priced, in minor units of `currency`.

    `corrects`: the invoice that it stands for anew; `about_invoice_id`: the one that it is a fee
    for. `notes` are sentences that it says beside those of the law. What `is_exact`, as somebody
    has seen it so, takes no billable items along; neither does the invoice of an order.
    """

    id: UUID
    account_id: UUID
    brand: str
    order_id: UUID | None
    today: date
    due_on: date
    currency: str
    lines: list[InvoiceLine]
    notes: list[str] = field(default_factory=list)
    corrects: UUID | None = None
    about_invoice_id: UUID | None = None
    is_exact: bool = False


async def issue_invoice(command: IssueInvoice, tx: Transaction) -> Invoice:
    """The invoice with the next number of its brand, taxed and addressed as of now.

    `InvoiceBelowZero` if it would pay the client out.
    """
    brand = await tx.look_at(Brand, Brand.id_of(command.brand))
    contact = await contact_of(command.account_id, tx.read)
    taxation = await taxation_for(brand, contact, account_id=command.account_id, tx=tx)
    taxed = tax_lines([*command.lines, *await _collected(command, tx)], taxation)
    details = _details(command, brand, taxed=taxed)
    series = "pro_forma" if details.is_pro_forma else "invoice"
    number = await next_document_number(tx, brand, series=series, today=command.today)
    invoice = _invoice(command, contact, number=number, lines=taxed.lines, details=details)
    await _save_with_credit(invoice, tx)
    return invoice


async def _collected(command: IssueInvoice, tx: Transaction) -> list[InvoiceLine]:
    """The lines of what waited for the next invoice of the account and currency."""
    if command.is_exact or command.order_id or command.corrects:
        return []
    items = await due_items(tx, command.account_id, currency=command.currency, today=command.today)
    return await put_on_invoice(items, command.id, tx)


async def _save_with_credit(invoice: Invoice, tx: Transaction) -> None:
    """Record the new invoice, settled as far as the account's credit reaches, if its rules say.

    One that corrects another is settled by what that one gives back.
    """
    policy = await policy_for(tx, invoice.brand, account_id=invoice.account_id)
    credit = None
    if policy.rules.credit_applied_at_issue and invoice.details.corrects is None:
        credit = await use_credit(invoice, tx, today=invoice.issued_on)
        await number_if_paid(invoice, today=invoice.issued_on, tx=tx)
    await tx.save(invoice, *([credit] if credit else []))


async def taxation_for(
    brand: Brand, contact: Contact, *, account_id: UUID, tx: Transaction
) -> Taxation:
    """How the account is taxed as of now, by what it wrote of itself and what staff agreed."""
    policy = await policy_for(tx, brand.brand, account_id=account_id)
    return Taxation(
        rules=_tax_rules(brand, tx),
        buyer=buyer_of(contact, is_exempt=policy.rules.tax_exempt),
        language=contact.language,
    )


def _tax_rules(brand: Brand, tx: Transaction) -> TaxRules:
    """The brand's, checked once a transaction."""
    key = ("tax rules", brand.id, brand.version)
    if key not in tx.ahead.worked_out:
        tx.ahead.worked_out[key] = brand.settings.tax.rules()
    rules: TaxRules = tx.ahead.worked_out[key]
    return rules


def _details(command: IssueInvoice, brand: Brand, *, taxed: TaxedLines) -> InvoiceDetails:
    """What it says beside its lines. A number waits for the payment if the brand says so."""
    details = taxed.details(
        notes=[*taxed.notes, *command.notes],
        payee=brand.settings.payee,
        corrects=command.corrects,
        about_invoice_id=command.about_invoice_id,
    )
    total_minor = totals_of(taxed.lines, details).gross_minor
    if total_minor < 0:
        raise InvoiceBelowZero(total_minor=total_minor)
    waits = brand.settings.rules.get("number_on_payment", Rules.number_on_payment)
    if not waits or total_minor <= 0:
        return details
    return replace(details, is_pro_forma=True, is_booked_at_issue=False)


def _invoice(
    command: IssueInvoice,
    contact: Contact,
    *,
    number: str,
    lines: list[InvoiceLine],
    details: InvoiceDetails,
) -> Invoice:
    return Invoice.issue(
        id=command.id,
        account_id=command.account_id,
        brand=command.brand,
        number=number,
        order_id=command.order_id,
        issued_on=command.today,
        due_on=command.due_on,
        currency=command.currency,
        lines=lines,
        billed_to=(contact.name, contact.address, contact.tax_id),
        details=details,
    )


@dataclass(frozen=True, kw_only=True)
class CancelInvoice:
    """`reason` is a stable code, such as service_ended, which says why unless `why` does."""

    invoice_id: UUID
    today: date
    reason: str
    why: Why | None = None


async def cancel_invoice(command: CancelInvoice, tx: Transaction) -> None:
    """Make it void; the services that it would renew are billed anew. Not open: no change."""
    invoice = await tx.load(Invoice, command.invoice_id)
    if invoice.is_open and not invoice.settlement.is_payment_awaited:
        await void_invoice(command, tx)


async def void_invoice(command: CancelInvoice, tx: Transaction) -> None:
    """The same for who wants to know why not: raises what `Invoice.cancel` raises."""
    invoice = await tx.load(Invoice, command.invoice_id)
    rule = OF_VOID_INVOICE.get(command.reason, "invoice.voided_by_staff")
    why = command.why or because(tx, rule, reason=command.reason)
    uses = invoice.cancel(today=command.today, reason=command.reason, why=why)
    services = await _services_on(invoice, tx)
    for service in services:
        await _bill_anew(service, invoice, tx=tx)
    await tx.save(invoice, *services)
    await release_credit(invoice, uses, tx=tx)


async def _services_on(invoice: Invoice, tx: Transaction) -> list[HeldService]:
    ids = {line.service_id for line in invoice.lines if line.service_id}
    return [await tx.load(HeldService, service_id) for service_id in sorted(ids)]


async def _bill_anew(service: HeldService, invoice: Invoice, *, tx: Transaction) -> None:
    """The periods on an invoice that never was are billed by another one."""
    if renewal := service.unpaid.get(invoice.id):
        await tx.release("renewal", f"{service.id}/{renewal.period_start}")
    service.drop(invoice.id)


async def release_credit(invoice: Invoice, uses: Mapping[UUID, int], *, tx: Transaction) -> None:
    """Give back what the account's credit paid of an invoice that became void.

    What payments had brought for it, as only for a pro forma, is credit from now on.
    """
    if uses or invoice.settlement.payments:
        assert invoice.account_id is not None, "an invoice belongs to an account"
        whose = {"brand": invoice.brand, "currency": invoice.currency}
        credit = await balance_of(tx, invoice.account_id, **whose)
        for application_id in uses:
            _release(application_id, invoice, credit=credit, tx=tx)
        if prepaid_minor := sum(invoice.settlement.payments.values()):
            _give_prepaid(prepaid_minor, invoice, credit=credit, tx=tx)
        await tx.save(credit)


def _release(id: UUID, invoice: Invoice, *, credit: CreditBalance, tx: Transaction) -> None:
    credit.release(
        application_id=id,
        invoice_id=invoice.id,
        is_prepayment=id in invoice.settlement.still_prepaid,
        why=because(tx, "credit.released", invoice=invoice.id),
    )


def _give_prepaid(minor: int, invoice: Invoice, *, credit: CreditBalance, tx: Transaction) -> None:
    credit.give(
        amount_minor=minor,
        source="prepayment",
        reference_id=invoice.id,
        reason=invoice.number,
        why=because(tx, "credit.prepaid", invoice=invoice.id),
    )


async def invoice_of_brand(
    invoice_id: UUID, brand: str, *, tx: Transaction, expected_version: int | None = None
) -> Invoice:
    """The invoice if it is of this brand, else `NotFound`; `Stale` if it has moved on."""
    invoice = await tx.load(Invoice, invoice_id, expected_version=expected_version)
    if invoice.brand != brand:
        raise NotFound()
    return invoice


@dataclass(frozen=True, kw_only=True)
class GiveNotice:
    """`offset_days` names the notice: -7 a week before the due date, 3 three days after it."""

    invoice_id: UUID
    offset_days: int
    today: date


async def give_notice(command: GiveNotice, tx: Transaction) -> bool:
    """Remind of the invoice or of its being overdue; once for each notice, for ever."""
    invoice = await tx.load(Invoice, command.invoice_id)
    if not invoice.is_open or invoice.settlement.is_payment_awaited:
        return False
    if not await tx.claim_once("notice", f"{invoice.id}/{command.offset_days}"):
        return False
    policy = await policy_for(tx, invoice.brand, account_id=invoice.account_id)
    rule: Code = "notice.overdue" if command.offset_days > 0 else "notice.due"
    why = because(tx, rule, policy=policy, due_on=invoice.due_on, offset_days=command.offset_days)
    invoice.give_notice(command.today, why)
    await tx.save(invoice)
    return True
