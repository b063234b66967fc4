"""Noting down what an account will be charged for, and charging for it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.brands.currencies import check_currency
from services.billing.charges.billable_item import BillableItem
from services.billing.charges.collecting import due_items, put_on_invoice
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.rules.policy import policy_for
from services.billing.why.why import Why
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Transaction

Due = Literal["next_invoice", "on_date"]


@dataclass(frozen=True, kw_only=True)
class AddBillableItem:
    """`net_minor` as priced: with tax where the brand's prices include it."""

    id: UUID
    account_id: UUID
    brand: str
    description: str
    net_minor: int
    currency: str
    tax_category: str = "standard"
    due: Due = "next_invoice"
    bill_on: date | None = None
    why: Why | None = None


async def add_billable_item(command: AddBillableItem, tx: Transaction) -> BillableItem:
    """The item, which waits for its invoice. `CurrencyNotSold`."""
    check_currency(await tx.load(Brand, Brand.id_of(command.brand)), command.currency)
    item = BillableItem.add(**vars(command))
    await tx.save(item)
    return item


@dataclass(frozen=True, kw_only=True)
class BillNow:
    """The invoice of an item that waits for none."""

    item: AddBillableItem
    today: date
    due_on: date


async def bill_now(command: BillNow, tx: Transaction) -> Invoice:
    """An invoice over this item alone, at once."""
    item = await add_billable_item(command.item, tx)
    issue = _invoice_for(command.item, today=command.today, due_on=command.due_on)
    lines = await put_on_invoice([item], issue.id, tx)
    return await issue_invoice(replace(issue, lines=lines, is_exact=True), tx)


def _invoice_for(
    whose: "AddBillableItem | BillDueItems", *, today: date, due_on: date
) -> IssueInvoice:
    """An invoice of the account and currency, as yet without lines."""
    return IssueInvoice(
        id=new_id(),
        account_id=whose.account_id,
        brand=whose.brand,
        order_id=None,
        today=today,
        due_on=max(due_on, today),
        currency=whose.currency,
        lines=[],
    )


@dataclass(frozen=True, kw_only=True)
class BillDueItems:
    """The items of an account whose day has come, for which no other invoice came by."""

    account_id: UUID
    brand: str
    currency: str
    today: date


async def bill_due_items(command: BillDueItems, tx: Transaction) -> Invoice | None:
    """An invoice over all items that are due, with as long to pay as for a renewal; None if none
    is (any more).
    """
    found = await due_items(tx, command.account_id, currency=command.currency, today=command.today)
    if not any(item.bill_on for item in found):
        return None
    policy = await policy_for(tx, command.brand, account_id=command.account_id)
    due_on = command.today + timedelta(days=policy.rules.renewal_days_before)
    return await issue_invoice(_invoice_for(command, today=command.today, due_on=due_on), tx)


@dataclass(frozen=True, kw_only=True)
class WithdrawItem:
    """`reason` is a sentence of staff's."""

    item_id: UUID
    brand: str
    reason: str


async def withdraw_item(command: WithdrawItem, tx: Transaction) -> BillableItem:
    """The item is not billed. `ItemIsClosed` once it was."""
    item = await tx.load(BillableItem, command.item_id)
    if item.brand != command.brand:
        raise NotFound()
    item.withdraw(command.reason)
    await tx.save(item)
    return item
