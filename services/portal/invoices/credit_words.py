"""Why a credit note took something back, in words, where a rule did it."""

from collections.abc import Mapping

from services.portal.invoices.views import CreditNote
from shared.i18n import Translations


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


REASONS: Mapping[str, str] = {
    "never_owed": _("The invoice that the late fee was for was taken back."),
    "paid_in_time": _("The invoice that the late fee was for had been paid in time."),
    "service_cancelled": _("The service was cancelled."),
    "service_change": _("The service was changed: what is not used is given back."),
    "service_changed": _("The service was changed: it is invoiced anew."),
    "service_ended": _("The service has ended."),
}
"""Any other reason is a sentence that staff wrote for the client."""


def credit_words(note: CreditNote, language: Translations) -> str:
    """The reason as the client reads it."""
    return language.gettext(REASONS[note.reason]) if note.reason in REASONS else note.reason
