"""Upgrades, downgrades and other changes of a service: what they cost, ordering, taking back."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.billing.automation.today import today_for
from services.billing.catalogue.allotments import OutOfStock
from services.billing.catalogue.bodies import Cycle
from services.billing.catalogue.paths import ChangeNotOffered, ParentDoesNotFit
from services.billing.catalogue.pricing import (
    Choice,
    OptionQuantityInvalid,
    OptionUnknown,
    OptionValueUnknown,
)
from services.billing.catalogue.product import CycleNotOffered, ProductRetired
from services.billing.catalogue.terms import MOST_UNITS
from services.billing.contacts.contact import AccountNotReady
from services.billing.held_services.terms import (
    CancellationPending,
    ChangeAlreadyBilled,
    ChangePending,
    NothingDue,
    NothingToWithdraw,
    RenewalUnpaid,
    ServiceNotActive,
)
from services.billing.invoices.settlement import InvoiceAlreadyPaid, PaymentAwaited
from services.billing.service_changes.commands import (
    ChangeHeldService,
    ChangeUnderWay,
    Planned,
    WithdrawChange,
    order_change,
    preview_change,
    withdraw_change,
)
from services.billing.service_changes.reckoning import ChangeTooLate
from services.billing.service_changes.wanted import (
    ChangeOnlyAtPeriodEnd,
    ChangesNothing,
    Wanted,
)
from services.billing.state import account_of, cause_of
from shared.errors import DomainError, NotFound, Stale
from shared.http import Answer, Body, Call, Id, Line, Repeat, Router, Who

router = Router(tags=["changes of services"])

REFUSALS: tuple[type[DomainError], ...] = (
    NotFound,
    Stale,
    ServiceNotActive,
    RenewalUnpaid,
    ChangePending,
    CancellationPending,
    ChangesNothing,
    ChangeNotOffered,
    ChangeOnlyAtPeriodEnd,
    ChangeTooLate,
    NothingDue,
    ParentDoesNotFit,
    ProductRetired,
    CycleNotOffered,
    OptionUnknown,
    OptionValueUnknown,
    OptionQuantityInvalid,
    OutOfStock,
    PaymentAwaited,
    AccountNotReady,
)

Units = Annotated[int, Field(ge=0, le=MOST_UNITS)]


class ChoiceBody(Body):
    """What is wanted of an option: the id of a value, or a quantity."""

    option: Line
    value: Line | None = None
    quantity: Units | None = None


class ChangeBody(Body):
    """What is to be different; what is left out stays. Without `at` the rules say when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"product_id": "0c5c2b0e-55f5-5b7e-8f59-4b3a5f1c9d22"},
                {"cycle": "annual", "at": "period_end"},
                {"options": [{"option": "memory", "value": "4gb"}]},
            ]
        }
    )

    product_id: Id | None = None
    cycle: Cycle | None = None
    options: list[ChoiceBody] | None = Field(default=None, max_length=50)
    quantity: int | None = Field(default=None, ge=1, le=MOST_UNITS)
    at: Literal["now", "period_end"] | None = None

    def wanted(self) -> Wanted:
        """The same for the command."""
        return Wanted(
            product_id=self.product_id,
            cycle=self.cycle,
            choices=None if self.options is None else _choices(self.options),
            quantity=self.quantity,
            at=self.at,
        )


def _choices(options: Iterable[ChoiceBody]) -> tuple[Choice, ...]:
    return tuple(Choice(**option.model_dump()) for option in options)


class PreviewLine(Answer):
    """A line of the invoice that the change would have, without its tax."""

    kind: str
    description: str
    net_minor: int


class PreviewOut(Answer):
    """What the change would be. `net_minor` is owed for it; below zero, it would be credited."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "upgrade",
                    "effective": "now",
                    "effective_on": "2026-11-21",
                    "product_id": "01939000-0000-7000-8000-000000000003",
                    "cycle": "monthly",
                    "recurring_minor": 4990,
                    "credit_minor": 1495,
                    "charge_minor": 2495,
                    "net_minor": 1000,
                    "currency": "BRL",
                    "next_due_on": "2026-12-06",
                    "lines": [
                        {
                            "kind": "credit",
                            "description": "Start (21/11/2026 – 05/12/2026)",
                            "net_minor": -1495,
                        },
                        {
                            "kind": "upgrade",
                            "description": "Pro (21/11/2026 – 05/12/2026)",
                            "net_minor": 2495,
                        },
                    ],
                }
            ]
        }
    )

    kind: str
    effective: str
    effective_on: date
    product_id: UUID
    cycle: str
    recurring_minor: int
    credit_minor: int
    charge_minor: int
    net_minor: int
    currency: str
    next_due_on: date | None
    lines: list[PreviewLine]


@router.post(
    "/v1/services/{service_id}/changes/preview",
    who=Who.CLIENT,
    repeat=Repeat.READS,
    errors=REFUSALS,
)
async def post_change_preview(service_id: UUID, body: ChangeBody, call: Call) -> PreviewOut:
    """What a change costs and when it takes effect. Nothing is done."""
    async with call.store.transaction(cause_of(call)) as tx:
        command = await _command(service_id, body, call=call)
        return _preview(await preview_change(command, tx))


async def _command(service_id: UUID, body: ChangeBody, *, call: Call) -> ChangeHeldService:
    account_id, brand = account_of(call)
    async with call.store.transaction(cause_of(call)) as tx:
        today = await today_for(brand, tx)
    return ChangeHeldService(
        service_id=service_id,
        account_id=account_id,
        wanted=body.wanted(),
        today=today,
        expected_version=call.expected_version,
    )


def _preview(planned: Planned) -> PreviewOut:
    change = planned.change
    return PreviewOut(
        kind=change.kind,
        effective=change.effective,
        effective_on=change.effective_on,
        product_id=change.terms.product_id,
        cycle=change.terms.cycle,
        recurring_minor=change.terms.list_minor,
        credit_minor=change.credit_minor,
        charge_minor=change.charge_minor,
        net_minor=change.net_minor,
        currency=change.terms.currency,
        next_due_on=change.next_due_on or planned.service.next_due_on,
        lines=[PreviewLine.model_validate(line) for line in planned.lines],
    )


class ChangeOrdered(Answer):
    """The change, which is made when its invoice is paid, its day has come, or at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "change_id": "01939000-0000-7000-8000-000000000021",
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "effective_on": "2026-11-21",
                }
            ]
        }
    )

    change_id: UUID | None
    invoice_id: UUID | None
    effective_on: date | None


@router.post(
    "/v1/services/{service_id}/changes",
    status_code=201,
    who=Who.CLIENT,
    errors=REFUSALS,
)
async def post_change(service_id: UUID, body: ChangeBody, call: Call) -> ChangeOrdered:
    """Change a service. With If-Match only as it was read."""
    service = await order_change(await _command(service_id, body, call=call), call.tx)
    call.etag(service.version)
    change = service.pending_change
    return ChangeOrdered(
        change_id=change.id if change else None,
        invoice_id=change.invoice_id if change else None,
        effective_on=change.effective_on if change else None,
    )


@router.post(
    "/v1/services/{service_id}/changes/withdrawal",
    status_code=204,
    who=Who.CLIENT,
    errors=(
        NotFound,
        Stale,
        NothingToWithdraw,
        ChangeUnderWay,
        ChangeAlreadyBilled,
        InvoiceAlreadyPaid,
        PaymentAwaited,
    ),
)
async def post_change_withdrawal(service_id: UUID, call: Call) -> None:
    """Take a change back that is not paid for yet. With If-Match only as it was read."""
    account_id, brand = account_of(call)
    command = WithdrawChange(
        service_id=service_id,
        account_id=account_id,
        today=await today_for(brand, call.tx),
        expected_version=call.expected_version,
    )
    call.etag((await withdraw_change(command, call.tx)).version)
