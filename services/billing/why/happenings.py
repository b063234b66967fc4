"""What each public event says happened, in a sentence: the links of a chain of causes.

As in `sentences.py`; the blanks are fields of the event.
"""

from collections.abc import Mapping

from services.billing.why.sentences import Sentence
from shared.contracts import PublicEvent, billing

HAPPENINGS: Mapping[type[PublicEvent], Sentence] = {
    billing.AutopayDue: Sentence("The invoice was handed over for payment by stored card."),
    billing.AutopayChanged: Sentence("Automatic payment was switched on or off."),
    billing.BankEntryAllocated: Sentence("A bank transfer was counted as payment."),
    billing.BankEntryReopened: Sentence("What a bank transfer was counted for was taken back."),
    billing.BankStatementImported: Sentence("A statement of our bank was read."),
    billing.BillableItemAdded: Sentence("It was noted down: %(description)s"),
    billing.BillableItemInvoiced: Sentence("What was noted down was put on an invoice."),
    billing.BillableItemWithdrawn: Sentence("What was noted down will not be billed."),
    billing.BoletoCollected: Sentence("The bank took %(paid_minor)s for a boleto."),
    billing.BoletoEnded: Sentence("A boleto could not be paid any more."),
    billing.BoletoIssued: Sentence("A boleto over %(amount_minor)s was issued, due on %(due_on)s."),
    billing.BoletoReissued: Sentence(
        "A late boleto was issued once more, over %(amount_minor)s until %(pay_by)s."
    ),
    billing.BrandConfigured: Sentence("The rules of the house were set."),
    billing.BusinessDayStarted: Sentence("The business day of %(day)s began."),
    billing.CardNoticesDue: Sentence("Whose card expires was to be told."),
    billing.CreditAdded: Sentence("%(amount_minor)s were added to the credit."),
    billing.CreditApplied: Sentence("%(amount_minor)s of the credit were used for an invoice."),
    billing.CreditGiven: Sentence("%(amount_minor)s were added to the credit."),
    billing.CreditNoteIssued: Sentence(
        "Credit note %(number)s over %(total_minor)s was issued for invoice %(invoice_number)s."
    ),
    billing.CreditReleased: Sentence("%(amount_minor)s of the credit became free again."),
    billing.CreditWithdrawn: Sentence("%(amount_minor)s of the credit were taken out."),
    billing.InvoiceCancelled: Sentence("Invoice %(number)s became void."),
    billing.InvoiceIssued: Sentence(
        "Invoice %(number)s over %(total_minor)s was issued, due on %(due_on)s."
    ),
    billing.InvoiceNumbered: Sentence("The pro forma became invoice %(number)s."),
    billing.InvoiceOverdue: Sentence("Invoice %(number)s was overdue, and we said so."),
    billing.InvoicePaid: Sentence("Invoice %(number)s was paid on %(paid_on)s."),
    billing.InvoiceReopened: Sentence(
        "%(amount_minor)s of invoice %(number)s are owed again, as a payment was charged back. "
        "No saved card is charged for it unasked."
    ),
    billing.InvoiceWrittenOff: Sentence("What was open of invoice %(number)s was given up."),
    billing.OrderCancelled: Sentence("Order %(number)s was cancelled."),
    billing.OrderPlaced: Sentence("Order %(number)s was placed."),
    billing.PaymentAllocated: Sentence("%(amount_minor)s were paid of an invoice."),
    billing.PaymentConfirmationWanted: Sentence("The bank wanted a payment to be confirmed."),
    billing.PaymentDisputeClosed: Sentence("The bank has decided about a disputed payment."),
    billing.PaymentDisputed: Sentence(
        "The payer asked the bank for %(amount_minor)s of a payment back."
    ),
    billing.PaymentFailed: Sentence("A payment was not successful."),
    billing.PaymentMethodDeclined: Sentence(
        "The bank said that the saved card will not be charged again."
    ),
    billing.PaymentMethodExpiring: Sentence("We told that a saved card expires."),
    billing.PaymentMethodPreferred: Sentence("Another saved way to pay was chosen."),
    billing.PaymentMethodRemoved: Sentence("A saved way to pay was removed."),
    billing.PaymentMethodSaved: Sentence("A way to pay was saved."),
    billing.PaymentMismatchFound: Sentence("A payment was not what was asked for."),
    billing.PaymentOutcomeUnknown: Sentence("It is not known yet what became of a payment."),
    billing.PaymentPending: Sentence("A payment was on its way."),
    billing.PaymentReceived: Sentence("A payment of %(amount_minor)s came on %(received_on)s."),
    billing.PaymentReversed: Sentence("A payment of %(amount_minor)s was taken back."),
    billing.PaymentTakenBack: Sentence("%(amount_minor)s of an invoice are owed again."),
    billing.PaymentRefunded: Sentence(
        "%(amount_minor)s of a payment were paid back on %(refunded_on)s."
    ),
    billing.PaymentReminderDue: Sentence("We reminded of invoice %(number)s."),
    billing.PaymentSent: Sentence("A payment waited for the payer."),
    billing.PaymentStarted: Sentence("A payment of %(amount_minor)s was begun."),
    billing.PixCodeIssued: Sentence("A PIX code over %(amount_minor)s was issued."),
    billing.PromotionReleased: Sentence("A promotion was given back."),
    billing.PromotionUsed: Sentence("A promotion was used."),
    billing.ProvisioningFailed: Sentence("The server refused what it was asked for."),
    billing.ProvisioningRequested: Sentence("The server was asked for the change of %(domain)s."),
    billing.RefundDeclined: Sentence("A refund was not agreed to."),
    billing.RefundDone: Sentence("A refund was carried out on %(refunded_on)s."),
    billing.RefundFailed: Sentence("A refund could not be carried out."),
    billing.RefundOrdered: Sentence("A refund of %(amount_minor)s was ordered."),
    billing.RefundRequested: Sentence("A refund of %(amount_minor)s was asked for."),
    billing.ServiceActivated: Sentence("The service began on %(activated_on)s."),
    billing.ServiceCancellationRequested: Sentence(
        "The end of the service on %(ends_on)s was asked for."
    ),
    billing.ServiceCancellationWithdrawn: Sentence("The cancellation was taken back."),
    billing.ServiceCancelled: Sentence("The ordered service was cancelled."),
    billing.ServiceChangeScheduled: Sentence("A change of the service was asked for."),
    billing.ServiceChangeWithdrawn: Sentence("The change of the service was taken back."),
    billing.ServiceChanged: Sentence("The service was changed on %(changed_on)s."),
    billing.ServiceEnded: Sentence("The service ended on %(ended_on)s."),
    billing.ServiceOrdered: Sentence("The service for %(domain)s was ordered."),
    billing.ServiceRenewed: Sentence(
        "The service was renewed; it falls due again on %(next_due_on)s."
    ),
    billing.ServiceSuspended: Sentence("The service was suspended on %(suspended_on)s."),
    billing.ServiceTerminated: Sentence("The service was deleted on %(terminated_on)s."),
    billing.ServiceTransferred: Sentence("The service was transferred on %(transferred_on)s."),
    billing.ServiceUnsuspended: Sentence("The service runs again since %(unsuspended_on)s."),
    billing.SuspensionWarned: Sentence(
        "We warned that the service would be suspended on %(suspends_on)s."
    ),
}

OF_THE_HOUSE = frozenset(
    {
        billing.BankEntryRecorded,
        billing.BankEntrySetAside,
        billing.BankEntrySuggested,
        billing.CartAdopted,
        billing.CartChanged,
        billing.CartCheckedOut,
        billing.CartExpired,
        billing.CartOpened,
        billing.DraftChanged,
        billing.DraftDiscarded,
        billing.DraftIssued,
        billing.DraftOpened,
        billing.PayerForgotten,
        billing.PayerRemembered,
        billing.ProductPublished,
        billing.ProductRetired,
        billing.ProductRevisionPlanned,
        billing.ProductRevisionWithdrawn,
        billing.PromotionEnded,
        billing.PromotionPublished,
        billing.DayReconciled,
        billing.ReconciliationAsked,
        billing.StaffTaskDone,
        billing.StaffTaskOpened,
    }
)
"""What is prepared, chosen or sold: nothing that happens to an account follows from these."""

ACTORS: Mapping[str, Sentence] = {
    "anonymous": Sentence("a visitor"),
    "automation": Sentence("the daily run"),
    "bank": Sentence("the bank"),
    "gateway": Sentence("the payment service"),
    "panel": Sentence("the server"),
    "policy": Sentence("the system"),
    "reactor": Sentence("the system"),
    "service": Sentence("the system"),
    "user": Sentence("a person"),
}
"""Who did it, by the word before the colon of an actor."""
