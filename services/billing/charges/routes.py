"""Billable items: what staff notes down for the next invoice, for a date, or bills at once."""

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict

from services.billing.automation.today import today_for
from services.billing.brands.currencies import CurrencyNotSold
from services.billing.charges.billable_item import BillingDayInvalid, ItemIsClosed
from services.billing.charges.commands import (
    AddBillableItem,
    BillNow,
    WithdrawItem,
    add_billable_item,
    bill_now,
    withdraw_item,
)
from services.billing.contacts.contact import AccountNotReady, brand_of_account
from services.billing.invoices.bodies import Charge, Currency, ReasonBody, TaxCategory
from services.billing.state import staff_brand_of
from shared.contracts.permissions import BILLING_INVOICE, BILLING_READ
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Day, Line, Router, Who
from shared.ids import new_id

router = Router(tags=["billable items"])

DAYS_TO_PAY = 14


class ItemOut(Answer):
    """`status`: open, invoiced or withdrawn. The amount is as priced."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "item_id": "01939000-0000-7000-8000-000000000017",
                    "description": "Restore",
                    "net_minor": 500,
                    "currency": "BRL",
                    "tax_category": "standard",
                    "bill_on": None,
                    "status": "open",
                    "invoice_id": None,
                }
            ]
        }
    )

    item_id: UUID
    description: str
    net_minor: int
    currency: str
    tax_category: str
    bill_on: date | None
    status: str
    invoice_id: UUID | None


@router.get(
    "/v1/accounts/{account_id}/billable-items",
    who=Who.STAFF,
    scope=BILLING_READ,
    errors=(NotFound,),
)
async def get_items(
    account_id: UUID,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: UUID | None = None,
) -> list[ItemOut]:
    """The account's items, newest first; `after` is the last one of the page before."""
    async with acquire(call.db) as db:
        call.own(None, await brand_of_account(account_id, db))
        rows = await db.fetch(
            """select * from billable_item where account_id = $1
               and ($2::uuid is null or item_id < $2) order by item_id desc limit $3""",
            account_id,
            after,
            limit,
        )
    return [ItemOut.model_validate(dict(row)) for row in rows]


class ItemBody(Body):
    """`due`: now, with the next invoice of the account, or on the date `bill_on` at the latest.

    `due_on` is of an invoice that is issued now; two weeks from today if left out.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "description": "Restore from a backup",
                    "net_minor": 9900,
                    "currency": "BRL",
                    "due": "next_invoice",
                }
            ]
        }
    )

    description: Line
    net_minor: Charge
    currency: Currency
    tax_category: TaxCategory = "standard"
    due: Literal["now", "next_invoice", "on_date"] = "next_invoice"
    bill_on: Day | None = None
    due_on: Day | None = None

    def item(self, account_id: UUID, brand: str) -> AddBillableItem:
        """What is to be noted down. `BillingDayInvalid`."""
        if (self.due == "on_date") != (self.bill_on is not None):
            raise BillingDayInvalid(field="bill_on")
        if self.due_on is not None and self.due != "now":
            raise BillingDayInvalid(field="due_on")
        return AddBillableItem(
            id=new_id(),
            account_id=account_id,
            brand=brand,
            description=self.description,
            net_minor=self.net_minor,
            currency=self.currency,
            tax_category=self.tax_category,
            due="on_date" if self.due == "on_date" else "next_invoice",
            bill_on=self.bill_on,
        )


class ItemAdded(Answer):
    """The item, and its invoice if it was billed at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "item_id": "01939000-0000-7000-8000-000000000017",
                    "invoice_id": None,
                    "number": None,
                }
            ]
        }
    )

    item_id: UUID
    invoice_id: UUID | None = None
    number: str | None = None


@router.post(
    "/v1/accounts/{account_id}/billable-items",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=(NotFound, CurrencyNotSold, BillingDayInvalid, AccountNotReady),
)
async def post_item(account_id: UUID, body: ItemBody, call: Call) -> ItemAdded:
    """Note down what an account will be charged for, or charge it at once."""
    brand = await brand_of_account(account_id, call.tx.read)
    call.own(None, brand)
    item = body.item(account_id, brand)
    if body.due != "now":
        await add_billable_item(item, call.tx)
        return ItemAdded(item_id=item.id)
    today = await today_for(brand, call.tx)
    due_on = body.due_on or today + timedelta(days=DAYS_TO_PAY)
    invoice = await bill_now(BillNow(item=item, today=today, due_on=due_on), call.tx)
    return ItemAdded(item_id=item.id, invoice_id=invoice.id, number=invoice.number)


@router.post(
    "/v1/billable-items/{item_id}/withdraw",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_INVOICE,
    errors=(NotFound, ItemIsClosed),
)
async def post_withdraw(item_id: UUID, body: ReasonBody, call: Call) -> None:
    """Do not bill an item after all."""
    command = WithdrawItem(item_id=item_id, brand=staff_brand_of(call), reason=body.reason)
    await withdraw_item(command, call.tx)
