"""What Stripe's refusals of a charge mean: whether the same card may work later.

Source: Stripe, Decline codes, and the advice codes of the card networks that it passes on. What is
not known is soft: a card that may work is tried again, on the days of the retry schedule.
"""

from typing import Literal

Decline = Literal["soft", "hard"]

_HARD = {
    "card_not_supported",
    "currency_not_supported",
    "expired_card",
    "fraudulent",
    "incorrect_number",
    "invalid_account",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "lost_card",
    "merchant_blacklist",
    "new_account_information_available",
    "not_permitted",
    "payment_method_gone",
    "pickup_card",
    "restricted_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "security_violation",
    "service_not_allowed",
    "stolen_card",
    "stop_payment_order",
    "testmode_decline",
    "transaction_not_allowed",
}
_HARD_ADVICE = {"do_not_try_again", "confirm_card_data"}

CONFIRMATION_WANTED = "authentication_required"
"""The payer's bank wants them to confirm the charge (3-D Secure)."""

METHOD_GONE = "payment_method_gone"
"""The saved method is no longer there; a code of ours, for Stripe says `resource_missing`."""


def decline_of(code: str, *, advice: str | None = None) -> Decline:
    """Whether a charge that failed with this code can work later, by the code and the advice.

    >>> decline_of("insufficient_funds"), decline_of("stolen_card"), decline_of("of next year")
    ('soft', 'hard', 'soft')
    >>> decline_of("generic_decline", advice="do_not_try_again")
    'hard'
    """
    return "hard" if advice in _HARD_ADVICE or code in _HARD else "soft"
