"""What a client is told when a request is refused: a calm sentence for each stable code.

Where the fault lies in one field, the sentence stands at that field.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import DomainError, Unavailable
from shared.i18n import Translations


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


UNAVAILABLE = _("Something that we need does not answer right now. Please try again soon.")
PREPARING = _("Your account is being prepared. Please try again in a few seconds.")
FORBIDDEN = _("Your role does not allow this. Ask a colleague whose role does.")
FIELD_SENTENCES: Mapping[str, tuple[str, str]] = {
    "password_too_short": ("password", _("Please use at least 10 characters.")),
    "password_too_long": ("password", _("This password is too long.")),
    "password_guessable": ("password", _("This password is easy to guess. Try a longer sentence.")),
    "password_has_control_character": ("password", _("This password has a forbidden character.")),
    "domain_name_invalid": ("domain", _("Please enter a domain such as example.com.")),
    "language_not_offered": ("language", _("Please choose one of the languages.")),
    "service_unknown": ("service_id", _("Please choose one of your services.")),
    "department_unknown": ("department", _("Please choose a department.")),
    "top_up_out_of_range": ("amount", _("So much cannot be added at once. Try another amount.")),
    "balance_too_high": ("amount", _("With this amount your credit would be too high.")),
    "grace_end_invalid": ("until", _("Please choose a day after today, within ten years.")),
    "current_password_wrong": ("current", _("This is not your present password.")),
}
SENTENCES: Mapping[str, str] = {
    "sign_in_refused": _("The e-mail or the password is not right."),
    "email_not_confirmed": _("Please confirm your e-mail first: the link is in our message."),
    "too_many_attempts": _("Too many attempts. Please wait a few minutes and try again."),
    "too_many_sign_ins": _("Many people are signing in right now. Please try again in a moment."),
    "link_invalid": _("This link was used before or is too old. Please ask for a new one."),
    "invoice_already_paid": _("This invoice is paid already: there is nothing left to pay."),
    "invoice_is_cancelled": _("This invoice was cancelled: there is nothing to pay."),
    "payment_already_open": _("A payment of this invoice is on its way; no need to pay again."),
    "payment_awaited": _("A payment of this invoice is on its way; no need to pay again."),
    "no_credit_held": _("You have no credit in the currency of this invoice."),
    "nothing_to_pay": _("There is nothing to pay there."),
    "currencies_differ": _("Invoices in different currencies cannot be paid together."),
    "too_many_card_attempts": _("There were many attempts by card. Please try again in an hour."),
    "too_many_saved_methods": _("You have many cards saved. Please remove one first."),
    "saved_method_unknown": _("This card is not saved any more."),
    "saved_method_unusable": _("This card cannot be charged any more. Please save another one."),
    "gateway_cannot": _("This way to pay cannot be saved. Please choose another one."),
    "nothing_to_confirm": _("There is nothing to confirm any more."),
    "boleto_not_payable": _("This slip cannot be paid any more. Please choose how to pay again."),
    "payment_has_ended": _("This payment has ended. Please start a new one."),
    "payment_method_not_online": _("Please choose another payment method."),
    "cycle_not_offered": _("Please choose one of the billing cycles."),
    "email_not_changed_here": _("The sign-in e-mail cannot be changed here."),
    "payment_method_unknown": _("Please choose one of the payment methods."),
    "account_not_ready": PREPARING,
    "client_not_known_yet": PREPARING,
    "outcome_unknown": _("The payment page did not answer. Please wait a moment and try again."),
    "service_not_pending": _("This service has begun already and cannot be cancelled here."),
    "order_already_cancelled": _("This order is cancelled already."),
    "out_of_stock": _("This plan is sold out. Please choose another one."),
    "product_retired": _("This plan is no longer on sale. Please choose another one."),
    "service_not_suspended": _("This service is not suspended: there is nothing to lift."),
    "panel_busy": _("The panel is still at work on this service. Try again when it has answered."),
    "forbidden": FORBIDDEN,
    "ticket_already_closed": _("This ticket is closed already."),
    "stale": _("Somebody changed this at the same time. Here is what is stored now."),
    "unavailable": UNAVAILABLE,
    "idempotency_key_reused": _("This form was sent before. Please check and send it again."),
    "card_number_refused": _(
        "That looks like the number of a card, so we kept nothing of it. Please go back and leave "
        "it out: only the payment page may see your card."
    ),
    "form_unreadable": _("This form could not be read. Please fill it in again."),
}
REQUIRED = _("Please fill in this field.")
MALFORMED = _("Please check this field.")
CHECK_FIELDS = _("Please check the marked fields; nothing was lost.")
UNKNOWN = _("This could not be done. Nothing was changed; please try again or open a ticket.")


def explain(error: DomainError, language: Translations) -> tuple[dict[str, str], str]:
    """The sentences at fields (by name) and the one above the form."""
    fields = _malformed_fields(getattr(error, "errors", ()))
    if fields:
        told = {name: language.gettext(MALFORMED) for name in fields}
        return told, language.gettext(CHECK_FIELDS)
    if error.code in FIELD_SENTENCES:
        name, sentence = FIELD_SENTENCES[error.code]
        return {name: language.gettext(sentence)}, language.gettext(CHECK_FIELDS)
    if isinstance(error, Unavailable) or error.status == Unavailable.status:
        return {}, language.gettext(UNAVAILABLE)
    return {}, language.gettext(SENTENCES.get(error.code, UNKNOWN))


def _malformed_fields(flaws: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names in `body.email`, the way that a service names a field that does not fit."""
    return [str(flaw.get("field", "")).rpartition(".")[2] for flaw in flaws]
