"""Words around a payment that come from data: a bank's details, a gateway's reasons."""

from collections.abc import Mapping

from services.portal.payments.views import Payment
from shared.contracts.billing import PaymentMethod
from shared.i18n import Translations


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


BANK_WORDS: Mapping[str, str] = {
    "bank": _("Bank"),
    "branch": _("Branch"),
    "account": _("Account no."),
    "beneficiary": _("Beneficiary"),
    "tax_id": _("Tax number"),
    "iban": _("IBAN"),
    "bic": _("BIC"),
    "pix_key": _("PIX key"),
}
FAILURES: Mapping[str, str] = {
    "card_declined": _("The card was declined by its bank."),
    "declined": _("The payment was declined."),
    "expired": _("The payment page was left without paying."),
    "boleto_expired": _("The bank takes this slip no more."),
    "insufficient_funds": _("The card has not enough funds."),
}

CODE_EXPIRED = _("The code's time was over.")


def bank_details(method: PaymentMethod, language: Translations) -> list[tuple[str, str]]:
    """What a transfer needs, in the order in which a bank's form asks for it."""
    details = method.details
    known = [
        (language.gettext(word), details[name])
        for name, word in BANK_WORDS.items()
        if name in details
    ]
    return known + [(name, text) for name, text in details.items() if name not in BANK_WORDS]


def failure_words(last: Payment | None, language: Translations) -> str:
    """Why the last attempt failed, if it did and the reason has words."""
    reason = (last.failure_reason if last else None) or ""
    if last and last.pix_code and reason == "expired":
        return language.gettext(CODE_EXPIRED)
    return language.gettext(FAILURES[reason]) if reason in FAILURES else ""
