"""An account's events as sentences, for its owner and for staff.

Each sentence is a message of the catalogue; its values are written in the reader's way first.
Events without a sentence are bookkeeping that the reader sees as part of another event.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from services.portal.history.timeline import Entry
from shared.i18n import Translations


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


SENTENCES = {
    "AccountOpened": _("The account was opened."),
    "AccountNumberAssigned": _("The account got its number %(number)s."),
    "ContactChanged": _("The contact data were changed."),
    "EmailConfirmed": _("The e-mail address was confirmed."),
    "PasswordResetRequested": _("A link to choose a new password was asked for."),
    "PasswordChanged": _("The password was changed; every session ended."),
    "OrderPlaced": _("Order %(number)s was placed for %(domain)s."),
    "OrderCancelled": _("Order %(number)s was cancelled."),
    "PromotionUsed": _("Promotion %(code)s was used."),
    "PromotionReleased": _("Promotion %(code)s is free to be used again."),
    "ServiceOrdered": _("%(product_name)s was ordered for %(domain)s."),
    "ProvisioningRequested": _("Our system asked the server to carry out: %(action)s."),
    "ProvisioningFailed": _("The server could not carry out: %(action)s."),
    "ServiceActivated": _("The service became active; it is paid until %(next_due_on)s."),
    "ServiceRenewed": _("The service was renewed; it is paid until %(next_due_on)s."),
    "ServiceSuspended": _("The service was suspended."),
    "ServiceUnsuspended": _("The service was switched on again."),
    "ServiceTerminated": _("The service ended."),
    "ServiceCancelled": _("The service was cancelled before it began."),
    "ServiceEnded": _("The service ended on %(ended_on)s."),
    "ServiceTransferred": _("The service was transferred to another account."),
    "ServiceCancellationRequested": _("The service was cancelled; it ends on %(ends_on)s."),
    "ServiceCancellationWithdrawn": _("The cancellation was taken back; the service goes on."),
    "ServiceChangeScheduled": _("A change to %(product_name)s was ordered."),
    "ServiceChangeWithdrawn": _("The change of the service was taken back."),
    "ServiceChanged": _("The service was changed to %(product_name)s."),
    "SuspensionWarned": _("Notice: the service will be suspended on %(suspends_on)s."),
    "InvoiceIssued": _("Invoice %(number)s was issued: %(total)s, due on %(due_on)s."),
    "PaymentAllocated": _("%(amount)s of a payment was counted towards the invoice."),
    "InvoicePaid": _("Invoice %(number)s was paid in full."),
    "InvoiceCancelled": _("Invoice %(number)s was cancelled."),
    "PaymentReminderDue": _("Reminder: %(open)s is due on %(due_on)s."),
    "InvoiceOverdue": _("Notice: %(open)s has been due since %(due_on)s."),
    "PaymentStarted": _("A payment of %(amount)s was started."),
    "PaymentPending": _("The payment is being processed."),
    "PaymentReceived": _("A payment of %(amount)s arrived; receipt %(receipt_number)s."),
    "BoletoIssued": _("A boleto over %(amount)s was issued, due on %(due_on)s."),
    "BoletoReissued": _("A late boleto was issued once more: %(amount)s until %(pay_by)s."),
    "BoletoCollected": _("The bank took the money of a boleto."),
    "BoletoEnded": _("A boleto cannot be paid any more."),
    "PixCodeIssued": _("A PIX code over %(amount)s was issued."),
    "PaymentReversed": _("A payment of %(amount)s had been booked by mistake; it was taken back."),
    "PaymentTakenBack": _("%(amount)s of the invoice are owed again."),
    "PaymentFailed": _("A payment was not completed."),
    "PaymentRefunded": _("%(amount)s of a payment was paid back."),
    "PaymentDisputed": _("%(amount)s of a payment was asked back through the bank."),
    "PaymentDisputeClosed": _("The bank decided about a payment that had been asked back."),
    "InvoiceReopened": _(
        "%(amount)s of invoice %(number)s is owed again: a payment was charged back. "
        "No saved card is charged for it unasked."
    ),
    "PaymentMethodSaved": _("A way to pay was saved: %(card_brand)s, ending in %(last_four)s."),
    "PaymentMethodRemoved": _("A saved way to pay was removed."),
    "PaymentMethodPreferred": _("Another saved way to pay was chosen."),
    "PaymentMethodDeclined": _("The bank declined a saved card; it is not charged any more."),
    "PaymentMethodExpiring": _("Notice: a saved card expires on %(expires_on)s."),
    "PaymentConfirmationWanted": _("The bank wants a payment of %(amount)s to be confirmed."),
    "AutopayChanged": _("Automatic payment was switched on or off."),
    "CreditAdded": _("%(amount)s was added to the account's credit."),
    "CreditGiven": _("%(amount)s was given as credit to the account."),
    "CreditApplied": _("%(amount)s of the account's credit was used for the invoice."),
    "CreditReleased": _("%(amount)s went back to the account's credit."),
    "CreditWithdrawn": _("%(amount)s of the account's credit was paid out."),
    "InvoiceNumbered": _("The invoice got the number %(number)s."),
    "InvoiceWrittenOff": _("Invoice %(number)s was written off."),
    "CreditNoteIssued": _("Credit note %(number)s: %(total)s of an invoice was taken back."),
    "DraftOpened": _("An invoice was begun."),
    "DraftChanged": _("The draft of an invoice was changed."),
    "DraftDiscarded": _("The draft of an invoice was given up."),
    "DraftIssued": _("The draft became an invoice."),
    "BillableItemAdded": _("To be billed: %(description)s, %(net)s."),
    "BillableItemInvoiced": _("What was to be billed is on an invoice."),
    "BillableItemWithdrawn": _("Something will not be billed after all."),
    "TicketOpened": _("Ticket %(number)s was opened."),
    "TicketReplied": _("An answer was added to a ticket."),
    "TicketClosed": _("A ticket was closed."),
    "EmailSent": _("An e-mail was sent."),
    "EmailFailed": _("An e-mail could not be delivered."),
}
UNSAID = frozenset(
    {
        "EmailConfirmationRequested",
        "RegistrationRepeated",
        "PaymentAllocated",
        "PaymentMismatchFound",
        "PaymentSent",
        "RefundRequested",
        "RefundOrdered",
        "RefundDeclined",
        "RefundDone",
        "RefundFailed",
        "PaymentOutcomeUnknown",
        "AutopayDue",
        "CardNoticesDue",
        "BankEntryAllocated",
        "BankEntryRecorded",
        "BankEntryReopened",
        "BankEntrySetAside",
        "BankEntrySuggested",
        "BankStatementImported",
        "PayerForgotten",
        "PayerRemembered",
        "DayReconciled",
        "ReconciliationAsked",
        "StaffTaskOpened",
        "StaffTaskDone",
        "ProvisioningRequested",
        "ProvisioningFailed",
        "CartOpened",
        "CartChanged",
        "CartAdopted",
        "CartCheckedOut",
        "CartExpired",
        "DraftOpened",
        "DraftChanged",
        "DraftDiscarded",
        "DraftIssued",
        "BillableItemAdded",
        "BillableItemInvoiced",
        "BillableItemWithdrawn",
    }
)
"""What staff sees by its name and the client does not see at all."""

ACTIONS = {
    "create": _("set up"),
    "suspend": _("suspend"),
    "unsuspend": _("switch on again"),
    "terminate": _("remove"),
    "change_plan": _("change"),
    "transfer": _("transfer"),
}


class Sentence(msgspec.Struct, frozen=True):
    """An entry of a story, in words."""

    at: Any
    words: str
    entry: Entry


def tell(entries: Sequence[Entry], language: Translations) -> list[Sentence]:
    """The entries that concern the client, in the given order and the reader's language."""
    return tell_all([entry for entry in entries if entry.type not in UNSAID], language)


def tell_all(entries: Sequence[Entry], language: Translations) -> list[Sentence]:
    """Every entry, for staff; one without a sentence by its name."""
    return [Sentence(entry.at, _say(entry, language), entry) for entry in entries]


def _say(entry: Entry, language: Translations) -> str:
    sentence = SENTENCES.get(entry.type)
    if sentence is None:
        return entry.type
    return language.gettext(sentence, **_readable(entry.facts, language))


def _readable(facts: dict[str, Any], language: Translations) -> dict[str, str]:
    currency = facts.get("currency", "")
    readable: dict[str, str] = {}
    for name, value in facts.items():
        if value is None:
            readable[name.removesuffix("_minor")] = "–"
        elif name.endswith("_minor"):
            readable[name.removesuffix("_minor")] = language.money(value, currency)
        elif name.endswith("_on") and isinstance(value, str):
            readable[name] = language.day(date.fromisoformat(value))
        elif name == "product_name":
            readable[name] = value.get(language.language) or next(iter(value.values()))
        elif name == "action":
            readable[name] = language.gettext(ACTIONS.get(value, value))
        else:
            readable[name] = str(value)
    return readable
