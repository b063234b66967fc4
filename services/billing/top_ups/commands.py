"""Topping up an account's credit, within the limits of the brand's rules."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.brands.brand import BANK_TRANSFER, ONLINE, Brand, PaymentMethod
from services.billing.brands.currencies import check_currency
from services.billing.credit.balances import balance_of
from services.billing.payments.payment import Payment
from services.billing.rules.policy import policy_for
from services.billing.rules.rules import Rules
from services.billing.top_ups.by_transfer import expect
from services.billing.top_ups.top_up import TopUp
from shared.errors import Conflict, Invalid
from shared.ids import new_id
from shared.store import Transaction


class TopUpOutOfRange(Invalid):
    """The amount is below the least or above the most that can be topped up at once."""


class BalanceTooHigh(Conflict):
    """With this amount the account would have more credit than it may have."""


@dataclass(frozen=True, kw_only=True)
class WantTopUp:
    """Any amount within the limits. `currency` None: the brand's own."""

    id: UUID
    account_id: UUID
    brand: str
    amount_minor: int
    currency: str | None
    method: str


@dataclass(frozen=True, kw_only=True)
class WantedTopUp:
    """`payment`: the attempt that can be opened; None for a transfer, paid by `instructions`."""

    top_up: TopUp
    payment: Payment | None
    instructions: dict[str, str]


async def want_top_up(command: WantTopUp, tx: Transaction) -> WantedTopUp:
    """Record the wish and, unless it is paid by transfer, the attempt to pay it.

    TopUpOutOfRange, BalanceTooHigh, CurrencyNotSold, PaymentMethodUnknown,
    PaymentMethodNotOnline.
    """
    brand = await tx.look_at(Brand, Brand.id_of(command.brand))
    currency = command.currency or brand.settings.currency
    check_currency(brand, currency)
    method = _method(brand, command.method)
    await _check_limits(command, currency, tx)
    today = await today_for(command.brand, tx)
    top_up = _wanted(command, currency, today=today)
    payment = _begin(top_up, command, method=method, today=today)
    await tx.save(top_up, *([payment] if payment else []))
    if payment is None:
        await expect(top_up, await tx.begin(), method=method.id, wanted_on=today)
    return WantedTopUp(top_up=top_up, payment=payment, instructions=dict(method.details))


def _method(brand: Brand, id: str) -> PaymentMethod:
    return brand.online_method(id, kinds={*ONLINE, BANK_TRANSFER})


async def _check_limits(command: WantTopUp, currency: str, tx: Transaction) -> None:
    policy = await policy_for(tx, command.brand, account_id=command.account_id)
    credit = await balance_of(tx, command.account_id, brand=command.brand, currency=currency)
    check_limits(command.amount_minor, policy.rules, balance_minor=credit.balance_minor)


def check_limits(amount_minor: int, rules: Rules, *, balance_minor: int) -> None:
    """Raise unless so much may be added to the balance; a limit of 0 is none.

    >>> check_limits(100, Rules(top_up_minimum_minor=100), balance_minor=0)
    """
    most_minor, most_held_minor = rules.top_up_maximum_minor, rules.balance_maximum_minor
    if amount_minor < rules.top_up_minimum_minor or 0 < most_minor < amount_minor:
        raise TopUpOutOfRange(
            field="amount_minor", least_minor=rules.top_up_minimum_minor, most_minor=most_minor
        )
    if 0 < most_held_minor < balance_minor + amount_minor:
        raise BalanceTooHigh(balance_minor=balance_minor, most_minor=most_held_minor)


def _wanted(command: WantTopUp, currency: str, *, today: date) -> TopUp:
    return TopUp.want(
        id=command.id,
        account_id=command.account_id,
        brand=command.brand,
        amount_minor=command.amount_minor,
        currency=currency,
        wanted_on=today,
    )


def _begin(
    top_up: TopUp, command: WantTopUp, *, method: PaymentMethod, today: date
) -> Payment | None:
    if method.kind == BANK_TRANSFER:
        return None
    payment_id = new_id()
    top_up.start_payment(payment_id=payment_id, method=method.id, today=today)
    return Payment.start(
        id=payment_id,
        account_id=command.account_id,
        brand=command.brand,
        invoice_id=top_up.id,
        purpose="top_up",
        method=method.id,
        amount_minor=command.amount_minor,
        currency=top_up.currency,
        today=today,
        gateway=method.gateway,
    )
