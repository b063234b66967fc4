"""What the saved ways to pay tell the world. Tokens stay in the house."""

import msgspec

from services.billing.saved_methods.wallet import Wallet
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_wallet(event: DomainEvent, wallet: Wallet) -> PublicEvent | None:
    """The public event of an account's wallet."""
    match event:
        case Wallet.MethodSaved(saved=saved) as said:
            return billing.PaymentMethodSaved(
                method_id=saved.id,
                method=saved.method,
                kind=saved.kind,
                card_brand=saved.card_brand,
                last_four=saved.last_four,
                expires_on=saved.expires_on,
                is_default=said.is_default,
            )
        case Wallet.MethodRemoved(method_id=method_id, reason=reason):
            return billing.PaymentMethodRemoved(method_id=method_id, reason=reason)
        case Wallet.DefaultChosen(method_id=method_id):
            return billing.PaymentMethodPreferred(method_id=method_id)
        case Wallet.AutopaySwitched(is_on=is_on):
            return billing.AutopayChanged(is_on=is_on)
        case Wallet.MethodDeclined() as declined:
            return billing.PaymentMethodDeclined(
                method_id=declined.method_id,
                payment_id=declined.payment_id,
                reason=declined.reason,
                declined_on=declined.declined_on,
            )
        case Wallet.ConfirmationWanted() as wanted:
            return billing.PaymentConfirmationWanted(
                payment_id=wanted.payment_id,
                invoice_id=wanted.invoice_id,
                amount_minor=wanted.amount_minor,
                currency=wanted.currency,
            )
        case Wallet.ExpiryNoticed() as noticed:
            card = {**wallet.forgotten, **wallet.methods}[noticed.method_id]
            return billing.PaymentMethodExpiring(
                method_id=noticed.method_id,
                card_brand=card.card_brand,
                last_four=card.last_four,
                expires_on=noticed.expires_on,
                why=msgspec.convert(noticed.why, billing.Why, from_attributes=True),
            )
        case _:
            return None
