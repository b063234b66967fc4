"""Groups of public events, so that a view can name in one word what it leaves out.

A test holds the groups against the contracts: each event of a service is in exactly one.
"""

from shared.contracts import accounts, billing, notifications, tickets
from shared.contracts.event import PublicEvent

Events = frozenset[type[PublicEvent]]

BRANDS: Events = frozenset({billing.BrandConfigured})
DAYS: Events = frozenset({billing.BusinessDayStarted})
PRODUCTS: Events = frozenset(
    {
        billing.ProductPublished,
        billing.ProductRetired,
        billing.ProductRevisionPlanned,
        billing.ProductRevisionWithdrawn,
        billing.PromotionPublished,
        billing.PromotionEnded,
    }
)
ORDERS: Events = frozenset(
    {
        billing.OrderPlaced,
        billing.OrderCancelled,
        billing.CartOpened,
        billing.CartChanged,
        billing.CartAdopted,
        billing.CartCheckedOut,
        billing.CartExpired,
        billing.PromotionUsed,
        billing.PromotionReleased,
        billing.DraftOpened,
        billing.DraftChanged,
        billing.DraftDiscarded,
        billing.DraftIssued,
        billing.BillableItemAdded,
        billing.BillableItemInvoiced,
        billing.BillableItemWithdrawn,
    }
)
SERVICES: Events = frozenset(
    {
        billing.ServiceOrdered,
        billing.ProvisioningRequested,
        billing.ProvisioningFailed,
        billing.ServiceActivated,
        billing.ServiceRenewed,
        billing.ServiceSuspended,
        billing.ServiceUnsuspended,
        billing.ServiceTerminated,
        billing.ServiceCancelled,
        billing.ServiceCancellationRequested,
        billing.ServiceCancellationWithdrawn,
        billing.ServiceChangeScheduled,
        billing.ServiceChangeWithdrawn,
        billing.ServiceChanged,
        billing.ServiceEnded,
        billing.ServiceTransferred,
    }
)
INVOICES: Events = frozenset(
    {
        billing.InvoiceIssued,
        billing.InvoiceNumbered,
        billing.PaymentAllocated,
        billing.InvoicePaid,
        billing.InvoiceReopened,
        billing.InvoiceCancelled,
        billing.InvoiceWrittenOff,
        billing.CreditNoteIssued,
        billing.PaymentTakenBack,
    }
)
NOTICES: Events = frozenset(
    {billing.PaymentReminderDue, billing.InvoiceOverdue, billing.SuspensionWarned}
)
PAYMENTS: Events = frozenset(
    {
        billing.PaymentStarted,
        billing.PaymentPending,
        billing.PaymentReceived,
        billing.PaymentFailed,
        billing.PaymentReversed,
        billing.PaymentRefunded,
        billing.PaymentDisputed,
        billing.PaymentDisputeClosed,
    }
)
FINDINGS: Events = frozenset(
    {
        billing.PaymentMismatchFound,
        billing.AutopayDue,
        billing.CardNoticesDue,
        billing.PaymentMethodSaved,
        billing.PaymentMethodRemoved,
        billing.PaymentMethodPreferred,
        billing.PaymentMethodDeclined,
        billing.PaymentMethodExpiring,
        billing.PaymentConfirmationWanted,
        billing.AutopayChanged,
        billing.BoletoCollected,
        billing.BoletoEnded,
        billing.BoletoIssued,
        billing.BoletoReissued,
        billing.PixCodeIssued,
        billing.BankEntryAllocated,
        billing.BankEntryRecorded,
        billing.BankEntryReopened,
        billing.BankEntrySetAside,
        billing.BankEntrySuggested,
        billing.BankStatementImported,
        billing.PayerForgotten,
        billing.PayerRemembered,
        billing.DayReconciled,
        billing.ReconciliationAsked,
        billing.StaffTaskOpened,
        billing.StaffTaskDone,
        billing.RefundRequested,
        billing.RefundOrdered,
        billing.RefundDeclined,
        billing.RefundDone,
        billing.RefundFailed,
        billing.PaymentSent,
        billing.PaymentOutcomeUnknown,
    }
)
"""What staff and other programs are told, and what an account has to pay with: the client area asks
billing for that as it is."""
CREDIT: Events = frozenset(
    {
        billing.CreditAdded,
        billing.CreditGiven,
        billing.CreditApplied,
        billing.CreditReleased,
        billing.CreditWithdrawn,
    }
)

ACCOUNTS: Events = frozenset(
    {accounts.AccountOpened, accounts.AccountNumberAssigned, accounts.ContactChanged}
)
USERS: Events = frozenset(
    {
        accounts.EmailConfirmationRequested,
        accounts.EmailConfirmed,
        accounts.RegistrationRepeated,
        accounts.PasswordResetRequested,
        accounts.PasswordChanged,
    }
)
TICKETS: Events = frozenset({tickets.TicketOpened, tickets.TicketReplied, tickets.TicketClosed})
EMAILS: Events = frozenset({notifications.EmailSent, notifications.EmailFailed})

BILLING: Events = frozenset().union(
    BRANDS, DAYS, PRODUCTS, ORDERS, SERVICES, INVOICES, NOTICES, PAYMENTS, FINDINGS, CREDIT
)
EVERY: Events = frozenset().union(BILLING, ACCOUNTS, USERS, TICKETS, EMAILS)
