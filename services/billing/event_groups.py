"""Billing's own public events by subject, so that a consumer can name what it leaves out."""

from shared.contracts import PublicEvent
from shared.contracts.billing import (
    AutopayChanged,
    AutopayDue,
    BankEntryAllocated,
    BankEntryRecorded,
    BankEntryReopened,
    BankEntrySetAside,
    BankEntrySuggested,
    BankStatementImported,
    BillableItemAdded,
    BillableItemInvoiced,
    BillableItemWithdrawn,
    BoletoCollected,
    BoletoEnded,
    BoletoIssued,
    BoletoReissued,
    BrandConfigured,
    BusinessDayStarted,
    CardNoticesDue,
    CartAdopted,
    CartChanged,
    CartCheckedOut,
    CartExpired,
    CartOpened,
    CreditAdded,
    CreditApplied,
    CreditGiven,
    CreditNoteIssued,
    CreditReleased,
    CreditWithdrawn,
    DayReconciled,
    DraftChanged,
    DraftDiscarded,
    DraftIssued,
    DraftOpened,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    InvoiceOverdue,
    InvoicePaid,
    InvoiceReopened,
    InvoiceWrittenOff,
    OrderCancelled,
    OrderPlaced,
    PayerForgotten,
    PayerRemembered,
    PaymentAllocated,
    PaymentConfirmationWanted,
    PaymentDisputeClosed,
    PaymentDisputed,
    PaymentFailed,
    PaymentMethodDeclined,
    PaymentMethodExpiring,
    PaymentMethodPreferred,
    PaymentMethodRemoved,
    PaymentMethodSaved,
    PaymentMismatchFound,
    PaymentOutcomeUnknown,
    PaymentPending,
    PaymentReceived,
    PaymentRefunded,
    PaymentReminderDue,
    PaymentReversed,
    PaymentSent,
    PaymentStarted,
    PaymentTakenBack,
    PixCodeIssued,
    ProductPublished,
    ProductRetired,
    ProductRevisionPlanned,
    ProductRevisionWithdrawn,
    PromotionEnded,
    PromotionPublished,
    PromotionReleased,
    PromotionUsed,
    ProvisioningFailed,
    ProvisioningRequested,
    ReconciliationAsked,
    RefundDeclined,
    RefundDone,
    RefundFailed,
    RefundOrdered,
    RefundRequested,
    ServiceActivated,
    ServiceCancellationRequested,
    ServiceCancellationWithdrawn,
    ServiceCancelled,
    ServiceChanged,
    ServiceChangeScheduled,
    ServiceChangeWithdrawn,
    ServiceEnded,
    ServiceOrdered,
    ServiceRenewed,
    ServiceSuspended,
    ServiceTerminated,
    ServiceTransferred,
    ServiceUnsuspended,
    StaffTaskDone,
    StaffTaskOpened,
    SuspensionWarned,
)

Group = frozenset[type[PublicEvent]]

BRANDS: Group = frozenset({BrandConfigured})
CREDIT: Group = frozenset(
    {CreditAdded, CreditGiven, CreditApplied, CreditReleased, CreditWithdrawn}
)
DAYS: Group = frozenset({BusinessDayStarted})
INVOICES: Group = frozenset(
    {
        InvoiceIssued,
        InvoiceNumbered,
        InvoicePaid,
        InvoiceReopened,
        InvoiceCancelled,
        InvoiceWrittenOff,
        CreditNoteIssued,
        PaymentTakenBack,
    }
)
TASKS: Group = frozenset({StaffTaskOpened, StaffTaskDone})
RECONCILED: Group = frozenset({ReconciliationAsked, DayReconciled})
NOTICES: Group = (TASKS | RECONCILED) | {
    PaymentReminderDue,
    InvoiceOverdue,
    SuspensionWarned,
    AutopayDue,
    CardNoticesDue,
}
"""What is told or handed over: to clients, to staff, to other programs."""
UNBILLED: Group = frozenset(
    {
        DraftOpened,
        DraftChanged,
        DraftDiscarded,
        DraftIssued,
        BillableItemAdded,
        BillableItemInvoiced,
        BillableItemWithdrawn,
    }
)
CARTS: Group = frozenset({CartOpened, CartChanged, CartAdopted, CartCheckedOut, CartExpired})
ORDERS: Group = UNBILLED | CARTS | {OrderPlaced, OrderCancelled, PromotionUsed, PromotionReleased}
"""What is wanted, and what is noted down to be billed."""
SAVED_METHODS: Group = frozenset(
    {
        PaymentMethodSaved,
        PaymentMethodRemoved,
        PaymentMethodPreferred,
        PaymentMethodDeclined,
        PaymentMethodExpiring,
        PaymentConfirmationWanted,
        AutopayChanged,
    }
)
BOLETOS: Group = frozenset(
    {BoletoIssued, BoletoReissued, BoletoCollected, BoletoEnded, PixCodeIssued}
)
BANK: Group = frozenset(
    {
        BankEntryAllocated,
        BankEntryRecorded,
        BankEntryReopened,
        BankEntrySetAside,
        BankEntrySuggested,
        BankStatementImported,
        PayerForgotten,
        PayerRemembered,
    }
)
"""What our bank tells, and what was made of it."""
PAYMENTS: Group = (SAVED_METHODS | BOLETOS | BANK) | {
    PaymentStarted,
    PaymentSent,
    PaymentOutcomeUnknown,
    PaymentPending,
    PaymentReceived,
    PaymentAllocated,
    PaymentReversed,
    PaymentFailed,
    PaymentMismatchFound,
    PaymentRefunded,
    PaymentDisputed,
    PaymentDisputeClosed,
    RefundRequested,
    RefundOrdered,
    RefundDeclined,
    RefundDone,
    RefundFailed,
}
PRODUCTS: Group = frozenset(
    {
        ProductPublished,
        ProductRetired,
        ProductRevisionPlanned,
        ProductRevisionWithdrawn,
        PromotionPublished,
        PromotionEnded,
    }
)
PROVISIONING: Group = frozenset({ProvisioningRequested, ProvisioningFailed})
SERVICES: Group = frozenset(
    {
        ServiceOrdered,
        ServiceActivated,
        ServiceRenewed,
        ServiceSuspended,
        ServiceUnsuspended,
        ServiceTerminated,
        ServiceCancelled,
        ServiceCancellationRequested,
        ServiceCancellationWithdrawn,
        ServiceChanged,
        ServiceChangeScheduled,
        ServiceChangeWithdrawn,
        ServiceEnded,
        ServiceTransferred,
    }
)
