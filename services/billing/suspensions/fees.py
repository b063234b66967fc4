"""What running again costs a service that was suspended for debt, on its next invoice.

The other way, a fee that is due before, stands with the lift. Amounts in minor units of the
service's currency.
"""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid5

from services.billing.charges.commands import AddBillableItem, add_billable_item
from services.billing.contacts.contact import contact_of
from services.billing.held_services.descriptions import describe_reactivation
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.invoice import Invoice
from services.billing.rules.policy import policy_for
from services.billing.suspensions.lifting import RULE, fee_id
from services.billing.why.because import because
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class ChargeReactivation:
    """A service that runs again after it was suspended for debt on `suspended_on`."""

    service_id: UUID
    suspended_on: date


async def charge_reactivation(command: ChargeReactivation, tx: Transaction) -> None:
    """Note the fee for the next invoice, if the rules want it there; once for a suspension.

    None where an invoice asked for it before the lift, as the rules may have changed meanwhile.
    """
    service = await tx.load(HeldService, command.service_id)
    policy = await policy_for(
        tx, service.brand, product_id=service.terms.product_id, account_id=service.account_id
    )
    fee = policy.rules.reactivation_fee
    if fee.kind != "next_invoice" or not fee.amount_minor:
        return
    if await _was_asked_before(service, command, tx):
        return
    why = because(tx, RULE, policy=policy, suspended_on=command.suspended_on)
    item = await _item(service, command, amount_minor=fee.amount_minor, tx=tx)
    if await tx.claim_once("reactivation_fee", str(item.id)):
        await add_billable_item(replace(item, why=why), tx)


async def _was_asked_before(
    service: HeldService, command: ChargeReactivation, tx: Transaction
) -> bool:
    try:
        await tx.load(Invoice, fee_id(service.id, command.suspended_on))
    except NotFound:
        return False
    return True


async def _item(
    service: HeldService, command: ChargeReactivation, *, amount_minor: int, tx: Transaction
) -> AddBillableItem:
    assert service.account_id, "a service belongs to an account"
    language = (await contact_of(service.account_id, tx.read)).language
    return AddBillableItem(
        id=uuid5(fee_id(service.id, command.suspended_on), "item"),
        account_id=service.account_id,
        brand=service.brand,
        description=describe_reactivation(service.terms, language),
        net_minor=amount_minor,
        currency=service.terms.currency,
        tax_category=service.terms.tax_category,
    )
